"""Why a query has no answer: which of its patterns leaves nothing over, and what a misspelt name may have meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from coopkg.answers.suggestions import is_known, similar
from coopkg.errors import CoopkgError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import compact, from_ntriples, named_node, quote
from coopkg.sparql import syntax_tree
from coopkg.sparql.lexer import Kind
from coopkg.sparql.syntax_tree import Part
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.answers.service import Service
    from coopkg.sparql.syntax_tree import Element, Tree

PROBES: Final = 24
"""Questions that one explanation asks the engine at most."""
SECONDS: Final = 1.0
"""Longest evaluation of each."""
_NEEDLESS: Final = frozenset({Part.OPTIONAL, Part.MINUS})
"""Parts that a pattern can lose without having fewer answers, or whose loss says nothing."""


@dataclass(frozen=True)
class Unit:
    """A part of the outermost pattern that can be left out: its text, and the variables in it."""

    text: str
    part: Part
    variables: frozenset[str]
    bound: frozenset[str]
    constants: tuple[str, ...] = ()

    @property
    def depends(self) -> bool:
        """Return whether the unit only uses what others bind."""
        return self.part in {Part.FILTER, Part.BIND}


@dataclass(frozen=True)
class Fault:
    """A unit without which there are answers, or that matches nothing (``alone``); what its names may have meant."""

    text: str
    alone: bool
    hints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The faults found; whether the patterns do match, so that a modifier is at fault; whether all was looked at."""

    faults: tuple[Fault, ...] = ()
    modifiers: bool = False
    complete: bool = True


def diagnose(service: Service, task: Task) -> Diagnosis:
    """Say why a task has no answer, from a bounded number of questions. Raises UnreadableError, QuerySyntaxError.

    A pattern that nobody can be asked about in time counts as not looked at: ``complete`` is then false.
    """
    tree = syntax_tree.read(task.text)
    group = tree.groups[0].select.where if tree.groups[0].select else tree.groups[0]
    units = [unit for element in group.elements for unit in _units(tree, element)]
    asker = _Asker(service, task, tree.prologue())
    if asker.holds(units):
        return Diagnosis(modifiers=True)
    faults = []
    for i, unit in enumerate(units):
        if unit.part in _NEEDLESS or unit.part is Part.BIND:
            continue
        alone = not unit.depends and asker.holds([unit]) is False
        if alone or asker.holds(_bearable([*units[:i], *units[i + 1 :]])):
            faults.append(Fault(unit.text, alone, tuple(_hints(service, unit)) if alone or unit.constants else ()))
    return Diagnosis(tuple(faults), complete=asker.complete)


class _Asker:
    """Asks whether patterns have any answer, as often and as long as is allowed."""

    def __init__(self, service: Service, task: Task, prologue: str) -> None:
        self.service, self.task, self.prologue = service, task, prologue
        self.left = PROBES
        self.complete = True

    def holds(self, units: Iterable[Unit]) -> bool | None:
        """Return whether the units together have an answer; None where that is not found out."""
        if self.left <= 0:
            self.complete = False
            return None
        self.left -= 1
        text = f"{self.prologue}\nASK {{ {' '.join(map(_statement, units))} }}"
        try:
            asked = replace(self.task, text=text, format=SOLUTION_FORMATS[0], rows=None, skip=0)
            return b"true" in self.service.engine.ask(asked, SECONDS).body
        except CoopkgError:
            self.complete = False
            return None


def _statement(unit: Unit) -> str:
    return f"{unit.text} ." if unit.part is Part.TRIPLES else unit.text


def _bearable(units: list[Unit]) -> list[Unit]:
    """Leave out the conditions on variables that nothing binds any more."""
    bound = frozenset().union(*(unit.bound for unit in units))
    return [unit for unit in units if not unit.depends or unit.variables <= bound]


def _units(tree: Tree, element: Element) -> Iterator[Unit]:
    extent = range(element.first, element.last)
    if element.part is not Part.TRIPLES:
        scope = tree.scope_of([element])
        yield Unit(tree.slice(element.first, element.last), element.part, tree.variables(extent), scope)
        return
    for subject, verb in _statements(tree, element):
        text = f"{tree.slice(subject.start, subject.stop)} {tree.slice(verb.start, verb.stop)}".strip()
        tokens = (*subject, *verb)
        names = tree.variables(tokens)
        yield Unit(text, Part.TRIPLES, names, names, tuple(_constants(tree, tokens)))


def _statements(tree: Tree, element: Element) -> Iterator[tuple[range, range]]:
    """Return the tokens of each subject, with those of one property and its objects."""
    at = element.first
    while at < element.last:
        subject = range(at, syntax_tree.skip(tree.tokens, at))
        at = begin = subject.stop
        while True:
            text = tree.tokens[at].text if at < element.last else "."
            if text in {";", "."}:
                if begin < at or text == ".":
                    yield subject, range(begin, at)
                begin = at + 1
            if text == ".":
                at += 1
                break
            at = syntax_tree.skip(tree.tokens, at)


def _constants(tree: Tree, tokens: Iterable[int]) -> Iterator[str]:
    """Return the IRIs and strings among these tokens, as written."""
    for i in tokens:
        if tree.tokens[i].kind in {Kind.IRI, Kind.PREFIXED}:
            yield tree.tokens[i].text
        elif tree.tokens[i].kind is Kind.STRING:
            language = tree.tokens[i + 1] if i + 1 < len(tree.tokens) else None
            yield tree.tokens[i].text + (language.text if language and language.kind is Kind.LANGUAGE else "")


def _hints(service: Service, unit: Unit) -> Iterator[tuple[str, str]]:
    """Return the names that the graph does not know, each with one that it may have meant."""
    known = prefixes(service.settings.base)
    for text in unit.constants:
        try:
            if text.startswith(('"', "'")):
                yield from ((text, found) for found in _same_letters(service, text))
            else:
                iri = named_node(text, known, "iri").value
                if not is_known(service, iri) and not _is_property(service, iri):
                    yield from ((text, found) for found in similar(service, iri)[:1])
        except (CoopkgError, SyntaxError):
            continue


def _is_property(service: Service, iri: str) -> bool:
    return bool(service.rows(f"SELECT (1 AS ?x) {{ ?s <{iri}> ?o }} LIMIT 1"))


def _same_letters(service: Service, text: str) -> list[str]:
    """Return literals with the same letters, but another language or case."""
    value = from_ntriples(text.replace("'", '"') if text.startswith("'") else text)
    rows = service.terms(
        Task(
            f"SELECT DISTINCT ?o {{ ?s ?p ?o FILTER(ISLITERAL(?o) && LCASE(STR(?o)) = LCASE(STR({value}))) }} LIMIT 3",
            SOLUTION_FORMATS[0],
            service.settings.base,
        )
    )
    found = [_literal(row["o"]) for row in rows]
    return [literal for literal in found if literal != str(value)][:1]


def _literal(term: dict[str, str]) -> str:
    """Return a literal of a JSON answer in the syntax of Turtle."""
    tag = f"@{term['xml:lang']}" if "xml:lang" in term else ""
    return quote(term["value"]) + tag + (f"^^{compact(term['datatype'], prefixes())}" if "datatype" in term else "")
