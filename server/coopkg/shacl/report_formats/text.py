"""The report format for a terminal: a sentence a result, the line that it is about, what was expected, and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.report import looked_at, summary
from coopkg.shacl.report_formats.outcome import MOST_QUADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyoxigraph as ox

    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Place, Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView

_EXPECTED: Final = {"en": "expected", "ru": "ожидается", "be": "чакаецца"}
_BECAUSE: Final = {"en": "because", "ru": "потому что", "be": "таму што"}
_FIX: Final = {"en": "fix", "ru": "исправление", "be": "выпраўленне"}
_STORED: Final = {"en": "about what is stored", "ru": "о хранимом", "be": "пра тое, што захоўваецца"}
_NOTE: Final = {"en": "about the shapes", "ru": "о формах", "be": "пра формы"}
_DETAIL: Final = {"en": "in detail", "ru": "подробнее", "be": "падрабязней"}
_WIDEST: Final = 160
"""Columns of a source line that are printed, those around the place of the result."""


def render(view: ReportView) -> str:
    """Write the report as text; each result begins with ``file:line:column:``, which editors can follow."""
    if not view.readable:
        errors = [line for error in view.syntax_errors for line in _syntax_error(view, error)]
        return "\n".join([*errors, unreadable(view)]) + "\n"
    headings = {"the shapes": _NOTE, "what is stored": _STORED}
    lines = [f"{headings[n.topic][view.language]}: {n.text(view.language)}" for n in view.report.notes]
    lines += [line for result in view.report.results for line in _result(view, result)]
    covered = [looked_at(view.report.coverage, view.prefixes)] if view.report.coverage else []
    changes = _change_preview(view.change_preview) if view.change_preview else ()
    return "\n".join([*lines, summary(view.report), *covered, *changes]) + "\n"


def unreadable(view: ReportView) -> str:
    """Write the sentence that says that nothing was validated."""
    count = len(view.syntax_errors)
    at_least = "at least " if view.more_syntax_errors else ""
    return f"Cannot be read: {at_least}{count} syntax error{'s' * (count != 1)}; nothing was validated."


def _syntax_error(view: ReportView, error: SyntaxIssue) -> Iterator[str]:
    yield f"{error.place}: syntax error: {error.message}."
    yield from _source(view, error.place)
    if error.suggestion:
        yield f"    perhaps: {error.suggestion}"


def _result(view: ReportView, result: Result) -> Iterator[str]:
    yield result.sentence(view.prefixes, view.language)
    yield from _source(view, result.place)
    expected = result.expected.get(view.language)
    if expected:
        yield f"    {_EXPECTED[view.language]}: {expected}"
    for ground in result.grounds:
        where = f"{ground.place}: " if ground.place else ""
        yield f"    {_BECAUSE[view.language]}: {where}{result.show_ground(ground, view.prefixes, view.language)}"
    yield from _details(view, result, "    ")
    yield from (f"    {hint}" for hint in result.hints(view.prefixes, view.language))
    if result.fix:
        yield f"    {_FIX[view.language]}:"
        yield from (f"    {line}" for line in result.fix.diff.splitlines())


def _details(view: ReportView, result: Result, indent: str) -> Iterator[str]:
    """Yield the results that a result follows from, each with the shape's own message."""
    for detail in result.details:
        yield f"{indent}{_DETAIL[view.language]}: {detail.sentence(view.prefixes, view.language)}"
        yield from _details(view, detail, indent + "  ")


def _source(view: ReportView, place: Place | None) -> Iterator[str]:
    line = view.line(place)
    if place is None or line is None:
        return
    start = max(0, place.column - _WIDEST // 2) if len(line) > _WIDEST else 0
    excerpt = line[start : start + _WIDEST]
    number = f"{place.line:>5} | "
    # Tabs stay tabs, so that the mark stands under the character, however wide the terminal makes them.
    pad = "".join("\t" if c == "\t" else " " for c in excerpt[: place.column - 1 - start])
    yield f"{number}{excerpt}"
    yield f"{' ' * (len(number) - 2)}| {pad}^"


def _quads(mark: str, quads: tuple[ox.Quad, ...]) -> Iterator[str]:
    yield from (f"  {mark} {quad}" for quad in quads[:MOST_QUADS])
    if len(quads) > MOST_QUADS:
        yield f"  {mark} ... and {len(quads) - MOST_QUADS} more"


def _change_preview(preview: ChangePreview) -> Iterator[str]:
    yield (
        f"Against version {preview.version}, into <{preview.graph}>: "
        f"{len(preview.added)} added, {len(preview.removed)} removed."
    )
    yield from _quads("-", preview.removed)
    yield from _quads("+", preview.added)
    if preview.inferred or preview.uninferred:
        yield f"Inferred: {len(preview.inferred or ())} more, {len(preview.uninferred or ())} no longer."
        yield from _quads("-", preview.uninferred or ())
        yield from _quads("+", preview.inferred or ())
    for alike in preview.alike:
        yield f"  {alike.node} is called “{alike.name}”, as {alike.other} is: the same thing?"
    for query in preview.of(Outcome.DIFFERENT):
        yield f"  the answer of the saved query {query.slug} would differ: {query.before} -> {query.after} rows"
    skipped = preview.of(Outcome.NOT_RUN)
    if skipped:
        yield f"  saved queries that were not run: {', '.join(query.slug for query in skipped)}"
