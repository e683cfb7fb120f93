"""Which views an answer has, and which one it is best seen in: by the kinds of its columns, or as it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.web.charts import bars, graph, lines, map, timeline  # noqa: A004 - a map is what it draws
from coopkg.web.charts.table import Kind

if TYPE_CHECKING:
    from coopkg.web.charts.svg import Drawing
    from coopkg.web.charts.table import Table
    from coopkg.web.i18n import Words

VIEWS: Final = ("table", "chart", "map", "timeline", "graph", "raw")
"""All views, in the order of their tabs."""
ALIASES: Final = {"bar": "chart", "line": "chart"}
"""What the header of a saved query may call a view beside its own name."""


def offered(table: Table) -> tuple[str, ...]:
    """Return the views that suit a table."""
    suiting = {
        "chart": bars.fits(table) or lines.fits(table),
        "map": map.fits(table),
        "timeline": timeline.fits(table),
        "graph": graph.fits(table),
    }
    return tuple(view for view in VIEWS if suiting.get(view, True))


def chosen(table: Table, asked: str | None) -> str:
    """Return the view that is asked for where the table suits it; without a wish the one that its columns speak for."""
    view = ALIASES.get(asked, asked) if asked else detected(table)
    return view if view in offered(table) else "table"


def detected(table: Table) -> str:
    """Return the view that the kinds of the columns speak for.

    Places given in the answer speak for a map, triples for a graph, names with one number for a chart, and names with
    days and nothing else for a timeline.
    """
    kinds = [kind for kind in table.kinds if kind is not Kind.EMPTY]
    names = sum(kind in {Kind.THING, Kind.TEXT} for kind in kinds)
    if map.given(table):
        return "map"
    if table.columns == graph.TRIPLE:
        return "graph"
    if kinds.count(Kind.NUMBER) == 1 and len(kinds) == names + 1 and names <= 2:
        return "chart"
    return "timeline" if Kind.DATE in kinds and len(kinds) == names + kinds.count(Kind.DATE) <= 4 else "table"


def draw(table: Table, view: str, label: str, words: Words) -> Drawing | None:
    """Return the drawing of a view that ``offered`` names; None for those that draw nothing."""
    match view:
        case "chart":
            drawn = lines.draw if lines.fits(table) else bars.draw
            return drawn(table, label, words.number)
        case "map":
            return map.draw(table, label, words.number)
        case "timeline":
            return timeline.draw(table, label, words.date)
        case "graph":
            return graph.draw(table, label)
        case _:
            return None
