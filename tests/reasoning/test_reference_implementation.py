"""Our closure and owlrl's are the same, and what owlrl gets wrong is known."""

from __future__ import annotations

import random

import pyoxigraph as ox
import pytest
import rdflib
from bench.generate import batches

from coopkg.dataset.store import load_dataset
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.reasoning.closure import Closure
from coopkg.reasoning.reference_implementation import compare, is_noise, owlrl_closure
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings
from random_graphs import ONTOLOGY, random_quad
from rule_cases import DERIVED, SCHEMA, parsed

GRAPH = ox.NamedNode(f"{DEFAULT_BASE}graph/inferred")
ONTOLOGY_GRAPH = ox.NamedNode(f"{DEFAULT_BASE}graph/ontology")
SAME_AS = ox.NamedNode("http://www.w3.org/2002/07/owl#sameAs")


def generated(count: int) -> list[ox.Quad]:
    text = "\n".join(f"{line} ." for batch in batches(count) for line in batch)
    return list(ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES))


def check(store: ox.Store) -> None:
    found = compare(store, GRAPH)
    assert found.equal, f"missing: {sorted(map(str, found.missing))[:5]}; extra: {sorted(map(str, found.extra))[:5]}"


def facts(turtle: str) -> list[tuple[object, object, object]]:
    return [(quad.subject, quad.predicate, quad.object) for quad in parsed(turtle)]


@pytest.mark.parametrize("name", [*DERIVED, *SCHEMA])
def test_rule_by_rule(name: str) -> None:
    store = ox.Store()
    store.extend(parsed((DERIVED | SCHEMA)[name][0]))
    check(store)


@pytest.mark.parametrize("seed", range(5))
def test_random_data_of_a_small_ontology(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's data
    store = ox.Store()
    store.load(ONTOLOGY.encode(), ox.RdfFormat.TURTLE)
    store.extend(random_quad(chance) for _ in range(15))
    check(store)


def test_generated_data_of_1k_triples_with_the_ontology() -> None:
    store = ox.Store()
    store.extend(load_dataset(Settings()).store.quads_for_pattern(None, None, None, ONTOLOGY_GRAPH))
    store.extend(generated(1000))
    check(store)


@pytest.mark.slow
def test_published_data() -> None:
    check(load_dataset(Settings()).store)


@pytest.mark.slow
def test_published_data_and_generated_data_of_10k_triples() -> None:
    store = load_dataset(Settings()).store
    store.extend(generated(10_000))
    check(store)


def test_owlrl_skips_the_last_key_and_we_do_not() -> None:
    text = ":C owl:hasKey ( :k ) . :a a :C ; :k 1 . :b a :C ; :k 2 ."
    assert any(p == SAME_AS and s != o for s, p, o in owlrl_closure(facts(text), keys=True))
    assert not any(p == SAME_AS and s != o for s, p, o in owlrl_closure(facts(text)))
    store = ox.Store()
    store.extend(parsed(text))
    Closure(store, compile_rules(store, keys=True), GRAPH).compute()
    assert not list(store.quads_for_pattern(None, SAME_AS, None, None))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[] a owl:AllDisjointProperties ; owl:members ( :p :q :r ) . :a :q :b ; :r :b .", "prp-adp"),
        ("[] a owl:AllDifferent ; owl:members ( :a :b ) . :a owl:sameAs :b .", "eq-diff2"),
        (":p rdfs:range <http://www.w3.org/2001/XMLSchema#integer> . :a :p 'many' .", "dt-not-type"),
    ],
)
def test_contradictions_that_owlrl_overlooks(text: str, rule: str) -> None:
    found = owlrl_closure(facts(text))
    assert not [fact for fact in found if "agent-ont#" in str(fact[1])]
    store = ox.Store()
    store.extend(parsed(text))
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    assert {one.rule for one in closure.inconsistencies()} == {rule}


def test_owlrl_reads_a_list_that_breaks_off_as_if_it_were_whole() -> None:
    text = ":C owl:unionOf [ rdf:first :A ] . :x a :A ."
    store = ox.Store()
    store.extend(parsed(text))
    found = compare(store, GRAPH)
    assert len(found.missing) == 2
    assert not found.extra


def test_owlrl_reports_the_contradictions_that_it_sees() -> None:
    found = owlrl_closure(facts(":A owl:disjointWith :B . :x a :A, :B ."))
    errors = [fact for fact in found if "agent-ont#" in str(fact[1])]
    assert errors
    assert all(is_noise(fact) for fact in errors)


def test_owlrl_makes_noise_that_we_leave_out() -> None:
    text = ":p rdfs:range :C ; a owl:FunctionalProperty . :a :p 1, 2 . :C a owl:Class ."
    found = {fact for fact in owlrl_closure(facts(text)) if is_noise(fact)}
    assert any(isinstance(subject, ox.Literal) for subject, _, _ in found)
    assert any(subject == obj and predicate == SAME_AS for subject, predicate, obj in found)
    store = ox.Store()
    store.extend(parsed(text))
    Closure(store, compile_rules(store), GRAPH).compute()
    assert not list(store.quads_for_pattern(None, None, None, GRAPH))


def test_owlrl_leaves_rdflib_as_it_was() -> None:
    """After it pySHACL would compare years as text: what one test did to another's results."""
    year = rdflib.Literal("2017", datatype=rdflib.XSD.gYear)
    before = year.value
    owlrl_closure(facts(":x :p 1 ."))
    assert rdflib.Literal("2017", datatype=rdflib.XSD.gYear).value == before
