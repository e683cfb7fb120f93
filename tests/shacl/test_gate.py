"""The gate: what a change can affect is found, so that a look at that alone is a look at the whole."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import load_dataset
from coopkg.errors import DoesNotConform
from coopkg.rdf.graph import Graph
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.settings import Settings
from coopkg.shacl.gate import Gate, open_gate, refuse
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.store_graph import StoreGraph

if TYPE_CHECKING:
    from collections.abc import Collection

    from coopkg.shacl.report import Report

SEED: Final = int(os.environ.get("COOPKG_SEED", "20261122"))
BATCHES: Final = int(os.environ.get("COOPKG_BATCHES", "40"))
XSD: Final = "http://www.w3.org/2001/XMLSchema#"


@pytest.fixture(scope="module")
def gate() -> Gate:
    return open_gate(find_published().shapes(), DEFAULT_BASE)


@pytest.fixture(scope="module")
def graph() -> StoreGraph:
    dataset = load_dataset(Settings())
    return StoreGraph(dataset.store, dataset.lexical_forms)


def apply(graph: StoreGraph, added: Collection[ox.Quad], removed: Collection[ox.Quad]) -> None:
    kept = graph.lexical_forms.remove(removed)
    for quad in removed:
        graph.store.remove(quad)
    graph.store.extend(kept)
    graph.lexical_forms.add(added, graph.store)
    graph.store.extend(added)


def keys(report: Report) -> list[tuple[str, ...]]:
    return sorted(result.key() for result in report.results)


def edits(quads: list[ox.Quad], chance: random.Random) -> tuple[set[ox.Quad], set[ox.Quad]]:
    """Give a batch: facts taken away, nodes taken away whole, facts rewired, copied to other nodes, or misspelt."""
    added: set[ox.Quad] = set()
    removed: set[ox.Quad] = set()
    for _ in range(chance.randint(1, 5)):
        one, other = chance.choice(quads), chance.choice(quads)
        match chance.randrange(6):
            case 0:
                removed.add(one)
            case 1:
                removed |= {quad for quad in quads if quad.subject == one.subject}
            case 2:
                removed.add(one)
                added.add(ox.Quad(one.subject, one.predicate, other.object, one.graph_name))
            case 3:
                added.add(ox.Quad(other.subject, one.predicate, one.object, one.graph_name))
            case 4:
                same = [quad for quad in quads if quad.predicate == one.predicate]
                added.add(ox.Quad(one.subject, one.predicate, chance.choice(same).object, one.graph_name))
            case _:
                misspelt = ox.Literal("-1.50", datatype=ox.NamedNode(XSD + chance.choice(("decimal", "date", "byte"))))
                added.add(ox.Quad(one.subject, one.predicate, misspelt, one.graph_name))
    return added - set(quads), removed


@pytest.mark.slow
@pytest.mark.parametrize("measured", [False, True])
def test_incremental_is_the_same_as_whole_on_random_edits(graph: StoreGraph, *, measured: bool) -> None:
    gate = open_gate(find_published().shapes(), DEFAULT_BASE)
    if measured:
        gate.index.measure(graph)
    chance = random.Random(SEED + measured)  # noqa: S311 - reproducible, not secret
    quads = list(graph.lexical_forms.restored(graph.store))
    caught = 0
    for number in range(BATCHES):
        added, removed = edits(quads, chance)
        apply(graph, added, removed)
        incremental, whole = keys(gate.check(graph, added, removed)), keys(gate.check_all(graph))
        assert incremental == whole, f"batch {number} of seed {SEED}: {added=} {removed=}"
        caught += bool(whole)
        apply(graph, removed, added)
    assert caught > BATCHES / 2
    assert not gate.check_all(graph).results


def test_what_a_new_project_affects_is_little(gate: Gate, graph: StoreGraph) -> None:
    project = ox.NamedNode(f"{DEFAULT_BASE}id/project/supertwin")
    own = list(graph.store.quads_for_pattern(project, None, None, None))
    assert 0 < len(gate.index.affected(graph, own, ())) < 40


def test_a_change_of_the_class_hierarchy_wants_a_whole_pass(gate: Gate, graph: StoreGraph) -> None:
    sub = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")
    axiom = next(graph.store.quads_for_pattern(None, sub, None, None))
    assert gate.index.affected(graph, (), (axiom,)).all


def test_a_query_that_joins_on_numbers_is_found_under_any_spelling() -> None:
    text = """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:sparql [
          sh:select "SELECT $this WHERE { $this <http://e/p> ?n . ?x <http://e/q> ?n ; <http://e/bad> ?y }" ] .
    """
    quads = (ox.Quad(t.subject, t.predicate, t.object) for t in ox.parse(text, ox.RdfFormat.TURTLE))
    gate = Gate(read_shapes(Graph(quads)))
    graph = StoreGraph(ox.Store(), LexicalForms())
    a, p, q, bad, x = (ox.NamedNode(f"http://e/{name}") for name in ("a", "p", "q", "bad", "x"))
    short, long = (ox.Literal(text, datatype=ox.NamedNode(XSD + "decimal")) for text in ("1.1", "1.10"))
    apply(graph, [ox.Quad(a, p, short), ox.Quad(x, q, long)], ())
    added = [ox.Quad(x, bad, x)]
    apply(graph, added, ())
    assert len(gate.check(graph, added, ()).results) == 1


def test_a_component_of_the_shapes_graph_wants_a_whole_pass() -> None:
    """Its validator may read anything, so that no path leads back from a change."""
    text = """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://e/> .
        ex:Even a sh:ConstraintComponent ; sh:parameter [ sh:path ex:twin ] ;
          sh:nodeValidator [ a sh:SPARQLSelectValidator ;
            sh:select "SELECT $this WHERE { ?x <http://e/q> $twin . $this <http://e/p> 1 }" ] .
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; ex:twin ex:b .
    """
    gate = Gate(
        read_shapes(Graph(ox.Quad(t.subject, t.predicate, t.object) for t in ox.parse(text, ox.RdfFormat.TURTLE)))
    )
    graph = StoreGraph(ox.Store(), LexicalForms())
    names = {name: ox.NamedNode(f"http://e/{name}") for name in "abpqx"}
    apply(graph, [ox.Quad(names["a"], names["p"], ox.Literal(1))], ())
    added = [ox.Quad(names["x"], names["q"], names["b"])]
    apply(graph, added, ())
    assert len(gate.check(graph, added, ()).results) == 1


def test_a_refusal_has_the_results_and_a_warning_does_not_refuse(gate: Gate, graph: StoreGraph) -> None:
    project = ox.NamedNode(f"{DEFAULT_BASE}id/project/supertwin")
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    added = [ox.Quad(ox.NamedNode(f"{DEFAULT_BASE}id/project/no-evidence"), kind, quad.object, quad.graph_name)
             for quad in graph.store.quads_for_pattern(project, kind, None, None)]  # fmt: skip
    apply(graph, added, ())
    try:
        with pytest.raises(DoesNotConform) as caught:
            refuse(gate.check(graph, added, ()), gate.shapes, Graph(graph.quads()))
        assert caught.value.members["violations"]
    finally:
        apply(graph, (), added)
    refuse(gate.check(graph, (), ()), gate.shapes, Graph(graph.quads()))


def test_spellings_outlive_the_store() -> None:
    """``1.10`` and ``1.1`` are two facts to validation and one to the store; each goes when it is taken away."""
    store, lexical_forms = ox.Store(), LexicalForms()
    graph = StoreGraph(store, lexical_forms)
    node, price = ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p")
    decimal = ox.NamedNode(XSD + "decimal")
    short, long = (ox.Quad(node, price, ox.Literal(text, datatype=decimal)) for text in ("1.1", "1.10"))
    apply(graph, [short], ())
    apply(graph, [long], ())
    assert set(graph.objects(node, price)) == {short.object, long.object}
    apply(graph, (), [short])
    assert graph.objects(node, price) == (long.object,)
    apply(graph, (), [long])
    assert graph.objects(node, price) == ()
    assert len(store) == 0


@pytest.mark.slow
def test_the_gate_moves_with_the_base() -> None:
    base = "https://data.example.org/coop/"
    dataset = load_dataset(Settings(base=base))
    gate = open_gate(find_published().shapes(), base)
    assert not gate.check_all(StoreGraph(dataset.store, dataset.lexical_forms)).results
    project = ox.NamedNode(f"{base}id/project/supertwin")
    gone = list(dataset.store.quads_for_pattern(project, None, None, None))[:4]
    for quad in gone:
        dataset.store.remove(quad)
    graph = StoreGraph(dataset.store, dataset.lexical_forms)
    assert keys(gate.check(graph, (), gone)) == keys(gate.check_all(graph)) != []
