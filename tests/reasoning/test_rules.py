"""Each rule of OWL 2 RL that is compiled: what follows, what does not, and what never may."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.dataset.store import load_dataset
from coopkg.errors import UsageError
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.reasoning.closure import Closure
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings
from rule_cases import DERIVED, SCHEMA, parsed

GRAPH = ox.NamedNode("http://example.org/graph/inferred")


def follows(turtle: str, **options: bool) -> set[ox.Triple]:
    """Give what follows, list cells that equality copies aside."""
    store = ox.Store()
    store.extend(parsed(turtle))
    Closure(store, compile_rules(store, **options), GRAPH).compute()
    return {quad.triple for quad in store.quads_for_pattern(None, None, None, GRAPH)}


@pytest.mark.parametrize("name", DERIVED)
def test_rule(name: str) -> None:
    data, expected = DERIVED[name]
    assert follows(data, schema=False) == {quad.triple for quad in parsed(expected)}


@pytest.mark.parametrize("name", SCHEMA)
def test_schema_rule(name: str) -> None:
    data, expected = SCHEMA[name]
    assert follows(data) == {quad.triple for quad in parsed(expected)}
    assert follows(data, schema=False) <= {quad.triple for quad in parsed(expected)}


def test_an_axiom_whose_list_is_not_whole_says_nothing() -> None:
    assert follows(":C owl:unionOf [ rdf:first :A ] . :x a :A .") == set()


def test_a_key_needs_all_its_values_and_is_read_on_request_only() -> None:
    data = ":C owl:hasKey ( :k :l ) . :a a :C ; :k 1 ; :l 2 . :b a :C ; :k 1 ; :l 2 . :c a :C ; :k 1 ; :l 3 ."
    assert follows(data) == set()
    expected = {quad.triple for quad in parsed(":a owl:sameAs :b . :b owl:sameAs :a .")}
    assert {t for t in follows(data, keys=True) if t.predicate.value.endswith("sameAs")} == expected


def test_rdfs_reads_the_axioms_of_rdfs_only() -> None:
    store = ox.Store()
    store.extend(
        parsed(":p a owl:SymmetricProperty ; rdfs:domain :A . :A rdfs:subClassOf :B . :a :p :b ; owl:sameAs :c .")
    )
    Closure(store, compile_rules(store, "rdfs"), GRAPH).compute()
    found = {quad.triple for quad in store.quads_for_pattern(None, None, None, GRAPH)}
    assert found == {quad.triple for quad in parsed(":a a :A, :B .")}


def test_another_regime_is_refused() -> None:
    with pytest.raises(UsageError, match="owl-dl"):
        compile_rules([], "owl-dl")


def test_nothing_is_derived_that_is_asserted_in_some_graph() -> None:
    store = ox.Store()
    other = ox.NamedNode("http://example.org/graph/other")
    store.extend(parsed(":A rdfs:subClassOf :B . :x a :A . :y a :A ."))
    store.extend(ox.Quad(q.subject, q.predicate, q.object, other) for q in parsed(":x a :B ."))
    difference = Closure(store, compile_rules(store), GRAPH).compute()
    assert [quad.triple for quad in difference.added] == [quad.triple for quad in parsed(":y a :B .")]


def test_computing_twice_changes_nothing() -> None:
    store = ox.Store()
    store.extend(parsed(DERIVED["prp-trp"][0]))
    closure = Closure(store, compile_rules(store), GRAPH)
    assert closure.compute()
    assert not closure.compute()


def test_an_axiom_that_comes_or_goes_changes_the_rules() -> None:
    store = ox.Store()
    data, axiom = parsed(":x a :A ."), parsed(":A rdfs:subClassOf :B .")
    expected = [quad.triple for quad in parsed(":x a :B .")]
    store.extend(data)
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    store.extend(axiom)
    assert [quad.triple for quad in closure.maintain(axiom, ()).added] == expected
    store.remove(axiom[0])
    assert [quad.triple for quad in closure.maintain((), axiom).removed] == expected


def test_a_proof_cites_the_axiom_that_is_left() -> None:
    store = ox.Store()
    same, narrower = parsed(":A owl:equivalentClass :B ."), parsed(":A rdfs:subClassOf :B .")
    store.extend([*same, *narrower, *parsed(":x a :A .")])
    closure = Closure(store, compile_rules(store), GRAPH)
    closure.compute()
    store.remove(narrower[0])
    closure.maintain((), narrower)
    proof = closure.explain(parsed(":x a :B .")[0].triple)
    assert proof is not None
    assert getattr(proof, "axioms", ()) == (same[0].triple,)


@pytest.fixture(scope="module")
def published() -> Closure:
    store = load_dataset(Settings()).store
    closure = Closure(store, compile_rules(store, base=DEFAULT_BASE), ox.NamedNode(f"{DEFAULT_BASE}graph/inferred"))
    closure.compute()
    return closure


def test_the_published_closure_has_no_noise(published: Closure) -> None:
    graph = published.graph
    found = list(published.store.quads_for_pattern(None, None, None, graph))
    assert found
    for quad in found:
        assert not isinstance(quad.subject, ox.Literal)
        assert quad.subject != quad.object
        there = published.store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        assert [other.graph_name for other in there] == [graph]
        assert not str(quad.object).startswith("<http://www.w3.org/2002/07/owl#")


def test_the_published_closure_knows_what_the_article_does_not_say(published: Closure) -> None:
    def node(name: str) -> ox.NamedNode:
        return ox.NamedNode(DEFAULT_BASE + name)

    belarus = node("id/country/BY")
    for subject, predicate in (
        ("id/project/supertwin", "ontology#involvesCountry"),
        ("id/body/cqoqi-nasb", "ontology#isLocatedIn"),
        ("id/country/UZ", "ontology#cooperatesWith"),
    ):
        quad = ox.Quad(node(subject), node(predicate), belarus, published.graph)
        assert quad in published.store
    partners = list(published.store.quads_for_pattern(belarus, node("ontology#cooperatesWith"), None, None))
    assert len(partners) == 18
    assert belarus not in {quad.object for quad in partners}


def test_a_country_does_not_cooperate_with_itself_even_if_it_has_two_names() -> None:
    store = ox.Store()
    text = f"""@prefix coop: <{DEFAULT_BASE}ontology#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
        coop:cooperatesWith a owl:SymmetricProperty .
        <x:s> a coop:BilateralCooperation ; coop:hasParty <x:a>, <x:b> . <x:a> owl:sameAs <x:b> ."""
    store.load(text.encode(), ox.RdfFormat.TURTLE)
    Closure(store, compile_rules(store, base=DEFAULT_BASE), GRAPH).compute()
    pairs = store.quads_for_pattern(None, ox.NamedNode(f"{DEFAULT_BASE}ontology#cooperatesWith"), None, None)
    assert {(str(q.subject), str(q.object)) for q in pairs} == {("<x:a>", "<x:b>"), ("<x:b>", "<x:a>")}
