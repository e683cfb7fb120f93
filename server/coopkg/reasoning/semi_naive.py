"""Semi-naive evaluation over tables: each round joins only what the round before has derived.

A derivation that uses no new fact was made in an earlier round, so that none is missed; and the tables' old rows are
only ever looked up.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from coopkg.reasoning.equality import copies
from coopkg.reasoning.fact_tables import Numbers, Tables, fact_of
from coopkg.reasoning.join_plans import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyoxigraph as ox

    from coopkg.reasoning.fact_tables import Key, Row
    from coopkg.reasoning.join_plans import Plan
    from coopkg.reasoning.rules import Fact, RuleSet

Derived = dict["Key", "set[Row]"]


def consequences(rules: RuleSet, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the triples that follow from some others and are not among them, as terms."""
    numbers = Numbers()
    program = Program(rules, numbers.domain)
    tables = Tables(program.type)
    load(program, numbers, tables, facts)
    for key, rows in saturate(program, tables, lambda: None).items():
        for row in rows:
            subject, predicate, obj = fact_of(key, row)
            yield numbers.decode(subject), numbers.decode(predicate), numbers.decode(obj)


def load(program: Program, numbers: Numbers, tables: Tables, facts: Iterable[Fact]) -> None:
    """Add triples, as terms, to tables."""
    numbered = ((numbers[s], numbers[p], numbers[o]) for s, p, o in facts)
    for key, rows in program.group(numbered).items():
        tables.add(key, rows - tables.rows(key))


def load_predicate(
    program: Program, numbers: Numbers, tables: Tables, predicate: ox.NamedNode, quads: Iterable[ox.Quad]
) -> None:
    """Add all quads of one predicate to tables that have none of it."""
    number = numbers[predicate]
    rows = {(numbers[quad.subject], numbers[quad.object]) for quad in quads}
    if number != program.type:
        tables.add((number,), rows)
        return
    classes: dict[int, set[Row]] = defaultdict(set)
    for subject, cls in rows:
        classes[cls].add((subject,))
    for cls, members in classes.items():
        tables.add((number, cls), members)
    if program.wide:
        tables.add((number,), rows)


def saturate(program: Program, tables: Tables, load_rest: Callable[[], None]) -> Derived:
    """Add to tables all that follows, and return it by key, without the key of all types.

    ``load_rest`` adds the facts whose predicates no rule has; it is called before the first equality is used.
    """
    derived: Derived = defaultdict(set)
    new = _first_round(program, tables)
    has_equality = False
    while True:
        # Only what is really new goes into the next round: that is what ends the evaluation.
        new = {key: fresh for key, rows in _spread(program, new).items() if (fresh := rows - tables.rows(key))}
        for key, rows in new.items():
            tables.add(key, rows)
            if key != (program.type,):
                derived[key] |= rows
        if program.rules.equality and not has_equality and tables.rows(program.same):
            # From here on every fact may have copies, also those that were loaded for no rule, and all count as new.
            has_equality = True
            load_rest()
            new = {key: tables.rows(key) for key in tables.keys()}  # noqa: SIM118 - its own method
        if not new:
            return derived
        new = _round(program, tables, new, has_equality=has_equality)


def _first_round(program: Program, tables: Tables) -> Derived:
    """Evaluate each rule once, from the smallest of its tables: with every fact new, one of its plans is enough."""
    derived: Derived = defaultdict(set)
    for key, row, _ in program.given:
        derived[key].add(row)
    smallest: dict[int, Plan] = {}
    for plans in program.forward.values():
        for plan in plans:
            chosen = smallest.setdefault(id(plan.rule), plan)
            if len(tables.rows(plan.trigger)) < len(tables.rows(chosen.trigger)):
                smallest[id(plan.rule)] = plan
    for plan in smallest.values():
        _derive(plan, tables.rows(plan.trigger), tables, derived)
    return derived


def _round(program: Program, tables: Tables, new: Derived, *, has_equality: bool) -> Derived:
    derived: Derived = defaultdict(set)
    for key, rows in new.items():
        for plan in program.forward.get(key, ()):
            _derive(plan, rows, tables, derived)
    if has_equality:
        for fact in copies(program, new, tables):
            derived[program.key_of(fact[1], fact[2])].add(program.row_of(fact))
    return derived


def _derive(plan: Plan, rows: set[Row], tables: Tables, derived: Derived) -> None:
    if rows and plan.head is not None:
        derived[plan.head] |= plan.derive(rows, tables)


def _spread(program: Program, new: Derived) -> Derived:
    """Give the key of all types and those of single classes the same facts, where rules use both."""
    if not program.wide:
        return new
    every = (program.type,)
    spread: Derived = defaultdict(set, {key: set(rows) for key, rows in new.items()})
    for subject, cls in new.get(every, ()):
        spread[program.type, cls].add((subject,))
    for key in list(spread):
        if len(key) == 2:
            spread[every] |= {(subject, key[1]) for (subject,) in spread[key]}
    return spread
