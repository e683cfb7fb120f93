"""Incremental maintenance of what is inferred (DRed, delete and re-derive, with an early stop).

What depended on a removed triple is over-deleted, unless it follows from asserted triples in one step; what still
follows is re-derived; the consequences of what is new are added. The early stop keeps a triple with many derivations,
such as the class of a country that many nodes name, from being deleted and re-derived with all that depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.reasoning.equality import copies, originals
from coopkg.reasoning.fact_tables import TERMS, Tables, fact_of
from coopkg.reasoning.owl_terms import TYPE, is_resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.fact_tables import StoreFacts
    from coopkg.reasoning.graph_layout import Layout
    from coopkg.reasoning.join_plans import Program
    from coopkg.reasoning.rules import Fact, Rule

Derivation = tuple["Rule | str", tuple["Fact", ...]]
"""A rule, or the name of one of equality's, and the triples of its body."""


class TooMany(Exception):
    """So much depends on what was removed that computing the closure anew is faster; nothing has been changed yet."""


def maintain(
    layout: Layout, program: Program, added: set[Fact], removed: set[Fact], most: int
) -> tuple[set[Fact], set[Fact]]:
    """Update what is inferred after a change of what is asserted; return the inferred triples added and removed.

    Raises TooMany where more than ``most`` triples would have to be over-deleted.
    """
    task = _Maintenance(layout, program)
    # A triple that another graph still asserts has not gone.
    task.remove({f for f in removed if not task.asserted.has(f)}, most)
    task.add({f for f in added if task.asserted.has(f)})
    return task.added, task.removed


def derivations(program: Program, fact: Fact, facts: StoreFacts) -> Iterator[Derivation]:
    """Yield the derivations of a triple from facts in one step, as they are found: the first is often enough."""
    if fact[1] in program.irreflexive and fact[0] == fact[2]:
        return
    for key, row, rule in program.given:
        if fact_of(key, row) == fact:
            yield rule, ()
    for key, rows in program.group([fact]).items():
        for plan in program.backward.get(key, ()):
            for row in plan.matches(iter(rows), facts):
                yield plan.rule, plan.body(row, TERMS)
    if program.rules.equality:
        yield from originals(fact, facts)


class _Maintenance:
    """One change of a store, with the inferred triples that it has added and removed so far."""

    def __init__(self, layout: Layout, program: Program) -> None:
        self.layout = layout
        self.program = program
        self.asserted = layout.asserted()
        self.facts = layout.facts()
        self.added: set[Fact] = set()
        self.removed: set[Fact] = set()

    def remove(self, gone: set[Fact], most: int) -> None:
        """Over-delete what depended on triples that are no longer asserted, and re-derive what follows without them."""
        if not gone:
            return
        overdeleted = self._dependent(gone, most)
        for fact in overdeleted:
            self._take(fact)
        # Only now: a triple must not support itself by way of one that is to be deleted too.
        self._follow({fact for fact in (*overdeleted, *gone) if self._follows(fact)})

    def add(self, new: set[Fact]) -> None:
        """Derive what follows from newly asserted triples; of one that was inferred all consequences exist already."""
        fresh = {fact for fact in new if not self._take(fact)}
        self._propagate(fresh)

    def _dependent(self, gone: set[Fact], most: int) -> set[Fact]:
        """Find the inferred triples that depended on those that are gone. Raises TooMany past ``most`` of them."""
        # The bodies of those derivations match facts as they were before: the gone triples are joined as well.
        extra = Tables(TYPE)
        for key, rows in self.program.group(gone).items():
            extra.add(key, rows)
        before = self.layout.facts(extra)
        overdeleted: set[Fact] = set()
        kept: set[Fact] = set()
        frontier = gone
        while frontier:
            consequences = self._consequences(frontier, before) - overdeleted - kept - gone
            # The early stop: what asserted triples support in one step stays, and so does all that depends on it.
            frontier = {fact for fact in consequences if self.layout.has(fact) and not self._supported(fact)}
            kept |= consequences - frontier
            overdeleted |= frontier
            if len(overdeleted) > most:
                raise TooMany
        return overdeleted

    def _supported(self, fact: Fact) -> bool:
        return self.asserted.has(fact) or next(derivations(self.program, fact, self.asserted), None) is not None

    def _follows(self, fact: Fact) -> bool:
        """Whether a triple that is not among the facts follows from them."""
        if not is_resource(fact[0]) or self.facts.has(fact):
            return False
        return next(derivations(self.program, fact, self.facts), None) is not None

    def _follow(self, facts: set[Fact]) -> None:
        for fact in facts:
            self._put(fact)
        self._propagate(facts)

    def _propagate(self, new: set[Fact]) -> None:
        while new:
            new = {fact for fact in self._consequences(new, self.facts) if not self.facts.has(fact)}
            for fact in new:
                self._put(fact)

    def _consequences(self, new: Iterable[Fact], facts: StoreFacts) -> set[Fact]:
        groups = self.program.group(new)
        derived: set[Fact] = set()
        for key, rows in groups.items():
            for plan in self.program.forward.get(key, ()):
                head = plan.head
                if head is not None:
                    derived |= {fact_of(head, row) for row in plan.derive(rows, facts)}
        if self.program.rules.equality:
            derived.update(copies(self.program, groups, facts))
        return derived

    def _put(self, fact: Fact) -> None:
        self.layout.put(fact)
        self.added.add(fact)
        # Over-deleted and re-derived: in the end nothing has changed.
        if fact in self.removed:
            self.added.discard(fact)
            self.removed.discard(fact)

    def _take(self, fact: Fact) -> bool:
        """Remove an inferred triple, and return whether it was inferred."""
        if not self.layout.has(fact):
            return False
        self.layout.take(fact)
        self.removed.add(fact)
        if fact in self.added:
            self.added.discard(fact)
            self.removed.discard(fact)
        return True
