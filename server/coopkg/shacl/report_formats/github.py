"""The report format for GitHub Actions: workflow commands that annotate the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.shacl.report import Severity, looked_at, summary
from coopkg.shacl.report_formats.text import unreadable

if TYPE_CHECKING:
    from coopkg.shacl.report import Place, Result
    from coopkg.shacl.report_formats.outcome import ReportView

_COMMANDS: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(view: ReportView) -> str:
    """Write one command a result, then the summary."""
    lines = [
        _command("error", error.place, "Syntax error", str(error).removeprefix(f"{error.place}: "))
        for error in view.syntax_errors
    ]
    lines += [_command("notice", note.place, f"About {note.topic}", note.message) for note in view.report.notes]
    lines += [_result(view, result) for result in view.report.results]
    covered = [looked_at(view.report.coverage, view.prefixes)] if view.readable and view.report.coverage else []
    return "\n".join([*lines, summary(view.report) if view.readable else unreadable(view), *covered]) + "\n"


def _result(view: ReportView, result: Result) -> str:
    focus = result.show(result.focus, view.prefixes, view.language)
    parts = [f"{focus}: {result.message(view.language)}"]
    if result.value is not None:
        parts.append(f"Found: {result.show(result.value, view.prefixes, view.language)}")
    if result.expected.get(view.language):
        parts.append(f"Expected: {result.expected[view.language]}")
    parts += result.hints(view.prefixes, view.language)
    if result.fix:
        parts.append(result.fix.diff)
    title = result.show_shape(view.prefixes, view.language)
    return _command(_COMMANDS[result.severity], result.place, title, "\n".join(parts))


def _command(name: str, place: Place | None, title: str, message: str) -> str:
    properties = {"title": title}
    if place:
        properties = {"file": place.file, "line": str(place.line), "col": str(place.column), **properties}
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


# A line break or a colon from somebody's data must not end a command and begin another: the runner would execute it.
def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
