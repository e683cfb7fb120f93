"""A line: a number over days or years."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from coopkg.rdf.shown_terms import ShownTerm
from coopkg.web.charts.scale import days, ticks, years
from coopkg.web.charts.svg import Drawing, element, figure, mark, percent
from coopkg.web.charts.table import Kind, first_day, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.web.charts.table import Table

_HEIGHT: Final = 260
_TOP: Final = 12
_BOTTOM: Final = 230
_LEFT: Final = 0.1
_RIGHT: Final = 0.97


def fits(table: Table) -> bool:
    """Return whether there are numbers, one for each of several days."""
    dates, numbers = table.of_kind(Kind.DATE), table.of_kind(Kind.NUMBER)
    if not dates or not numbers or len(table.rows) < 3:
        return False
    values = [row[dates[0]].value for row in table.rows]
    return len(set(values)) == len(values)


def draw(table: Table, label: str, number: Callable[[float], str]) -> Drawing:
    """Return the numbers of the first column that has any over the days of the first that has those."""
    date, value = table.of_kind(Kind.DATE)[0], table.of_kind(Kind.NUMBER)[0]
    points = sorted(
        (day.toordinal(), amount, index)
        for index, row in enumerate(table.rows)
        if (day := first_day(row[date])) and (amount := number_of(row[value])) is not None
    )
    first, last = (first_day(table.rows[points[end][2]][date]) for end in (0, -1))
    if first is None or last is None:
        raise ValueError("the table has no days")
    # from zero on, for a line cut off below exaggerates every change
    levels = ticks(min(0.0, *(p[1] for p in points)), max(p[1] for p in points))
    marked = years(first, last)
    start, end = days(marked[0]), days(marked[-1])

    def x(day: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (day - start) / (end - start)

    def y(amount: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (amount - levels[0]) / (levels[-1] - levels[0])

    parts = [part for level in levels for part in _level(y(level), number(level))]
    parts += [_year(year, x(days(year)), last=year == marked[-1]) for year in marked]
    parts += [element("line", x1=percent(x(a[0])), y1=y(a[1]), x2=percent(x(b[0])), y2=y(b[1]), class_="path")
              for a, b in pairwise(points)]  # fmt: skip
    parts += [
        mark(ShownTerm(), f"{table.rows[index][date].text}: {number(amount)}",
             element("circle", cx=percent(x(day)), cy=y(amount), r=5, class_="spot"), row=index)
        for day, amount, index in points
    ]  # fmt: skip
    svg = figure(label, parts, linked=False, css="lines", width="100%", height=_HEIGHT)
    return Drawing(svg, tuple(index for _, _, index in points), len(table.rows) - len(points))


def _year(year: int, left: float, *, last: bool) -> str:
    anchor = "end" if last else "middle"  # the last one would run over the edge
    return element("text", str(year), x=percent(left), y=_HEIGHT - 10, class_="faint", text_anchor=anchor)


def _level(height: float, text: str) -> list[str]:
    line = element("line", x1=percent(_LEFT), y1=height, x2=percent(_RIGHT), y2=height, class_="axis")
    return [line, element("text", text, x=percent(_LEFT), dx=-6, y=height + 4, class_="faint", text_anchor="end")]
