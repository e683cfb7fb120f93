"""What is inferred, beside a dataset: worked out once, then kept up to date with each change of what is asserted."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.errors import NotFound
from coopkg.reasoning.closure import Closure, Difference
from coopkg.reasoning.compiler import axiom_quads, compile_rules
from coopkg.reasoning.explain import as_json, as_text
from coopkg.reasoning.wording import Names
from coopkg.store import load_dataset
from coopkg.terms import from_ntriples
from coopkg.vocab import INFERRED, prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.reasoning.explain import Proof
    from coopkg.settings import Settings
    from coopkg.store import Dataset
    from coopkg.terms import Bindable


def load_entailed(settings: Settings) -> Dataset:
    """Load the published files with what follows from them. Raises what ``load_dataset`` raises."""
    return entailed(load_dataset(settings), axiomatic=settings.scratch)


def entailed(dataset: Dataset, *, axiomatic: bool = False) -> Dataset:
    """Give the dataset with what follows by its regime.

    The ``axiomatic`` triples, which hold in every graph, are for the default graph of ``--scratch``, where test suites
    expect them (SPARQL 1.1 Entailment Regimes, sections 3 and 4); a published graph is spared them.
    """
    if dataset.regime == "none":
        return dataset
    store = ox.Store()
    store.bulk_extend(dataset.store)
    for name in dataset.store.named_graphs():
        store.add_graph(name)
    rules = compile_rules(
        store if axiomatic else axiom_quads(store), dataset.regime, base=dataset.base, axiomatic=axiomatic
    )
    closure = Closure(store, rules, ox.NamedNode(dataset.base + INFERRED))
    closure.compute()
    return replace(dataset, closure=closure)


def follow(dataset: Dataset, changed: Iterable[ox.Quad]) -> tuple[tuple[ox.Quad, ...], Difference]:
    """Bring what is inferred up to date after quads of ``dataset.store`` came or went, in whatever spelling.

    Gives the quads that came, as the store has them, and what that changed in the graph of what is inferred.
    """
    closure = dataset.closure
    if closure is None:
        return (), Difference()
    stored = ox.Store()
    stored.extend(changed)
    came = tuple(quad for quad in stored if quad in dataset.store and quad not in closure.store)
    went = tuple(quad for quad in stored if quad in closure.store and quad not in dataset.store)
    closure.store.extend(came)
    for quad in went:
        closure.store.remove(quad)
    _same_graphs(dataset.store, closure)
    return came, closure.maintain(came, went)


def explanation(dataset: Dataset, subject: ox.NamedNode, predicate: ox.NamedNode, obj: Bindable) -> Proof:
    """Give the proof of a triple, down to what is asserted and the claims that it rests on. Raises NotFound."""
    closure = dataset.closure or Closure(dataset.store, compile_rules(()), ox.NamedNode(dataset.base + INFERRED))
    proof = closure.explain((subject, predicate, obj))
    if proof is None:
        text = Names(prefixes(dataset.base)).fact((subject, predicate, obj))
        raise NotFound(f"The graph does not say that {text}.")
    return proof


@dataclass(frozen=True)
class Why:
    """The question why a triple holds; its terms are as N-Triples has them."""

    subject: str
    predicate: str
    object: str

    def answer(self, dataset: Dataset) -> bytes:
        """Give the proof as JSON: ``proof`` is the tree, ``text`` the same as indented lines. Raises NotFound."""
        subject, predicate, obj = map(from_ntriples, (self.subject, self.predicate, self.object))
        if not isinstance(subject, ox.NamedNode) or not isinstance(predicate, ox.NamedNode):
            raise TypeError("only an IRI can be a subject or a predicate here")
        proof = explanation(dataset, subject, predicate, obj)
        answer = {"proof": as_json(proof), "text": as_text(proof, prefixes(dataset.base))}
        return json.dumps(answer, ensure_ascii=False).encode()


def _same_graphs(store: ox.Store, closure: Closure) -> None:
    """Have the same named graphs in both stores, also those that have no triple."""
    wanted, there = set(store.named_graphs()), set(closure.store.named_graphs()) - {closure.graph}
    for name in wanted - there:
        closure.store.add_graph(name)
    for name in there - wanted:
        closure.store.remove_graph(name)
