"""The closure of a store's asserted graphs, kept in a graph of its own: computed at load, maintained on each change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.reasoning.explanation import prove
from coopkg.reasoning.fact_tables import Numbers, StoreFacts, Tables
from coopkg.reasoning.graph_layout import Layout
from coopkg.reasoning.inconsistencies import Inconsistency, inconsistencies_after, inconsistencies_of
from coopkg.reasoning.join_plans import Program
from coopkg.reasoning.maintenance import TooMany, maintain
from coopkg.reasoning.owl_terms import FIRST, REST
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.reasoning.semi_naive import load, load_predicate, saturate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.reasoning.proofs import Proof
    from coopkg.reasoning.rules import Fact, RuleSet

MANY: int = 500
SHARE: int = 50
"""Of how many triples the closure is worked out anew at once: MANY, or in a larger store one in SHARE of its triples.

At 100,000 triples working it out takes 0.5 s, and taking out and putting back one triple 0.2 ms.
"""


@dataclass(frozen=True)
class Difference:
    """The quads that came into the graph of what is inferred, and those that left it."""

    added: tuple[ox.Quad, ...] = ()
    removed: tuple[ox.Quad, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class Closure:
    """What follows from what is asserted, in ``graph`` of a store: no triple that is asserted.

    Asserted is what the store's other graphs have, or ``source``. If the store is ``merged``, its default graph is the
    merge of all; whoever puts asserted triples in and takes them out keeps that so, and the closure does with the
    others. ``rules`` are those in force: they change with the axioms. Nobody else may change the stores meanwhile.
    """

    def __init__(
        self,
        store: ox.Store,
        rules: RuleSet,
        graph: ox.NamedNode,
        source: ox.Store | None = None,
        *,
        merged: bool = False,
    ) -> None:
        self.store = store
        self.graph = graph
        self.layout = Layout(store, graph, source, merged)
        self.rules = rules
        self._stated = rules
        self._program = Program(rules)
        self._counted: int | None = None
        self._inferred = sum(1 for _ in store.quads_for_pattern(None, None, None, graph))

    def __len__(self) -> int:
        """Return the number of triples that are inferred."""
        return self._inferred

    def compute(self) -> Difference:
        """Work the closure out anew, and give what has changed in the graph.

        Axioms that are themselves inferred become rules too, until no more are found.
        """
        self._use(self._stated)
        while True:
            found = self._saturated()
            surprising = {fact for fact in found if self._surprises(fact)}
            rules = self._compiled(surprising) if surprising else self.rules
            if rules.logic == self.rules.logic:
                return self._replace(found)
            self._use(rules)

    def maintain(self, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Difference:
        """Bring the graph up to date after asserted quads came and went, and give what has changed in it.

        The quads have been put into the store and taken out of it already. The closure is worked out anew only where
        the rules change, or where so much of it is concerned that this is faster.
        """
        came = {fact(quad) for quad in added if quad.graph_name != self.graph}
        went = {fact(quad) for quad in removed if quad.graph_name != self.graph}
        if self._rules_change(came | went) or (went and self.rules is not self._stated):
            return self.compute()
        most = max(MANY, self._size() // SHARE)
        if len(came) + len(went) > most:
            return self.compute()
        try:
            more, less = maintain(self.layout, self._program, came, went, most)
        except TooMany:
            return self.compute()
        difference = Difference(self._quads(more), self._quads(less))
        self._inferred += len(difference.added) - len(difference.removed)
        if any(map(self._surprises, (*more, *less))):
            later = self.compute()
            return _merged(difference, later)
        return difference

    def inconsistencies(self, changes: Iterable[ox.Quad] | None = None) -> tuple[Inconsistency, ...]:
        """Return the contradictions: all, or those that quads which came in, asserted or inferred, take part in."""
        if changes is None:
            return inconsistencies_of(self.layout.facts(), self.rules)
        return inconsistencies_after(self.layout.facts(), self._program, {fact(quad) for quad in changes})

    def _size(self) -> int:
        """Return how many quads there were when the closure was worked out: the store counts them one by one, 17 ms."""
        if self._counted is None:
            self._counted = len(self.store)
        return self._counted

    def _surprises(self, inferred: Fact) -> bool:
        """Return whether an inferred triple is an axiom that the rules do not know of.

        A copy of a list's cell is none: its member is equal to one that they do know of.
        """
        return (
            inferred[1] not in {FIRST, REST} and inferred not in self.rules.expected and self.rules.concerns(inferred)
        )

    def _use(self, rules: RuleSet) -> None:
        if rules is not self.rules:
            self.rules = rules
            self._program = Program(rules)

    def _rules_change(self, changed: set[Fact]) -> bool:
        """Return whether an axiom came or went, and take the new rules where that makes others of them."""
        if self._stated.axiomatic:
            self._stated = self._compiled(())
            return True
        if not any(self._stated.concerns(f) for f in changed):
            return False
        rules, known = self._compiled(()), self._stated
        self._stated = rules
        if rules.logic != known.logic or self.rules is not known:
            return True
        self._use(rules)  # they say the same, but may come from other axioms
        return False

    def _compiled(self, inferred: Iterable[Fact]) -> RuleSet:
        """Compile the axioms of the store, and inferred ones with them."""
        old = self._stated
        stated = self.layout.quads() if old.axiomatic else self.layout.axioms()
        quads = [*stated, *(ox.Quad(*f) for f in inferred)]
        return compile_rules(
            quads, old.regime, base=old.base, schema=old.schema, keys=old.keys, axiomatic=old.axiomatic
        )

    def _saturated(self) -> list[Fact]:
        """Return all that follows and is not asserted, each once."""
        numbers = Numbers()
        program = Program(self.rules, numbers.domain)
        tables = Tables(program.type)
        inferred = self.layout.source or next(self.store.quads_for_pattern(None, None, None, self.graph), None)
        facts = self.layout.asserted() if inferred else StoreFacts(self.store)
        for predicate in [numbers.decode(number) for number in program.predicates]:
            load_predicate(program, numbers, tables, predicate, facts.triples(None, predicate, None))

        def load_rest() -> None:
            rest = (fact(q) for q in self.layout.quads() if numbers[q.predicate] not in program.predicates)
            load(program, numbers, tables, rest)

        decode, found = numbers.decode, []
        for key, rows in saturate(program, tables, load_rest).items():
            predicate = decode(key[0])
            if len(key) == 2:
                cls = decode(key[1])
                found += [(decode(s), predicate, cls) for (s,) in rows]
            else:
                found += [(decode(s), predicate, decode(o)) for s, o in rows]
        return found

    def _replace(self, found: list[Fact]) -> Difference:
        there = {fact(quad) for quad in self.store.quads_for_pattern(None, None, None, self.graph)}
        if there:
            wanted = set(found)
            difference = Difference(self._quads(wanted - there), self._quads(there - wanted))
        else:
            difference = Difference(self._quads(found))
        for quad in difference.removed:
            self.layout.take(fact(quad))
        self.store.bulk_extend(difference.added)
        if self.layout.merged:
            self.store.bulk_extend(ox.Quad(*fact(quad)) for quad in difference.added)
        self._inferred += len(difference.added) - len(difference.removed)
        self._counted = len(self.store)
        return difference

    def explain(self, triple: Fact | ox.Triple) -> Proof | None:
        """Return a proof of a triple of the store, or None where it neither is asserted nor follows."""
        return prove(self._program, self.layout, triple)

    def _quads(self, facts: Iterable[Fact]) -> tuple[ox.Quad, ...]:
        return tuple(ox.Quad(subject, predicate, obj, self.graph) for subject, predicate, obj in facts)


def fact(quad: ox.Quad) -> Fact:
    """Return a quad's triple."""
    return (quad.subject, quad.predicate, quad.object)


def _merged(one: Difference, other: Difference) -> Difference:
    """Return two differences, one after the other, as one."""
    added = [quad for quad in one.added if quad not in set(other.removed)]
    removed = [quad for quad in one.removed if quad not in set(other.added)]
    more = [quad for quad in other.added if quad not in set(one.removed)]
    less = [quad for quad in other.removed if quad not in set(one.added)]
    return Difference((*added, *more), (*removed, *less))
