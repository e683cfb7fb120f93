"""A map: things at their places, on dots for land; no borders, which no source here is asked about.

``land.txt`` says for each cell of 2.5 degrees of longitude and 2 of latitude whether at least half of it is land. The
first line begins at 84 degrees north and 180 west. It was computed from the outline of land at 1:110,000,000 of Natural
Earth, which is in the public domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.web.charts.svg import Drawing, element, figure, mark, percent, shortened
from coopkg.web.charts.table import Kind, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from coopkg.rdf.shown_terms import ShownTerm
    from coopkg.web.charts.table import Table

_WIDE: Final = 2.5
_HIGH: Final = 2.0
_NORTH: Final = 84.0
_SOUTH: Final = -56.0
SHAPE: Final = 2.1
"""Width of the drawing by its height."""
_STRETCH: Final = _WIDE / _HIGH
"""Degrees of longitude that take as much room as one of latitude: about right at 37 degrees north."""
_WKT: Final = re.compile(r"\s*(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)
SHOWN: Final = 200
"""Places that one drawing holds."""


@dataclass(frozen=True)
class _Spot:
    index: int
    cell: ShownTerm
    latitude: float
    longitude: float
    amount: float | None


@dataclass(frozen=True)
class _Frame:
    """The part of the world that is drawn, in degrees."""

    west: float
    north: float
    wide: float
    high: float

    def x(self, longitude: float) -> float:
        return (longitude - self.west) / self.wide

    def y(self, latitude: float) -> float:
        return (self.north - latitude) / self.high


def fits(table: Table) -> bool:
    """Return whether any row has a place."""
    return bool(_spots(table))


def given(table: Table) -> bool:
    """Return whether the answer itself has places, in WKT or as columns of degrees."""
    names = {name.lower() for name in table.columns}
    degrees = bool(names.intersection(_LATITUDES) and names.intersection(_LONGITUDES))
    return degrees or any(cell.datatype.endswith("wktLiteral") for row in table.rows for cell in row)


def _spots(table: Table) -> list[_Spot]:
    numbers = [i for i in table.of_kind(Kind.NUMBER) if table.columns[i].lower() not in _AXES]
    spots = []
    for index, row in enumerate(table.rows):
        placed = _place(table, row)
        if placed is not None and abs(placed[1][0]) <= 90 and abs(placed[1][1]) <= 180:
            spots.append(_Spot(index, placed[0], *placed[1], number_of(row[numbers[0]]) if numbers else None))
    return spots


_LATITUDES: Final = ("lat", "latitude")
_LONGITUDES: Final = ("long", "lon", "lng", "longitude")
_AXES: Final = (*_LATITUDES, *_LONGITUDES)


def _place(table: Table, row: tuple[ShownTerm, ...]) -> tuple[ShownTerm, tuple[float, float]] | None:
    """Return the cell that a row puts on the map, and where: by columns of degrees, by WKT, or where the thing is."""
    names = {name.lower(): cell for name, cell in zip(table.columns, row, strict=True)}
    latitude = next((number_of(names[name]) for name in _LATITUDES if name in names), None)
    longitude = next((number_of(names[name]) for name in _LONGITUDES if name in names), None)
    subject = next((cell for cell in row if cell.iri), row[0] if row else None)
    if latitude is not None and longitude is not None and subject is not None:
        return subject, (latitude, longitude)
    for cell in row:
        if cell.point is not None:
            return cell, cell.point
        if cell.datatype.endswith("wktLiteral") and (point := _WKT.match(cell.value)) and subject is not None:
            return subject, (float(point[2]), float(point[1]))
    return None


def draw(table: Table, label: str, number: Callable[[float], str]) -> Drawing:
    """Return the places; the area of a spot grows with the first number of its row, where there is one."""
    spots = _spots(table)
    fitting = spots[:SHOWN]
    frame = _frame(fitting)
    largest = max((s.amount for s in fitting if s.amount), default=1.0)
    # the largest first, so that small spots lie on top of them and can be pointed at
    drawn = sorted(((s, _radius(s, largest)) for s in fitting), key=lambda item: -item[1])
    labels = _Labels(frame, drawn)
    marks = [_mark(spot, radius, frame, number) for spot, radius in drawn]
    texts = [text for spot, radius in drawn if (text := labels.place(spot, radius))]
    parts = [_land(frame), *marks, *texts]
    linked = any(s.cell.link for s in fitting)
    svg = figure(label, parts, linked=linked, css="map", width="100%")
    return Drawing(svg, tuple(sorted(s.index for s in fitting)), len(table.rows) - len(fitting))


def _radius(spot: _Spot, largest: float) -> float:
    return 5.0 if spot.amount is None else 4.0 + 7.0 * (max(spot.amount, 0.0) / largest) ** 0.5


def _mark(spot: _Spot, radius: float, frame: _Frame, number: Callable[[float], str]) -> Markup:
    text = spot.cell.text if spot.amount is None else f"{spot.cell.text}: {number(spot.amount)}"
    x, y = percent(frame.x(spot.longitude)), percent(frame.y(spot.latitude))
    return mark(spot.cell, text, element("circle", cx=x, cy=y, r=radius, class_="spot"), row=spot.index)


def _frame(spots: list[_Spot]) -> _Frame:
    """Return the smallest part of the world in the drawing's shape that holds all spots, with room around them."""
    # more room in the east: names stand to the right of their spots where they can
    west, east = min(s.longitude for s in spots) - 9, max(s.longitude for s in spots) + 12
    south, north = min(s.latitude for s in spots) - 6, max(s.latitude for s in spots) + 6
    high = max(north - south, (east - west) / (SHAPE * _STRETCH), 30.0)
    high = min(high, _NORTH - _SOUTH)
    wide = high * SHAPE * _STRETCH
    middle = min(max((north + south) / 2, _SOUTH + high / 2), _NORTH - high / 2)
    return _Frame((west + east) / 2 - wide / 2, middle + high / 2, wide, high)


