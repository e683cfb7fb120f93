"""The face for a browser: a plain page that needs no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.report import summary
from coopkg.shacl.report_formats.outcome import SHOWN
from coopkg.shacl.report_formats.text import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyoxigraph as ox

    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Ground, Place, Result
    from coopkg.shacl.report_formats.outcome import ReportView


def render(view: ReportView) -> str:
    """Return a whole page."""
    title = escape(summary(view.report) if view.readable else unreadable(view))
    parts = [*_faults(view), *(_result(view, result) for result in view.report.results)]
    body = f"<ol>\n{''.join(parts)}</ol>" if parts else ""
    changes = _effects(view.effects) if view.effects else ""
    return (
        f'<!doctype html>\n<html lang="{view.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title} - coopkg</title>\n<link rel="stylesheet" href="/static/coopkg.css">\n</head>\n'
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n{changes}</main>\n</body>\n</html>\n"
    )


def _faults(view: ReportView) -> Iterator[str]:
    for fault in view.faults:
        hint = f"<p>Perhaps: <code>{escape(fault.suggestion)}</code></p>" if fault.suggestion else ""
        yield f"<li><p>{_where(fault.place)} {escape(fault.message)}.</p>{_line(view, fault.place)}{hint}</li>\n"


def _result(view: ReportView, result: Result) -> str:
    show = [("Focus node", result.show(result.focus, view.prefixes, view.language))]
    if result.path:
        show.append(("Property", result.path))
    if result.value is not None:
        show.append(("Found", result.show(result.value, view.prefixes, view.language)))
    if result.expected.get(view.language):
        show.append(("Expected", result.expected[view.language]))
    show += [("Because", _ground(view, result, ground)) for ground in result.grounds]
    facts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in show)
    fix = f'<p>Fix:</p><pre tabindex="0"><code>{escape(result.fix.diff)}</code></pre>' if result.fix else ""
    shape = escape(result.show_shape(view.prefixes, view.language))
    return (
        f"<li><p><strong>{result.severity.value}</strong> {_where(result.place)} "
        f"{escape(result.message(view.language))}</p>{_line(view, result.place)}<dl>{facts}</dl>{fix}"
        f"<details><summary>Rule</summary><p><code>{shape}</code> <code>{escape(result.component)}</code></p>"
        "</details></li>\n"
    )


def _ground(view: ReportView, result: Result, ground: Ground) -> str:
    where = f"{ground.place}: " if ground.place else ""
    return where + result.show_ground(ground, view.prefixes, view.language)


def _where(place: Place | None) -> str:
    return f"<code>{escape(str(place))}</code>" if place else ""


def _line(view: ReportView, place: Place | None) -> str:
    line = view.line(place)
    if place is None or line is None:
        return ""
    before, after = line[: place.column - 1], line[place.column - 1 :]
    return f'<pre tabindex="0"><code>{place.line} | {escape(before)}<mark>{escape(after)}</mark></code></pre>'


def _effects(effects: ChangePreview) -> str:
    parts = [(f"<h2>What would change</h2>\n<p>Against version {effects.version}, into "
             f"<code>{escape(effects.graph)}</code>.</p>\n")]  # fmt: skip
    parts += [_quads("Added", effects.added), _quads("Removed", effects.removed)]
    if effects.inferred or effects.uninferred:
        parts += [_quads("Inferred", effects.inferred or ()), _quads("No longer inferred", effects.uninferred or ())]
    different = "".join(
        f"<li>{escape(query.slug)}: {query.before} rows before, {query.after} after</li>"
        for query in effects.of(Outcome.DIFFERENT)
    )
    parts.append(f"<h3>Saved queries with other answers</h3>\n<ul>{different}</ul>\n" if different else "")
    skipped = ", ".join(query.slug for query in effects.of(Outcome.NOT_RUN))
    parts.append(f"<p>Saved queries that were not run: {escape(skipped)}.</p>\n" if skipped else "")
    return "".join(parts)


def _quads(title: str, quads: tuple[ox.Quad, ...]) -> str:
    listed = "\n".join(escape(str(quad)) for quad in quads[:SHOWN])
    more = f"<p>... and {len(quads) - SHOWN} more.</p>" if len(quads) > SHOWN else ""
    shown = f'<pre tabindex="0"><code>{listed}</code></pre>' if quads else ""
    return f"<h3>{title}: {len(quads)}</h3>\n{shown}{more}\n"
