"""The terms of the ontology, from the dataset: their labels, the links between them, and how often they are used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.sparql.query_text import query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.service import Service

_RDF, _RDFS, _OWL, _SKOS = (STANDARD_PREFIXES[name] for name in ("rdf", "rdfs", "owl", "skos"))
TYPE: Final = _RDF + "type"
SUPER: Final = (_RDFS + "subClassOf", _RDFS + "subPropertyOf")
DOMAIN: Final = _RDFS + "domain"
RANGE: Final = _RDFS + "range"
INVERSE: Final = _OWL + "inverseOf"
_LABEL: Final = _RDFS + "label"
_DEFINITION: Final = _SKOS + "definition"
_MAPPING: Final = frozenset(
    {*SUPER, _OWL + "equivalentClass", _OWL + "equivalentProperty"}
    | {f"{_SKOS}{kind}Match" for kind in ("exact", "close", "broad", "narrow", "related")}
)
KINDS: Final = {
    _OWL + "Class": "class", _OWL + "ObjectProperty": "object", _OWL + "DatatypeProperty": "datatype",
    _OWL + "AnnotationProperty": "annotation",
}  # fmt: skip
"""The kinds of terms, in the order in which a page lists them."""
MAIN: Final = 5
"""Classes in the overview drawing."""


@dataclass(frozen=True)
class Term:
    """A term: labels and definitions by language, linked IRIs by property, and uses, inferred ones included."""

    iri: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uses: int = 0

    @property
    def name(self) -> str:
        """Return the fragment of the term's IRI."""
        return self.iri.rpartition("#")[2]

    def linked(self, *properties: str) -> list[str]:
        """Return the IRIs that the term is linked to by those properties, in their order."""
        return [iri for prop in properties for iri in self.links.get(prop, ())]

    def mappings(self, own: str) -> list[tuple[str, str]]:
        """Return (property, IRI) of each mapping to another vocabulary; terms of this one begin with ``own``."""
        return [
            (p, iri) for p in sorted(self.links) if p in _MAPPING for iri in self.links[p] if not iri.startswith(own)
        ]


def vocabulary(service: Service) -> Mapping[str, Term]:
    """Return the terms of the ontology by IRI, ordered by kind and name; computed once for each version."""
    return service.derived.get("vocabulary", service.engine.tag(), lambda: _vocabulary(service))


def _vocabulary(service: Service) -> dict[str, Term]:
    base = service.settings.base
    text = query_text(
        "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(STRSTARTS(STR(?s), [[terms]])) } ORDER BY ?s ?p ?o",
        terms=ox.Literal(f"{base}ontology#"),
    )
    texts: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    links: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for row in service.terms(Task(text, SOLUTION_FORMATS[0], base, entailment=False)):
        subject, prop, value = row["s"]["value"], row["p"]["value"], row["o"]
        if value["type"] == "uri":
            links[subject][prop] = (*links[subject].get(prop, ()), value["value"])
        elif value["type"] == "literal":
            texts[subject].setdefault(prop, {})[value.get("xml:lang", "")] = value["value"]
    uses = _uses(service)
    ontology_terms = [
        Term(iri, kind, texts[iri].get(_LABEL, {}), texts[iri].get(_DEFINITION, {}), links[iri], uses.get(iri, 0))
        for iri in links
        if (kind := next((KINDS[t] for t in KINDS if t in links[iri].get(TYPE, ())), ""))
    ]
    order = list(KINDS.values())
    return {
        term.iri: term for term in sorted(ontology_terms, key=lambda t: (order.index(t.kind), t.name.lower(), t.iri))
    }


def _uses(service: Service) -> dict[str, int]:
    """Count the triples of each property and the instances of each class, by IRI, inferred ones included."""
    properties = service.rows("SELECT ?x (COUNT(*) AS ?n) { ?s ?x ?o } GROUP BY ?x")
    classes = service.rows("SELECT ?x (COUNT(DISTINCT ?s) AS ?n) { ?s a ?x FILTER(ISIRI(?x)) } GROUP BY ?x")
    return {row["x"]: int(row["n"]) for row in (*properties, *classes)}


def main_links(service: Service, aside: frozenset[str]) -> list[tuple[str, str, str]]:
    """Find the links between the main classes as (class, property, class), the most used first.

    Main are the ``MAIN`` classes with the most links between their instances, concepts excluded; the properties in
    ``aside`` do not count.
    """
    return service.derived.get("main", service.engine.tag(), lambda: _main_links(service, aside))


def _main_links(service: Service, aside: frozenset[str]) -> list[tuple[str, str, str]]:
    # Nearly every entity refers to concepts of code lists; in the overview they would hide the rest.
    concepts = {t.iri for t in vocabulary(service).values() if _SKOS + "Concept" in t.linked(*SUPER)}
    text = "SELECT ?c ?p ?d (COUNT(*) AS ?n) WHERE { ?s ?p ?o . ?s a ?c . ?o a ?d } GROUP BY ?c ?p ?d"
    rows = service.terms(Task(text, SOLUTION_FORMATS[0], service.settings.base, entailment=False))
    counts = {(row["c"]["value"], row["p"]["value"], row["d"]["value"]): int(row["n"]["value"]) for row in rows}
    classes = {t.iri for t in vocabulary(service).values() if t.kind == "class"} - concepts
    links = {(c, p, d): n for (c, p, d), n in counts.items() if {c, d} <= classes and c != d and p not in aside}
    degrees: defaultdict[str, int] = defaultdict(int)
    for (c, _, d), count in links.items():
        degrees[c] += count
        degrees[d] += count
    main = set(sorted(degrees, key=lambda cls: (-degrees[cls], cls))[:MAIN])
    return sorted((link for link in links if {link[0], link[2]} <= main), key=lambda link: (-links[link], link))
