"""Statements of triples: those that the claim of a form supports, and those of triples that it takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import triple
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.web.forms.lookups import Graph

_RDF: Final = STANDARD_PREFIXES["rdf"]
_PROLOGUE: Final = """
PREFIX coop: [[coop]]
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
[[text]]"""
_EXEMPT: Final = "SELECT ?p WHERE { ?p coop:needsNoEvidence true }"
_STATING: Final = """
SELECT ?g ?s ?p ?o ?statement WHERE {
  ?statement rdf:subject [[subject]] ; rdf:predicate [[predicate]] ; rdf:object [[object]] ; a rdf:Statement .
  { GRAPH ?g { ?statement ?p ?o } BIND(?statement AS ?s) }
  UNION { GRAPH ?g { ?s coop:supports ?statement } BIND(coop:supports AS ?p) BIND(?statement AS ?o) }
  FILTER(?g != [[inferred]]) }
"""
_CITED: Final = """
SELECT ?g ?node ?claim ?statement WHERE {
  VALUES ?node { [[nodes]] }
  GRAPH ?g { ?node coop:hasEvidence ?claim }
  FILTER(?g != [[inferred]])
  FILTER NOT EXISTS { ?node coop:isMentionedIn ?claim }
  ?statement rdf:subject|rdf:object ?node ; ^coop:supports|prov:wasDerivedFrom ?claim .
}
"""


def exempt(graph: Graph) -> frozenset[str]:
    """Return the properties whose triples no claim has to support."""
    text = query_text(_PROLOGUE, coop=ox.NamedNode(f"{graph.base}ontology#"), text=query_text(_EXEMPT))
    return frozenset(row["p"].value for row in graph.terms(text) if isinstance(row["p"], ox.NamedNode))


def supported(claim: str, facts: Iterable[ox.Triple], base: str) -> list[ox.Triple]:
    """Return the triples that say which facts a new claim supports, one statement a fact."""
    name, made = claim.rpartition("/")[2], list[ox.Triple]()
    for number, fact in enumerate(facts, 1):
        statement = f"{base}id/triple/{name}-{number}"
        made += [
            triple(claim, f"{base}ontology#supports", statement),
            triple(statement, _RDF + "type", _RDF + "Statement"),
            *(
                ox.Triple(ox.NamedNode(statement), ox.NamedNode(_RDF + part), term)
                for part, term in (("subject", fact.subject), ("predicate", fact.predicate), ("object", fact.object))
            ),
        ]
    return made


def taken_back(iri: str, facts: Iterable[tuple[str, ox.NamedNode | ox.Literal]], graph: Graph) -> list[str]:
    """Return the quads, as N-Quads, that go with facts of a thing (property and value) that are taken back.

    Those are the statements of these facts, and citations of claims that are left with nothing to support: by the
    thing, and by those that the facts name.
    """
    coop, inferred = ox.NamedNode(f"{graph.base}ontology#"), ox.NamedNode(f"{graph.base}graph/inferred")
    quads, gone, nodes = dict[str, None](), set[str](), {iri: ox.NamedNode(iri)}
    for predicate, value in facts:
        nodes |= {value.value: value} if isinstance(value, ox.NamedNode) else {}
        text = query_text(
            _STATING, subject=ox.NamedNode(iri), predicate=ox.NamedNode(predicate), object=value, inferred=inferred
        )
        for row in graph.terms(query_text(_PROLOGUE, coop=coop, text=text)):
            gone.add(str(row["statement"]))
            quads[f"{row['s']} {row['p']} {row['o']} {row['g']} ."] = None
    if not gone:
        return []
    left: dict[str, set[str]] = {}
    text = query_text(_CITED, nodes=nodes.values(), inferred=inferred)
    for row in graph.terms(query_text(_PROLOGUE, coop=coop, text=text)):
        citation = f"{row['node']} <{coop.value}hasEvidence> {row['claim']} {row['g']} ."
        left.setdefault(citation, set()).add(str(row["statement"]))
    return [*quads, *(citation for citation, statements in left.items() if statements <= gone)]
