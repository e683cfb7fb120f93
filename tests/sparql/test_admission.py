from __future__ import annotations

import pytest

from coopkg.errors import Forbidden, QueryTooComplex
from coopkg.sparql.admission import admit, is_longer

IRI = "<http://127.0.0.1:1/>"


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * {{ SERVICE {IRI} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ sErViCe SILENT {IRI} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE#c\n{IRI} {{ ?s ?p ?o }} }}",
        f"SELECT * {{SERVICE{IRI}{{?s ?p ?o}}}}",
        "SELECT * { ?x ?y ?z SERVICE ?e { ?s ?p ?o } }",
        f"LOAD {IRI}",
        f"INSERT DATA {{}} ; lOaD SILENT {IRI} INTO GRAPH <http://e/g>",
    ],
)
def test_no_request_of_its_own_in_any_spelling(text: str) -> None:
    with pytest.raises(Forbidden):
        admit(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service { ?service ?load 'SERVICE <x> LOAD' } # SERVICE",
        "PREFIX service: <http://e/SERVICE> ASK { service:LOAD ?p <http://e/(load)> }",
        "ASK { ?s <http://e/service> <http://e/load> }",
    ],
)
def test_the_word_alone_is_no_request(text: str) -> None:
    assert not admit(text).services


@pytest.mark.parametrize("depth", [65, 3_000, 30_000])
@pytest.mark.parametrize("opening", ["{", "(", "[", "<<("])
def test_nesting_is_bounded(opening: str, depth: int) -> None:
    with pytest.raises(QueryTooComplex):
        admit("SELECT * " + opening * depth)


@pytest.mark.parametrize(
    "body",
    [
        "?s ?p ?o . " * 300,
        "OPTIONAL { ?s ?p ?o } " * 100,
        "FILTER(1=1) " * 400,
        "{ ?s ?p ?o } UNION " * 400 + "{}",
        "FILTER(" + "1+" * 5_000 + "1)",
    ],
)
def test_counts_are_bounded(body: str) -> None:
    with pytest.raises(QueryTooComplex):
        admit(f"SELECT * {{ {body} }}")


def test_form_and_stability() -> None:
    assert admit("PREFIX a: <http://e/> # ASK\n describe a:b").form == "DESCRIBE"
    assert admit("SELECT (1 AS ?one) {}").stable
    assert not admit("SELECT (now() AS ?t) {}").stable


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        ("SELECT * {}", False),
        (f"SELECT * {{ {'(' * 1000}", True),
        (f"SELECT * {{ VALUES ?x {{ {'<http://e/a/long/iri> ' * 400} }} }}", False),
        (f"SELECT * {{ VALUES ?x {{ {'<http://e/a/long/iri> ' * 4000} }} }}", True),
        (f"<<{'(' * 1000}>", True),
        (f"'<'{'(' * 1000}>", True),
        (f'"<"{"(" * 1000}>', True),
        (f"?a<?b {'(' * 1000}>", True),
    ],
)
def test_length_is_what_is_not_within_iris(text: str, longer: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_longer(text, 1000) is longer
