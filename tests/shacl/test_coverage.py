"""What a report says was looked at: counted by hand for small graphs, said in every format, and never of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import Document
from coopkg.shacl.columns import Columns
from coopkg.shacl.coverage import coverage_of_change, stored, validated
from coopkg.shacl.report_formats import NAMES, report_format
from coopkg.shacl.report_formats.outcome import ReportView
from coopkg.shacl.shapes import read_shapes

if TYPE_CHECKING:
    from coopkg.shacl.report import Report

PREFIXES: Final = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
PATH: Final = "sh:property [ sh:path ex:p ]"


def quads(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def report(shapes: str, data: str) -> Report:
    found = quads(data)
    return validated(read_shapes(Graph(quads(shapes))), Columns(found), lambda: stored(found))


@pytest.mark.parametrize(
    ("shapes", "data", "triples", "unseen", "focus_nodes", "idle"),
    [
        (f"ex:S sh:targetClass ex:C ; {PATH} .", "ex:a a ex:C ; ex:p 1 ; ex:q 2 .", 3, 1, 1, 0),
        (f"ex:S sh:targetClass ex:C ; {PATH} .", "ex:a a ex:D ; ex:p 1 .", 2, 2, 0, 1),
        (f"ex:S sh:targetNode ex:a ; {PATH} .", "ex:b ex:p 1 .", 1, 1, 0, 1),
        (f"ex:S sh:targetObjectsOf ex:v ; {PATH} .", "ex:a ex:v ex:b . ex:b ex:p 1, 2 . ex:c ex:p 3 .", 4, 1, 1, 0),
        ("ex:S sh:targetClass ex:C ; sh:closed true .", "ex:a a ex:C ; ex:p 1 ; ex:q 2 . ex:b ex:q 3 .", 4, 1, 1, 0),
        (
            "ex:S sh:targetClass ex:C ; sh:property [ sh:path ( ex:p [ sh:inversePath ex:q ] ) ] .",
            "ex:a a ex:C ; ex:p ex:b . ex:c ex:q ex:b . ex:d ex:q ex:e .", 4, 1, 1, 0,
        ),
        (
            ("ex:S sh:targetClass ex:C ; sh:not [ sh:property [ sh:path ex:p ; sh:node [ sh:property "
            "[ sh:path ex:q ; sh:minCount 1 ] ] ] ] ."),
            "ex:a a ex:C ; ex:p ex:b . ex:b ex:q 1 . ex:c ex:q 2 .", 4, 1, 1, 0,
        ),
        (
            ("ex:S sh:targetClass ex:C ; sh:sparql [ "
            "sh:select 'SELECT $this { $this a ?c ; <http://example.org/q> 0 }' ] ."),
            "ex:a a ex:C ; ex:q 1 ; ex:r 2 .", 3, 1, 1, 0,
        ),
        (
            "ex:S sh:targetClass ex:C ; sh:sparql [ sh:select 'SELECT $this { $this ?p 0 }' ] .",
            "ex:a a ex:C ; ex:q 1 .", 2, 0, 1, 0,
        ),
        (f"ex:S sh:targetWhere [ sh:class ex:C ] ; {PATH} .", "ex:a a ex:C ; ex:p 1 . ex:b ex:p 2 .", 3, 1, 1, 0),
        (f"ex:S sh:targetClass ex:C ; {PATH} . ex:I sh:targetClass ex:D .", "ex:a a ex:C .", 1, 0, 1, 1),
        (f"ex:S {PATH} .", "ex:a ex:p 1 .", 1, 1, 0, 0),
        (f"ex:S sh:targetClass ex:C ; {PATH} .", "", 0, 0, 0, 1),
    ],
)  # fmt: skip
def test_what_was_looked_at_is_counted(  # noqa: PLR0913, PLR0917 - a row
    shapes: str, data: str, triples: int, unseen: int, focus_nodes: int, idle: int
) -> None:
    found = report(shapes, data).coverage
    assert found is not None
    assert (found.triples, found.unseen, found.focus_nodes, len(found.idle)) == (triples, unseen, focus_nodes, idle)
    assert found.nothing is (not focus_nodes)
    assert not found.nothing or found.reason().startswith("Nothing was looked at: ")


def test_a_change_is_counted_from_the_nodes_that_it_affects() -> None:
    shapes = read_shapes(Graph(quads(f"ex:S sh:targetClass ex:C ; {PATH} .")))
    before, added = quads("ex:a a ex:C . ex:b a ex:C ; ex:p 1 ."), quads("ex:a ex:p 2 ; ex:q 3 .")
    graph, node = Graph([*before, *added]), ox.NamedNode("http://example.org/S")
    found = coverage_of_change(graph, shapes, {node: [ox.NamedNode("http://example.org/a")]}, added)
    assert (found.triples, found.unseen, found.focus_nodes) == (2, 1, 1)
    unaffected = coverage_of_change(graph, shapes, {}, quads("ex:z ex:q 3 ."))
    assert unaffected.nothing


@pytest.mark.parametrize("name", NAMES)
def test_every_format_says_what_was_looked_at(name: str) -> None:
    found = report(f"ex:S sh:targetClass ex:C ; {PATH} .", "ex:a a ex:C ; ex:p 1 ; ex:q 2 .")
    text = report_format(name).render(ReportView(found, prefixes()))
    assert '"unseen": 1' in text if name == "json" else "Looked at 2 triples of 3, 1 focus node, 1 shape." in text
