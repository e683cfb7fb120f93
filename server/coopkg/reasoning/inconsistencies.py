"""Inconsistencies as values: the rule, the axioms and facts that contradict each other, and a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.rdf.namespaces import LANGUAGES
from coopkg.reasoning.fact_tables import TERMS, Numbers, StoreFacts, Tables
from coopkg.reasoning.join_plans import Program
from coopkg.reasoning.notation import Names, axiom_texts
from coopkg.reasoning.semi_naive import load_predicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyoxigraph as ox

    from coopkg.reasoning.fact_tables import Domain, Row
    from coopkg.reasoning.join_plans import Plan
    from coopkg.reasoning.rules import Fact, Rule, RuleSet

_BECAUSE: Final[Mapping[str, tuple[str, str, str]]] = {
    "cax-dw": (
        "{o0} and {o1} are disjoint, and {s0} is both",
        "классы {o0} и {o1} не пересекаются, а {s0} входит в оба",
        "класы {o0} і {o1} не перасякаюцца, а {s0} уваходзіць у абодва",
    ),
    "cls-com": (
        "{o1} is the complement of {o0}, and {s0} is both",
        "класс {o1} дополняет {o0}, а {s0} входит в оба",
        "клас {o1} дапаўняе {o0}, а {s0} уваходзіць у абодва",
    ),
    "cls-nothing2": (
        "{s0} is in owl:Nothing, in which nothing can be",
        "{s0} входит в owl:Nothing, в котором ничего быть не может",
        "{s0} уваходзіць у owl:Nothing, у якім нічога быць не можа",
    ),
    "prp-irp": (
        "{p0} is irreflexive, and {s0} has it to itself",
        "свойство {p0} антирефлексивно, а связывает {s0} с самим собой",
        "уласцівасць {p0} антырэфлексіўная, а звязвае {s0} з самім сабой",
    ),
    "prp-asyp": (
        "{p0} is asymmetric, and holds between {s0} and {o0} both ways",
        "свойство {p0} асимметрично, а связывает {s0} и {o0} в обе стороны",
        "уласцівасць {p0} асіметрычная, а звязвае {s0} і {o0} у абодва бакі",
    ),
    "prp-pdw": (
        "{p0} and {p1} are disjoint, and both hold from {s0} to {o0}",
        "свойства {p0} и {p1} несовместимы, а {s0} связывают с {o0} оба",
        "уласцівасці {p0} і {p1} несумяшчальныя, а {s0} звязваюць з {o0} абедзве",
    ),
    "prp-npa1": (
        "it is stated that {p0} does not hold from {s0} to {o0}, and it does",
        "сказано, что {p0} не связывает {s0} с {o0}, а связь есть",
        "сказана, што {p0} не звязвае {s0} з {o0}, а сувязь ёсць",
    ),
    "prp-fp": (
        "{p0} has one value at most, and {s0} has {o0} and {o1}",
        "у свойства {p0} не больше одного значения, а у {s0} их два: {o0} и {o1}",
        "ва ўласцівасці {p0} не больш за адно значэнне, а ў {s0} іх два: {o0} і {o1}",
    ),
    "eq-diff1": (
        "{s0} and {o0} are the same and different",
        "{s0} и {o0} названы и одним и тем же, и разным",
        "{s0} і {o0} названы і адным і тым жа, і розным",
    ),
}
"""The sentence for a rule, in the order of LANGUAGES; s0 is the subject of the first fact, and so on."""
_LIKE: Final = {
    "cax-adc": "cax-dw", "prp-adp": "prp-pdw", "prp-npa2": "prp-npa1", "eq-diff2": "eq-diff1", "eq-diff3": "eq-diff1",
}  # fmt: skip
"""Rules with the sentence of another one: the same inconsistency from another kind of axiom."""
_NOT_OF_TYPE: Final = (
    "{what} has values of {kind}, and {value} of {subject} is none",
    "значения {what} относятся к типу {kind}, а {value} у {subject} к нему не относится",
    "значэнні {what} належаць да тыпу {kind}, а {value} у {subject} да яго не належыць",
)
_OTHERWISE: Final = (
    "{facts} cannot hold together with {axioms}",
    "{facts} несовместимо с {axioms}",
    "{facts} несумяшчальна з {axioms}",
)
_AND: Final = (" and ", " и ", " і ")


@dataclass(frozen=True)
class Inconsistency:
    """``axioms`` and ``facts`` that cannot be true together, by a rule of OWL 2 RL."""

    rule: str
    axioms: tuple[ox.Triple, ...]
    facts: tuple[Fact, ...]
    datatype: ox.NamedNode | None = None

    def sentence(self, prefixes: Mapping[str, str], language: str = "en") -> str:
        """Write one sentence, in that language, that names what contradicts each other."""
        names, index = Names(prefixes), LANGUAGES.index(language)
        texts = _BECAUSE.get(_LIKE.get(self.rule, self.rule))
        if texts is not None:
            parts = {f"{c}{i}": names.term(t) for i, f in enumerate(self.facts) for c, t in zip("spo", f, strict=True)}
            return _sentence(texts[index].format(**parts))
        if self.datatype is not None:
            subject, predicate, value = map(names.term, self.facts[-1])
            kind = names.term(self.datatype)
            return _sentence(_NOT_OF_TYPE[index].format(what=predicate, kind=kind, value=value, subject=subject))
        facts = _AND[index].join(map(names.fact, self.facts))
        axioms = _AND[index].join(axiom_texts(self.axioms, names))
        return _sentence(_OTHERWISE[index].format(facts=facts, axioms=axioms))


def inconsistencies_of(facts: StoreFacts, rules: RuleSet) -> tuple[Inconsistency, ...]:
    """Find every inconsistency among triples, asserted and inferred."""
    numbers = Numbers()
    program = Program(rules, numbers.domain)
    tables = Tables(program.type)
    plans = _smallest(program, facts)
    # Only the predicates of rules that can match are loaded at all.
    for predicate in {pattern.predicate for plan in plans for pattern in plan.rule.body}:
        load_predicate(program, numbers, tables, predicate, facts.triples(None, predicate, None))
    inconsistencies: dict[Inconsistency, None] = {}
    for plan in plans:
        for row in plan.matches(tables.rows(plan.trigger), tables):
            inconsistencies[_inconsistency(plan, row, numbers.domain)] = None
    return _once(inconsistencies)


def inconsistencies_after(facts: StoreFacts, program: Program, changes: Iterable[Fact]) -> tuple[Inconsistency, ...]:
    """Find the inconsistencies that involve one of the changed triples."""
    inconsistencies: dict[Inconsistency, None] = {}
    for key, rows in program.group(changes).items():
        for plan in program.clashes.get(key, ()):
            for row in plan.matches(iter(rows), facts):
                inconsistencies[_inconsistency(plan, row, TERMS)] = None
    return _once(inconsistencies)


def _smallest(program: Program, facts: StoreFacts) -> list[Plan]:
    """Return one plan for each rule all of whose patterns have facts: most rules of an ontology have none."""
    chosen: dict[int, Plan] = {}
    for plans in program.clashes.values():
        for plan in plans:
            chosen.setdefault(id(plan.rule), plan)
    patterns = {
        p
        for plan in chosen.values()
        for p in plan.rule.body
        if next(iter(facts.triples(None, p.predicate, None)), None)
    }
    return [plan for plan in chosen.values() if all(pattern in patterns for pattern in plan.rule.body)]


def _inconsistency(plan: Plan, row: Row, domain: Domain) -> Inconsistency:
    rule: Rule = plan.rule
    return Inconsistency(rule.name, rule.axioms, plan.body(row, domain), rule.datatype)


def _once(inconsistencies: Iterable[Inconsistency]) -> tuple[Inconsistency, ...]:
    """Leave out those with the same facts in another order; which one is kept does not depend on the order of sets."""
    unique: dict[tuple[str, frozenset[ox.Triple], frozenset[Fact]], Inconsistency] = {}
    for inconsistency in sorted(inconsistencies, key=lambda inconsistency: str(inconsistency.facts)):
        unique.setdefault(
            (inconsistency.rule, frozenset(inconsistency.axioms), frozenset(inconsistency.facts)), inconsistency
        )
    return tuple(sorted(unique.values(), key=lambda inconsistency: (inconsistency.rule, str(inconsistency.facts))))


def _sentence(text: str) -> str:
    named = ":" in text.split(maxsplit=1)[0]  # a prefixed name stays as it is
    return (text[0] if named else text[0].upper()) + text[1:] + "."
