"""The claims that facts rest on: what a source says, where, in whose voice, how certain it is, and of what."""

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
PREFIX oa: <http://www.w3.org/ns/oa#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
[[text]]"""
_ABOUT: Final = """
{ VALUES ?c { [[node]] } ?c a coop:Claim }
UNION { [[node]] coop:hasEvidence|coop:isMentionedIn ?c }
UNION { ?c a coop:Claim ; rdf:subject [[node]] }
UNION { ?said rdf:subject [[node]] ; coop:hasEvidence ?c }
"""
_FROM: Final = "?c prov:wasDerivedFrom [[node]] ; a coop:Claim"
_TOLD: Final = """
SELECT DISTINCT ?c ?p ?o WHERE { { SELECT DISTINCT ?c WHERE { [[which]] } }
  VALUES ?p { coop:claimNumber coop:hasCertainty coop:hasVoice coop:paraphrase
               prov:wasAttributedTo prov:wasDerivedFrom }
  ?c ?p ?o }
"""
_PLACES: Final = """
SELECT DISTINCT ?c ?start ?end WHERE { { SELECT DISTINCT ?c WHERE { [[which]] } }
  ?c oa:hasTarget/oa:hasSelector ?x . ?x oa:start ?start ; oa:end ?end } ORDER BY ?c ?start ?end
"""
_EXACT: Final = """
SELECT DISTINCT ?c ?p ?o WHERE {
  { ?c a coop:Claim ; rdf:subject [[node]] ; rdf:predicate ?p ; rdf:object ?o }
  UNION { ?said rdf:subject [[node]] ; rdf:predicate ?p ; rdf:object ?o ; coop:hasEvidence ?c } }
"""
_STATED: Final = "SELECT ?p ?o ?g WHERE { GRAPH ?g { [[node]] ?p ?o } } ORDER BY ?g"
_BACKED: Final = """
SELECT DISTINCT ?c ?thing WHERE { ?c prov:wasDerivedFrom [[node]] . ?thing coop:hasEvidence ?c } ORDER BY ?c ?thing
"""

_UNBACKED: Final = """
SELECT DISTINCT ?thing WHERE {
  { SELECT DISTINCT ?g WHERE { ?c prov:wasDerivedFrom [[node]] . GRAPH ?g { ?cites coop:hasEvidence ?c } } }
  VALUES ?class { [[classes]] }
  GRAPH ?g { ?thing a ?class }
  FILTER NOT EXISTS { ?thing coop:hasEvidence|coop:isMentionedIn ?any }
} ORDER BY ?thing
"""
Said = tuple[str, str, str]
"""What a triple says of its subject: property, bare text of the value, language."""


@dataclass(frozen=True)
class Claim:
    """A claim: IRIs of its source, voice, certainty and speaker ("" where there is none), texts by language, places."""

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
        """Return the fragment of the claim on the page of its source: the end of its IRI."""
        return self.iri.rpartition("/")[2]


def claims_about(service: Service, iri: str) -> list[Claim]:
    """Return the claims that an IRI cites as evidence or that say something of it, or itself, by source and place."""
    return _claims(service, query_text(_ABOUT, node=_node(iri)))


def claims_of(service: Service, source: str) -> list[Claim]:
    """Return the claims of a source document in the order in which they stand there."""
    return _claims(service, query_text(_FROM, node=_node(source)))


def exact(service: Service, iri: str) -> dict[Said, list[str]]:
    """Return the claims that say a very triple of an IRI."""
    found: dict[Said, list[str]] = {}
    for row in _rows(service, query_text(_EXACT, node=_node(iri))):
        found.setdefault(_said(row), []).append(row["c"]["value"])
    return found


def stated(service: Service, iri: str) -> dict[Said, list[str]]:
    """Return the graphs that state each triple of an IRI, what is inferred left out."""
    found: dict[Said, list[str]] = {}
    for row in _rows(service, query_text(_STATED, node=_node(iri))):
        found.setdefault(_said(row), []).append(row["g"]["value"])
    return found


def _said(row: Mapping[str, Mapping[str, str]]) -> Said:
    return row["p"]["value"], row["o"]["value"], row["o"].get("xml:lang", "")


def backed(service: Service, source: str) -> dict[str, list[str]]:
    """Return the things that cite each claim of a source document, by claim."""
    found: dict[str, list[str]] = {}
    for row in _rows(service, query_text(_BACKED, node=_node(source))):
        found.setdefault(row["c"]["value"], []).append(row["thing"]["value"])
    return found


def unbacked(service: Service, source: str, central: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the things in the graphs of a source document that must cite a claim, by their class, and cite none."""
    evidence = f"{service.settings.base}ontology#hasEvidence"
    classes = [ox.NamedNode(cls) for cls, wanted in central.items() if evidence in wanted]
    text = query_text(_UNBACKED, node=_node(source), classes=classes)
    return [row["thing"]["value"] for row in _rows(service, text)]


def copies(service: Service) -> Mapping[str, str]:
    """Return the texts of the sources that the operator supplied, by SHA-256; they are read when they change."""
    folder = service.settings.sources
    return service.derived.get("copies", state(folder), lambda: read_source_texts(folder))


def texts(service: Service, sources: Sequence[str]) -> dict[str, str]:
    """Return the supplied text of each of those source documents of which there is a copy."""
    held = copies(service)
    if not held or not sources:
        return {}
    text = query_text(
        "SELECT ?s ?digest WHERE { VALUES ?s { [[sources]] } ?s coop:textDigest ?digest }", sources=nodes(sources)
    )
    found = _rows(service, text)
    return {row["s"]["value"]: held[row["digest"]["value"]] for row in found if row["digest"]["value"] in held}


def _node(iri: str) -> ox.NamedNode:
    return named_node(iri, {}, "iri")


def _rows(service: Service, text: QueryText) -> list[dict[str, dict[str, str]]]:
    """Return what is asserted: the closure says nothing more of claims."""
    base = service.settings.base
    whole = query_text(_PROLOGUE, coop=ox.NamedNode(f"{base}ontology#"), text=text)
    return service.terms(Task(whole, SOLUTION_FORMATS[0], base, entailment=False))


def _claims(service: Service, pattern: QueryText) -> list[Claim]:
    told: dict[str, dict[str, Any]] = {}
    for row in _rows(service, query_text(_TOLD, which=pattern)):
        of_claim = told.setdefault(row["c"]["value"], {"texts": {}})
        name = row["p"]["value"].rpartition("#")[2].rpartition("/")[2]
        if name == "paraphrase":
            of_claim["texts"][row["o"].get("xml:lang", "")] = row["o"]["value"]
        else:
            of_claim.setdefault(name, row["o"]["value"])
    places: dict[str, list[Span]] = {}
    for row in _rows(service, query_text(_PLACES, which=pattern)) if told else ():
        places.setdefault(row["c"]["value"], []).append((int(row["start"]["value"]), int(row["end"]["value"])))
    return sorted(_made(told, places), key=lambda c: (c.source, c.spans[:1], c.number, c.iri))


def _made(told: Mapping[str, Mapping[str, Any]], places: Mapping[str, list[Span]]) -> Iterator[Claim]:
    for iri, found in told.items():
        if "wasDerivedFrom" in found:
            number = str(found.get("claimNumber", ""))
            yield Claim(
                iri, int(number) if number.isdigit() else 0, found["wasDerivedFrom"], found.get("hasVoice", ""),
                found.get("hasCertainty", ""), found.get("wasAttributedTo", ""), found["texts"],
                tuple(places.get(iri, ())),
            )  # fmt: skip
