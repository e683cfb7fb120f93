"""Bars: a name and a number for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.web.charts.svg import Drawing, element, figure, mark, percent, shortened
from coopkg.web.charts.table import Kind, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.web.charts.table import Table

SHOWN: Final = 60
"""Bars that one drawing holds."""
_PITCH: Final = 40
_WIDEST: Final = 0.86
"""Share of the width that the longest bar takes; its number stands behind it."""
_THINNEST: Final = 0.002
"""Share of the width that even zero takes, so that its row is seen to have a bar."""


def fits(table: Table) -> bool:
    """Return whether there is a name for each row and a number in it."""
    return bool(_columns(table)) and len(table.rows) > 1


def _columns(table: Table) -> tuple[int, int] | None:
    """Return the columns of names and of numbers."""
    names = table.of_kind(Kind.THING) or table.of_kind(Kind.TEXT) or table.of_kind(Kind.DATE)
    numbers = [i for i in table.of_kind(Kind.NUMBER) if len({row[i].value for row in table.rows}) > 1]
    numbers = numbers or table.of_kind(Kind.NUMBER)
    various = [i for i in names if len({row[i].value for row in table.rows}) > 1] or names
    return (various[0], numbers[0]) if names and numbers else None


def draw(table: Table, label: str, number: Callable[[float], str]) -> Drawing:
    """Return the bars of the first rows; a negative number's bar goes to the left of the zero."""
    columns = _columns(table)
    if columns is None:
        raise ValueError("the table has no names with numbers")
    name, value = columns
    rows = [(i, row, n) for i, row in enumerate(table.rows[:SHOWN]) if (n := number_of(row[value])) is not None]
    low, high = min(0.0, *(n for _, _, n in rows), 0.0), max(0.0, *(n for _, _, n in rows), 0.0)
    span = (high - low) or 1.0
    marks = []
    for place, (index, row, amount) in enumerate(rows):
        top = place * _PITCH
        start, end = sorted((_WIDEST * (0 - low) / span, _WIDEST * (amount - low) / span))
        bar = element("rect", x=percent(start), y=top + 18, width=percent(max(end - start, _THINNEST)), height=12, rx=2,
                      class_="bar")  # fmt: skip
        text = element("text", shortened(row[name].text, 44), x=0, y=top + 13)
        figure_ = element("text", number(amount), x=percent(end), dx=6, y=top + 29, class_="faint")
        marks.append(mark(row[name], f"{row[name].text}: {number(amount)}", text, bar, figure_, row=index))
    linked = any(row[name].link for _, row, _ in rows)
    svg = figure(label, marks, linked=linked, css="bars", width="100%", height=max(len(rows), 1) * _PITCH)
    return Drawing(svg, tuple(i for i, _, _ in rows), len(table.rows) - len(rows))
