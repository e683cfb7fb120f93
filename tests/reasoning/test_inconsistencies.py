"""Each rule that finds a contradiction: what clashes, in which words, and what does not clash."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.dataset.store import load_dataset
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.reasoning.closure import Closure, Difference
from coopkg.reasoning.datatype_map import differ, is_of
from coopkg.reasoning.inconsistencies import Inconsistency
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings

PREFIXES = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
NAMES = {
    "": "http://example.org/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
GRAPH = ox.NamedNode("http://example.org/graph/inferred")
CLASHES = {
    "cax-dw": (":A owl:disjointWith :B .", ":x a :A, :B .", ":A and :B are disjoint, and :x is both."),
    "cax-adc": (
        "[] a owl:AllDisjointClasses ; owl:members ( :A :B :C ) .",
        ":x a :B, :C .",
        ":B and :C are disjoint, and :x is both.",
    ),
    "cls-com": (":A owl:complementOf :B .", ":x a :A, :B .", ":B is the complement of :A, and :x is both."),
    "cls-nothing2": ("", ":x a owl:Nothing .", ":x is in owl:Nothing, in which nothing can be."),
    "prp-irp": (":p a owl:IrreflexiveProperty .", ":x :p :x .", ":p is irreflexive, and :x has it to itself."),
    "prp-asyp": (
        ":p a owl:AsymmetricProperty .",
        ":x :p :y . :y :p :x .",
        ":p is asymmetric, and holds between :x and :y both ways.",
    ),
    "prp-pdw": (
        ":p owl:propertyDisjointWith :q .",
        ":x :p :y ; :q :y .",
        ":p and :q are disjoint, and both hold from :x to :y.",
    ),
    "prp-adp": (
        "[] a owl:AllDisjointProperties ; owl:members ( :p :q :r ) .",
        ":x :q :y ; :r :y .",
        ":q and :r are disjoint, and both hold from :x to :y.",
    ),
    "prp-npa1": (
        "[] owl:sourceIndividual :x ; owl:assertionProperty :p ; owl:targetIndividual :y .",
        ":x :p :y .",
        "It is stated that :p does not hold from :x to :y, and it does.",
    ),
    "prp-npa2": (
        "[] owl:sourceIndividual :x ; owl:assertionProperty :p ; owl:targetValue 1 .",
        ":x :p 1 .",
        "It is stated that :p does not hold from :x to 1, and it does.",
    ),
    "prp-fp": (
        ":p a owl:FunctionalProperty .",
        ":x :p 1, 2 .",
        ":p has one value at most, and :x has 1 and 2.",
    ),
    "eq-diff1": ("", ":x owl:sameAs :y ; owl:differentFrom :y .", ":x and :y are the same and different."),
    "eq-diff2": (
        "[] a owl:AllDifferent ; owl:members ( :w :x :y ) .",
        ":x owl:sameAs :y .",
        ":x and :y are the same and different.",
    ),
    "eq-diff3": (
        "[] a owl:AllDifferent ; owl:distinctMembers ( :x :y ) .",
        ":x owl:sameAs :y .",
        ":x and :y are the same and different.",
    ),
    "cls-maxc1": (
        ":C owl:onProperty :p ; owl:maxCardinality 0 .",
        ":x a :C ; :p :y .",
        ":x a :C and :x :p :y cannot hold together with :C owl:maxCardinality 0 and :C owl:onProperty :p.",
    ),
    "cls-maxqc1": (
        ":C owl:onProperty :p ; owl:onClass :D ; owl:maxQualifiedCardinality 0 .",
        ":x a :C ; :p :y . :y a :D .",
        (
            ":x a :C and :x :p :y and :y a :D cannot hold together with :C owl:maxQualifiedCardinality 0"
            " and :C owl:onProperty :p and :C owl:onClass :D."
        ),
    ),
    "dt-not-type": (
        ":p rdfs:range xsd:integer .",
        ":x :p 'many' .",
        ':p has values of xsd:integer, and "many" of :x is none.',
    ),
}
FINE = (
    ":A owl:disjointWith :B . :x a :A . :y a :B .",
    ":p a owl:IrreflexiveProperty . :x :p :y .",
    ":p a owl:AsymmetricProperty . :x :p :y .",
    ":p a owl:FunctionalProperty . :x :p 1, '1.0'^^xsd:decimal .",
    ":p rdfs:range xsd:byte . :x :p 5 .",
    ":p rdfs:range xsd:integer . :x :p :y .",
    ":p rdfs:range rdfs:Literal . :x :p 5, 'text', 'text'@en .",
    "[] a owl:AllDifferent ; owl:members ( :x :y ) . :x owl:sameAs :z .",
    ":C owl:onProperty :p ; owl:maxCardinality 0 . :x a :C . :y :p :z .",
)


def parsed(turtle: str) -> list[ox.Quad]:
    return list(ox.parse((PREFIXES + turtle).encode(), ox.RdfFormat.TURTLE))


def closure_of(turtle: str) -> Closure:
    store = ox.Store()
    store.extend(parsed(turtle))
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    return closure


@pytest.mark.parametrize("rule", CLASHES)
def test_a_contradiction_is_found_and_said(rule: str) -> None:
    axioms, facts, sentence = CLASHES[rule]
    found = closure_of(axioms + facts).inconsistencies()
    said = {one.sentence(NAMES) for one in found if one.rule == rule}
    assert sentence in said
    assert {one.rule for one in found} == {rule}


@pytest.mark.parametrize("rule", CLASHES)
def test_the_change_that_makes_a_contradiction_is_enough_to_find_it(rule: str) -> None:
    axioms, facts, sentence = CLASHES[rule]
    closure = closure_of(axioms)
    added = parsed(facts)
    closure.store.extend(added)
    difference: Difference = closure.maintain(added, ())
    found = closure.inconsistencies((*added, *difference.added))
    assert sentence in {one.sentence(NAMES) for one in found}
    assert set(found) == set(closure.inconsistencies())


@pytest.mark.parametrize("data", FINE)
def test_what_can_be_true_together_is_no_contradiction(data: str) -> None:
    assert closure_of(data).inconsistencies() == ()


def test_a_contradiction_of_what_is_inferred_names_the_axioms() -> None:
    found = closure_of(":A owl:disjointWith :B . :p rdfs:domain :A ; rdfs:range :B . :x :p :x .").inconsistencies()
    assert len(found) == 1
    assert found[0] == Inconsistency(
        "cax-dw",
        (parsed(":A owl:disjointWith :B .")[0].triple,),
        tuple((q.subject, q.predicate, q.object) for q in parsed(":x a :A, :B .")),
    )


def test_the_published_data_are_consistent_and_a_country_is_no_project() -> None:
    store = load_dataset(Settings()).store
    closure = Closure(store, compile_rules(store, base=DEFAULT_BASE), ox.NamedNode(f"{DEFAULT_BASE}graph/inferred"))
    closure.compute()
    assert closure.inconsistencies() == ()
    graph = ox.NamedNode(f"{DEFAULT_BASE}graph/source/high-tech-country")
    project = ox.NamedNode(f"{DEFAULT_BASE}id/project/supertwin")
    involves = ox.NamedNode(f"{DEFAULT_BASE}ontology#involvesCountry")
    wrong = ox.Quad(project, involves, project, graph)
    store.add(wrong)
    difference = closure.maintain([wrong], ())
    sentences = [one.sentence(prefixes()) for one in closure.inconsistencies([wrong, *difference.added])]
    assert sentences == ["coop:Country and coop:Project are disjoint, and project:supertwin is both."]


@pytest.mark.parametrize(
    ("literal", "datatype", "fits"),
    [
        ("'5'^^xsd:integer", "unsignedByte", True),
        ("'300'^^xsd:integer", "unsignedByte", False),
        ("'1.0'^^xsd:decimal", "integer", True),
        ("'1.5'^^xsd:decimal", "integer", False),
        ("'5'^^xsd:integer", "decimal", True),
        ("'5'^^xsd:integer", "double", False),
        ("'x'^^xsd:integer", "integer", False),
        ("'2016-13-45'^^xsd:date", "date", False),
        ("'2016-12-31'^^xsd:date", "date", True),
        ("'x'@en", "string", False),
        ("'x'", "string", True),
        ("'x'^^<http://example.org/own>", "string", True),
        (":x", "string", True),
    ],
)
def test_a_literal_is_of_a_datatype(literal: str, datatype: str, *, fits: bool) -> None:
    term = parsed(f":s :p {literal} .")[0].object
    assert is_of(term, ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{datatype}")) is fits


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("1", "2", True),
        ("1", "'01'^^xsd:integer", False),
        ("1", "1.0", False),
        ("1", "'1'", True),
        ("'a'", "'a'@en", True),
        ("'a'@en", "'a'@EN", False),
        ("'1'^^xsd:boolean", "true", False),
        ("'x'^^xsd:integer", "1", False),
        ("'a'^^:own", "'b'^^:own", False),
        (":a", ":b", False),
    ],
)
def test_literals_differ_if_their_values_do(one: str, other: str, *, different: bool) -> None:
    terms = [parsed(f":s :p {text} .")[0].object for text in (one, other)]
    assert differ(*terms) is different
    assert differ(*reversed(terms)) is different
