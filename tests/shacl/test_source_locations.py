from __future__ import annotations

import pyoxigraph as ox

from coopkg.dataset.validation import published_documents
from coopkg.rdf.graph import RDF_FIRST, RDF_REST
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import read
from coopkg.shacl.source_locations import find_place, locate

TEXT = """@prefix e: <http://e/ns#> .
@base <http://e/> .
e:a e:p "x" ,
      'y'@en , 1.5 ;
    a e:C ; e:q [ e:r ( 1 "z" ) ] ;
.
<b> e:p -3 , "2019-01-01"^^e:date .
"""


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"http://e/{name}")


def line_of(subject: str, predicate: str, value: object) -> tuple[int, int] | None:
    places = [locate(read(Document("t.ttl", TEXT.encode())))]
    place = find_place(places, node(subject), node(f"ns#{predicate}"), value)
    return (place.line, place.column) if place else None


def test_objects_of_a_list_have_their_own_lines() -> None:
    decimal = ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
    assert line_of("ns#a", "p", ox.Literal("x")) == (3, 9)
    assert line_of("ns#a", "p", ox.Literal("y", language="en")) == (4, 7)
    assert line_of("ns#a", "p", ox.Literal("1.5", datatype=decimal)) == (4, 16)


def test_relative_iris_signs_and_datatypes() -> None:
    integer = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")
    assert line_of("b", "p", ox.Literal("-3", datatype=integer)) == (7, 9)
    assert line_of("b", "p", ox.Literal("2019-01-01", datatype=node("ns#date"))) == (7, 14)


def test_what_is_missing_is_placed_at_its_subject() -> None:
    assert line_of("b", "none", None) == (7, 1)
    assert line_of("c", "none", None) is None


def test_every_published_triple_has_a_place(published: object) -> None:
    for document in published_documents(published):  # type: ignore[arg-type]
        source = read(document)
        places = locate(source)
        for quad in source.quads:
            if quad.predicate not in {RDF_FIRST, RDF_REST}:
                assert (quad.subject, quad.predicate, quad.object) in places.objects, (document.name, quad)
