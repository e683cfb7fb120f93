"""Terms on their way to people: the same term looks alike from wherever it comes, and survives JSON."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest

from coopkg.rdf.shown_terms import ShownTerm, plain, shown_iri, shown_json_term, shown_term

PREFIXES = {"ex": "http://e/", "xsd": "http://www.w3.org/2001/XMLSchema#"}
INTEGER = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")
TRIPLE = ox.Triple(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/b"), ox.Literal("c"))
TERMS = [
    (ox.NamedNode("http://e/a"), {"type": "uri", "value": "http://e/a"}),
    (ox.NamedNode("http://other/a"), {"type": "uri", "value": "http://other/a"}),
    (ox.Literal("да", language="ru"), {"type": "literal", "value": "да", "xml:lang": "ru"}),
    (ox.Literal("007", datatype=INTEGER), {"type": "literal", "value": "007", "datatype": INTEGER.value}),
]


@pytest.mark.parametrize(("term", "json_term"), TERMS)
def test_a_term_looks_alike_from_a_store_and_from_an_answer(term: ox.NamedNode, json_term: dict[str, str]) -> None:
    assert shown_term(term, PREFIXES) == shown_json_term(json_term, PREFIXES)


def test_an_iri_goes_by_its_short_name_and_keeps_the_one_that_turtle_has() -> None:
    assert shown_iri("http://e/a", PREFIXES).text == "ex:a"
    other = shown_iri("http://other/a", PREFIXES)
    assert (other.text, other.name, other.short) == ("http://other/a", "<http://other/a>", "http://other/a")
    assert not other.labelled
    assert shown_iri("", PREFIXES) == ShownTerm()


def test_an_unbound_variable_and_a_blank_node_have_no_iri() -> None:
    assert shown_json_term(None, PREFIXES) == ShownTerm()
    assert shown_term(ox.BlankNode("x"), PREFIXES).text == "[]"
    assert shown_term(ox.BlankNode("x"), PREFIXES).node == shown_json_term({"type": "bnode", "value": "x"}, {}).node
    assert shown_term(TRIPLE, PREFIXES).node == str(TRIPLE)


def test_every_term_of_a_triple_is_presented() -> None:
    part = {"type": "literal", "value": "a"}
    nested = {"type": "triple", "value": {"subject": part, "predicate": part, "object": part}}
    triple = {"type": "triple", "value": {"subject": part, "predicate": part, "object": nested}}
    shown = shown_json_term(triple, PREFIXES, lambda term: ShownTerm(term.text.upper()))
    assert shown.text == "A A A A A"


@pytest.mark.parametrize("term", [*(term for term, _ in TERMS), ox.BlankNode("x"), TRIPLE, ox.Literal("")])
def test_json_has_the_whole_term(term: ox.NamedNode) -> None:
    shown = shown_term(term, PREFIXES)
    assert ShownTerm(**json.loads(json.dumps(shown, default=ShownTerm.members))) == shown


def test_no_text_moves_others_about() -> None:
    assert plain("a\u202eb\x07") == "a b "
    assert len(plain("x" * 1000, 10)) == 10
