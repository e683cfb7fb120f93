"""A maintained closure is the recomputed one, whatever comes and goes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from coopkg.dataset.store import load_dataset
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.reasoning import maintenance
from coopkg.reasoning.axioms import axiom_quads
from coopkg.reasoning.closure import Closure, Difference
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings
from random_graphs import BATCHES, EX, ONE, ONTOLOGY, SAME_AS, TWO, TYPE, node, random_quad

if TYPE_CHECKING:
    from collections.abc import Iterable

GRAPH = ox.NamedNode("http://example.org/graph/inferred")


def inferred(store: ox.Store, graph: ox.NamedNode) -> set[ox.Quad]:
    return set(store.quads_for_pattern(None, None, None, graph))


def recomputed(store: ox.Store, closure: Closure, base: str | None) -> set[ox.Quad]:
    fresh = ox.Store()
    fresh.bulk_extend(quad for quad in store if quad.graph_name != closure.graph)
    other = Closure(fresh, compile_rules(axiom_quads(fresh), base=base), closure.graph)
    other.compute()
    return inferred(fresh, closure.graph)


def edit(closure: Closure, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> None:
    """Apply a batch, and check that the graph is right and the difference tells how it came to be so."""
    store, before = closure.store, inferred(closure.store, closure.graph)
    removed = [quad for quad in removed if quad in store]
    added = [quad for quad in added if quad not in store or quad in removed]
    for quad in removed:
        store.remove(quad)
    store.extend(added)
    difference: Difference = closure.maintain(added, removed)
    after = inferred(store, closure.graph)
    expected = recomputed(store, closure, closure.rules.base)
    assert after == expected, f"too much: {set(map(str, after - expected))}; missing: {set(map(str, expected - after))}"
    assert set(difference.added) == after - before
    assert set(difference.removed) == before - after


def random_batches(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's data
    store = ox.Store()
    store.extend(ox.Quad(q.subject, q.predicate, q.object, ONE) for q in ox.parse(ONTOLOGY, ox.RdfFormat.TURTLE))
    axioms = set(store)
    store.extend(random_quad(chance) for _ in range(25))
    closure = Closure(store, compile_rules(axiom_quads(store)), GRAPH)
    closure.compute()
    for _ in range(3):
        data = [quad for quad in store if quad.graph_name != GRAPH and quad not in axioms]
        removed = chance.sample(data, min(len(data), chance.randrange(6)))
        edit(closure, [random_quad(chance) for _ in range(chance.randrange(6))], removed)


@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_batches_on_a_small_ontology(seed: int) -> None:
    random_batches(seed)


@pytest.mark.parametrize("seed", range(5))
def test_the_early_stop_is_a_shortcut_only(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance._Maintenance, "_supported", lambda self, fact: self.asserted.has(fact))  # noqa: SLF001
    random_batches(seed)


def test_too_large_a_change_is_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopkg.reasoning.closure.MANY", 1)
    for seed in range(5):
        random_batches(seed)


def test_a_country_keeps_its_class_while_others_name_it(published: Closure) -> None:
    """Thousands of triples may lean on one that is taken out; what else supports it is found at once."""
    country = ox.NamedNode(f"{DEFAULT_BASE}ontology#Country")
    belarus = ox.NamedNode(f"{DEFAULT_BASE}id/country/BY")
    stated = next(iter(published.store.quads_for_pattern(belarus, TYPE, country, None)))
    published.store.remove(stated)
    moved = ox.Quad(belarus, TYPE, country, published.graph)
    assert published.maintain((), [stated]) == Difference((moved,), ())
    published.store.add(stated)
    assert published.maintain([stated], ()) == Difference((), (moved,))


def test_another_graph_that_says_the_same_keeps_what_follows() -> None:
    store = ox.Store()
    store.extend(ox.Quad(q.subject, q.predicate, q.object, ONE) for q in ox.parse(ONTOLOGY, ox.RdfFormat.TURTLE))
    quads = [ox.Quad(node("x"), node("p"), node("y"), graph) for graph in (ONE, TWO)]
    store.extend(quads)
    closure = Closure(store, compile_rules(axiom_quads(store)), GRAPH)
    closure.compute()
    store.remove(quads[0])
    assert not closure.maintain((), quads[:1])
    store.remove(quads[1])
    gone = closure.maintain((), quads[1:]).removed
    expected = {("x", name) for name in ("A", "C", "D", "U", "all", "y")} | {
        ("y", name) for name in ("B", "C", "D", "x")
    }
    assert {(str(q.subject)[1:-1].removeprefix(EX), str(q.object)[1:-1].removeprefix(EX)) for q in gone} == expected


@pytest.fixture(scope="module")
def published() -> Closure:
    store = load_dataset(Settings()).store
    graph = ox.NamedNode(f"{DEFAULT_BASE}graph/inferred")
    closure = Closure(store, compile_rules(axiom_quads(store), base=DEFAULT_BASE), graph)
    closure.compute()
    return closure


@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_batches_on_the_published_data(published: Closure, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's data
    store, graph = published.store, published.graph
    data = sorted((q for q in store if q.graph_name != graph and not published.rules.concerns(triple(q))), key=str)
    removed = chance.sample(data, chance.randrange(30))
    crossed = [
        ox.Quad(one.subject, other.predicate, chance.choice([other.object, third.object]), one.graph_name)
        for one, other, third in (chance.sample(data, 3) for _ in range(chance.randrange(8)))
    ]
    countries = sorted({q.subject for q in data if "/id/country/" in str(q.subject)}, key=str)
    if seed % 4 == 0 and len(countries) > 1:
        crossed.append(ox.Quad(countries[0], SAME_AS, countries[1], chance.choice(data).graph_name))
    edit(published, crossed, removed)
    edit(published, removed, crossed)


def triple(quad: ox.Quad) -> tuple[object, ox.NamedNode, object]:
    return (quad.subject, quad.predicate, quad.object)
