"""A bar for a document, from its first to its last character, with the ranges that are covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.web.charts.svg import Drawing, element, figure, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT: Final = 28
_THINNEST: Final = 0.002
"""Share of the width below which a range would not be seen."""


def draw(length: int, ranges: Sequence[tuple[int, int]], label: str) -> Drawing:
    """Return the bar; ``ranges`` are offsets from 0, the end excluded, in a document of ``length`` characters."""
    parts = [element("rect", x="0", y=4, width="100%", height=_HEIGHT - 8, class_="trough")]
    for start, end in ranges:
        width = max((end - start) / length, _THINNEST)
        title = element("title", f"{start}–{end}")
        parts.append(
            element("rect", title, x=percent(start / length), y=0, width=percent(width), height=_HEIGHT, class_="bar")
        )
    svg = figure(label, parts, linked=False, css="coverage", height=_HEIGHT)
    return Drawing(svg, tuple(range(len(ranges))))
