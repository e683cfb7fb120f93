"""The validation report as a value, and its faces (SHACL, section 3.6)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.terms import compact, literal, serialize_turtle, triple
from coopkg.vocab import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.terms import Term

_SH: Final = STANDARD_PREFIXES["sh"]


class Severity(Enum):
    """How bad a result is, worst first; the gate refuses Violation only."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"

    @property
    def rank(self) -> int:
        """Give 0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Place:
    """Where in a document something is written: line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Result:
    """One validation result: terms as the specification names them, messages by language, and the place if known."""

    focus: Term
    shape: str
    component: str
    severity: Severity
    path: str | None = None
    value: Term | None = None
    messages: Mapping[str, str] = field(default_factory=dict, hash=False)
    place: Place | None = None

    @property
    def focus_node(self) -> str:
        """Give the focus node's IRI; a literal or an unnamed node as N-Triples writes it."""
        return self.focus.value if isinstance(self.focus, ox.NamedNode) else str(self.focus)

    def message(self, language: str = "en") -> str:
        """Give the sentence in that language, else in English, else the name of the constraint."""
        return self.messages.get(language) or self.messages.get("en") or self.component.rpartition("#")[2]

    def key(self) -> tuple[str, str, str, str, str, str]:
        """Give what makes two results the same result."""
        value = "" if self.value is None else str(self.value)
        return (self.focus_node, self.path or "", value, self.shape, self.component, self.severity.value)


@dataclass(frozen=True)
class Report:
    """A validation report; ``results`` are sorted by severity, place and focus node."""

    results: tuple[Result, ...]

    @classmethod
    def of(cls, results: Iterable[Result]) -> Report:
        """Build a report, sorted."""

        def order(r: Result) -> tuple[object, ...]:
            place = r.place or Place("\uffff", 0, 0)
            return (r.severity.rank, place.file, place.line, place.column, r.key())

        return cls(tuple(sorted(results, key=order)))

    @property
    def conforms(self) -> bool:
        """Say what SHACL says: no result at all, of whatever severity."""
        return not self.results

    def refused_at(self, severity: Severity) -> bool:
        """Say whether a gate that refuses ``severity`` and worse would refuse this."""
        return any(r.severity.rank <= severity.rank for r in self.results)

    def counts(self) -> dict[str, int]:
        """Give the number of results by severity."""
        found = Counter(r.severity.value for r in self.results)
        return {severity.value: found[severity.value] for severity in Severity}


def human(report: Report, prefixes: dict[str, str], language: str = "en") -> str:
    """Give the report for a terminal: ``file:line:column: severity: sentence [shape]``, then the summary."""
    lines = []
    for result in report.results:
        place = f"{result.place}: " if result.place else ""
        focus = show(result.focus, prefixes)
        found = f" (found {show(result.value, prefixes)})" if result.value is not None else ""
        lines.append(
            f"{place}{result.severity.value.lower()}: {focus}: {result.message(language)}{found}"
            f"  [{compact(result.shape, prefixes)}]"
        )
    counts = ", ".join(f"{n} {name.lower()}{'s' if n != 1 else ''}" for name, n in report.counts().items() if n)
    lines.append(f"Does not conform: {counts}." if report.results else "Conforms.")
    return "\n".join(lines)


def show(term: Term, prefixes: dict[str, str]) -> str:
    """Give a term as a person would write it."""
    if isinstance(term, ox.NamedNode):
        return compact(term.value, prefixes)
    return literal(term, prefixes) if isinstance(term, ox.Literal) else "an unnamed node"


def as_json(report: Report, language: str = "en") -> str:
    """Give the report as JSON."""
    rows = [
        {
            "focusNode": r.focus_node,
            "path": r.path,
            "value": None if r.value is None else str(r.value),
            "shape": r.shape,
            "constraintComponent": r.component,
            "severity": r.severity.value,
            "message": r.message(language),
            "messages": dict(r.messages),
            "file": r.place.file if r.place else None,
            "line": r.place.line if r.place else None,
            "column": r.place.column if r.place else None,
        }
        for r in report.results
    ]
    return json.dumps(
        {"conforms": report.conforms, "counts": report.counts(), "results": rows}, ensure_ascii=False, indent=2
    )


def as_turtle(report: Report, prefixes: dict[str, str]) -> str:
    """Give the report as the RDF that the specification describes."""
    root = "_:report"
    triples = [
        triple(root, STANDARD_PREFIXES["rdf"] + "type", _SH + "ValidationReport"),
        triple(root, _SH + "conforms", report.conforms),
    ]
    for index, r in enumerate(report.results, 1):
        node = f"_:result{index}"
        triples += [
            triple(root, _SH + "result", node),
            triple(node, STANDARD_PREFIXES["rdf"] + "type", _SH + "ValidationResult"),
            triple(node, _SH + "focusNode", r.focus),
            triple(node, _SH + "sourceShape", r.shape),
            triple(node, _SH + "sourceConstraintComponent", r.component),
            triple(node, _SH + "resultSeverity", _SH + r.severity.value),
        ]
        if r.path:
            triples.append(triple(node, _SH + "resultPath", r.path))
        if r.value is not None:
            triples.append(triple(node, _SH + "value", r.value))
        triples += [
            triple(node, _SH + "resultMessage", text, language) for language, text in sorted(r.messages.items())
        ]
    return serialize_turtle(triples, prefixes)
