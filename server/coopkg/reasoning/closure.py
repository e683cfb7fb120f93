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
"""Changed triples from which on the closure is computed anew: MANY, or in a larger store one in SHARE of its triples.

At 100,000 triples computing it takes 0.5 s, and over-deleting and re-deriving one triple 0.2 ms.
"""


@dataclass(frozen=True)
class Difference:
    """The quads that were added to the graph of what is inferred, and those that were removed from it."""

    added: tuple[ox.Quad, ...] = ()
    removed: tuple[ox.Quad, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class Closure:
    """The triples that follow from what is asserted and are not asserted, kept in ``graph`` of a store.

    Asserted is what the store's other graphs have, or ``source``. If the store is ``merged``, its default graph is the
    merge of all: the caller maintains it for asserted triples, the closure for inferred ones. ``rules`` are those in
    force: they change with the axioms. Nobody else may change the stores meanwhile.
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
        """Return the number of inferred triples."""
        return self._inferred

    def compute(self) -> Difference:
        """Compute the closure anew, and return what has changed in the graph.

        Axioms that are themselves inferred become rules too, until no more are derived.
        """
        self._use(self._stated)
        # Rules are ground to the axioms, so that an inferred axiom needs new rules, whose conclusions may be axioms
        # again. It ends, for there are only so many triples of the terms at hand.
        while True:
            derived = self._saturated()
            new_axioms = {fact for fact in derived if self._is_new_axiom(fact)}
            rules = self._compiled(new_axioms) if new_axioms else self.rules
            if rules.logic == self.rules.logic:
                return self._replace(derived)
            self._use(rules)

    def maintain(self, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Difference:
        """Update the graph after asserted quads were added and removed, and return what has changed in it.

        The quads have been added to the store and removed from it already. The closure is computed anew only where the
        rules change, or where so much of it is concerned that this is faster.
        """
        added_facts = {fact(quad) for quad in added if quad.graph_name != self.graph}
        removed_facts = {fact(quad) for quad in removed if quad.graph_name != self.graph}
        # Rules from inferred axioms may lose their support with any removed triple.
        if self._rules_change(added_facts | removed_facts) or (removed_facts and self.rules is not self._stated):
            return self.compute()
        most = max(MANY, self._size() // SHARE)
        # Before any search: a large change is cheaper computed as a whole.
        if len(added_facts) + len(removed_facts) > most:
            return self.compute()
        try:
            more, less = maintain(self.layout, self._program, added_facts, removed_facts, most)
        except TooMany:
            return self.compute()
        difference = Difference(self._quads(more), self._quads(less))
        self._inferred += len(difference.added) - len(difference.removed)
        if any(map(self._is_new_axiom, (*more, *less))):
            later = self.compute()
            return _merged(difference, later)
        return difference

    def inconsistencies(self, changes: Iterable[ox.Quad] | None = None) -> tuple[Inconsistency, ...]:
        """Find inconsistencies: all, or those that involve a quad of ``changes``, asserted or inferred."""
        if changes is None:
            return inconsistencies_of(self.layout.facts(), self.rules)
        return inconsistencies_after(self.layout.facts(), self._program, {fact(quad) for quad in changes})

    def _size(self) -> int:
        """Return the number of quads at the last computation: the store counts them one by one, which takes 17 ms."""
        if self._counted is None:
            self._counted = len(self.store)
        return self._counted

    def _is_new_axiom(self, inferred: Fact) -> bool:
        """Whether an inferred triple is an axiom from which the rules were not compiled.

        A copy of a list's cell is none: its member is equal to one in a list that they were compiled from.
        """
        return (
            inferred[1] not in {FIRST, REST} and inferred not in self.rules.expected and self.rules.concerns(inferred)
        )

    def _use(self, rules: RuleSet) -> None:
        if rules is not self.rules:
            self.rules = rules
            self._program = Program(rules)

    def _rules_change(self, changed: set[Fact]) -> bool:
        """Whether a changed triple changes the rules; then the new rules are kept for ``compute``."""
        # Axiomatic triples depend on every term of the data, so that any change may change the rules.
        if self._stated.axiomatic:
            self._stated = self._compiled(())
            return True
        if not any(self._stated.concerns(f) for f in changed):
            return False
        rules, old = self._compiled(()), self._stated
        self._stated = rules
        if rules.logic != old.logic or self.rules is not old:
            return True
        self._use(rules)  # the logic is the same, but the axioms that proofs cite may be others
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
        """Derive all that follows and is not asserted, each triple once."""
        # Numbers, and only the predicates that some rule uses: tuples of small integers hash and compare faster.
        numbers = Numbers()
        program = Program(self.rules, numbers.domain)
        tables = Tables(program.type)
        # Before the first computation nothing is inferred, and all graphs can be read without a filter.
        inferred = self.layout.source or next(self.store.quads_for_pattern(None, None, None, self.graph), None)
        facts = self.layout.asserted() if inferred else StoreFacts(self.store)
        for predicate in [numbers.decode(number) for number in program.predicates]:
            load_predicate(program, numbers, tables, predicate, facts.triples(None, predicate, None))

        def load_rest() -> None:
            rest = (fact(q) for q in self.layout.quads() if numbers[q.predicate] not in program.predicates)
            load(program, numbers, tables, rest)

        decode, derived = numbers.decode, []
        for key, rows in saturate(program, tables, load_rest).items():
            predicate = decode(key[0])
            if len(key) == 2:
                cls = decode(key[1])
                derived += [(decode(s), predicate, cls) for (s,) in rows]
            else:
                derived += [(decode(s), predicate, decode(o)) for s, o in rows]
        return derived

    def _replace(self, derived: list[Fact]) -> Difference:
        """Replace what is inferred by what was derived, and return the difference."""
        inferred = {fact(quad) for quad in self.store.quads_for_pattern(None, None, None, self.graph)}
        if inferred:
            target = set(derived)
            difference = Difference(self._quads(target - inferred), self._quads(inferred - target))
        else:
            difference = Difference(self._quads(derived))
        for quad in difference.removed:
            self.layout.take(fact(quad))
        self.store.bulk_extend(difference.added)
        if self.layout.merged:
            self.store.bulk_extend(ox.Quad(*fact(quad)) for quad in difference.added)
        self._inferred += len(difference.added) - len(difference.removed)
        self._counted = len(self.store)
        return difference

    def explain(self, triple: Fact | ox.Triple) -> Proof | None:
        """Find a proof of a triple of the store, or None where it neither is asserted nor follows."""
        return prove(self._program, self.layout, triple)

    def _quads(self, facts: Iterable[Fact]) -> tuple[ox.Quad, ...]:
        return tuple(ox.Quad(subject, predicate, obj, self.graph) for subject, predicate, obj in facts)


def fact(quad: ox.Quad) -> Fact:
    """Return a quad's triple."""
    return (quad.subject, quad.predicate, quad.object)


def _merged(first: Difference, second: Difference) -> Difference:
    """Combine two successive differences; what the second undoes of the first is in neither."""
    added = [quad for quad in first.added if quad not in set(second.removed)]
    removed = [quad for quad in first.removed if quad not in set(second.added)]
    more = [quad for quad in second.added if quad not in set(first.removed)]
    less = [quad for quad in second.removed if quad not in set(first.added)]
    return Difference((*added, *more), (*removed, *less))
