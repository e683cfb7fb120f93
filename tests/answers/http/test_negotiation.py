from __future__ import annotations

import pytest

from coopkg.answers.http.negotiation import choose, parse_accept, prefers_html
from coopkg.errors import NotAcceptable
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/csv;q=0.5, text/tab-separated-values", "tsv"),
        ("text/csv;q=0, */*;q=0.1", "json"),
        ("application/sparql-results+json;q=0, */*", "xml"),
        ("application/*;q=0.4, text/csv;q=0.5", "csv"),
        ("application/json", "json"),
        ("text/xml", "xml"),
        ("text/turtle, application/sparql-results+xml", "xml"),
        ("text/html, text/csv;q=0.2", "csv"),
        ("nonsense", "json"),
    ],
)
def test_solutions(accept: str | None, name: str) -> None:
    assert choose(accept, SOLUTION_FORMATS).name == name


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "ttl"),
        ("application/json", "jsonld"),
        ("text/plain", "nt"),
        ("application/xml", "rdf"),
        ("application/rdf+xml, text/turtle;q=0.9", "rdf"),
        ("text/*", "ttl"),
    ],
)
def test_graphs(accept: str | None, name: str) -> None:
    assert choose(accept, GRAPH_FORMATS).name == name


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=0"])
def test_not_acceptable_says_what_is_on_offer(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="text/csv") as caught:
        choose(accept, SOLUTION_FORMATS)
    assert "text/csv" in caught.value.members["available"]  # type: ignore[operator]


def test_weights_are_bounded_and_read_leniently() -> None:
    assert [r.quality for r in parse_accept("a/b; q=0.3, c/d;q=7, e/f;q=x")] == [0.3, 1.0, 0.0]


def test_a_page_only_for_those_who_name_it() -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert prefers_html(browser, SOLUTION_FORMATS)
    assert not prefers_html("*/*", SOLUTION_FORMATS)
    assert not prefers_html("text/csv, text/html;q=0.1", SOLUTION_FORMATS)
