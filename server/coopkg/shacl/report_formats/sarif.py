"""The report format for code scanning: SARIF 2.1.0 (OASIS), a rule a shape and constraint component."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from coopkg import __version__
from coopkg.shacl.report import Severity, looked_at
from coopkg.sparql.lexer import position

if TYPE_CHECKING:
    from coopkg.shacl.report import Edit, Fix, Ground, Place, Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SYNTAX: Final = "syntax"


def render(view: ReportView) -> str:
    """Write a log with one run; columns count code points."""
    rules: dict[str, dict[str, Any]] = {}
    results = [_syntax_error(view, error, rules) for error in view.syntax_errors]
    # Results that are alike but for their lines get numbers, so that each keeps its fingerprint from run to run.
    occurrences: Counter[str] = Counter()
    for result in view.report.results:
        digest = _fingerprint(view, result)
        occurrences[digest] += 1
        results.append(
            {**_result(view, result, rules), "partialFingerprints": {"result/v1": f"{digest}:{occurrences[digest]}"}}
        )
    run = {
        "tool": {"driver": {"name": "coopkg", "version": __version__, "rules": list(rules.values())}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": view.readable, **_notes(view)}],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _notes(view: ReportView) -> dict[str, Any]:
    """Return what was looked at, and the warnings about the shapes, as notifications of the tool."""
    covered = view.report.coverage
    texts = [("note", looked_at(covered, view.prefixes), None)] if covered else []
    texts += [("warning", note.message, note.place) for note in view.report.notes]  # type: ignore[misc]
    notifications = [
        {"level": level, "message": {"text": text},
         **({"locations": [{"physicalLocation": _location(place)}]} if place else {})}
        for level, text, place in texts
    ]  # fmt: skip
    return {"toolExecutionNotifications": notifications} if notifications else {}


def _rule(rules: dict[str, dict[str, Any]], name: str, level: str, text: str) -> int:
    rules.setdefault(name, {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}})
    return list(rules).index(name)


def _syntax_error(view: ReportView, error: SyntaxIssue, rules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "ruleId": _SYNTAX,
        "ruleIndex": _rule(rules, _SYNTAX, "error", "The document can be read."),
        "level": "error",
        "message": {"text": str(error).removeprefix(f"{error.place}: ")},
        "locations": [{"physicalLocation": _location(error.place)}],
        **_fixes(view, error.fix),
    }


def _result(view: ReportView, result: Result, rules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    component = result.component.rpartition("#")[2].removesuffix("ConstraintComponent")
    rule = f"{result.show_shape(view.prefixes)}/{component}"
    focus = result.show(result.focus, view.prefixes, view.language)
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": focus}]}
    if result.place:
        location["physicalLocation"] = _location(result.place)
    related = [_related(view, result, ground) for ground in result.grounds if ground.place]
    expected = result.expected.get(view.language, "")
    properties = {"focusNode": focus, "path": result.path, "expected": expected}
    if result.value is not None:
        properties["value"] = result.show(result.value, view.prefixes, view.language)
    return {
        "ruleId": rule,
        "ruleIndex": _rule(rules, rule, _LEVELS[result.severity], expected or result.message(view.language)),
        "level": _LEVELS[result.severity],
        "message": {"text": f"{focus}: {result.message(view.language)}"},
        "locations": [location],
        **({"relatedLocations": related} if related else {}),
        "properties": {name: value for name, value in properties.items() if value},
        **_fixes(view, result.fix),
    }


def _related(view: ReportView, result: Result, ground: Ground) -> dict[str, Any]:
    where = {} if ground.place is None else {"physicalLocation": _location(ground.place)}
    return {**where, "message": {"text": result.show_ground(ground, view.prefixes, view.language)}}


def _location(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(place.file)},
        "region": {"startLine": place.line, "startColumn": place.column},
    }


def _fingerprint(view: ReportView, result: Result) -> str:
    """Return a digest that identifies a result from run to run, wherever its lines have moved.

    Blank nodes are left out: they have another label in each run.
    """
    parts = (
        *("" if node is None or isinstance(node, ox.BlankNode) else str(node) for node in (result.focus, result.value)),
        result.path or "",
        result.show_shape(view.prefixes),
        result.component,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _fixes(view: ReportView, fix: Fix | None) -> dict[str, Any]:
    edits = [edit for edit in fix.edits if edit.file in view.texts] if fix else []
    changes = [
        {"artifactLocation": {"uri": quote(edit.file)}, "replacements": [_replacement(view.texts[edit.file], edit)]}
        for edit in edits
    ]
    return {"fixes": [{"artifactChanges": changes}]} if changes else {}


def _replacement(text: str, edit: Edit) -> dict[str, Any]:
    (line, column), (last, end) = position(text, edit.start), position(text, edit.end)
    return {
        "deletedRegion": {"startLine": line, "startColumn": column, "endLine": last, "endColumn": end},
        "insertedContent": {"text": edit.text},
    }
