"""Join plans of rules: patterns joined one after the other, from new facts forward or from the head backward.

Facts are kept as rows under keys: (p,) has rows (s, o), and (rdf:type, C) has rows (s,), for almost every rule names
its class. Plans are made for terms as such or for numbers that stand for them: a Domain says which.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.reasoning.datatype_map import differ, is_of
from coopkg.reasoning.fact_tables import TERMS, Domain, Facts, Key, Row
from coopkg.reasoning.owl_terms import SAME_AS, TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from coopkg.reasoning.rules import Fact, Pattern, Rule, RuleSet

    Step = Callable[[Iterable["Row"], "Facts"], Iterable["Row"]]

Layout = dict[ox.Variable, int]


@dataclass(frozen=True)
class Plan:
    """The evaluation of a rule from the rows of one key; ``layout`` gives the column of each variable."""

    rule: Rule
    trigger: Key
    head: Key | None
    layout: Mapping[ox.Variable, int]
    steps: tuple[Step, ...]
    project: Callable[[Iterable[Row]], set[Row]]

    def matches(self, rows: Iterable[Row], facts: Facts) -> Iterable[Row]:
        """Return a row of all variables for each match of the body."""
        for step in self.steps:
            rows = step(rows, facts)
        return rows

    def derive(self, rows: Iterable[Row], facts: Facts) -> set[Row]:
        """Return the rows of the head."""
        return self.project(self.matches(rows, facts))

    def body(self, row: Row, domain: Domain) -> tuple[Fact, ...]:
        """Instantiate the body for a row of all variables, as triples of terms."""

        def term(atom: Any) -> Any:  # noqa: ANN401 - a term or a variable
            return domain.decode(row[self.layout[atom]]) if isinstance(atom, ox.Variable) else atom

        return tuple((term(p.subject), p.predicate, term(p.object)) for p in self.rule.body)


class Program:
    """The plans of a rule set: forward and for inconsistencies by the key that triggers them, backward by the head's.

    ``given`` are the triples that hold unconditionally; ``wide`` says that (rdf:type,) is a key as well.
    """

    def __init__(self, rules: RuleSet, domain: Domain = TERMS) -> None:
        self.rules = rules
        self.domain = domain
        self.type = domain.encode(TYPE)
        self.same = (domain.encode(SAME_AS),)
        self.irreflexive = frozenset(map(domain.encode, rules.irreflexive))
        self.forward: dict[Key, list[Plan]] = defaultdict(list)
        self.clashes: dict[Key, list[Plan]] = defaultdict(list)
        self.backward: dict[Key, list[Plan]] = defaultdict(list)
        self.given: list[tuple[Key, Row, Rule]] = []
        for rule in rules.rules:
            self._add(rule)
        everything = (*self.forward, *self.clashes, *self.backward)
        self.wide = (self.type,) in everything
        self.predicates = {key[0] for key in everything} | {key[0] for key, _, _ in self.given}

    def key_of(self, predicate: Any, obj: Any) -> Key:  # noqa: ANN401 - terms, or what stands for them
        """Return the key under which a triple's row is found."""
        return (predicate, obj) if predicate == self.type else (predicate,)

    def row_of(self, fact: Fact) -> Row:
        """Return a triple's row."""
        return (fact[0],) if fact[1] == self.type else (fact[0], fact[2])

    def group(self, facts: Iterable[Fact]) -> dict[Key, set[Row]]:
        """Group triples as rows under all keys that plans use for them."""
        rows: dict[Key, set[Row]] = defaultdict(set)
        for fact in facts:
            rows[self.key_of(fact[1], fact[2])].add(self.row_of(fact))
            if self.wide and fact[1] == self.type:
                rows[(self.type,)].add((fact[0], fact[2]))
        return rows

    def _add(self, rule: Rule) -> None:
        if not rule.body and rule.head is not None:
            self.given.append((self._key(rule.head), self._constants(rule.head), rule))
        # One plan for each pattern of the body: a new fact may match any of them, and is joined with the others.
        for pattern in rule.body:
            rest = [other for other in rule.body if other is not pattern]
            plan = self._plan(rule, pattern, rest)
            (self.forward if rule.head else self.clashes)[plan.trigger].append(plan)
        if rule.head is not None and rule.body:
            plan = self._plan(rule, rule.head, list(rule.body))
            self.backward[plan.trigger].append(plan)

    def _key(self, pattern: Pattern) -> Key:
        predicate = self.domain.encode(pattern.predicate)
        if predicate == self.type and not isinstance(pattern.object, ox.Variable):
            return (predicate, self.domain.encode(pattern.object))
        return (predicate,)

    def _columns(self, pattern: Pattern) -> tuple[Any, ...]:
        """Return the variable or encoded constant of each column of a pattern's rows."""
        atoms = (pattern.subject,) if len(self._key(pattern)) == 2 else (pattern.subject, pattern.object)
        return tuple(atom if isinstance(atom, ox.Variable) else self.domain.encode(atom) for atom in atoms)

    def _constants(self, head: Pattern) -> Row:
        return self._columns(head)

    def _plan(self, rule: Rule, start: Pattern, rest: list[Pattern]) -> Plan:
        columns = self._columns(start)
        layout: Layout = {}
        steps: list[Step] = []
        for column, atom in enumerate(columns):
            if isinstance(atom, ox.Variable):
                if atom in layout:
                    steps.append(_equal(layout[atom], column))
                layout.setdefault(atom, column)
            else:
                steps.append(_constant(column, atom))
        width = len(columns)
        while rest:  # greedily, the pattern with the most bound columns first: it makes the fewest rows
            pattern = max(rest, key=lambda p: self._bound(p, layout))
            rest.remove(pattern)
            steps += self._join(pattern, layout, width)
            width += len(self._columns(pattern)) if any(v not in layout for v in pattern.variables()) else 0
            self._extend(pattern, layout, width)
        steps += self._conditions(rule, layout)
        head = None if rule.head is None else self._key(rule.head)
        return Plan(rule, self._key(start), head, layout, tuple(steps), self._projection(rule, layout))

    def _bound(self, pattern: Pattern, layout: Layout) -> int:
        """Rank a pattern: 2 if it is only looked up, 1 if it is searched from one column, 0 if it makes a product."""
        bound = [not isinstance(atom, ox.Variable) or atom in layout for atom in self._columns(pattern)]
        return all(bound) + any(bound)

    def _extend(self, pattern: Pattern, layout: Layout, width: int) -> None:
        columns = self._columns(pattern)
        for column, atom in enumerate(columns):
            if isinstance(atom, ox.Variable):
                layout.setdefault(atom, width - len(columns) + column)

    def _join(self, pattern: Pattern, layout: Layout, width: int) -> list[Step]:
        key, columns = self._key(pattern), self._columns(pattern)
        bound = [not isinstance(atom, ox.Variable) or atom in layout for atom in columns]
        # Nothing new is bound: the row passes or not.
        if all(bound):
            return [_filtered(key, tuple(_source(atom, layout) for atom in columns))]
        if any(bound):
            column = bound.index(True)
            return [_found(key, column, _source(columns[column], layout))]
        steps = [_product(key)]
        if len(columns) == 2 and columns[0] == columns[1]:
            steps.append(_equal(width, width + 1))
        return steps

    def _conditions(self, rule: Rule, layout: Layout) -> list[Step]:
        decode = self.domain.decode
        if rule.distinct is not None:
            one, other = (layout[variable] for variable in rule.distinct)
            if rule.literals:
                return [lambda rows, _: (r for r in rows if differ(decode(r[one]), decode(r[other])))]
            return [lambda rows, _: (r for r in rows if r[one] != r[other])]
        if rule.datatype is not None:
            value, datatype = layout[rule.body[-1].object], rule.datatype
            return [lambda rows, _: (r for r in rows if not is_of(decode(r[value]), datatype))]
        return []

    def _projection(self, rule: Rule, layout: Layout) -> Callable[[Iterable[Row]], set[Row]]:
        if rule.head is None:
            return set
        columns = self._columns(rule.head)
        # A literal is no subject (RDF 1.1 Concepts, section 3.1). What was a subject in the body needs no test.
        subjects = {pattern.subject for pattern in rule.body}
        same = rule.head.predicate == SAME_AS
        untested = [i for i, atom in enumerate(columns) if (i == 0 or same) and atom not in subjects]
        make = _maker([layout[a] if isinstance(a, ox.Variable) else None for a in columns], columns)
        tests: list[Callable[[Row], bool]] = [_resource(column, self.domain.is_resource) for column in untested]
        if self.domain.encode(rule.head.predicate) in self.irreflexive:
            tests.append(lambda row: bool(row[0] != row[1]))
        if not tests:
            return make
        return lambda rows: {row for row in make(rows) if all(test(row) for test in tests)}


