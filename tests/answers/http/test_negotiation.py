from __future__ import annotations

import pytest

from coopkg.answers.http.negotiation import (
    choose,
    choose_document_format,
    document_formats,
    parse_accept,
    prefers_html,
)
from coopkg.errors import BadParameter, NotAcceptable
from coopkg.rdf.formats import DOCUMENT_FORMATS, GRAPH_FORMATS, SOLUTION_FORMATS


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


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "ttl"),
        ("*/*", "ttl"),
        ("text/turtle", "ttl"),
        ("text/turtle;version=1.1", "ttl"),
        ("text/turtle;version=, image/png", "ttl"),
        ("text/turtle;version=1.2", "ttl?version=1.2"),
        ('Text/Turtle; charset=utf-8 ; Version="1.2"; q=0.4', "ttl?version=1.2"),
        ("application/n-triples;version=1.2", "nt?version=1.2"),
        ("application/n-quads; version=1.2", "nq?version=1.2"),
        ("application/trig;version=1.2", "trig?version=1.2"),
        ("application/rdf+xml;version=1.2", "rdf?version=1.2"),
        ("*/*;version=1.2", "ttl?version=1.2"),
        ("text/turtle, text/turtle;version=1.2", "ttl?version=1.2"),
        ("text/turtle;version=1.2, application/ld+json", "ttl?version=1.2"),
        ("text/turtle;version=1.2;q=0.5, text/turtle", "ttl"),
        ("text/turtle;version=1.2;q=0, text/turtle;q=0.1", "ttl"),
        ("text/turtle;version=2.0, application/n-triples;q=0.1", "nt"),
        ("application/ld+json;version=1.2, */*;q=0.1", "ttl"),
    ],
)
def test_versions_of_rdf(accept: str | None, name: str) -> None:
    assert choose_document_format(accept, "", []).name == name


@pytest.mark.parametrize(
    "accept", ["text/turtle;version=1.3", "application/ld+json;version=1.2", "text/csv;version=1.2"]
)
def test_an_unknown_version_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"available are text/turtle, .*text/turtle; version=1\.2"):
        choose_document_format(accept, "", [])


@pytest.mark.parametrize(
    ("accept", "suffix", "versions", "name"),
    [
        (None, "", ["1.2"], "ttl?version=1.2"),
        ("application/n-triples", "", ["1.2"], "nt?version=1.2"),
        ("application/n-triples;version=1.1", "", ["1.2"], "nt?version=1.2"),
        ("application/n-triples;version=1.2", "", ["1.1"], "nt"),
        ("application/n-triples;version=1.2", "ttl", [], "ttl"),
        ("text/html", "nq", ["1.2", "1.2"], "nq?version=1.2"),
        ("text/html", "jsonld", ["1.1"], "jsonld"),
    ],
)
def test_an_address_says_more_than_accept(accept: str | None, suffix: str, versions: list[str], name: str) -> None:
    assert choose_document_format(accept, suffix, versions).name == name


@pytest.mark.parametrize("versions", [[""], ["1.3"], ["1.2 "], ["1.1", "1.2"], ["12"]])
def test_an_address_with_an_unknown_version_is_a_mistake(versions: list[str]) -> None:
    for suffix in ("", "ttl", "html"):
        with pytest.raises(BadParameter, match=r"1\.1.*1\.2"):
            document_formats(suffix, versions)


def test_json_ld_of_rdf_1_2_is_not_on_offer() -> None:
    for accept, suffix in (("application/ld+json", ""), (None, "jsonld")):
        with pytest.raises(NotAcceptable):
            choose_document_format(accept, suffix, ["1.2"])


def test_where_versions_make_no_difference_they_select_nothing() -> None:
    assert choose("text/turtle;version=1.2", GRAPH_FORMATS).name == "ttl"
    assert choose("text/csv;version=9", SOLUTION_FORMATS).name == "csv"
    assert prefers_html("text/html, text/turtle;version=1.2;q=0.5", DOCUMENT_FORMATS)
    assert not prefers_html("text/html;q=0.5, text/turtle;version=1.2", DOCUMENT_FORMATS)
    assert prefers_html("text/html;q=0.5, text/turtle;version=7", DOCUMENT_FORMATS)
