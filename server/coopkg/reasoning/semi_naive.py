"""Semi-naive evaluation over tables: each round joins only what the round before has found."""

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
    """Return what follows from some triples and is not among them, as terms."""
    numbers = Numbers()
    program = Program(rules, numbers.domain)
    tables = Tables(program.type)
    load(program, numbers, tables, facts)
    for key, rows in saturate(program, tables, lambda: None).items():
        for row in rows:
            subject, predicate, obj = fact_of(key, row)
            yield numbers.decode(subject), numbers.decode(predicate), numbers.decode(obj)


def load(program: Program, numbers: Numbers, tables: Tables, facts: Iterable[Fact]) -> None:
    """Put triples, as terms, into tables."""
    numbered = ((numbers[s], numbers[p], numbers[o]) for s, p, o in facts)
    for key, rows in program.group(numbered).items():
        tables.add(key, rows - tables.rows(key))


def load_predicate(
    program: Program, numbers: Numbers, tables: Tables, predicate: ox.NamedNode, quads: Iterable[ox.Quad]
) -> None:
    """Put all quads of one predicate into tables that have none of it."""
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
    """Add to tables all that follows, and give it by key, without the key of all types.

    ``load_rest`` adds the facts that no rule asks for; it is called before the first equality is used.
    """
    derived: Derived = defaultdict(set)
    new = _first_round(program, tables)
    equal = False
    while True:
        new = {key: fresh for key, rows in _spread(program, new).items() if (fresh := rows - tables.rows(key))}
        for key, rows in new.items():
            tables.add(key, rows)
            if key != (program.type,):
                derived[key] |= rows
        if program.rules.equality and not equal and tables.rows(program.same):
            equal = True
            load_rest()
            new = {key: tables.rows(key) for key in tables.keys()}  # noqa: SIM118 - its own method
        if not new:
            return derived
        new = _round(program, tables, new, equal=equal)


def _first_round(program: Program, tables: Tables) -> Derived:
    """Evaluate each rule once, from the smallest of its tables."""
    found: Derived = defaultdict(set)
    for key, row, _ in program.given:
        found[key].add(row)
    smallest: dict[int, Plan] = {}
    for plans in program.forward.values():
        for plan in plans:
            known = smallest.setdefault(id(plan.rule), plan)
            if len(tables.rows(plan.trigger)) < len(tables.rows(known.trigger)):
                smallest[id(plan.rule)] = plan
    for plan in smallest.values():
        _derive(plan, tables.rows(plan.trigger), tables, found)
    return found


def _round(program: Program, tables: Tables, new: Derived, *, equal: bool) -> Derived:
    found: Derived = defaultdict(set)
    for key, rows in new.items():
        for plan in program.forward.get(key, ()):
            _derive(plan, rows, tables, found)
    if equal:
        for fact in copies(program, new, tables):
            found[program.key_of(fact[1], fact[2])].add(program.row_of(fact))
    return found


def _derive(plan: Plan, rows: set[Row], tables: Tables, found: Derived) -> None:
    if rows and plan.head is not None:
        found[plan.head] |= plan.derive(rows, tables)


def _spread(program: Program, new: Derived) -> Derived:
    """Let the key of all types and those of single classes have the same facts, where rules ask for both."""
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
