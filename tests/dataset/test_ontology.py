"""The ontology agrees with owlrl and with common sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import owlrl
import pyoxigraph as ox
import pytest
import rdflib

from coopkg.rdf.terms import Document
from coopkg.reasoning.reference_implementation import literals_kept
from coopkg.workers.evaluation import select

if TYPE_CHECKING:
    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset

FRONT_DOOR = ("Country", "Agreement", "Commission", "Program", "Project")
COOP = "http://127.0.0.1:8000/ontology#"


@pytest.fixture(scope="module")
def core(published: Published) -> ox.Store:
    store = ox.Store()
    store.extend(Document("coop.ttl", published.path("ontology/coop.ttl").read_bytes()).quads())
    return store


def test_the_front_door(core: ox.Store) -> None:
    rows = select(core, "SELECT ?c WHERE { ?c a <http://www.w3.org/2002/07/owl#Class> }")
    assert {COOP + name for name in FRONT_DOOR} <= {row["c"].value for row in rows}


def test_no_foreign_term_is_redefined(core: ox.Store) -> None:
    """Of a term that others own we say what kind it is, and nothing else."""
    rows = select(core, "SELECT DISTINCT ?s ?p WHERE { ?s ?p ?o FILTER(isIRI(?s)) }")
    base = "http://127.0.0.1:8000/"
    foreign = {(r["s"].value, r["p"].value) for r in rows if not r["s"].value.startswith(base)}
    assert {p for _, p in foreign} <= {"http://www.w3.org/1999/02/22-rdf-syntax-ns#type"}


def test_no_key_axiom(core: ox.Store) -> None:
    assert not select(core, "SELECT ?k WHERE { ?c <http://www.w3.org/2002/07/owl#hasKey> ?k }")


@pytest.mark.slow
def test_owlrl_finds_no_contradiction_and_no_country_that_cooperates_with_itself(dataset: Dataset) -> None:
    wanted = ("graph/ontology", "graph/reference", "graph/source/high-tech-country", "graph/source/later-sources")
    graph = rdflib.Graph()
    for name in wanted:
        data = ox.serialize(
            [q.triple for q in dataset.store.quads_for_pattern(None, None, None, ox.NamedNode(dataset.base + name))],
            format=ox.RdfFormat.N_TRIPLES,
        )
        graph.parse(data=data, format="nt")
    before = set(graph.subjects(rdflib.RDF.type, rdflib.URIRef(COOP + "Country")))
    with literals_kept():
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    errors = list(
        graph.subjects(rdflib.RDF.type, rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage"))
    )
    assert errors == []
    assert set(graph.subjects(rdflib.RDF.type, rdflib.URIRef(COOP + "Country"))) == before
    assert all(s != o for s, o in graph.subject_objects(rdflib.URIRef(COOP + "cooperatesWith")))
    involved = set(
        graph.objects(rdflib.URIRef(dataset.base + "id/project/supertwin"), rdflib.URIRef(COOP + "involvesCountry"))
    )
    assert {str(c).rpartition("/")[2] for c in involved} == {"BY", "CH", "FR", "IT", "NL"}
