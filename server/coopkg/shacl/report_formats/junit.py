"""The report format for build servers: JUnit XML, a test suite a document and a test case a result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from coopkg.shacl.report import looked_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.shacl.report import Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELSEWHERE: Final = "dataset"
"""The suite of results that stand in none of the documents."""


def render(view: ReportView) -> str:
    """Write one suite a document; a document without any result is a passed case."""
    suites: dict[str, list[str]] = {name: [] for name in view.texts}
    failures = sum(view.fail_on.rank >= result.severity.rank for result in view.report.results)
    for error in view.syntax_errors:
        suites.setdefault(error.place.file, []).append(_syntax_error(error))
    for result in view.report.results:
        suites.setdefault(result.place.file if result.place else _ELSEWHERE, []).append(_case(view, result))
    if view.readable:
        suites = {name: cases or [f'<testcase classname={_attribute(name)} name="conforms"/>']
                  for name, cases in (suites or {_ELSEWHERE: []}).items()}  # fmt: skip
    count = sum(map(len, suites.values()))
    totals = f'tests="{count}" failures="{failures}" errors="{len(view.syntax_errors)}"'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="coopkg validate" {totals}>',
                      *(line for name, cases in suites.items() for line in _suite(name, cases)),
                      *_covered(view), "</testsuites>", ""])  # fmt: skip


def _covered(view: ReportView) -> Iterator[str]:
    """Yield what was looked at, and the warnings about the shapes, as properties of the run."""
    texts = [looked_at(view.report.coverage, view.prefixes)] if view.report.coverage else []
    texts += [f"about {note.topic}: {note}" for note in view.report.notes]
    for text in texts:
        yield f"<!-- {escape(_clean(text)).replace('--', '- -')} -->"


def _suite(name: str, cases: list[str]) -> Iterator[str]:
    failures, errors = (sum(mark in case for case in cases) for mark in ("\n<failure ", "\n<error "))
    yield f'<testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failures}" errors="{errors}">'
    yield from cases
    yield "</testsuite>"


def _case(view: ReportView, result: Result) -> str:
    shape = result.show_shape(view.prefixes, view.language)
    focus = result.show(result.focus, view.prefixes, view.language)
    line = f' line="{result.place.line}"' if result.place else ""
    details = [result.sentence(view.prefixes, view.language), result.expected.get(view.language, "")]
    details += result.hints(view.prefixes, view.language)
    details += [result.fix.diff] if result.fix else []
    body = escape(_clean("\n".join(filter(None, details))))
    if result.severity.rank <= view.fail_on.rank:
        message = _attribute(result.message(view.language))
        inner = f'<failure type="{result.severity.value}" message={message}>{body}</failure>'
    else:
        inner = f"<system-out>{body}</system-out>"
    return f"<testcase classname={_attribute(shape)} name={_attribute(focus)}{line}>\n{inner}\n</testcase>"


def _syntax_error(error: SyntaxIssue) -> str:
    name = f"line {error.place.line}"
    body = escape(_clean(str(error)))
    return (
        f"<testcase classname={_attribute(error.place.file)} name={_attribute(name)}>\n"
        f'<error type="syntax" message={_attribute(error.message)}>{body}</error>\n</testcase>'
    )


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    # A literal may have control characters, which XML 1.0 cannot write, not even escaped (section 2.2).
    return _NOT_XML.sub("\ufffd", text)
