"""The validation report as a value (SHACL, section 3.6); ``report_formats`` has its concrete forms."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.terms import compact, literal
from coopkg.shacl.near_names import look_alikes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.terms import Term

_MEANT: Final = {
    "en": "did you mean {names}?",
    "ru": "возможно, имелось в виду: {names}?",
    "be": "магчыма, мелася на ўвазе: {names}?",
}
_LOOKS_LIKE: Final = {
    "en": "the letter {letter} ({code}) only looks like {plain}",
    "ru": "буква {letter} ({code}) только похожа на {plain}",
    "be": "літара {letter} ({code}) толькі падобная да {plain}",
}
_UNNAMED: Final = {"en": "an unnamed node", "ru": "узел без имени", "be": "вузел без імя"}


class Severity(Enum):
    """How bad a result is, worst first; the gate refuses Violation only (SHACL, section 2.1.4)."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"

    @property
    def rank(self) -> int:
        """The position in this order, 0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Place:
    """Where in a document something is written: line and column, both from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Lines:
    """The lines of a text, to convert an offset in code points to a place."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        """Convert an offset to file, line and column."""
        line = bisect.bisect_right(self.starts, offset) - 1
        return Place(self.name, line + 1, offset - self.starts[line] + 1)


@dataclass(frozen=True)
class Edit:
    """A replacement in a document: ``text`` for what stands from offset ``start`` to ``end``, in code points."""

    file: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """A quick fix of a result: edits of the documents, and the same as a unified diff."""

    edits: tuple[Edit, ...]
    diff: str


@dataclass(frozen=True)
class Ground:
    """An asserted triple, or an ``axiom``, that a result follows from, and its place where a document has it."""

    triple: ox.Triple
    axiom: bool = False
    place: Place | None = None


@dataclass(frozen=True)
class Result:
    """One validation result: terms as the specification names them, messages by language, and the place if known.

    ``expected`` describes by language what the constraint expects, and ``wanted`` are the terms that it names.
    ``alternatives`` are things that may have been meant by the value. ``names`` describes by language the blank nodes
    and unnamed shapes of the result. ``grounds`` are given where the result follows from several triples, as an
    inconsistency does, and ``details`` where it is one because of others.
    """

    focus: Term
    shape: str
    component: str
    severity: Severity
    path: str | None = None
    value: Term | None = None
    messages: Mapping[str, str] = field(default_factory=dict, hash=False)
    place: Place | None = None
    expected: Mapping[str, str] = field(default_factory=dict, hash=False)
    wanted: tuple[Term, ...] = ()
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    fix: Fix | None = None
    alternatives: tuple[ox.NamedNode, ...] = ()
    grounds: tuple[Ground, ...] = ()
    details: tuple[Result, ...] = field(default=(), hash=False, compare=False)

    @property
    def focus_node(self) -> str:
        """The focus node's IRI; a literal or an unnamed node as N-Triples writes it."""
        return self.focus.value if isinstance(self.focus, ox.NamedNode) else str(self.focus)

    def message(self, language: str = "en") -> str:
        """Return the sentence in that language, else in English, else the name of the constraint."""
        return self.messages.get(language) or self.messages.get("en") or self.component.rpartition("#")[2]

    def show(self, term: Term, prefixes: dict[str, str], language: str = "en") -> str:
        """Write a term as a person would, a blank node by its description."""
        if isinstance(term, ox.NamedNode):
            return compact(term.value, prefixes)
        if isinstance(term, ox.Literal):
            return literal(term, prefixes)
        return self._name(str(term), language) or _UNNAMED[language]

    def show_shape(self, prefixes: dict[str, str], language: str = "en") -> str:
        """Write the shape's name; one that has none by its description."""
        if self.shape.startswith("_:"):
            return self._name(self.shape, language) or _UNNAMED[language]
        return compact(self.shape, prefixes)

    def _name(self, node: str, language: str) -> str:
        names = self.names.get(node, {})
        return names.get(language) or names.get("en") or ""

    def sentence(self, prefixes: dict[str, str], language: str = "en") -> str:
        """Return the place, severity, focus node, message, value and shape in one line."""
        place = f"{self.place}: " if self.place else ""
        focus = self.show(self.focus, prefixes, language)
        value = f" (found {self.show(self.value, prefixes, language)})" if self.value is not None else ""
        shape = self.show_shape(prefixes, language)
        return f"{place}{self.severity.value.lower()}: {focus}: {self.message(language)}{value}  [{shape}]"

    def hints(self, prefixes: dict[str, str], language: str = "en") -> list[str]:
        """Return sentences about what may have been meant: things of almost that name, and letters that look alike."""
        found = []
        if self.alternatives:
            names = ", ".join(self.show(term, prefixes, language) for term in self.alternatives)
            found.append(_MEANT[language].format(names=names))
        texts = [term.value for term in (self.value, self.focus) if isinstance(term, ox.NamedNode | ox.Literal)]
        for letter, plain in dict.fromkeys(pair for text in texts for pair in look_alikes(text)):
            found.append(_LOOKS_LIKE[language].format(letter=letter, code=f"U+{ord(letter):04X}", plain=plain))
        return found

    def show_ground(self, ground: Ground, prefixes: dict[str, str], language: str = "en") -> str:
        """Write one of the triples that the result follows from as a person would."""
        triple = ground.triple
        return " ".join(
            self.show(term, prefixes, language) for term in (triple.subject, triple.predicate, triple.object)
        )

    def key(self) -> tuple[str, str, str, str, str, str]:
        """Return what identifies a result: two with the same key are the same result."""
        value = "" if self.value is None else str(self.value)
        return (self.focus_node, self.path or "", value, self.shape, self.component, self.severity.value)


