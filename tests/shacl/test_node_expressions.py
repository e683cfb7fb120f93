"""Constraints by expressions: at which nodes they are true, what is refused, and what a change can affect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.reference_implementation import validate as validate_by_pyshacl
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validation import validate

if TYPE_CHECKING:
    import pyoxigraph as ox

EX: Final = "http://example.org/"
PREFIXES: Final = f"@prefix ex: <{EX}> . @prefix sh: <http://www.w3.org/ns/shacl#> .\n"
DATA: Final = """
    ex:a a ex:C ; ex:first "Ann" ; ex:last "Lee" ; ex:ok true ; ex:p ex:b ; ex:q ex:b .
    ex:b a ex:C ; ex:first "Bartholomew" ; ex:last "Featherstonehaugh" ; ex:ok false ; ex:p ex:a ; ex:q ex:c .
    ex:c a ex:C ; ex:first "Cy" ; ex:ok true, false ; ex:p ex:a, ex:b .
    ex:d a ex:C ; ex:ok 1 .
"""
FUNCTIONS: Final = """
    ex:short a sh:SPARQLFunction ; sh:parameter [ sh:path ex:text ; sh:order 1 ], [ sh:path ex:size ; sh:order 2 ] ;
      sh:select "SELECT ?short { BIND (STRLEN(?text) < ?size AS ?short) }" .
    ex:joined a sh:SPARQLFunction ; sh:parameter [ sh:path ex:op1 ] ; sh:parameter [ sh:path ex:op2 ] ;
      sh:select "SELECT ?it { BIND (CONCAT(?op1, ?op2) AS ?it) }" .
    ex:known a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ] ;
      sh:ask "ASK { ?someone <http://example.org/p> ?one }" .
