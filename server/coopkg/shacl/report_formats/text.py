"""The face for a terminal: a sentence a result, the line that it is about, what was expected and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.report import summary
from coopkg.shacl.report_formats.outcome import SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyoxigraph as ox

    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Place, Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView

_EXPECTED: Final = {"en": "expected", "ru": "ожидается", "be": "чакаецца"}
_BECAUSE: Final = {"en": "because", "ru": "потому что", "be": "таму што"}
_FIX: Final = {"en": "fix", "ru": "исправление", "be": "выпраўленне"}
_WIDEST: Final = 160
"""Columns of a source line that are shown."""


def render(view: ReportView) -> str:
    """Return the report as text; ``file:line:column:`` begins each result, which editors can follow."""
    if not view.readable:
        return "\n".join([*(line for fault in view.faults for line in _fault(view, fault)), unreadable(view)]) + "\n"
    lines = [line for result in view.report.results for line in _result(view, result)]
    return "\n".join([*lines, summary(view.report), *(_effects(view.effects) if view.effects else ())]) + "\n"


def unreadable(view: ReportView) -> str:
    """Return the sentence that says that nothing was validated."""
    count = f"{'at least ' if view.more_faults else ''}{len(view.faults)} syntax error{'s' * (len(view.faults) != 1)}"
    return f"Cannot be read: {count}; nothing was validated."


def _fault(view: ReportView, fault: SyntaxIssue) -> Iterator[str]:
    yield f"{fault.place}: syntax error: {fault.message}."
    yield from _source(view, fault.place)
    if fault.suggestion:
        yield f"    perhaps: {fault.suggestion}"


def _result(view: ReportView, result: Result) -> Iterator[str]:
    yield result.sentence(view.prefixes, view.language)
    yield from _source(view, result.place)
    expected = result.expected.get(view.language)
    if expected:
        yield f"    {_EXPECTED[view.language]}: {expected}"
    for ground in result.grounds:
        where = f"{ground.place}: " if ground.place else ""
        yield f"    {_BECAUSE[view.language]}: {where}{result.show_ground(ground, view.prefixes, view.language)}"
    if result.fix:
        yield f"    {_FIX[view.language]}:"
        yield from (f"    {line}" for line in result.fix.diff.splitlines())


def _source(view: ReportView, place: Place | None) -> Iterator[str]:
    line = view.line(place)
    if place is None or line is None:
        return
    start = max(0, place.column - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[start : start + _WIDEST]
    number = f"{place.line:>5} | "
    pad = "".join("\t" if c == "\t" else " " for c in shown[: place.column - 1 - start])
    yield f"{number}{shown}"
    yield f"{' ' * (len(number) - 2)}| {pad}^"


def _quads(mark: str, quads: tuple[ox.Quad, ...]) -> Iterator[str]:
    yield from (f"  {mark} {quad}" for quad in quads[:SHOWN])
    if len(quads) > SHOWN:
        yield f"  {mark} ... and {len(quads) - SHOWN} more"


def _effects(effects: ChangePreview) -> Iterator[str]:
    yield (
        f"Against version {effects.version}, into <{effects.graph}>: "
        f"{len(effects.added)} added, {len(effects.removed)} removed."
    )
    yield from _quads("-", effects.removed)
    yield from _quads("+", effects.added)
    if effects.inferred or effects.uninferred:
        yield f"Inferred: {len(effects.inferred or ())} more, {len(effects.uninferred or ())} no longer."
        yield from _quads("-", effects.uninferred or ())
        yield from _quads("+", effects.inferred or ())
    for alike in effects.alike:
        yield f"  {alike.node} is called “{alike.name}”, as {alike.other} is: the same thing?"
    for query in effects.of(Outcome.DIFFERENT):
        yield f"  the answer of the saved query {query.slug} would differ: {query.before} -> {query.after} rows"
    skipped = effects.of(Outcome.NOT_RUN)
    if skipped:
        yield f"  saved queries that were not run: {', '.join(query.slug for query in skipped)}"
