"""Other engines ask us inside of their SERVICE: what they send is answered, whole, as they expect it."""

from __future__ import annotations

import http.client
import json
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
import rdflib

from conftest import BASE
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.workers.evaluation import answer
from coopkg.workers.tasks import Task
from endpoints import oxigraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.store import Dataset

pytestmark = pytest.mark.slow

FORM: Final = "application/x-www-form-urlencoded"
RESULTS: Final = "application/sparql-results+json"
COUNTRIES: Final = f"?country a <{BASE}ontology#Country> ; <{BASE}ontology#isoAlpha2> ?code"


def send(
    server: str, method: str, body: str = "", path: str = "/sparql", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=60)
    connection.request(method, path, body.encode() or None, {n.replace("_", "-"): v for n, v in headers.items()})
    response = connection.getresponse()
    found = (response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
    connection.close()
    return found


def rows(body: bytes) -> list[dict[str, str]]:
    return [{n: t["value"] for n, t in row.items()} for row in json.loads(body)["results"]["bindings"]]


def over(dataset: Dataset, query: str) -> list[dict[str, str]]:
    """Give the solutions over the dataset itself."""
    return rows(answer(dataset, Task(query, SOLUTION_FORMATS[0])))


@pytest.fixture(scope="module")
def codes(dataset: Dataset) -> set[str]:
    return {row["code"] for row in over(dataset, f"SELECT ?code {{ {COUNTRIES} }}")}


@pytest.mark.parametrize("kind", ["form", "direct", "get"])
def test_ten_thousand_bindings_are_joined(kind: str, server: str, codes: set[str]) -> None:
    """As another engine sends them: in front of a sub-select of everything."""
    number = 20 if kind == "get" else 10_000
    others = " ".join(f"(<{BASE}id/country/nowhere-{i:05d}>)" for i in range(number))
    own = " ".join(f"(<{BASE}id/country/{code}>)" for code in codes)
    query = f"SELECT * {{ VALUES (?country) {{ {others} {own} }} {{ SELECT * {{ {COUNTRIES} }} }} }}"
    if kind == "form":
        found = send(server, "POST", urllib.parse.urlencode({"query": query}), Content_Type=FORM, Accept=RESULTS)
    elif kind == "direct":
        found = send(server, "POST", query, Content_Type="application/sparql-query", Accept=RESULTS)
    else:
        found = send(server, "GET", path=f"/sparql?{urllib.parse.urlencode({'query': query})}", Accept=RESULTS)
    assert (found[0], found[1]["content-type"]) == (200, RESULTS)
    assert {row["code"] for row in rows(found[2])} == codes
    assert len(rows(found[2])) == len(codes)


def test_head_tells_what_get_would(server: str) -> None:
    path = f"/sparql?{urllib.parse.urlencode({'query': f'SELECT * {{ {COUNTRIES} }}'})}"
    head, get = (send(server, method, path=path, Accept=RESULTS) for method in ("HEAD", "GET"))
    assert head[0] == get[0] == 200
    assert head[2] == b""
    assert {n: v for n, v in head[1].items() if n != "date"} == {n: v for n, v in get[1].items() if n != "date"}


def test_no_cookie_is_ever_set(server: str) -> None:
    for path in ("/", "/sparql", "/queries", "/federation", "/sparql?query=ASK%7B%7D"):
        for accept in ("text/html", RESULTS, "text/turtle"):
            assert "set-cookie" not in send(server, "GET", path=path, Accept=accept)[1]


QUERIES: Final = {
    "everything": "SERVICE <%s> { ?country <%s#isoAlpha2> ?code }",
    "a join with bindings": "VALUES ?code { 'BY' 'KR' 'XX' } SERVICE <%s> { ?country <%s#isoAlpha2> ?code }",
    "a sub-select": "SERVICE <%s> { SELECT * { ?country <%s#isoAlpha2> ?code } ORDER BY ?code LIMIT 5 }",
    "an optional part": "VALUES ?code { 'BY' 'XX' } OPTIONAL { SERVICE <%s> { ?country <%s#isoAlpha2> ?code } }",
    "a filter and an optional part inside": "SERVICE <%s> { ?country <%s#isoAlpha2> ?code . FILTER(?code < 'C') "
    "OPTIONAL { ?country <http://www.w3.org/2004/02/skos/core#prefLabel> ?label FILTER(LANG(?label) = 'en') } }",
    "silence": "SERVICE SILENT <%s> { ?country <%s#isoAlpha2> ?code }",
}


RDFLIB: Final = {"a join with bindings", "everything"}
"""What rdflib 7.6 can carry out: with SILENT, a sub-select or an optional part it loses solutions, whomever it asks."""


@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    with oxigraph([]) as address:
        yield address


@pytest.mark.parametrize("name", QUERIES)
def test_oxigraph_and_rdflib_federate_with_us(name: str, client: str, server: str, dataset: Dataset) -> None:
    """Both get what the same pattern gives over the dataset itself."""
    pattern = QUERIES[name]
    query = f"SELECT * {{ {pattern % (f'{server}sparql', f'{BASE}ontology')} }}"
    local = pattern.replace("SERVICE SILENT <%s>", "").replace("SERVICE <%s>", "") % f"{BASE}ontology"
    found = over(dataset, f"SELECT * {{ {local} }}")
    names = sorted({name for row in found for name in row})
    expected = sorted([row.get(n, "") for n in names] for row in found)
    assert expected
    url = f"{client}?{urllib.parse.urlencode({'query': query})}"
    request = urllib.request.Request(url, headers={"Accept": RESULTS})  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - the same
        assert sorted([row.get(n, "") for n in names] for row in rows(response.read())) == expected
    if name in RDFLIB:
        theirs = rdflib.Graph().query(query)
        assert sorted([str(row.get(n, "")) for n in names] for row in theirs.bindings) == expected
