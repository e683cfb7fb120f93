"""Contradictions as values: the rule, the axioms and facts that clash, and a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.reasoning.facts import Numbers, StoreFacts, Tables
from coopkg.reasoning.plans import TERMS, Program
from coopkg.reasoning.saturation import load_predicate
from coopkg.reasoning.wording import Names, axiom_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyoxigraph as ox

    from coopkg.reasoning.plans import Domain, Plan, Row
    from coopkg.reasoning.rules import Fact, Rule, RuleSet

_BECAUSE: Final = {
    "cax-dw": "{o0} and {o1} are disjoint, and {s0} is both",
    "cax-adc": "{o0} and {o1} are disjoint, and {s0} is both",
    "cls-com": "{o1} is the complement of {o0}, and {s0} is both",
    "cls-nothing2": "{s0} is in owl:Nothing, in which nothing can be",
    "prp-irp": "{p0} is irreflexive, and {s0} has it to itself",
    "prp-asyp": "{p0} is asymmetric, and holds between {s0} and {o0} both ways",
    "prp-pdw": "{p0} and {p1} are disjoint, and both hold from {s0} to {o0}",
    "prp-adp": "{p0} and {p1} are disjoint, and both hold from {s0} to {o0}",
    "prp-npa1": "it is stated that {p0} does not hold from {s0} to {o0}, and it does",
    "prp-npa2": "it is stated that {p0} does not hold from {s0} to {o0}, and it does",
    "prp-fp": "{p0} has one value at most, and {s0} has {o0} and {o1}",
    "eq-diff1": "{s0} and {o0} are the same and different",
    "eq-diff2": "{s0} and {o0} are the same and different",
    "eq-diff3": "{s0} and {o0} are the same and different",
}


@dataclass(frozen=True)
class Inconsistency:
    """What cannot be true together: ``axioms`` and ``facts``, by a rule of OWL 2 RL."""

    rule: str
    axioms: tuple[ox.Triple, ...]
    facts: tuple[Fact, ...]
    datatype: ox.NamedNode | None = None

    def sentence(self, prefixes: Mapping[str, str]) -> str:
        """Give one sentence that names what clashes."""
        names = Names(prefixes)
        text = _BECAUSE.get(self.rule)
        if text is not None:
            parts = {f"{c}{i}": names.term(t) for i, f in enumerate(self.facts) for c, t in zip("spo", f, strict=True)}
            return _sentence(text.format(**parts))
        if self.datatype is not None:
            subject, predicate, value = self.facts[-1]
            what, kind = names.term(predicate), names.term(self.datatype)
            return _sentence(f"{what} has values of {kind}, and {names.term(value)} of {names.term(subject)} is none")
        said = " and ".join(axiom_texts(self.axioms, names))
        return _sentence(f"{' and '.join(names.fact(f) for f in self.facts)} cannot hold together with {said}")


def inconsistencies_of(store: ox.Store, rules: RuleSet) -> tuple[Inconsistency, ...]:
    """Give every contradiction among the triples of a store, inferred ones too."""
    numbers = Numbers()
    program = Program(rules, numbers.domain)
    tables = Tables(program.type)
    facts = StoreFacts(store)
    plans = _smallest(program, facts)
    for predicate in {pattern.predicate for plan in plans for pattern in plan.rule.body}:
        load_predicate(program, numbers, tables, predicate, facts.triples(None, predicate, None))
    found: dict[Inconsistency, None] = {}
    for plan in plans:
        for row in plan.matches(tables.rows(plan.trigger), tables):
            found[_inconsistency(plan, row, numbers.domain)] = None
    return _once(found)


def inconsistencies_after(store: ox.Store, program: Program, changes: Iterable[Fact]) -> tuple[Inconsistency, ...]:
    """Give the contradictions that some triples of the store take part in."""
    facts = StoreFacts(store)
    found: dict[Inconsistency, None] = {}
    for key, rows in program.group(changes).items():
        for plan in program.clashes.get(key, ()):
            for row in plan.matches(iter(rows), facts):
                found[_inconsistency(plan, row, TERMS)] = None
    return _once(found)


def _smallest(program: Program, facts: StoreFacts) -> list[Plan]:
    """Give one plan for each rule that has facts to begin with."""
    chosen: dict[int, Plan] = {}
    for plans in program.clashes.values():
        for plan in plans:
            chosen.setdefault(id(plan.rule), plan)
    there = {
        p
        for plan in chosen.values()
        for p in plan.rule.body
        if next(iter(facts.triples(None, p.predicate, None)), None)
    }
    return [plan for plan in chosen.values() if all(pattern in there for pattern in plan.rule.body)]


def _inconsistency(plan: Plan, row: Row, domain: Domain) -> Inconsistency:
    rule: Rule = plan.rule
    return Inconsistency(rule.name, rule.axioms, plan.body(row, domain), rule.datatype)


def _once(found: Iterable[Inconsistency]) -> tuple[Inconsistency, ...]:
    """Leave out those that say the same of the same facts in another order; which one stays is always the same."""
    unique: dict[tuple[str, frozenset[ox.Triple], frozenset[Fact]], Inconsistency] = {}
    for one in sorted(found, key=lambda one: str(one.facts)):
        unique.setdefault((one.rule, frozenset(one.axioms), frozenset(one.facts)), one)
    return tuple(sorted(unique.values(), key=lambda one: (one.rule, str(one.facts))))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