"""
OK: Final = "[ sh:path ex:ok ]"
LEADS_TO_C: Final = "[ sh:property [ sh:path ex:q ; sh:hasValue ex:c ] ]"
NAME: Final = "[ ex:joined ( [ sh:path ex:first ] [ sh:path ex:last ] ) ]"
FALSE_AT: Final = {
    "a path": (OK, "bcd"),
    "true": ("true", ""),
    "one": ("1", "abcd"),
    "the node itself": ("sh:this", "abcd"),
    "a path behind another": ("[ sh:path ex:ok ; sh:nodes [ sh:path ex:p ] ]", "acd"),
    "a path from a constant": ("[ sh:path ex:ok ; sh:nodes ex:a ]", ""),
    "an inverse path": ("[ sh:path ex:ok ; sh:nodes [ sh:path [ sh:inversePath ex:q ] ] ]", "acd"),
    "existence": ("[ sh:exists [ sh:path ex:last ] ]", "cd"),
    "a filter": (f"[ sh:exists [ sh:nodes [ sh:path ex:p ] ; sh:filterShape {LEADS_TO_C} ] ]", "bd"),
    "a union": (f"[ sh:union ( {OK} true ) ]", "bcd"),
    "an intersection": ("[ sh:exists [ sh:intersection ( [ sh:path ex:p ] [ sh:path ex:q ] ) ] ]", "bcd"),
    "a difference": ("[ sh:exists [ sh:nodes [ sh:path ex:p ] ; sh:minus [ sh:path ex:q ] ] ]", "ad"),
    "a condition": (f"[ sh:if [ sh:exists [ sh:path ex:last ] ] ; sh:then {OK} ; sh:else true ]", "b"),
    "a function": ("[ ex:short ( [ sh:path ex:first ] 5 ) ]", "bd"),
    "a function of a function": (f"[ ex:short ( {NAME} 10 ) ]", "bcd"),
    "a function that asks": ("[ ex:known ( sh:this ) ]", "cd"),
    "a function for each value": ("[ ex:known ( [ sh:path ex:q ] ) ]", "bcd"),
}  # fmt: skip


def quads(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def shape(expression: str) -> str:
    return f"ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:expression {expression} . {FUNCTIONS}"


@pytest.mark.parametrize("name", FALSE_AT)
def test_where_it_is_not_true(name: str) -> None:
    expression, expected = FALSE_AT[name]
    report = validate(quads(DATA), quads(shape(expression)))
    assert sorted(str(result.value) for result in report.results) == [f"<{EX}{letter}>" for letter in expected]
    assert {result.component.rpartition("#")[2] for result in report.results} <= {"ExpressionConstraintComponent"}


@pytest.mark.parametrize("name", ["a path", "a union", "the node itself", "a function", "a function of a function"])
def test_pyshacl_finds_the_same(name: str) -> None:
    # Where an argument has no value, pySHACL gives up: of nodes that have all.
    data = [quad for quad in quads(DATA) if quad.subject.value in {f"{EX}a", f"{EX}b"}]
    shapes = quads(shape(FALSE_AT[name][0]))
    ours, theirs = ({str(r.value) for r in by(data, shapes).results} for by in (validate, validate_by_pyshacl))
    assert ours == theirs


def test_values_and_several_expressions_are_judged_each_by_itself() -> None:
    shapes = f"ex:S sh:targetNode ex:c ; sh:property [ sh:path ex:p ; sh:expression {OK}, [ sh:path ex:never ] ] ."
    found = [(str(r.path), str(r.value)) for r in validate(quads(DATA), quads(shapes)).results]
    assert sorted(found) == [(f"{EX}p", f"<{EX}{letter}>") for letter in "abb"]


def nested(depth: int) -> str:
    return "[ sh:union ( " * depth + OK + " ) ]" * depth


REFUSED: Final = {
    "[ sh:count [ sh:path ex:p ] ]": "sh:count are not supported",
    "[ sh:nodes [ sh:path ex:p ] ; sh:limit 1 ]": "sh:limit, sh:nodes are not supported",
    "[ sh:path ex:p ; sh:distinct true ]": "sh:distinct are not supported",
    "[]": "nothing in them are not supported",
    "[ sh:union () ]": "the list of sh:union is empty",
    "[ sh:if true ; sh:then true ]": "sh:then and sh:else",
    "[ sh:path ex:p, ex:q ]": "several values",
    "[ ex:unknown ( sh:this ) ]": "no function that the shapes graph declares",
    "[ ex:known () ]": "called with 0 arguments",
    "[ ex:known ( sh:this sh:this ) ]": "called with 2 arguments",
    "[ ex:two ( sh:this ) ]": "must have one result variable, and has 2",
    "[ ex:asks ( sh:this ) ]": "SERVICE",
    "[ ex:half ( 1 2 ) ]": "some parameters of .* have sh:order and others have not",
    "[ ex:known sh:this ]": "list",
    "_:loop . _:loop sh:exists _:loop": "in itself",
    nested(60): "more than 50 in one another",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_not_evaluated_is_refused(expression: str) -> None:
    more = """
        ex:two a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ] ; sh:select "SELECT ?a ?b { ?a ?one ?b }" .
        ex:half a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ], [ sh:path ex:two ; sh:order 1 ] ;
          sh:ask "ASK { ?one ?two ?x }" .
        ex:asks a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ] ;
          sh:ask "ASK { SERVICE <http://e/> { ?s ?p ?one } }" .
    """
    with pytest.raises(DatasetBroken, match=REFUSED[expression]):
        read_shapes(Graph(quads(shape(expression) + more)))


def test_what_is_nested_less_deeply_is_evaluated() -> None:
    assert len(validate(quads(DATA), quads(shape(nested(40)))).results) == 3


def test_a_function_is_not_called_without_end() -> None:
    """A hundred values for each of two arguments."""
    data = "ex:a a ex:C ; ex:p " + ", ".join(f'"{number}"' for number in range(100)) + " ."
    with pytest.raises(DatasetBroken, match="more than 1000 combinations"):
        validate(quads(data), quads(shape("[ ex:joined ( [ sh:path ex:p ] [ sh:path ex:p ] ) ]")))


def test_an_expression_of_a_shape_that_nothing_applies_is_not_evaluated() -> None:
    assert validate(quads(DATA), quads("ex:S sh:expression false .")).conforms


def shared(levels: int) -> str:
    """Give an expression of which each level has the one below twice."""
    below = "".join(f"_:e{n} sh:union ( _:e{n + 1} _:e{n + 1} ) . " for n in range(levels))
    return f"_:e0 . {below} _:e{levels} sh:path ex:ok"


def test_expressions_that_share_their_parts_are_evaluated_or_refused() -> None:
    """Nine levels are 1,023 evaluations at each node, forty a billion of billions."""
    assert len(validate(quads(DATA), quads(shape(shared(8)))).results) == 3
    for levels in (9, 40):
        with pytest.raises(DatasetBroken, match="evaluates more than 1000 others"):
            read_shapes(Graph(quads(shape(shared(levels)))))


def test_an_expression_that_many_shapes_share_is_read_once() -> None:
    many = "".join(f"ex:S{n} a sh:NodeShape ; sh:targetNode ex:b ; sh:expression _:e0 . " for n in range(2000))
    shapes = read_shapes(Graph(quads(shape(shared(8)) + many)))
    assert len({id(next(iter(each.constraints)).value) for each in shapes.values()}) == 1


def test_what_is_deep_only_because_another_was_read_before_is_refused_too() -> None:
    """Thirty expressions around thirty that a shape in front of it has, too."""
    chain = "".join(f"_:c{n} sh:exists _:c{n + 1} . " for n in range(60)) + "_:c60 sh:path ex:ok . "
    for first, second in ((31, 0), (0, 31)):
        text = f"ex:S1 a sh:NodeShape ; sh:expression _:c{first} . ex:S2 a sh:NodeShape ; sh:expression _:c{second} . "
        with pytest.raises(DatasetBroken, match="more than 50 in one another"):
            read_shapes(Graph(quads(text + chain)))


def test_a_path_leads_from_a_literal_nowhere_and_to_one_backwards() -> None:
    assert len(validate(quads(DATA), quads(shape("[ sh:path ex:ok ; sh:nodes 1 ]"))).results) == 4
    backwards = "[ sh:exists [ sh:path [ sh:inversePath ex:ok ] ; sh:nodes [ sh:exists [ sh:path ex:last ] ] ] ]"
    assert validate(quads(DATA), quads(shape(backwards))).conforms  # both true and false are values of ex:ok
