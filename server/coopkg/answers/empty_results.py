"""Empty-result diagnosis: which pattern of a query leaves no solution, and what a misspelt name may have meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.answers.suggestions import is_known, similar
from coopkg.errors import CoopkgError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.json_terms import from_json
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import from_ntriples, literal, named_node
from coopkg.sparql.query_text import query_text
from coopkg.sparql.syntax_tree import Part
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.answers.service import Service
    from coopkg.sparql.query_units import Unit

PROBES: Final = 24
"""ASK queries that one diagnosis evaluates at most."""
SECONDS: Final = 1.0
"""Longest evaluation of each, in seconds."""
_NO_CAUSE: Final = frozenset({Part.OPTIONAL, Part.MINUS})
"""Parts that are not tried: OPTIONAL removes no solution, and a query without its MINUS is another question."""


@dataclass(frozen=True)
class Fault:
    """A unit without which there are solutions, or which has none itself (``alone``).

    ``hints`` are pairs of a name in it that the graph does not have, and one that may have been meant.
    """

    text: str
    alone: bool
    hints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The faults of a query without solutions.

    ``modifiers`` says that the patterns have solutions, so that LIMIT, OFFSET, HAVING or the like removes them;
    ``complete`` that every pattern was tried.
    """

    faults: tuple[Fault, ...] = ()
    modifiers: bool = False
    complete: bool = True


def diagnose(service: Service, task: Task) -> Diagnosis:
    """Find the reasons why a task has no solution, found by at most ``PROBES`` ASK queries.

    A pattern whose query fails or takes longer than ``SECONDS`` counts as not tried: ``complete`` is then false. Raises
    UnreadableError, QuerySyntaxError.
    """
    taken_apart = service.engine.take_apart(task.text)
    units = taken_apart.units
    prober = _Prober(service, task, taken_apart.prologue)
    if prober.holds(units):
        return Diagnosis(modifiers=True)
    faults = []
    for i, unit in enumerate(units):
        if unit.part in _NO_CAUSE or unit.part is Part.BIND:
            continue
        empty_alone = not unit.depends and prober.holds([unit]) is False
        # Either it has no solution by itself, or the others have some without it. What depended on it goes too.
        if empty_alone or prober.holds(_without_unbound([*units[:i], *units[i + 1 :]])):
            faults.append(
                Fault(unit.text, empty_alone, tuple(_hints(service, unit)) if empty_alone or unit.constants else ())
            )
    return Diagnosis(tuple(faults), complete=prober.complete)


class _Prober:
    """Asks whether patterns have any solution, within the bounds on number and time."""

    def __init__(self, service: Service, task: Task, prologue: str) -> None:
        self.service, self.task, self.prologue = service, task, prologue
        self.remaining = PROBES
        self.complete = True

    def holds(self, units: Iterable[Unit]) -> bool | None:
        """Check whether the units together have a solution; None where that is not known."""
        if self.remaining <= 0:
            self.complete = False
            return None
        self.remaining -= 1
        text = f"{self.prologue}\nASK {{ {' '.join(map(_statement, units))} }}"
        try:
            ask = replace(self.task, text=text, format=SOLUTION_FORMATS[0], rows=None, skip=0)
            return b"true" in self.service.engine.ask(ask, SECONDS).body
        except CoopkgError:
            self.complete = False
            return None


def _statement(unit: Unit) -> str:
    return f"{unit.text} ." if unit.part is Part.TRIPLES else unit.text


def _without_unbound(units: list[Unit]) -> list[Unit]:
    """Leave out the FILTER and BIND whose variables no other unit binds."""
    bound = frozenset().union(*(unit.bound for unit in units))
    return [unit for unit in units if not unit.depends or unit.variables <= bound]


def _hints(service: Service, unit: Unit) -> Iterator[tuple[str, str]]:
    """Yield each name that the graph does not have, with one that may have been meant."""
    declared_prefixes = prefixes(service.settings.base)
    for text in unit.constants:
        try:
            if text.startswith(('"', "'")):
                yield from ((text, suggestion) for suggestion in _same_letters(service, text))
            else:
                iri = named_node(text, declared_prefixes, "iri").value
                if not is_known(service, iri) and not _is_property(service, iri):
                    yield from ((text, suggestion) for suggestion in similar(service, iri)[:1])
        except (CoopkgError, SyntaxError):  # a hint is an extra: a name that cannot be parsed just has none
            continue


def _is_property(service: Service, iri: str) -> bool:
    text = query_text("SELECT (1 AS ?x) { ?s [[property]] ?o } LIMIT 1", property=named_node(iri, {}, "iri"))
    return bool(service.rows(text))


def _same_letters(service: Service, text: str) -> list[str]:
    """Find a literal of the graph with the same text, but another language, datatype or case, if there is one."""
    value = from_ntriples(text.replace("'", '"') if text.startswith("'") else text)
    query = query_text(
        "SELECT DISTINCT ?o { ?s ?p ?o FILTER(ISLITERAL(?o) && LCASE(STR(?o)) = LCASE(STR([[value]]))) } LIMIT 3",
        value=value,
    )
    rows = service.terms(Task(query, SOLUTION_FORMATS[0], service.settings.base))
    others = [from_json(row["o"]) for row in rows]
    return [literal(o, prefixes()) for o in others if isinstance(o, ox.Literal) and o != value][:1]
