"""The entailment suite of SPARQL 1.1: which regime of ours each of its tests is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from w3c.manifest import BASE, Case, _Reader, folder

ENT: Final = "http://www.w3.org/ns/entailment/"
PROFILE: Final = "http://www.w3.org/ns/owl-profile/"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
MANIFEST: Final = "sparql/sparql11/entailment/manifest.ttl"
OTHERS: Final = {
    "RIF": "RIF rules are not read",
    "OWL-Direct": "needs the direct semantics of OWL 2 DL: class expressions as variables, or existentials",
    "OWL-RDF-Based": "the profile is not OWL 2 RL: what is asked for needs OWL 2 DL, EL, QL or Full",
}
"""Why a test belongs to a regime that coopkg does not have."""


@dataclass(frozen=True)
class Entailment:
    """A test with the regime of ours that it is for, or with the reason why it is for none."""

    case: Case
    regime: str | None
    reason: str = ""


def read_entailment_suite() -> list[Entailment]:
    """Give every test whose files are there, once for each regime of ours that it names."""
    root = folder()
    if root is None:
        return []
    graph = ox.Dataset(ox.parse(path=root / MANIFEST, base_iri=BASE + MANIFEST))
    cases = [case for case in _Reader(root).cases(root / MANIFEST) if not case.absent]
    return [entry for case in cases for entry in _entries(graph, case)]


def _entries(graph: ox.Dataset, case: Case) -> list[Entailment]:
    action = next(iter(_objects(graph, ox.NamedNode(case.iri), MF + "action")))
    regimes = {iri.removeprefix(ENT) for iri in _values(graph, action, "entailmentRegime")}
    profiles = {iri.removeprefix(PROFILE) for iri in _values(graph, action, "EntailmentProfile")}
    found = []
    if regimes & {"RDF", "RDFS", "D"}:  # what RDF entails RDFS entails too, and D adds nothing that these tests see
        found.append(Entailment(case, "rdfs"))
    if "RL" in profiles:
        found.append(Entailment(case, "owl-rl"))
    reason = next((why for name, why in OTHERS.items() if name in regimes), "no regime is named")
    return found or [Entailment(case, None, reason)]


def _values(graph: ox.Dataset, action: object, name: str) -> set[str]:
    found = set()
    waiting = _objects(graph, action, SD + name)
    while waiting:
        node = waiting.pop()
        items = _objects(graph, node, RDF + "first")
        if isinstance(node, ox.NamedNode):
            found.add(node.value)
        waiting += items + (_objects(graph, node, RDF + "rest") if items else [])
    return found - {RDF + "nil"}


def _objects(graph: ox.Dataset, subject: object, predicate: str) -> list[object]:
    quads = graph.quads_for_predicate(ox.NamedNode(predicate))
    return [quad.object for quad in quads if quad.subject == subject]
