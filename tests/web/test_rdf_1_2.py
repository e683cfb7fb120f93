"""Documents in RDF 1.2: what RDF 1.1 has, and a reifier for each statement in it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from conftest import BASE
from coopkg.rdf.formats import GRAPH_FORMATS, RDF_1_2_FORMATS, Format
from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.reification import PARTS, RDF_REIFIES, STATEMENT
from coopkg.web.app import create_app
from http_client import get

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from coopkg.answers.service import Service

TURTLE = "text/turtle; version=1.2; charset=utf-8"
GRAPH = "graph/evidence/high-tech-country"
TRIPLE = "/id/triple/high-tech-country-019-2"


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


@pytest.fixture(scope="module")
def addresses(client: FlaskClient) -> list[str]:
    """Give the path of a statement, of what no statement is in, of a document that is computed, and of each graph."""
    query = f"SELECT DISTINCT ?g {{ GRAPH ?g {{ ?s a {STATEMENT} }} }}"
    answer = json.loads(client.get("/sparql", query_string={"query": query}).data)
    graphs = [row["g"]["value"].removeprefix(BASE) for row in answer["results"]["bindings"]]
    assert graphs
    return [TRIPLE, "/id/country/BY", "/catalog", *(f"/{graph}" for graph in graphs)]


def read(response: TestResponse, fmt: Format) -> ox.Dataset:
    assert response.status_code == 200, response.data
    dataset = ox.Dataset(ox.parse(response.data, fmt.rdf))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def reifying(found: ox.Dataset) -> set[ox.Quad]:
    return set(found.quads_for_predicate(RDF_REIFIES))


def assert_both(plain: ox.Dataset, both: ox.Dataset) -> int:
    """See that a document has what the other one has, and a reifier of the triple of each statement, and no more."""
    assert not reifying(plain)
    reified = reifying(both)
    assert {q for q in both} - reified == set(plain)  # noqa: C416 - a dataset gives what it has by being gone through
    of_class = [q for q in plain.quads_for_object(STATEMENT) if q.predicate == RDF_TYPE]
    statements = {(q.subject, q.graph_name) for q in of_class}
    assert len(reified) == len(statements)
    for quad in reified:
        assert (quad.subject, quad.graph_name) in statements
        term = quad.object
        assert isinstance(term, ox.Triple)
        for part, value in zip(PARTS, (term.subject, term.predicate, term.object), strict=True):
            assert ox.Quad(quad.subject, part, value, quad.graph_name) in plain
    return len(reified)


@pytest.mark.parametrize("fmt", RDF_1_2_FORMATS, ids=lambda fmt: fmt.name)
def test_documents_have_reifiers_where_they_are_asked_for(
    client: FlaskClient, addresses: list[str], fmt: Format
) -> None:
    numbers = []
    for address in addresses:
        old = client.get(address, headers={"Accept": fmt.media_type})
        new = client.get(address, headers={"Accept": f"{fmt.media_type};version=1.2"})
        assert new.content_type == fmt.content_type
        assert "Accept" in new.headers["Vary"]
        assert new.headers["ETag"] != old.headers["ETag"]
        numbers.append(assert_both(read(old, fmt), read(new, fmt)))
        again = client.get(new.headers["Content-Location"])
        assert (again.data, again.headers["ETag"]) == (new.data, new.headers["ETag"])
        held = {"If-None-Match": new.headers["ETag"]}
        assert client.get(new.headers["Content-Location"], headers=held).status_code == 304
        assert client.get(address, headers={"Accept": fmt.media_type, **held}).status_code == 200
    assert numbers[:3] == [1, 0, 0]
    assert all(numbers[3:])


def test_who_does_not_ask_gets_what_there_was(client: FlaskClient, addresses: list[str]) -> None:
    for address in addresses:
        for fmt in GRAPH_FORMATS:
            plain = client.get(f"{address}.{fmt.name}")
            for asked in (
                client.get(f"{address}.{fmt.name}?version=1.1"),
                client.get(address, headers={"Accept": f"{fmt.media_type};version=1.1"}),
                client.get(address, headers={"Accept": fmt.media_type}),
                client.get(f"{address}.{fmt.name}", headers={"Accept": "text/turtle;version=1.2"}),
            ):
                assert (asked.data, asked.content_type) == (plain.data, fmt.content_type)
                assert asked.headers["ETag"] == plain.headers["ETag"]
                assert asked.headers["Content-Location"] == f"{address}.{fmt.name}"


@pytest.mark.parametrize("target", ["default", f"graph={BASE}{GRAPH}"])
def test_the_graph_store_gives_graphs_in_rdf_1_2(client: FlaskClient, target: str) -> None:
    turtle = GRAPH_FORMATS[0]
    old = client.get(f"/graphs?{target}", headers={"Accept": "text/turtle"})
    new = client.get(f"/graphs?{target}", headers={"Accept": "text/turtle;version=1.2"})
    assert assert_both(read(old, turtle), read(new, turtle)) > 100
    assert new.content_type == TURTLE
    assert "Accept" in new.headers["Vary"]
    assert old.headers["ETag"] != new.headers["ETag"]
    named = client.get(f"/graphs?{target}&version=1.2", headers={"Accept": "text/turtle"})
    assert read(named, turtle) == read(new, turtle)
    assert named.headers["ETag"] == new.headers["ETag"]


@pytest.mark.parametrize("name", ["all.nq", "all.trig", f"{GRAPH}.nq", f"{GRAPH}.ttl", "graph/inferred.nq"])
def test_dumps_have_reifiers_where_they_are_asked_for(client: FlaskClient, name: str) -> None:
    fmt = next(f for f in GRAPH_FORMATS if name.endswith(f".{f.name}"))
    old, new = client.get(f"/dumps/{name}"), client.get(f"/dumps/{name}?version=1.2")
    assert (assert_both(read(old, fmt), read(new, fmt)) > 100) == ("inferred" not in name)
    assert new.content_type == next(f for f in RDF_1_2_FORMATS if f.rdf == fmt.rdf).content_type
    assert old.headers["ETag"] != new.headers["ETag"]
    assert client.get(f"/dumps/{name}?version=1.1").headers["ETag"] == old.headers["ETag"]
    zipped = client.get(f"/dumps/{name}.gz?version=1.2")
    assert gzip.decompress(zipped.data) == new.data
    if fmt.name == "nq" and name != "all.nq":
        lines = new.data.decode().split("\n")[:-1]
        assert lines == sorted(set(lines))


@pytest.mark.parametrize("address", ["/id/country/BY", "/id/country/BY.ttl", "/graphs", "/dumps/all.nq"])
@pytest.mark.parametrize("version", ["1.3", "", "1.2&version=1.1"])
def test_a_version_that_there_is_not_is_a_mistake_in_an_address(
    client: FlaskClient, address: str, version: str
) -> None:
    found = client.get(f"{address}?{'default&' if address == '/graphs' else ''}version={version}")
    assert found.status_code == 400
    assert "The version of RDF is 1.1" in found.json["detail"]


@pytest.mark.parametrize("address", ["/id/country/BY", "/graphs?default", "/catalog"])
@pytest.mark.parametrize("accept", ["text/turtle;version=1.3", "application/ld+json;version=1.2"])
def test_a_version_that_there_is_not_is_not_acceptable(client: FlaskClient, address: str, accept: str) -> None:
    found = client.get(address, headers={"Accept": accept})
    assert found.status_code == 406
    assert "text/turtle; version=1.2" in found.json["detail"]
    assert client.get(address, headers={"Accept": f"{accept}, text/turtle;q=0.1"}).status_code == 200


def test_a_page_is_of_no_version(client: FlaskClient) -> None:
    for address in ("/id/country/BY.html?version=1.2", "/id/country/BY?version=1.2"):
        found = client.get(address, headers={"Accept": "text/html"})
        assert (found.status_code, found.mimetype) == (200, "text/html")
    assert client.get("/id/country/BY.jsonld?version=1.2").status_code == 406


def test_queries_have_the_same_answers_as_before(client: FlaskClient) -> None:
    query = f"PREFIX rdf: <{STANDARD_PREFIXES['rdf']}> DESCRIBE ?s {{ ?s a rdf:Statement }} ORDER BY ?s LIMIT 5"
    answers = [
        client.get("/sparql", query_string={"query": query}, headers={"Accept": f"text/turtle{version}"})
        for version in ("", ";version=1.1", ";version=1.2")
    ]
    assert {(a.data, a.content_type, a.headers["ETag"]) for a in answers} == {
        (answers[0].data, "text/turtle; charset=utf-8", answers[0].headers["ETag"])
    }
    assert answers[0].status_code == 200


def test_triple_terms_in_json_ld_are_not_acceptable_instead_of_a_failure(client: FlaskClient, server: str) -> None:
    query = "CONSTRUCT { ?s <http://e/p> <<( ?s ?p ?o )>> } { ?s ?p ?o FILTER(isIRI(?s)) } LIMIT 1"
    found = client.get("/sparql", query_string={"query": query}, headers={"Accept": "application/ld+json"})
    assert found.status_code == 406
    address = f"{server}sparql?{urlencode({'query': query})}"
    status, _, body = get(address, Accept="application/ld+json")
    assert status == 406
    assert b"JSON-LD" in body
    assert b"text/turtle" in body
    assert get(address, Accept="text/turtle")[0] == 200


def test_a_server_gives_rdf_1_2(server: str) -> None:
    _, _, plain = get(f"{server}dumps/{GRAPH}.nq")
    _, fields, both = get(f"{server}dumps/{GRAPH}.nq?version=1.2")
    assert fields["content-type"] == "application/n-quads; version=1.2"
    lines = set(both.split(b"\n"))
    assert lines > set(plain.split(b"\n"))
    assert sum(b"reifies" in line for line in lines) > 100
    assert get(f"{server}dumps/{GRAPH}.nq?version=3")[0] == 400
    _, fields, document = get(f"{server}{GRAPH}.nt?version=1.2")
    assert fields["content-type"] == "application/n-triples; version=1.2"
    assert document.count(b"reifies> <<(") == sum(b"reifies" in line for line in lines)
