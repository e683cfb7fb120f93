"""Statistics of one version of the dataset for VoID: each triple counts once, in however many graphs it stands."""

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
"""The properties whose triples are links from entities of this dataset to those of others."""
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
# The namespace of an IRI is what ends with its last slash or number sign, a final one not counted.
_LINKS: Final = """
SELECT ?p ?space (COUNT(*) AS ?triples) WHERE {
  { SELECT DISTINCT ?s ?p ?o WHERE { VALUES ?p { [[mappings]] } ?s ?p ?o
    FILTER(ISIRI(?o) && STRSTARTS(STR(?s), [[base]]) && !STRSTARTS(STR(?o), [[base]])) } }
  BIND(REPLACE(STR(?o), "^(.*[/#])[^/#]+[/#]?$", "$1") AS ?space)
} GROUP BY ?p ?space ORDER BY ?p ?space"""


@dataclass(frozen=True)
class Property:
    """A property, with the numbers of its triples and of their distinct subjects and objects."""

    iri: str
    triples: int
    subjects: int = 0
    objects: int = 0


@dataclass(frozen=True)
class Class:
    """A class, with the number of its instances, one of them as an example, and their properties.

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
    """The number of triples of one mapping property that lead into one namespace of another publisher."""

    property: str
    space: str
    triples: int


@dataclass(frozen=True)
class Statistics:
    """All statistics of a version; ``entities`` are subjects below the base IRI, ``graphs`` the triples by graph."""

    triples: int
    subjects: int
    objects: int
    entities: int
    graphs: dict[str, int]
    classes: tuple[Class, ...]
    properties: tuple[Property, ...]
    links: tuple[Links, ...]


def statistics(service: Service) -> Statistics:
    """Compute the statistics by queries. Raises the errors of evaluation."""
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
    properties: dict[str, list[Property]] = {}
    for row in service.rows(_OF_CLASSES):
        properties.setdefault(row["class"], []).append(_property(row))
    classes, datatypes = (_targets(service, query) for query in (_TO_CLASSES, _TO_DATATYPES))
    return tuple(
        Class(
            row["class"], int(row["n"]), row["first"], tuple(properties.get(row["class"], ())),
            classes.get(row["class"], {}), datatypes.get(row["class"], {}),
        )
        for row in service.rows(_CLASSES)
    )  # fmt: skip


def _targets(service: Service, query: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the classes, or datatypes, of values: class to property to their IRIs."""
    targets: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in service.rows(query):
        properties = targets.setdefault(row["class"], {})
        properties[row["p"]] = (*properties.get(row["p"], ()), row["to"])
    return targets
