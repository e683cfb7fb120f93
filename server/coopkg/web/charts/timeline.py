"""A timeline: a bar from the first to the last day of each row, or a dot where there is one day only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from coopkg.web.charts.scale import days, years
from coopkg.web.charts.svg import Drawing, element, figure, mark, percent, shortened
from coopkg.web.charts.table import Kind, first_day, year_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.web.charts.table import Table

SHOWN: Final = 60
"""Rows that one drawing holds."""
_PITCH: Final = 36
_HEAD: Final = 26
_LEFT: Final = 0.01
_RIGHT: Final = 0.97
_SHORT: Final = 0.008
"""Share of the width below which a dot is easier to see than a bar."""
_STARTS: Final = ("from", "start", "begin", "startdate", "since", "date")
_ENDS: Final = ("until", "end", "to", "enddate")


@dataclass(frozen=True)
class _Span:
    index: int
    first: date
    last: date


def fits(table: Table) -> bool:
    """Return whether any column has days."""
    return bool(table.of_kind(Kind.DATE)) and any(first_day(row[_start(table)]) for row in table.rows)


def _start(table: Table) -> int:
    dates = table.of_kind(Kind.DATE)
    return next((i for i in dates if table.columns[i].lower() in _STARTS), dates[0])


def _end(table: Table) -> int:
    dates = table.of_kind(Kind.DATE)
    named = [i for i in dates if table.columns[i].lower() in _ENDS]
    return next(iter([*named, *(i for i in dates if i > _start(table))]), _start(table))


def _spans(table: Table) -> list[_Span]:
    spans = []
    for index, row in enumerate(table.rows):
        first, last = first_day(row[_start(table)]), first_day(row[_end(table)])
        if first is None:
            continue
        last = last or first
        if year_only(row[_end(table)]) or (last == first and year_only(row[_start(table)])):
            last = date(last.year, 12, 31)
        spans.append(_Span(index, min(first, last), max(first, last)))
    return sorted(spans, key=lambda span: (span.first, span.last, span.index))


def draw(table: Table, label: str, day: Callable[[str], str]) -> Drawing:
    """Return the first rows in the order of their days."""
    spans = _spans(table)
    drawn = spans[:SHOWN]
    marked = years(min(s.first for s in drawn), max(s.last for s in drawn))
    start, end = days(marked[0]), days(marked[-1])
    height = _HEAD + len(drawn) * _PITCH + 8

    def x(of: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (of - start) / (end - start)

    names = table.of_kind(Kind.THING) or table.of_kind(Kind.TEXT) or [_start(table)]
    parts = [part for year in marked for part in _year(year, x(days(year)), height)]
    for place, span in enumerate(drawn):
        cell = table.rows[span.index][names[0]]
        top = _HEAD + place * _PITCH
        when = day(span.first.isoformat())
        if span.first != span.last:
            when += f" – {day(span.last.isoformat())}"
        left, right = x(span.first.toordinal()), x(span.last.toordinal() + 1)
        text = element("text", shortened(cell.text, 96), x=percent(_LEFT), y=top + 14, class_="halo")
        shape = (
            element("circle", cx=percent((left + right) / 2), cy=top + 24, r=5, class_="spot")
            if right - left < _SHORT
            else element("rect", x=percent(left), y=top + 20, width=percent(right - left), height=7, rx=3, class_="bar")
        )
        parts.append(mark(cell, f"{cell.text}: {when}", text, shape, row=span.index))
    linked = any(table.rows[s.index][names[0]].link for s in drawn)
    svg = figure(label, parts, linked=linked, css="timeline", width="100%", height=height)
    return Drawing(svg, tuple(s.index for s in drawn), len(table.rows) - len(drawn))


def _year(year: int, left: float, height: int) -> list[str]:
    line = element("line", x1=percent(left), y1=18, x2=percent(left), y2=height, class_="axis")
    anchor = "start" if left < 0.05 else "end" if left > 0.95 else "middle"
    return [line, element("text", str(year), x=percent(left), y=12, class_="faint", text_anchor=anchor)]
