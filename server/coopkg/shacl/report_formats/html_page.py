"""The report format for a browser: a plain page that needs no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.report import looked_at, summary
from coopkg.shacl.report_formats.outcome import MOST_QUADS
from coopkg.shacl.report_formats.text import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyoxigraph as ox

    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Ground, Place, Result
    from coopkg.shacl.report_formats.outcome import ReportView


def render(view: ReportView) -> str:
    """Write the report as a whole page; everything that comes from documents is escaped."""
    title = escape(summary(view.report) if view.readable else unreadable(view))
    parts = [*_syntax_errors(view), *(_result(view, result) for result in view.report.results)]
    body = f"<ol>\n{''.join(parts)}</ol>" if parts else ""
    if view.report.coverage:
        body = f"<p>{escape(looked_at(view.report.coverage, view.prefixes))}</p>\n{body}"
    body += "".join(f"<p>About {note.topic}: {escape(str(note))}.</p>\n" for note in view.report.notes)
    changes = _change_preview(view.change_preview) if view.change_preview else ""
    return (
        f'<!doctype html>\n<html lang="{view.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title} - coopkg</title>\n<link rel="stylesheet" href="/static/coopkg.css">\n</head>\n'
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n{changes}</main>\n</body>\n</html>\n"
    )


def _syntax_errors(view: ReportView) -> Iterator[str]:
    for error in view.syntax_errors:
        hint = f"<p>Perhaps: <code>{escape(error.suggestion)}</code></p>" if error.suggestion else ""
        yield f"<li><p>{_where(error.place)} {escape(error.message)}.</p>{_line(view, error.place)}{hint}</li>\n"


def _result(view: ReportView, result: Result) -> str:
    details = [("Focus node", result.show(result.focus, view.prefixes, view.language))]
    if result.path:
        details.append(("Property", result.path))
    if result.value is not None:
        details.append(("Found", result.show(result.value, view.prefixes, view.language)))
    if result.expected.get(view.language):
        details.append(("Expected", result.expected[view.language]))
    details += [("Because", _ground(view, result, ground)) for ground in result.grounds]
    details += [("In detail", text) for text in _details(view, result)]
    details += [("Hint", text) for text in result.hints(view.prefixes, view.language)]
    facts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in details)
    fix = f'<p>Fix:</p><pre tabindex="0"><code>{escape(result.fix.diff)}</code></pre>' if result.fix else ""
    shape = escape(result.show_shape(view.prefixes, view.language))
    return (
        f"<li><p><strong>{result.severity.value}</strong> {_where(result.place)} "
        f"{escape(result.message(view.language))}</p>{_line(view, result.place)}<dl>{facts}</dl>{fix}"
        f"<details><summary>Rule</summary><p><code>{shape}</code> <code>{escape(result.component)}</code></p>"
        "</details></li>\n"
    )


def _details(view: ReportView, result: Result) -> Iterator[str]:
    for detail in result.details:
        yield detail.sentence(view.prefixes, view.language)
        yield from _details(view, detail)


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


def _change_preview(preview: ChangePreview) -> str:
    parts = [(f"<h2>What would change</h2>\n<p>Against version {preview.version}, into "
             f"<code>{escape(preview.graph)}</code>.</p>\n")]  # fmt: skip
    parts += [_quads("Added", preview.added), _quads("Removed", preview.removed)]
    if preview.inferred or preview.uninferred:
        parts += [_quads("Inferred", preview.inferred or ()), _quads("No longer inferred", preview.uninferred or ())]
    different = "".join(
        f"<li>{escape(query.slug)}: {query.before} rows before, {query.after} after</li>"
        for query in preview.of(Outcome.DIFFERENT)
    )
    parts.append(f"<h3>Saved queries with other answers</h3>\n<ul>{different}</ul>\n" if different else "")
    skipped = ", ".join(query.slug for query in preview.of(Outcome.NOT_RUN))
    parts.append(f"<p>Saved queries that were not run: {escape(skipped)}.</p>\n" if skipped else "")
    return "".join(parts)


def _quads(title: str, quads: tuple[ox.Quad, ...]) -> str:
    listed = "\n".join(escape(str(quad)) for quad in quads[:MOST_QUADS])
    more = f"<p>... and {len(quads) - MOST_QUADS} more.</p>" if len(quads) > MOST_QUADS else ""
    block = f'<pre tabindex="0"><code>{listed}</code></pre>' if quads else ""
    return f"<h3>{title}: {len(quads)}</h3>\n{block}{more}\n"