class _Labels:
    """Places names beside their spots where they cover no other, on a drawing of about a thousand pixels."""

    def __init__(self, frame: _Frame, spots: list[tuple[_Spot, float]], width: float = 1000.0) -> None:
        self.frame = frame
        self.width = width
        self.taken = {spot.index: self._box(spot, radius) for spot, radius in spots}
        self.named: list[_Box] = []

    def _at(self, spot: _Spot) -> tuple[float, float]:
        return self.frame.x(spot.longitude) * self.width, self.frame.y(spot.latitude) * self.width / SHAPE

    def _box(self, spot: _Spot, radius: float) -> _Box:
        x, y = self._at(spot)
        return x - radius, y - radius, x + radius, y + radius

    def place(self, spot: _Spot, radius: float) -> Markup | None:
        """Return the name of a spot, or nothing where every side of it is taken.

        Its title has the name all the same.
        """
        x, y = self._at(spot)
        text, gap = shortened(spot.cell.text, 24), radius + 4
        wide = 7.0 * len(text)  # nothing here can measure text: seven pixels a letter is a little more than most fonts
        others = [*(box for index, box in self.taken.items() if index != spot.index), *self.named]
        for anchor, dx, dy in (
            ("start", gap, 4.0),
            ("end", -gap, 4.0),
            ("middle", 0.0, -gap),
            ("middle", 0.0, gap + 9),
        ):
            left = x + dx - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
            box = (left, y + dy - 11, left + wide, y + dy + 3)
            if box[0] > 0 and box[2] < self.width and not any(_cross(box, other) for other in others):
                self.named.append(box)
                return element("text", text, x=percent(x / self.width), y=percent(y * SHAPE / self.width), dx=dx, dy=dy,
                               text_anchor=anchor, class_="halo", aria_hidden="true")  # fmt: skip
        return None


_Box = tuple[float, float, float, float]


def _cross(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def _cells() -> tuple[str, ...]:
    return tuple((Path(__file__).parent / "land.txt").read_text(encoding="ascii").splitlines())


def _land(frame: _Frame) -> Markup:
    """Return the land of a frame as one path: a dashed line for each run of cells, whose dashes are dots."""
    first_column, first_row = int((frame.west + 180) // _WIDE), int((_NORTH - frame.north) // _HIGH)
    columns, rows = int(frame.wide / _WIDE) + 2, int(frame.high / _HIGH) + 2
    runs = []
    for down in range(rows):
        line = _cells()[first_row + down] if 0 <= first_row + down < len(_cells()) else ""
        cells = "".join(line[c : c + 1] or "." for c in ((first_column + i) % 144 for i in range(columns)))
        runs += [f"M{run.start()} {down}h{run.end() - run.start() - 1}.01" for run in re.finditer("#+", cells)]
    left = (frame.west + 180) / _WIDE - first_column - 0.5
    top = (_NORTH - frame.north) / _HIGH - first_row - 0.5
    path = element("path", d="".join(runs), class_="land", stroke_dasharray="0 1", stroke_width="0.62")
    view = f"{left:.2f} {top:.2f} {frame.wide / _WIDE:.2f} {frame.high / _HIGH:.2f}"
    return element(
        "svg", path, viewBox=view, width="100%", height="100%", preserveAspectRatio="none", aria_hidden="true"
    )
