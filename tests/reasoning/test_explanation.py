"""A proof goes down to what is asserted, and each of its steps is true."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.dataset.store import load_dataset
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.reasoning.closure import Closure
from coopkg.reasoning.explanation import explain
from coopkg.reasoning.proofs import Asserted, Ground, Proof, Step, as_json, as_text, leaves_of, steps_of
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings

GRAPH = ox.NamedNode(f"{DEFAULT_BASE}graph/inferred")
SUPERTWIN = """\
project:supertwin coop:involvesCountry country:BY
  inferred by prp-spo2: the properties form a chain
  axiom coop:involvesCountry owl:propertyChainAxiom ( coop:hasParticipant coop:isLocatedIn )
    project:supertwin coop:hasParticipant body:cqoqi-nasb
      asserted in <http://127.0.0.1:8000/graph/source/high-tech-country>
      claimed by claim:high-tech-country-096
    body:cqoqi-nasb coop:isLocatedIn country:BY
      inferred by prp-spo2: the properties form a chain
      axiom coop:isLocatedIn owl:propertyChainAxiom ( coop:isPartOf coop:isLocatedIn )
"""


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(DEFAULT_BASE + name)


@pytest.fixture(scope="module")
def closure() -> Closure:
    store = load_dataset(Settings()).store
    closure = Closure(store, compile_rules(store, base=DEFAULT_BASE), GRAPH)
    closure.compute()
    return closure


def proof_of(closure: Closure, subject: str, predicate: str, obj: str) -> Proof:
    proof = closure.explain((node(subject), node(predicate), node(obj)))
    assert proof is not None
    return proof


def entails(step: Step) -> bool:
    """Say whether a step's conclusion follows from its premises and axioms alone."""
    store = ox.Store()
    store.extend(ox.Quad(axiom.subject, axiom.predicate, axiom.object) for axiom in step.axioms)
    store.extend(ox.Quad(*premise.fact) for premise in step.premises)
    Closure(store, compile_rules(store, base=DEFAULT_BASE), GRAPH).compute()
    return ox.Quad(*step.fact, GRAPH) in store


def test_supertwin_involves_belarus(closure: Closure) -> None:
    proof = proof_of(closure, "id/project/supertwin", "ontology#involvesCountry", "id/country/BY")
    assert as_text(proof, prefixes()).startswith(SUPERTWIN)
    leaves = list(leaves_of(proof))
    assert [leaf.claims[0].value.rpartition("-")[2] for leaf in leaves] == ["096", "094", "095", "095"]
    assert all(leaf.graphs == (f"{DEFAULT_BASE}graph/source/high-tech-country",) for leaf in leaves)
    assert all(entails(step) for step in steps_of(proof))


def test_every_inferred_triple_has_a_proof_whose_steps_are_true(closure: Closure) -> None:
    quads = sorted(closure.store.quads_for_pattern(None, None, None, GRAPH), key=str)
    checked: set[tuple[str, tuple[ox.Triple, ...]]] = set()
    for quad in quads[::17]:
        proof = closure.explain(quad.triple)
        assert isinstance(proof, Step)
        for leaf in leaves_of(proof):
            there = closure.store.quads_for_pattern(*leaf.fact, None)
            assert {str(q.graph_name.value) for q in there if isinstance(q.graph_name, ox.NamedNode)} == {*leaf.graphs}
        for step in steps_of(proof):
            if (step.rule, step.axioms) not in checked:
                checked.add((step.rule, step.axioms))
                assert entails(step), as_text(proof, prefixes())
    assert len({rule for rule, _ in checked}) > 5


def test_an_asserted_triple_explains_itself_by_the_claim_that_says_it(closure: Closure) -> None:
    """The node cites nine claims; one of them says this."""
    proof = proof_of(closure, "id/project/supertwin", "ontology#hasStatus", "id/status/ongoing")
    assert isinstance(proof, Asserted)
    assert (proof.ground, proof.claims) == (Ground.SAID, (node("id/claim/high-tech-country-096"),))
    lines = as_text(proof, prefixes(), {proof.claims[0]: {"ru": "слово"}}, "ru").splitlines()
    assert lines[2:] == ["  об этом говорит claim:high-tech-country-096: слово"]


def test_what_no_passage_says_is_explained_by_what_it_is_derived_from(closure: Closure) -> None:
    proof = proof_of(closure, "id/commission/by-ge", "ontology#hasParty", "id/country/GE")
    assert isinstance(proof, Asserted)
    assert (proof.ground, len(proof.claims)) == (Ground.DERIVED, 2)
    assert "  derived from claim:high-tech-country-107" in as_text(proof, prefixes()).splitlines()


