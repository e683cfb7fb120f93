"""The layout of a closure's graphs: which triples are asserted, which inferred, and where new ones go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.reasoning.axioms import axiom_quads
from coopkg.reasoning.fact_tables import StoreFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.reasoning.fact_tables import Tables
    from coopkg.reasoning.rules import Fact


@dataclass(frozen=True)
class Layout:
    """A store with what is inferred in one of its graphs, and what is asserted.

    What is asserted is the store's other graphs, or a store of its own, ``source``. Then the store may be ``merged``:
    its default graph is the merge of all graphs, each triple once.
    """

    store: ox.Store
    inferred: ox.NamedNode
    source: ox.Store | None = None
    merged: bool = False

    def facts(self, extra: Tables | None = None) -> StoreFacts:
        """Return the facts, asserted and inferred."""
        return StoreFacts(self.store, within=ox.DefaultGraph() if self.merged else None, extra=extra)

    def asserted(self) -> StoreFacts:
        """Return the asserted facts."""
        return StoreFacts(self.store, without=self.inferred) if self.source is None else StoreFacts(self.source)

    def quads(self) -> Iterator[ox.Quad]:
        """Return the asserted quads."""
        return (q for q in self.store if q.graph_name != self.inferred) if self.source is None else iter(self.source)

    def axioms(self) -> Iterator[ox.Quad]:
        """Return the asserted quads that may be part of an axiom."""
        return axiom_quads(self.store, self.inferred) if self.source is None else axiom_quads(self.source)

    def has(self, fact: Fact) -> bool:
        """Whether a triple is inferred."""
        return ox.Quad(*fact, self.inferred) in self.store

    def put(self, fact: Fact) -> None:
        """Add an inferred triple."""
        self.store.add(ox.Quad(*fact, self.inferred))
        if self.merged:
            self.store.add(ox.Quad(*fact))

    def take(self, fact: Fact) -> None:
        """Remove an inferred triple; the merge keeps it where it is asserted."""
        self.store.remove(ox.Quad(*fact, self.inferred))
        if self.merged and not self.asserted().has(fact):
            self.store.remove(ox.Quad(*fact))
