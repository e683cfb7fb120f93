"""Claims, the evidence of facts: the source of each, its place there, its voice, speaker and certainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.answers.evidence.source_texts import read_source_texts, state
from coopkg.answers.labels import nodes
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.terms import named_node
from coopkg.sparql.query_text import QueryText, query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopkg.answers.evidence.source_texts import Span
    from coopkg.answers.service import Service

_PROLOGUE: Final = """
PREFIX coop: [[coop]]
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX oa: <http://www.w3.org/ns/oa#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
[[text]]"""
_ABOUT: Final = """
{ VALUES ?c { [[node]] } ?c a coop:Claim }
UNION { [[node]] coop:hasEvidence|coop:isMentionedIn ?c }
UNION { ?c coop:supports/rdf:subject? [[node]] }
UNION { ?stated rdf:subject? [[node]] ; a rdf:Statement ; prov:wasDerivedFrom ?c }
UNION { ?reified rdf:subject [[node]] ; coop:hasEvidence ?c }
"""
_FROM: Final = "?c prov:wasDerivedFrom [[node]] ; a coop:Claim"
_PROPERTIES: Final = """
SELECT DISTINCT ?c ?p ?o WHERE { { SELECT DISTINCT ?c WHERE { [[which]] } }
  VALUES ?p { coop:claimNumber coop:hasCertainty coop:hasVoice coop:paraphrase
               prov:wasAttributedTo prov:wasDerivedFrom }
  ?c ?p ?o }
"""
_PLACES: Final = """
SELECT DISTINCT ?c ?start ?end WHERE { { SELECT DISTINCT ?c WHERE { [[which]] } }
  ?c oa:hasTarget/oa:hasSelector ?x . ?x oa:start ?start ; oa:end ?end } ORDER BY ?c ?start ?end
"""
_GROUNDS: Final = """
SELECT DISTINCT ?p ?o ?how ?ground WHERE {
  ?stated rdf:subject [[node]] ; a rdf:Statement ; rdf:predicate ?p ; rdf:object ?o .
  { ?ground coop:supports ?stated . BIND("said" AS ?how) }
  UNION { ?stated prov:wasDerivedFrom ?ground . BIND("derived" AS ?how) }
  UNION { ?stated dcterms:source ?ground . BIND("source" AS ?how) } }
ORDER BY ?ground
"""
_STATEMENTS: Final = """
SELECT ?s ?x ?p ?o WHERE {
  { BIND([[node]] AS ?s) } UNION { [[node]] coop:supports ?s } UNION { ?s prov:wasDerivedFrom [[node]] }
  ?s a rdf:Statement ; rdf:subject ?x ; rdf:predicate ?p ; rdf:object ?o }
