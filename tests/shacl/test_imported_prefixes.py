"""Prefixes of queries: those that are declared, those of vocabularies that are imported unread, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from coopkg.errors import DatasetBroken
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import read
from coopkg.shacl.shapes_documents import ShapesDocuments
from coopkg.shacl.validation import validate

if TYPE_CHECKING:
    import pyoxigraph as ox

PREFIXES: Final = """@prefix ex: <http://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
SHAPE: Final = """ex:S sh:targetNode ex:a ; sh:sparql [ sh:prefixes ex:o ;
  sh:select "SELECT $this ?value { $this rdfs:label ?value }" ] . """


def quads(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def results(shapes: str) -> int:
    return len(validate(quads("ex:a rdfs:label 'a' ."), quads(SHAPE + shapes)).results)


@pytest.mark.parametrize(
    "declared",
    [
        "ex:o sh:declare [ sh:prefix 'rdfs' ; sh:namespace 'http://www.w3.org/2000/01/rdf-schema#' ] .",
        "ex:o owl:imports <http://datashapes.org/dash> .",
        "ex:o owl:imports <http://topbraid.org/tosh> .",
        "ex:o owl:imports ex:library . ex:library owl:imports <http://datashapes.org/dash> .",
    ],
)
def test_a_prefix_that_is_declared_or_imported_has_its_namespace(declared: str) -> None:
    assert results(declared) == 1


@pytest.mark.parametrize(
    "declared",
    [
        "",
        "ex:o a owl:Ontology .",
        # A vocabulary that declares others, one that nobody knows, and one that somebody else imports.
        "ex:o owl:imports sh: .",
        "ex:o owl:imports <http://datashapes.org/other> .",
        "ex:other owl:imports <http://datashapes.org/dash> .",
        # A graph that was read says itself what it declares.
        "ex:o owl:imports <http://datashapes.org/dash> . <http://datashapes.org/dash> a owl:Ontology .",
    ],
)
def test_a_prefix_that_nobody_declares_is_refused_though_the_file_has_it(declared: str) -> None:
    with pytest.raises(DatasetBroken, match=r"used: 1:\d+: the prefix rdfs: is not declared.*not of the file"):
        results(declared)


def test_what_the_shapes_graph_declares_comes_before_what_it_imports_unread() -> None:
    """The author's own prefix must not be refused, nor mean another thing, for the sake of a graph that nobody read."""
    assert (
        results("""ex:o owl:imports <http://datashapes.org/dash> ;
      sh:declare [ sh:prefix 'rdfs' ; sh:namespace 'http://example.org/' ] .""")
        == 0
    )


def test_the_report_says_that_the_import_was_not_read() -> None:
    text = PREFIXES + SHAPE + "ex:o owl:imports <http://datashapes.org/dash> ."
    documents = ShapesDocuments([read(Document("shapes.ttl", text.encode()))])
    (note,) = documents.warnings(documents.read())
    assert "owl:imports is not followed" in str(note)


def test_an_error_of_a_query_has_its_line_however_many_prefixes_stand_before_it() -> None:
    with pytest.raises(DatasetBroken, match=r"used: 2:\d+: "):
        validate(
            [],
            quads("""ex:o owl:imports <http://datashapes.org/dash> . ex:S sh:targetNode ex:a ;
          sh:sparql [ sh:prefixes ex:o ; sh:select '''SELECT $this
            { $this nobody:p ?x }''' ] ."""),
        )