@dataclass(frozen=True)
class SyntaxIssue:
    """A syntax error of a document: its place, the reason, and what may have been meant."""

    place: Place
    message: str
    suggestion: str = ""
    fix: Fix | None = None

    def __str__(self) -> str:
        hint = f" Perhaps: {self.suggestion}" if self.suggestion else ""
        return f"{self.place}: {self.message}.{hint}"


@dataclass(frozen=True)
class Coverage:
    """What was looked at: triples, shapes with a target, the focus nodes that these found in the data.

    ``idle`` are the shapes that found none, ``unseen`` is the number of triples that no shape looked at. ``partly``
    means that the triples are not the whole data graph, whose other triples may have all the focus nodes.
    """

    triples: int
    shapes: int
    focus_nodes: int
    idle: tuple[str, ...] = ()
    unseen: int = 0
    partly: bool = False

    @property
    def nothing(self) -> bool:
        """Whether nothing was looked at, so that to conform would mean nothing."""
        return not self.focus_nodes or (self.partly and self.unseen == self.triples)

    def reason(self) -> str:
        """Return why nothing was looked at, as a sentence."""
        if not self.triples:
            return "Nothing was looked at: there are no triples."
        if not self.shapes:
            return "Nothing was looked at: no active shape has a target."
        if not self.focus_nodes:
            return f"Nothing was looked at: none of {counted(self.shapes, 'shape')} found a focus node in the data."
        return f"Nothing was looked at: no shape reads any of {counted(self.triples, 'triple')}."


@dataclass(frozen=True)
class Note:
    """What should be known beside the results, and its place: about the shapes, or about what is stored.

    ``messages`` are the message by language, where it is in all of them.
    """

    message: str
    place: Place | None = None
    messages: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def topic(self) -> str:
        """What the note is about: only those about stored data are in all languages."""
        return "what is stored" if self.messages else "the shapes"

    def text(self, language: str) -> str:
        """Return the note in a language, as far as it is in that."""
        message = self.messages.get(language, self.message)
        return f"{self.place}: {message}" if self.place else message

    def __str__(self) -> str:
        return self.text("en")


@dataclass(frozen=True)
class Report:
    """A validation report; ``results`` are sorted by severity, place and focus node.

    ``omitted`` is the number of results by severity that are not listed; ``notes`` refuse nothing.
    """

    results: tuple[Result, ...]
    omitted: Mapping[str, int] = field(default_factory=dict, hash=False)
    coverage: Coverage | None = None
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(cls, results: Iterable[Result]) -> Report:
        """Sort results into a report."""

        def order(r: Result) -> tuple[object, ...]:
            place = r.place or Place("\uffff", 0, 0)  # behind every file name
            return (r.severity.rank, place.file, place.line, place.column, r.key())

        return cls(tuple(sorted(results, key=order)))

    @property
    def conforms(self) -> bool:
        """Whether there is no result at all, of whatever severity (SHACL, section 3.6.1.1)."""
        return not self.results

    @property
    def vacuous(self) -> bool:
        """Whether there is no result because nothing was looked at, which says nothing of the data."""
        return self.conforms and self.coverage is not None and self.coverage.nothing

    def and_(self, other: Report) -> Report:
        """Merge two reports, sorted."""
        return replace(self, results=Report.of((*self.results, *other.results)).results) if other.results else self

    def first(self, most: int) -> Report:
        """Return the report with at most that many results listed, the others counted."""
        omitted = Counter(r.severity.value for r in self.results[most:])
        return replace(self, results=self.results[:most], omitted=omitted)

    def refused_at(self, severity: Severity) -> bool:
        """Whether a gate that refuses ``severity`` and worse would refuse this."""
        return any(r.severity.rank <= severity.rank for r in self.results)

    def counts(self) -> dict[str, int]:
        """Count the results by severity, those that are not listed included."""
        counts = Counter(r.severity.value for r in self.results) + Counter(self.omitted)
        return {severity.value: counts[severity.value] for severity in Severity}


def human(report: Report, prefixes: dict[str, str], language: str = "en") -> str:
    """Write a report in lines, one a result (``file:line:column: severity: sentence [shape]``), then the summary."""
    return "\n".join([*(result.sentence(prefixes, language) for result in report.results), summary(report)])


def counted(number: int, word: str) -> str:
    """Return a number with its noun."""
    return f"{number} {word}{'s' * (number != 1)}"


_IDLE: Final = 5
"""Shapes without focus nodes that a sentence names."""


def looked_at(coverage: Coverage, prefixes: dict[str, str]) -> str:
    """Write what was looked at as a sentence or two."""
    text = (
        f"Looked at {counted(coverage.triples - coverage.unseen, 'triple')} of {coverage.triples}, "
        f"{counted(coverage.focus_nodes, 'focus node')}, {counted(coverage.shapes, 'shape')}."
    )
    if coverage.idle:
        named = [compact(name, prefixes) for name in coverage.idle if not name.startswith("_:")][:_IDLE]
        listed = f": {', '.join(named)}{', ...' * (len(coverage.idle) > len(named))}" if named else ""
        text += f" {counted(len(coverage.idle), 'shape')} found no focus node{listed}."
    return text


def summary(report: Report) -> str:
    """Write the number of results by severity as a sentence."""
    counts = ", ".join(f"{n} {name.lower()}{'s' if n != 1 else ''}" for name, n in report.counts().items() if n)
    listed = f" The first {len(report.results)} are listed." if report.omitted else ""
    return f"Does not conform: {counts}.{listed}" if report.results else "Conforms."
