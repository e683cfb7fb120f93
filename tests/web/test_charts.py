"""Drawings: which views suit which columns, what each shows, and that no label can become markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from coopkg.rdf.shown_terms import ShownTerm, plain
from coopkg.web.charts import views
from coopkg.web.charts.map import _cells
from coopkg.web.charts.scale import ticks, years
from coopkg.web.charts.table import Kind, Table, day_of
from coopkg.web.i18n import words

XSD = "http://www.w3.org/2001/XMLSchema#"
SVG = "{http://www.w3.org/2000/svg}"
EVIL = "\u202e<script>alert(1)</script>\"' & " + "x" * 10_000


def thing(name: str, point: tuple[float, float] | None = None) -> ShownTerm:
    return ShownTerm(name, link=f"/id/{name}", value=f"http://e/{name}", iri=f"http://e/{name}", point=point)


def value(text: str, datatype: str) -> ShownTerm:
    return ShownTerm(text, value=text, datatype=XSD + datatype)


def table(columns: str, *rows: tuple[ShownTerm, ...]) -> Table:
    return Table(tuple(columns.split()), rows, len(rows))


SESSIONS = table(
    "country sessions", *((thing(f"c{n}", (50.0 + n, 10.0 * n)), value(str(n), "integer")) for n in range(5))
)
EVENTS = table(
    "event from until",
    (thing("one"), value("2015-01-01", "date"), value("2018-12-31", "date")),
    (thing("two"), value("2019-05-31", "date"), value("2019-05-31", "date")),
)
SERIES = table("year n", *((value(str(2010 + n), "gYear"), value(str(n * n), "decimal")) for n in range(6)))
TRIPLES = table(
    "subject predicate object", (thing("a"), thing("knows"), thing("b")), (thing("a"), thing("likes"), thing("c"))
)
TABLES = {"chart": SESSIONS, "map": SESSIONS, "timeline": EVENTS, "graph": TRIPLES}


def drawn(found: Table, view: str) -> ET.Element:
    drawing = views.draw(found, view, "A label", words("en"))
    assert drawing is not None
    return ET.fromstring(str(drawing.svg))  # noqa: S314 - it is our own


@pytest.mark.parametrize(
    ("found", "offered", "detected"),
    [
        (SESSIONS, {"table", "chart", "map", "raw"}, "chart"),
        (EVENTS, {"table", "timeline", "raw"}, "timeline"),
        (SERIES, {"table", "chart", "timeline", "raw"}, "table"),
        (TRIPLES, {"table", "graph", "raw"}, "graph"),
        (table("a", (ShownTerm("x", value="x"),)), {"table", "raw"}, "table"),
        (table("a b"), {"table", "raw"}, "table"),
        (
            table("s where", (thing("a"), ShownTerm("p", value="POINT(27.5 53.9)", datatype="http://e/#wktLiteral"))),
            {"table", "map", "raw"},
            "map",
        ),
        (
            table("s lat long", (thing("a"), value("1.5", "decimal"), value("2", "decimal"))),
            {"table", "map", "raw"},
            "map",
        ),
    ],
)
def test_views_follow_the_kinds_of_the_columns(found: Table, offered: set[str], detected: str) -> None:
    assert set(views.offered(found)) == offered
    assert views.chosen(found, None) == detected
    assert views.chosen(found, "nonsense") == "table"


@pytest.mark.parametrize("view", TABLES)
def test_a_drawing_with_links_is_a_group_and_each_mark_has_a_title(view: str) -> None:
    svg = drawn(TABLES[view], view)
    assert (svg.get("role"), svg.get("aria-label")) == ("group", "A label")
    links = svg.findall(".//a")
    assert links
    assert all(link.find("title") is not None for link in links)


def test_a_drawing_without_links_is_an_image() -> None:
    assert drawn(SERIES, "chart").get("role") == "img"


def test_bars_are_as_long_as_their_numbers() -> None:
    widths = [float(str(bar.get("width")).rstrip("%")) for bar in drawn(SESSIONS, "chart").findall(".//rect")]
    assert widths[4] == pytest.approx(86)
    assert widths[2] == pytest.approx(43)


def test_a_negative_number_goes_to_the_left_of_zero() -> None:
    found = table("what n", (thing("a"), value("-2", "integer")), (thing("b"), value("6", "integer")))
    one, two = drawn(found, "chart").findall(".//rect")
    assert float(str(one.get("x")).rstrip("%")) == 0
    assert float(str(two.get("x")).rstrip("%")) == pytest.approx(86 * 2 / 8)


def test_a_day_is_a_dot_and_years_are_a_bar_in_the_order_of_their_days() -> None:
    svg = drawn(EVENTS, "timeline")
    assert len(svg.findall(".//rect")) == 1
    assert len(svg.findall(".//circle")) == 1
    assert "January 1, 2015 – December 31, 2018" in str(svg.find(".//title").text)  # type: ignore[union-attr]


def test_a_line_has_a_segment_between_each_two_days() -> None:
    svg = drawn(SERIES, "chart")
    assert len([line for line in svg.findall(".//line") if line.get("class") == "path"]) == 5


def test_places_stand_where_they_are_north_above_south() -> None:
    found = table("s", (thing("north", (60.0, 20.0)),), (thing("south", (10.0, 20.0)),))
    heights = {
        group.find("title").text: float(str(group.find("circle").get("cy")).rstrip("%"))  # type: ignore[union-attr]
        for group in drawn(found, "map").findall(".//a")
    }
    assert heights["north"] < heights["south"]


@pytest.mark.parametrize(
    ("latitude", "longitude", "land"),
    [(53.9, 27.5, True), (-23, 134, True), (0, -30, False), (0, -160, False), (40, -100, True), (30, -45, False)],
)
def test_the_map_has_land_where_there_is_land(latitude: float, longitude: float, *, land: bool) -> None:
    row = _cells()[int((84 - latitude) // 2)]
    assert (row[int((longitude + 180) // 2.5) :][:1] == "#") is land


def test_a_graph_draws_each_link_once() -> None:
    svg = drawn(TRIPLES, "graph")
    assert len(svg.findall(".//path")) == 2
    assert len(svg.findall(".//circle")) == 3


@pytest.mark.parametrize("view", TABLES)
def test_the_same_table_gives_the_same_drawing(view: str) -> None:
    assert ET.tostring(drawn(TABLES[view], view)) == ET.tostring(drawn(TABLES[view], view))


@pytest.mark.parametrize("view", TABLES)
def test_what_does_not_fit_is_counted(view: str) -> None:
    rows: list[tuple[ShownTerm, ...]] = [
        {
            "chart": (thing(f"c{n}"), value(str(n), "integer")),
            "map": (thing(f"c{n}", (n % 80, n % 170)),),
            "timeline": (thing(f"c{n}"), value("2015-01-01", "date")),
            "graph": (thing("hub"), thing("has"), thing(f"c{n}")),
        }[view]
        for n in range(300)
    ]
    columns = {"chart": "c n", "map": "c", "timeline": "c from", "graph": "subject predicate object"}[view]
    drawing = views.draw(table(columns, *rows), view, "x", words("en"))
    assert drawing is not None
    assert drawing.left_out > 0
    assert len(drawing.rows) + drawing.left_out == 300


@pytest.mark.parametrize("view", TABLES)
def test_a_hostile_label_stays_text(view: str) -> None:
    def spoilt(cell: ShownTerm) -> ShownTerm:
        return ShownTerm(
            plain(EVIL), link="/x", value=cell.value, iri=cell.iri, point=cell.point, datatype=cell.datatype
        )

    rows = tuple(tuple(spoilt(cell) if cell.iri else cell for cell in row) for row in TABLES[view].rows)
    drawing = views.draw(Table(TABLES[view].columns, rows, len(rows)), view, EVIL, words("en"))
    assert drawing is not None
    assert "<script" not in drawing.svg
    assert "\u202e" not in "".join(ET.fromstring(str(drawing.svg)).itertext())  # noqa: S314 - it is our own
    assert "style=" not in drawing.svg


@pytest.mark.parametrize(
    ("text", "kind", "datatype"),
    [("7", Kind.NUMBER, "integer"), ("2018-01", Kind.DATE, "gYearMonth"), ("seven", Kind.TEXT, "string"),
     ("NaN", Kind.TEXT, "double"), ("INF", Kind.TEXT, "double"), ("2018-02-30", Kind.TEXT, "date")],
)  # fmt: skip
def test_a_column_is_what_all_its_cells_are(text: str, kind: Kind, datatype: str) -> None:
    assert table("x", (value(text, datatype),), (ShownTerm(),)).kinds == (kind,)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 4, [0, 1, 2, 3, 4]), (0, 0.3, [0, 0.1, 0.2, 0.3]), (-5, 5, [-6, -4, -2, 0, 2, 4, 6])],
)
def test_ticks_are_round_and_enclose(low: float, high: float, expected: list[float]) -> None:
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert found == expected


def test_years_enclose() -> None:
    first, last = day_of("2015-03-01"), day_of("2019-02-01")
    assert first is not None
    assert last is not None
    assert years(first, last) == [2015, 2016, 2017, 2018, 2019, 2020]


def test_no_calendar_has_such_a_day() -> None:
    found: Any = day_of("2018-13-01")
    assert found is None
