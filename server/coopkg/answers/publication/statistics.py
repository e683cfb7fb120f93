"""Figures of one version of the graph, as VoID has them: each triple counts once, whatever graphs have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.answers.publication.dumps import graphs, size
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from coopkg.answers.service import Service

MAPPINGS: Final = (
    "http://www.w3.org/2004/02/skos/core#exactMatch",
    "http://www.w3.org/2004/02/skos/core#closeMatch",
    "http://www.w3.org/2004/02/skos/core#broadMatch",
    "http://www.w3.org/2004/02/skos/core#narrowMatch",
    "http://www.w3.org/2004/02/skos/core#relatedMatch",
    "http://www.w3.org/2002/07/owl#sameAs",
)
"""The properties whose triples are links from our things to those of others."""
_TOTALS: Final = """
SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects) WHERE {
  { SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o } }
}"""
_ENTITIES: Final = """
SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o FILTER(ISIRI(?s) && STRSTARTS(STR(?s), [[base]])) }"""
_CLASSES: Final = """
SELECT ?class (COUNT(DISTINCT ?s) AS ?n) (MIN(?s) AS ?first) WHERE { ?s a ?class FILTER(ISIRI(?class)) }
GROUP BY ?class ORDER BY ?class"""
_PROPERTIES: Final = """
SELECT ?p (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects) WHERE {
  { SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o } }
}
GROUP BY ?p ORDER BY ?p"""
_OF_CLASSES: Final = """
SELECT ?class ?p (COUNT(*) AS ?triples) WHERE {
  { SELECT DISTINCT ?class ?s ?p ?o WHERE { ?s a ?class ; ?p ?o FILTER(ISIRI(?class)) } }
} GROUP BY ?class ?p ORDER BY ?class ?p"""
_TO_CLASSES: Final = """
SELECT DISTINCT ?class ?p ?to WHERE { ?s a ?class ; ?p ?o . ?o a ?to FILTER(ISIRI(?class) && ISIRI(?to)) }
ORDER BY ?class ?p ?to"""
_TO_DATATYPES: Final = """
SELECT DISTINCT ?class ?p ?to WHERE {
  ?s a ?class ; ?p ?o FILTER(ISLITERAL(?o) && ISIRI(?class)) BIND(DATATYPE(?o) AS ?to)
} ORDER BY ?class ?p ?to"""
_LINKS: Final = """
SELECT ?p ?space (COUNT(*) AS ?triples) WHERE {
  { SELECT DISTINCT ?s ?p ?o WHERE { VALUES ?p { [[mappings]] } ?s ?p ?o
    FILTER(ISIRI(?o) && STRSTARTS(STR(?s), [[base]]) && !STRSTARTS(STR(?o), [[base]])) } }
  BIND(REPLACE(STR(?o), "^(.*[/#])[^/#]+[/#]?$", "$1") AS ?space)
} GROUP BY ?p ?space ORDER BY ?p ?space"""


@dataclass(frozen=True)
class Property:
    """A property: how many triples have it, and how many subjects and objects those have."""

    iri: str
    triples: int
    subjects: int = 0
    objects: int = 0


@dataclass(frozen=True)
class Class:
    """A class: how many instances it has, one of them, and what those are said to have.

    ``to_classes`` and ``to_datatypes`` have the classes and datatypes of the values, by property.
    """

    iri: str
    entities: int
    example: str
    properties: tuple[Property, ...]
    to_classes: dict[str, tuple[str, ...]]
    to_datatypes: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Links:
    """How many triples of a mapping property lead to IRIs of one namespace of others."""

    property: str
    space: str
    triples: int


@dataclass(frozen=True)
class Statistics:
    """All figures of a version."""

    triples: int
    subjects: int
    objects: int
    entities: int
    graphs: dict[str, int]
    classes: tuple[Class, ...]
    properties: tuple[Property, ...]
    links: tuple[Links, ...]


def statistics(service: Service) -> Statistics:
    """Count. Raises the errors of evaluation."""
    base = service.settings.base
    totals = service.rows(_TOTALS)[0]
    ours = ox.Literal(base)
    links = query_text(_LINKS, mappings=map(ox.NamedNode, MAPPINGS), base=ours)
    return Statistics(
        triples=int(totals["triples"]),
        subjects=int(totals["subjects"]),
        objects=int(totals["objects"]),
        entities=int(service.rows(query_text(_ENTITIES, base=ours))[0]["n"]),
        graphs={graph: size(service, graph) for graph in graphs(service)},
        classes=_classes(service),
        properties=tuple(_property(row) for row in service.rows(_PROPERTIES)),
        links=tuple(Links(row["p"], row["space"], int(row["triples"])) for row in service.rows(links)),
    )


def _property(row: dict[str, str]) -> Property:
    return Property(row["p"], int(row["triples"]), int(row.get("subjects", 0)), int(row.get("objects", 0)))


def _classes(service: Service) -> tuple[Class, ...]:
    of: dict[str, list[Property]] = {}
    for row in service.rows(_OF_CLASSES):
        of.setdefault(row["class"], []).append(_property(row))
    classes, datatypes = (_targets(service, query) for query in (_TO_CLASSES, _TO_DATATYPES))
    return tuple(
        Class(
            row["class"], int(row["n"]), row["first"], tuple(of.get(row["class"], ())),
            classes.get(row["class"], {}), datatypes.get(row["class"], {}),
        )
        for row in service.rows(_CLASSES)
    )  # fmt: skip


def _targets(service: Service, query: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the classes or datatypes of values, by class and property."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in service.rows(query):
        properties = found.setdefault(row["class"], {})
        properties[row["p"]] = (*properties.get(row["p"], ()), row["to"])
    return found