def test_reference_data_are_explained_by_their_source(closure: Closure) -> None:
    proof = proof_of(closure, "id/country/FR", "ontology#isMemberOf", "id/body/european-union")
    assert isinstance(proof, Asserted)
    assert (proof.ground, proof.claims) == (Ground.SOURCE, ())
    assert as_text(proof, prefixes()).splitlines()[-1].startswith("  source <http://publications.europa.eu/")
    assert as_json(proof)["sources"] == ["http://publications.europa.eu/resource/authority/country"]


def test_what_needs_no_evidence_is_explained_by_the_claims_of_its_subject(closure: Closure) -> None:
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    proof = closure.explain((node("id/project/supertwin"), rdf_type, node("ontology#Project")))
    assert isinstance(proof, Asserted)
    assert (proof.ground, len(proof.claims)) == (Ground.SUBJECT, 9)
    assert sum("its subject rests on" in line for line in as_text(proof, prefixes()).splitlines()) == 9


def test_the_ontology_has_no_claims(closure: Closure) -> None:
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    owl_class = ox.NamedNode("http://www.w3.org/2002/07/owl#Class")
    proof = closure.explain((node("ontology#Project"), rdf_type, owl_class))
    assert proof is not None
    expected = "coop:Project a owl:Class\n  asserted in graph:ontology"
    assert as_text(proof, prefixes()) == expected


def test_what_does_not_hold_has_no_proof(closure: Closure) -> None:
    assert closure.explain((node("id/country/BY"), node("ontology#cooperatesWith"), node("id/country/BY"))) is None
    literal = (ox.Literal("x"), node("ontology#isPartOf"), node("id/country/BY"))
    assert explain(closure.store, closure.rules, GRAPH, literal) is None


def test_a_domain_rule_is_told_in_words(closure: Closure) -> None:
    proof = proof_of(closure, "id/country/BY", "ontology#cooperatesWith", "id/country/UZ")
    first = as_text(proof, prefixes()).splitlines()[1]
    assert first == (
        "  inferred by coop-cooperates: two different countries that are parties to the same bilateral cooperation"
        " cooperate"
    )


def test_the_json_has_the_same_tree(closure: Closure) -> None:
    proof = proof_of(closure, "id/body/cqoqi-nasb", "ontology#isPartOf", "id/body/nasb")
    value = as_json(proof)
    assert isinstance(proof, Step)
    assert value["rule"] == "prp-trp"
    assert value["triple"] == [str(term) for term in proof.fact]
    assert [premise["rule"] for premise in value["premises"]] == ["prp-spo1", "prp-spo1"]
    assert value["premises"][0]["premises"][0]["claims"] == [
        {"claim": f"{DEFAULT_BASE}id/claim/high-tech-country-094", "paraphrase": {}}
    ]
    assert value["axioms"][0][2] == "<http://www.w3.org/2002/07/owl#TransitiveProperty>"


def test_circles_do_not_prove_themselves() -> None:
    store = ox.Store()
    text = """@prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :A rdfs:subClassOf :B . :B rdfs:subClassOf :A, :C . :x a :A ; owl:sameAs :y . :z owl:sameAs :y ."""
    store.load(text.encode(), ox.RdfFormat.TURTLE)
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    quads = list(store.quads_for_pattern(None, None, None, GRAPH))
    assert len(quads) > 10
    for quad in quads:
        proof = closure.explain(quad.triple)
        assert isinstance(proof, Step)
        assert quad.triple not in {ox.Triple(*step.fact) for p in proof.premises for step in steps_of(p)}
        assert all(store.quads_for_pattern(*leaf.fact, ox.DefaultGraph()) for leaf in leaves_of(proof))


def test_an_axiom_that_is_inferred_is_explained_too() -> None:
    store = ox.Store()
    text = """@prefix : <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :has rdfs:subPropertyOf rdfs:subClassOf . :A :has :B . :x a :A ."""
    store.load(text.encode(), ox.RdfFormat.TURTLE)
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    names = (ox.NamedNode("http://example.org/x"), rdf_type, ox.NamedNode("http://example.org/B"))
    proof = closure.explain(names)
    assert isinstance(proof, Step)
    assert [step.rule for step in steps_of(proof)] == ["cax-sco", "prp-spo1"]
    assert "asserted in the default graph" in as_text(proof, {})