def _resource(column: int, test: Callable[[Any], bool]) -> Callable[[Row], bool]:
    return lambda row: test(row[column])


def _maker(sources: Sequence[int | None], columns: tuple[Any, ...]) -> Callable[[Iterable[Row]], set[Row]]:
    """Return a function from rows of all variables to rows of the head; it loops in C where possible, not in Python."""
    if sources == [0]:
        return lambda rows: set(zip(map(itemgetter(0), rows), strict=True))
    if len(sources) == 1 and sources[0] is not None:
        get = itemgetter(sources[0])
        return lambda rows: set(zip(map(get, rows), strict=True))
    if all(place is not None for place in sources):
        both = itemgetter(*sources)
        return lambda rows: set(map(both, rows))
    return lambda rows: {
        tuple(c if p is None else row[p] for p, c in zip(sources, columns, strict=True)) for row in rows
    }


def _source(atom: Any, layout: Layout) -> tuple[int | None, Any]:  # noqa: ANN401 - a variable or what stands for a term
    return (layout[atom], None) if isinstance(atom, ox.Variable) else (None, atom)


def _equal(one: int, other: int) -> Step:
    return lambda rows, _: (row for row in rows if row[one] == row[other])


def _constant(column: int, value: Any) -> Step:  # noqa: ANN401
    return lambda rows, _: (row for row in rows if row[column] == value)


def _filtered(key: Key, sources: tuple[tuple[int | None, Any], ...]) -> Step:
    def step(rows: Iterable[Row], facts: Facts) -> Iterator[Row]:
        holder = facts.holder(key)
        for row in rows:
            if tuple(value if column is None else row[column] for column, value in sources) in holder:
                yield row

    return step


def _found(key: Key, column: int, source: tuple[int | None, Any]) -> Step:
    source_column, value = source

    def step(rows: Iterable[Row], facts: Facts) -> Iterator[Row]:
        find = facts.finder(key, column)
        for row in rows:
            for match in find(value if source_column is None else row[source_column]):
                yield row + match

    return step


def _product(key: Key) -> Step:
    def step(rows: Iterable[Row], facts: Facts) -> Iterator[Row]:
        for row in rows:
            for match in facts.rows(key):
                yield row + match

    return step
