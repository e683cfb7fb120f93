"""A graph: nodes in columns by their distance from the best connected one, so that no two names cross."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from coopkg.web.charts.svg import Drawing, element, figure, mark, shortened
from coopkg.web.charts.table import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.rdf.shown_terms import ShownTerm
    from coopkg.web.charts.table import Table

SHOWN: Final = 150
"""Nodes that one drawing holds."""
_LETTER: Final = 7
"""Pixels of an average letter at the size of the labels; too little would let names run into the next column."""
_GAP: Final = 60
"""Room between the longest name of a column and the next column."""
_PITCH: Final = 24
_MARGIN: Final = 20
_NAMES: Final = 30
"""Characters of a name; the title of its node has it whole."""
TRIPLE: Final = ("subject", "predicate", "object")
"""The columns of a table that shows a graph."""


@dataclass(frozen=True)
class Edge:
    """A link between two nodes, named by their values, and the row of the table that it comes from."""

    source: str
    name: str
    target: str
    row: int


def fits(table: Table) -> bool:
    """Return whether rows link things with things: as triples, or by two columns of them."""
    return len(_edges(table)) > 0


def _edges(table: Table) -> list[Edge]:
    if table.columns == TRIPLE:
        return [Edge(s.value, p.text, o.value, i) for i, (s, p, o) in enumerate(table.rows) if s.iri and o.iri]
    things = table.of_kind(Kind.THING)
    if len(things) < 2:
        return []
    one, two = things[:2]
    pairs = [(row[one], row[two], i) for i, row in enumerate(table.rows)]
    return [Edge(a.value, table.columns[two], b.value, i) for a, b, i in pairs if a.value and b.value]


def draw(table: Table, label: str) -> Drawing:
    """Return the nodes with most links and the links between them."""
    edges = _edges(table)
    degrees = Counter(node for edge in edges for node in (edge.source, edge.target))
    best_connected = {node for node, _ in sorted(degrees.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]}
    drawn = [edge for edge in edges if edge.source in best_connected and edge.target in best_connected]
    cells = {cell.value: cell for row in table.rows for cell in row if cell.iri and cell.value in best_connected}
    columns = _columns(drawn, degrees, best_connected)
    widths = [_GAP + _LETTER * max(min(len(cells[node].text), _NAMES) for node in column) for column in columns]
    left = [_MARGIN, *(_MARGIN + total for total in accumulate(widths))]
    at = {node: (left[x], _MARGIN + y * _PITCH) for x, column in enumerate(columns) for y, node in enumerate(column)}
    height = 2 * _MARGIN + _PITCH * (max(map(len, columns), default=1) - 1)
    width = left[-1]
    parts = [_line(edge, at, cells) for edge in drawn]
    parts += [_node(cells[node], *at[node], degrees[node]) for node in sorted(at, key=lambda n: at[n])]
    svg = figure(label, parts, linked=any(cells[n].link for n in at), css="graph", viewBox=f"0 0 {width} {height}",
                 width=width, height=height)  # fmt: skip
    return Drawing(svg, tuple(sorted({edge.row for edge in drawn})), len(edges) - len(drawn))


def _line(edge: Edge, at: Mapping[str, tuple[int, int]], cells: Mapping[str, ShownTerm]) -> str:
    (x1, y1), (x2, y2) = at[edge.source], at[edge.target]
    bend = 60 if x1 == x2 else (x2 - x1) / 2
    title = element("title", f"{cells[edge.source].text} — {edge.name} — {cells[edge.target].text}")
    control = (x1 + bend, x2 + bend) if x1 == x2 else (x1 + bend, x2 - bend)
    return element("path", title, d=f"M{x1} {y1}C{control[0]:g} {y1} {control[1]:g} {y2} {x2} {y2}", class_="edge")


def _node(cell: ShownTerm, x: int, y: int, degree: int) -> str:
    radius = min(4 + degree**0.5, 9)
    spot = element("circle", cx=x, cy=y, r=radius, class_="spot")
    text = element("text", shortened(cell.text, _NAMES), x=x + 12, y=y + 4, class_="halo")
    return mark(cell, cell.text, spot, text)


def _columns(edges: list[Edge], degrees: Mapping[str, int], nodes: set[str]) -> list[list[str]]:
    """Return the nodes in columns, each ordered so that linked ones stand at like heights."""
    near: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        near[edge.source].add(edge.target)
        near[edge.target].add(edge.source)
    depth: dict[str, int] = {}
    for hub in sorted(nodes, key=lambda node: (-degrees[node], node)):
        if hub not in depth:
            depth[hub] = 0
            _measure(hub, near, depth)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in depth:
        columns[depth[node]].append(node)
    height = max(map(len, columns))
    order = {node: i for column in columns for i, node in enumerate(column)}
    for column in columns[1:]:
        column.sort(key=lambda node: _middle([order[n] for n in near[node] if depth[n] < depth[node]]))
        order.update({node: i for i, node in enumerate(column)})
    columns[0].sort(key=lambda node: order[node])
    return columns if height else []


def _measure(hub: str, near: Mapping[str, set[str]], depth: dict[str, int]) -> None:
    """Add the distance from a hub of all that is linked with it, breadth first."""
    queue = deque([hub])
    while queue:
        node = queue.popleft()
        for other in sorted(near[node]):
            if other not in depth:
                depth[other] = depth[node] + 1
                queue.append(other)


def _middle(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0
