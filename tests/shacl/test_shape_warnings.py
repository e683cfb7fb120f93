"""Warnings about shapes: each likely mistake is told with its place, and shapes as they should be are not."""

from __future__ import annotations

from typing import Final

import pytest

from coopkg.dataset.published_files import find_published
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import read
from coopkg.shacl.shapes_documents import ShapesDocuments

PREFIXES: Final = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def warnings(text: str) -> list[str]:
    documents = ShapesDocuments([read(Document("shapes.ttl", (PREFIXES + text).encode()))])
    return [str(note) for note in documents.warnings(documents.read())]


@pytest.mark.parametrize(
    ("shapes", "warning"),
    [
        ("ex:S a sh:Nodeshape .", "3:1: sh:Nodeshape is no class of SHACL; perhaps sh:NodeShape is meant"),
        ("ex:x sh:widget 1 .", "3:1: sh:widget is no term of SHACL that is known here"),
        ("ex:S sh:targetNode ex:a ; sh:shape ex:T .", "3:1: sh:shape is for nodes of the data and means nothing here"),
        ("ex:g owl:imports <http://e/other> .", "3:1: owl:imports is not followed"),
        ("ex:S a sh:NodeShape .", "3:1: the shape has no target, and no other active shape refers to it"),
        ("ex:S sh:targetNode ex:a ;\n sh:property [ sh:path ex:p ; sh:flags 'i' ] .", "4:14: sh:flags has no effect"),
        ("ex:S sh:targetNode ex:a ; sh:ignoredProperties ( ex:p ) .", "sh:ignoredProperties has no effect"),
        ("ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:qualifiedMinCount 1 .", "without sh:qualifiedValueShape"),
        ("ex:S sh:targetNode ex:a ; sh:closed '1'^^xsd:boolean .", "sh:closed has no effect: its value is written 1"),
    ],
)
def test_a_likely_mistake_is_told(shapes: str, warning: str) -> None:
    (told,) = warnings(shapes)
    assert told.startswith("shapes.ttl:")
    assert warning in told


@pytest.mark.parametrize(
    "shapes",
    [
        "ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:name 'a'@en ; sh:description 'b' ; sh:order 1 ; sh:group ex:g .",
        "ex:g a sh:PropertyGroup ; sh:order 1 . ex:S sh:targetNode ex:a ; ex:own 1 .",
        "ex:g a owl:Ontology ; sh:declare [ sh:prefix 'ex' ; sh:namespace 'http:' ] ; owl:imports ex:h . ex:h ex:p 1.",
        "ex:S a sh:NodeShape ; sh:deactivated true .",
        "ex:S sh:targetNode ex:a ; sh:or ( ex:T ex:U ) . ex:T a sh:NodeShape . ex:U a sh:NodeShape .",
        "ex:report a sh:ValidationReport ; sh:conforms true .",
    ],
)
def test_what_is_right_is_not_told_of(shapes: str) -> None:
    assert warnings(shapes) == []


def test_nothing_is_told_of_the_published_shapes() -> None:
    files = find_published().shapes()
    documents = ShapesDocuments([read(Document(str(path), path.read_bytes())) for path in files])
    assert documents.warnings(documents.read()) == ()