"""
_DIGESTS: Final = "SELECT ?s ?digest WHERE { VALUES ?s { [[sources]] } ?s coop:textDigest ?digest }"
_STATED: Final = "SELECT ?p ?o ?g WHERE { GRAPH ?g { [[node]] ?p ?o } } ORDER BY ?g"
_BACKED: Final = """
SELECT DISTINCT ?c ?thing WHERE { ?c prov:wasDerivedFrom [[node]] . ?thing coop:hasEvidence ?c } ORDER BY ?c ?thing
"""

_UNBACKED: Final = """
SELECT DISTINCT ?thing WHERE {
  { SELECT DISTINCT ?g WHERE { ?c prov:wasDerivedFrom [[node]] . GRAPH ?g { ?citing coop:hasEvidence ?c } } }
  VALUES ?class { [[classes]] }
  GRAPH ?g { ?thing a ?class }
  FILTER NOT EXISTS { ?thing coop:hasEvidence|coop:isMentionedIn ?any }
} ORDER BY ?thing
"""
Said = tuple[str, str, str]
"""A triple without its subject: property, IRI or lexical form of the object, language ("" for none)."""


@dataclass(frozen=True)
class Claim:
    """A claim: the IRIs of its source, voice, certainty and speaker ("" for none), and its paraphrase by language.

    ``number`` is its number in the source, 0 for none; ``spans`` are its places in the text of the source.
    """

    iri: str
    number: int
    source: str
    voice: str
    certainty: str
    speaker: str
    texts: Mapping[str, str]
    spans: tuple[Span, ...]

    @property
    def anchor(self) -> str:
        """Return the fragment identifier of the claim on the page of its source."""
        return self.iri.rpartition("/")[2]


def claims_about(service: Service, iri: str) -> list[Claim]:
    """Find the claims that an IRI cites, that are about it, or that it is itself, ordered by source and place."""
    return _claims(service, query_text(_ABOUT, node=_node(iri)))


def claims_of(service: Service, source: str) -> list[Claim]:
    """Find the claims of a source document, ordered by their places in it."""
    return _claims(service, query_text(_FROM, node=_node(source)))


def grounds(service: Service, iri: str) -> dict[Said, dict[str, list[str]]]:
    """Find what each triple of an IRI rests on: IRIs by ``said``, ``derived`` (both of claims) and ``source``."""
    found: dict[Said, dict[str, list[str]]] = {}
    for row in _rows(service, query_text(_GROUNDS, node=_node(iri))):
        found.setdefault(_statement(row), {}).setdefault(row["how"]["value"], []).append(row["ground"]["value"])
    return found


def statements(service: Service, iri: str) -> dict[str, tuple[str, str, str]]:
    """Find the triples of the statements of a claim, or of a statement itself, by statement.

    Each is subject, property and object; a literal is its lexical form.
    """
    rows = _rows(service, query_text(_STATEMENTS, node=_node(iri)))
    return {row["s"]["value"]: (row["x"]["value"], row["p"]["value"], row["o"]["value"]) for row in rows}


def stated(service: Service, iri: str) -> dict[Said, list[str]]:
    """Find the graphs in which each triple of an IRI is asserted."""
    graphs: dict[Said, list[str]] = {}
    for row in _rows(service, query_text(_STATED, node=_node(iri))):
        graphs.setdefault(_statement(row), []).append(row["g"]["value"])
    return graphs


def _statement(row: Mapping[str, Mapping[str, str]]) -> Said:
    return row["p"]["value"], row["o"]["value"], row["o"].get("xml:lang", "")


def backed(service: Service, source: str) -> dict[str, list[str]]:
    """Find the entities that cite each claim of a source document, by claim."""
    entities: dict[str, list[str]] = {}
    for row in _rows(service, query_text(_BACKED, node=_node(source))):
        entities.setdefault(row["c"]["value"], []).append(row["thing"]["value"])
    return entities


def unbacked(service: Service, source: str, central: Mapping[str, Sequence[str]]) -> list[str]:
    """Find the entities in the graphs of a source document that must cite a claim but cite none.

    ``central`` maps each class to the properties that its instances must have; those with ``hasEvidence`` count.
    """
    evidence = f"{service.settings.base}ontology#hasEvidence"
    classes = [ox.NamedNode(cls) for cls, required in central.items() if evidence in required]
    text = query_text(_UNBACKED, node=_node(source), classes=classes)
    return [row["thing"]["value"] for row in _rows(service, text)]


def _supplied_texts(service: Service) -> Mapping[str, str]:
    """Return the source texts that the operator supplied, by SHA-256; they are read again when the folder changes."""
    folder = service.settings.sources
    return service.derived.get("source texts", state(folder), lambda: read_source_texts(folder))


def texts(service: Service, sources: Sequence[str]) -> dict[str, str]:
    """Return the source texts of those documents for which the operator has supplied one, by IRI."""
    supplied = _supplied_texts(service)
    if not supplied or not sources:
        return {}
    rows = _rows(service, query_text(_DIGESTS, sources=nodes(sources)))
    return {row["s"]["value"]: supplied[row["digest"]["value"]] for row in rows if row["digest"]["value"] in supplied}


def _node(iri: str) -> ox.NamedNode:
    return named_node(iri, {}, "iri")


def _rows(service: Service, text: QueryText) -> list[dict[str, dict[str, str]]]:
    """Evaluate a query over asserted triples and return its solutions as JSON terms."""
    # Nothing is inferred about claims, and the asserted store is smaller than the closure.
    base = service.settings.base
    whole = query_text(_PROLOGUE, coop=ox.NamedNode(f"{base}ontology#"), text=text)
    return service.terms(Task(whole, SOLUTION_FORMATS[0], base, entailment=False))


def _claims(service: Service, pattern: QueryText) -> list[Claim]:
    """Find the claims that a pattern selects, ordered by source, place and number."""
    properties: dict[str, dict[str, Any]] = {}
    for row in _rows(service, query_text(_PROPERTIES, which=pattern)):
        values = properties.setdefault(row["c"]["value"], {"texts": {}})
        name = row["p"]["value"].rpartition("#")[2].rpartition("/")[2]
        if name == "paraphrase":
            values["texts"][row["o"].get("xml:lang", "")] = row["o"]["value"]
        else:
            values.setdefault(name, row["o"]["value"])
    places: dict[str, list[Span]] = {}
    # Not in one query with the properties: each combination of a place and a property would be a row.
    for row in _rows(service, query_text(_PLACES, which=pattern)) if properties else ():
        places.setdefault(row["c"]["value"], []).append((int(row["start"]["value"]), int(row["end"]["value"])))
    return sorted(_assembled(properties, places), key=lambda c: (c.source, c.spans[:1], c.number, c.iri))


def _assembled(properties: Mapping[str, Mapping[str, Any]], places: Mapping[str, list[Span]]) -> Iterator[Claim]:
    for iri, values in properties.items():
        if "wasDerivedFrom" in values:  # a claim without a source has no page to point to
            number = str(values.get("claimNumber", ""))
            yield Claim(
                iri, int(number) if number.isdigit() else 0, values["wasDerivedFrom"], values.get("hasVoice", ""),
                values.get("hasCertainty", ""), values.get("wasAttributedTo", ""), values["texts"],
                tuple(places.get(iri, ())),
            )  # fmt: skip
