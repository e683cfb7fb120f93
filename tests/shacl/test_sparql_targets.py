"""Targets that a query selects: which nodes these are, however they are asked for, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import pytest

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.columns import Columns
from coopkg.shacl.coverage import stored, validated
from coopkg.shacl.reference_implementation import validate as validate_by_pyshacl
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.targets import focus_nodes, is_target
from coopkg.shacl.validation import validate
from coopkg.shacl.validator import Run

if TYPE_CHECKING:
    from collections.abc import Iterable

EX: Final = "http://example.org/"
PREFIXES: Final = f"""@prefix ex: <{EX}> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DATA: Final = """ex:a a ex:C ; ex:p ex:x ; ex:n 1.10 . ex:b a ex:C ; ex:p ex:y ; ex:n 1.1 . ex:c a ex:D ; ex:p ex:x .
    ex:d ex:p ex:a ; ex:label "d"@en ."""
NONE: Final = "sh:in ()"


def quads(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def target(query: str, more: str = "a sh:SPARQLTarget") -> str:
    return f"sh:target [ {more} ; sh:select '''PREFIX ex: <{EX}> {query}''' ]"


def of_type(query: str, values: str, parameters: str = "sh:parameter [ sh:path ex:by ]") -> str:
    """Give a shape's target of a type, with the type behind the shape."""
    return (
        f"sh:target [ a ex:Type ; {values} ] . ex:Type a sh:SPARQLTargetType ; rdfs:subClassOf sh:Target ; "
        f"{parameters} ; sh:select '''PREFIX ex: <{EX}> {query}'''"
    )


def named(nodes: Iterable[Any]) -> set[str]:
    return {node.value.removeprefix(EX) for node in nodes}


P: Final = "SELECT ?this { ?this ex:p ?x }"
SELECTED: Final = {
    "a class": (target("SELECT ?this { ?this a ex:C }"), "a b"),
    "objects": (target("SELECT ?this { ?s ex:p ?this }"), "x y a"),
    "each once": (target("SELECT ?this { ?this ?p ?o }"), "a b c d"),
    "with a filter": (target("SELECT ?this { ?this ex:p ?x FILTER NOT EXISTS { ?this a ex:C } }"), "c d"),
    "with MINUS": (target("SELECT ?this { ?this ex:p ?x MINUS { ?this a ex:C } }"), "c d"),
    "with VALUES": (target("SELECT ?this { VALUES ?this { ex:a ex:elsewhere } }"), "a elsewhere"),
    "by BIND": (target("SELECT ?this { ?x ex:p ex:y BIND(?x AS ?this) }"), "b"),
    "by an alias": (target("SELECT (?x AS ?this) { ?x ex:p ex:y }"), "b"),
    "counted": (target("SELECT ?this { ?s ex:p ?this } GROUP BY ?this HAVING (COUNT(?s) > 1)"), "x"),
    "some without a value": (target("SELECT ?this { ?x a ex:C OPTIONAL { ?x ex:q ?this } }"), ""),
    "beside another target": (target("SELECT ?this { ?this a ex:D }") + " ; sh:targetNode ex:z", "c z"),
    "two queries": (f"{target('SELECT ?this { ?this a ex:D }')} ; {target('SELECT ?this { ex:d ex:p ?this }')}", "c a"),
    "no type": (target("SELECT ?this { ?this a ex:C }", "sh:description 'all'"), "a b"),
    "a parameter": (of_type("SELECT ?this { ?this ex:p $by }", "ex:by ex:x"), "a c"),
    "a parameter in an expression of SELECT": (of_type("SELECT (?by AS ?this) {}", "ex:by ex:x"), "x"),
    "a parameter in a filter": (of_type("SELECT ?this { ?this ex:p ?v FILTER(?v != $by) }", "ex:by ex:x"), "b d"),
    "a parameter in exists": (
        of_type("SELECT ?this { ?this ex:p ?v FILTER NOT EXISTS { ?this a $by } }", "ex:by ex:C"), "c d",
    ),
    "a parameter left out": (
        of_type("SELECT ?this { ?this ex:p $by ; a $cls }", "ex:by ex:x",
                "sh:parameter [ sh:path ex:by ], [ sh:path ex:cls ; sh:optional true ]"), "a c",
    ),
    "two parameters": (
        of_type("SELECT ?this { ?this ex:p $by ; a $cls }", "ex:by ex:x ; ex:cls ex:D",
                "sh:parameter [ sh:path ex:by ], [ sh:path ex:cls ; sh:optional true ]"), "c",
    ),
    "a type of a library": (
        of_type("SELECT ?this { ?this a ?any }", "sh:name 'all'", "sh:jsFunctionName 'all'"), "a b c",
    ),
}  # fmt: skip


def shapes_of(of_shape: str) -> list[ox.Quad]:
    return quads(f"ex:S a sh:NodeShape ; {NONE} ; {of_shape} .")


@pytest.mark.parametrize("name", SELECTED)
def test_the_nodes_that_a_query_selects_are_the_focus_nodes(name: str) -> None:
    of_shape, nodes = SELECTED[name]
    expected, shapes, data = set(nodes.split()), shapes_of(of_shape), quads(DATA)
    assert named(result.focus for result in validate(data, shapes).results) == expected
    graph, read = Graph(data), read_shapes(Graph(shapes))
    run = Run(read, graph, stored(data))
    shape = next(shape for shape in read.values() if shape.targets)
    # One by one, before anybody has listed them.
    asked = (*graph.nodes(), *(ox.NamedNode(EX + other) for other in ("z", "elsewhere")))
    assert named(node for node in asked if is_target(graph, shape, node, run)) == expected
    assert named(focus_nodes(graph, shape, run)) == expected
    assert named(result.focus for result in run.results()) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", SELECTED)
def test_pyshacl_selects_the_same(name: str) -> None:
    of_shape, nodes = SELECTED[name]
    # Without its type pySHACL sees no target, and a node that no variable has is one that is called None.
    of_shape = of_shape.replace("[ sh:description", "[ a sh:SPARQLTarget ; sh:description")
    found = {str(result.focus) for result in validate_by_pyshacl(quads(DATA), shapes_of(of_shape)).results}
    assert {text.strip("<>").removeprefix(EX) for text in found} == set(nodes.split())


def test_literals_are_selected_as_they_are_written() -> None:
    """The store has 1.10 as 1.1: both are focus nodes where the data has both."""
    shapes = shapes_of(target("SELECT ?this { ?x ex:n ?this }"))
    both = {str(quad.object) for quad in quads("ex:a ex:n 1.10, 1.1 .")}
    assert {str(result.focus) for result in validate(quads(DATA), shapes).results} == both
    data = quads('ex:a ex:n "05"^^xsd:byte .')
    assert [result.focus for result in validate(data, shapes).results] == [data[0].object]
    read, graph = read_shapes(Graph(shapes)), Graph(data)
    shape = next(iter(read.values()))
    assert is_target(graph, shape, data[0].object, Run(read, graph, stored(data)))
    assert not is_target(graph, shape, ox.Literal(5), Run(read, graph, stored(data)))


def test_a_report_says_that_what_the_query_reads_was_looked_at() -> None:
    data = quads("ex:a ex:p ex:b . ex:c ex:q ex:d .")
    shapes = read_shapes(Graph(quads(f"ex:S {target(P)} ; sh:nodeKind sh:IRI .")))
    covered = validated(shapes, Columns(data), stored(data)).coverage
    assert covered is not None
    assert (covered.triples, covered.unseen, covered.focus_nodes, covered.idle) == (2, 1, 1, ())


def test_prefixes_of_a_query_are_those_that_its_target_or_type_declares() -> None:
    own = "ex:o sh:declare [ sh:prefix 'e' ; sh:namespace 'http://example.org/' ] . "
    query = "sh:prefixes ex:o ; sh:select 'SELECT ?this { ?this a e:D }'"
    for declared in (f"[ {query} ]", f"[ a ex:Type ] . ex:Type a sh:SPARQLTargetType ; {query}"):
        found = validate(quads(DATA), quads(f"{own} ex:S {NONE} ; sh:target {declared} .")).results
        assert named(result.focus for result in found) == {"c"}


REFUSED: Final = {
    "SERVICE": (target("SELECT ?this { SERVICE ex:s { ?this ex:p ?x } }"), "SERVICE"),
    "FROM": (target("SELECT ?this FROM ex:g { ?this ex:p ?x }"), "names a graph"),
    "GRAPH": (target("SELECT ?this { GRAPH ex:g { ?this ex:p ?x } }"), "names a graph"),
    "the shapes graph": (target("SELECT ?this { GRAPH $shapesGraph { ?this ex:p ?x } }"), "no value in a target"),
    "the shape": (target("SELECT ?this { ?this ex:p $currentShape }"), "no value in a target"),
    "a path": (target("SELECT ?this { ?this $PATH ?x }"), "only a property shape has"),
    "an update": (target("DELETE WHERE { ?s ?p ?o }"), "cannot be used"),
    "a construction": (target("CONSTRUCT { ?this ex:p ?x } WHERE { ?this ex:p ?x }"), "must be a SELECT"),
    "an ask": ("sh:target [ sh:ask 'ASK { $this ?p ?o }' ]", "sh:ask is not supported"),
    "nothing selected": (target("SELECT ?x { ?this ex:p ?x }"), "does not project .this"),
    "a misspelt keyword": (target("SELCT ?this { ?this ex:p ?x }"), "cannot be used"),
    "a function of one's own": (target("SELECT ?this { ?this ex:p ?x FILTER(ex:f(?x)) }"), "custom function"),
    "two queries in one": (target(P, "sh:select 'SELECT ?this { ?this ?p ?o }'"), "exactly one sh:select"),
    "no query": ("sh:target [ a sh:SPARQLTarget ]", "no sh:SPARQLTarget with sh:select"),
    "JavaScript": ("sh:target [ a sh:JSTarget ; sh:jsFunctionName 'f' ]", "jsFunctionName is not supported"),
    "an unknown kind": ("sh:target [ a ex:Other ]", "no other kinds of targets are supported"),
    "a property of another kind": (target(P, "sh:minCount 1"), "sh:minCount is not supported"),
    "a misspelt target": ("sh:targets [ sh:select 'SELECT ?this { ?this ?p ?o }' ]", "perhaps sh:target is meant"),
    "a value left out": (of_type(P, "sh:name 'no value'"), "exactly one value"),
    "two values": (of_type(P, "ex:by 1, 2"), "exactly one value"),
    "MINUS beside a parameter": (of_type("SELECT ?this { ?this ex:p $by MINUS { ?this a ?x } }", "ex:by 1"), "MINUS"),
    "a parameter with another value": (
        of_type("SELECT ?this { ?this ex:p ?x BIND(1 AS ?by) }", "ex:by 1"), "gives another value",
    ),
    "a parameter that is no name": (of_type(P, "ex:this 1", "sh:parameter [ sh:path ex:this ]"), "gives no name"),
    "two types": (of_type(P, "a ex:U", "sh:name 'two'") + " . ex:U a sh:SPARQLTargetType", "2 target types"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_target_that_cannot_be_used_is_refused_with_the_reason(name: str) -> None:
    of_shape, reason = REFUSED[name]
    with pytest.raises(DatasetBroken, match=reason):
        read_shapes(Graph(shapes_of(of_shape)))


def test_a_deactivated_shape_has_no_targets() -> None:
    assert validate(quads(DATA), shapes_of(f"{target(P)} ; sh:deactivated true")).conforms
