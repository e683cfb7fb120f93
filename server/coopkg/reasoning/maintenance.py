"""Keeping what is inferred in step with what is asserted, without working it out anew (DRed, with an early stop).

What leaned on a removed triple is taken out, unless it follows from asserted triples in one step; what still follows
is put back; what is new is followed up. The early stop is what keeps a class with many supports, such as a country
that many nodes name, from being taken out and put back with all that leans on it.
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
    """So much leans on what is gone that the closure is worked out anew sooner; nothing has been changed yet."""


def maintain(
    layout: Layout, program: Program, came: set[Fact], went: set[Fact], most: int
) -> tuple[set[Fact], set[Fact]]:
    """Bring what is inferred up to date; return the triples that came into it and those that left it.

    Raises TooMany where more than ``most`` triples would have to be taken out for a while.
    """
    task = _Maintenance(layout, program)
    task.remove({f for f in went if not task.asserted.has(f)}, most)
    task.add({f for f in came if task.asserted.has(f)})
    return task.added, task.removed


def derivations(program: Program, fact: Fact, facts: StoreFacts) -> Iterator[Derivation]:
    """Return the ways in which a triple follows from facts in one step, one after the other as they are found."""
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
    """One change of a store, on the way through."""

    def __init__(self, layout: Layout, program: Program) -> None:
        self.layout = layout
        self.program = program
        self.asserted = layout.asserted()
        self.facts = layout.facts()
        self.added: set[Fact] = set()
        self.removed: set[Fact] = set()

    def remove(self, gone: set[Fact], most: int) -> None:
        """Take out what leaned on triples that are asserted no more, and put back what follows without them."""
        if not gone:
            return
        doubtful = self._leaning(gone, most)
        for fact in doubtful:
            self._take(fact)
        self._follow({fact for fact in (*doubtful, *gone) if self._follows(fact)})

    def add(self, new: set[Fact]) -> None:
        """Follow up what is asserted now; what was inferred before is so no more, but all that it leads to is there."""
        fresh = {fact for fact in new if not self._take(fact)}
        self._propagate(fresh)

    def _leaning(self, gone: set[Fact], most: int) -> set[Fact]:
        extra = Tables(TYPE)
        for key, rows in self.program.group(gone).items():
            extra.add(key, rows)
        before = self.layout.facts(extra)
        doubtful: set[Fact] = set()
        kept: set[Fact] = set()
        frontier = gone
        while frontier:
            found = self._consequences(frontier, before) - doubtful - kept - gone
            frontier = {fact for fact in found if self.layout.has(fact) and not self._supported(fact)}
            kept |= found - frontier
            doubtful |= frontier
            if len(doubtful) > most:
                raise TooMany
        return doubtful

    def _supported(self, fact: Fact) -> bool:
        return self.asserted.has(fact) or next(derivations(self.program, fact, self.asserted), None) is not None

    def _follows(self, fact: Fact) -> bool:
        """Return whether a triple that is not there follows from those that are."""
        if not is_resource(fact[0]) or self.facts.has(fact):
            return False
        return next(derivations(self.program, fact, self.facts), None) is not None

    def _follow(self, found: set[Fact]) -> None:
        for fact in found:
            self._put(fact)
        self._propagate(found)

    def _propagate(self, new: set[Fact]) -> None:
        while new:
            new = {fact for fact in self._consequences(new, self.facts) if not self.facts.has(fact)}
            for fact in new:
                self._put(fact)

    def _consequences(self, new: Iterable[Fact], facts: StoreFacts) -> set[Fact]:
        groups = self.program.group(new)
        found: set[Fact] = set()
        for key, rows in groups.items():
            for plan in self.program.forward.get(key, ()):
                head = plan.head
                if head is not None:
                    found |= {fact_of(head, row) for row in plan.derive(rows, facts)}
        if self.program.rules.equality:
            found.update(copies(self.program, groups, facts))
        return found

    def _put(self, fact: Fact) -> None:
        self.layout.put(fact)
        self.added.add(fact)
        if fact in self.removed:
            self.added.discard(fact)
            self.removed.discard(fact)

    def _take(self, fact: Fact) -> bool:
        """Take a triple out of what is inferred, and say whether it was there."""
        if not self.layout.has(fact):
            return False
        self.layout.take(fact)
        self.removed.add(fact)
        if fact in self.added:
            self.added.discard(fact)
            self.removed.discard(fact)
        return True
