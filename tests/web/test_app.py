"""The routes, through Flask's test client: the application is complete without a front."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from conftest import BASE, NOBODY
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS
from coopkg.settings import Settings
from coopkg.web.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

SELECT = "SELECT ?s WHERE { ?s a <http://127.0.0.1:8000/ontology#Country> } ORDER BY ?s LIMIT 2"
CONSTRUCT = "CONSTRUCT WHERE { <http://127.0.0.1:8000/id/country/BY> ?p ?o }"


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


@pytest.mark.parametrize("fmt", SOLUTION_FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("query", [SELECT, "ASK {}"])
def test_solutions_in_every_format(client: FlaskClient, fmt: object, query: str) -> None:
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": fmt.media_type})  # type: ignore[attr-defined]
    assert (response.status_code, response.headers["Content-Type"]) == (200, fmt.content_type)  # type: ignore[attr-defined]
    assert response.data


@pytest.mark.parametrize("fmt", GRAPH_FORMATS, ids=lambda f: f.name)
def test_graphs_in_every_format(client: FlaskClient, fmt: object) -> None:
    response = client.post(
        "/sparql", data=CONSTRUCT, headers={"Accept": fmt.media_type, "Content-Type": "application/sparql-query"}  # type: ignore[attr-defined]
    )  # fmt: skip
    assert (response.status_code, response.headers["Content-Type"]) == (200, fmt.content_type)  # type: ignore[attr-defined]
    assert b"Belarus" in response.data


@pytest.mark.parametrize(
    ("parameters", "status", "needle"),
    [
        ({"query": "SELECT * { ?s ?p"}, 400, "1:17"),
        ({"query": "SELECT * { ?s foo:bar ?o }"}, 400, "prefix foo:"),
        ({"query": "SELECT * { SERVICE <http://127.0.0.1:1/> {} }"}, 403, "SERVICE"),
        ({"query": "SELECT * " + "{" * 3000}, 400, "nested"),
        ({"query": "INSERT DATA {}"}, 400, "no SELECT"),
        ({"foo": "bar"}, 400, "exactly one query"),
        ({"query": SELECT, "format": "nonsense"}, 406, "nonsense"),
    ],
)
def test_errors_are_problems(client: FlaskClient, parameters: dict[str, str], status: int, needle: str) -> None:
    response = client.get("/sparql", query_string=parameters)
    document = json.loads(response.data)
    assert (response.status_code, document["status"]) == (status, status)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert needle in document["detail"]


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("SELECT * { ?s foaf:nam ?o }", "PREFIX foaf: <http://xmlns.com/foaf/0.1/>"),
        ("SELECT * { ?s cop:member ?o }", "PREFIX coop: <http://127.0.0.1:8000/ontology#>"),
        ("SELCT * { ?s ?p ?o }", "SELECT"),
        ("SELECT * { ?s ?p ?o FILTR(?o > 1) }", "FILTER"),
    ],
)
def test_a_syntax_error_says_what_a_misspelt_word_may_have_meant(
    client: FlaskClient, query: str, suggestion: str
) -> None:
    document = json.loads(client.get("/sparql", query_string={"query": query}).data)
    assert document["suggestion"] == suggestion
    assert len(document["queryId"]) == 12


def test_a_misspelt_entity_is_an_error_with_the_near_ones_of_the_data(client: FlaskClient) -> None:
    page = client.get("/id/project/SURERTWIN")
    assert (page.status_code, json.loads(page.data)["suggestion"]) == (404, ["project:supertwin"])
    saved = client.get("/queries/relations-of-a-country?country=country:BLR", headers={"Accept": "text/csv"})
    assert saved.status_code == 400
    assert b"Did you mean country:BY?" in saved.data


def test_what_begins_with_the_word_is_offered_before_what_is_found_by_its_name(client: FlaskClient) -> None:
    offered = [entry["text"] for entry in client.get("/complete", query_string={"q": "coop:Commis"}).json]
    begin = [text for text in offered if text.startswith("coop:Commis")]
    assert "coop:CommissionSession" in begin
    assert begin == offered[: len(begin)]
    assert len(begin) < len(offered)  # others follow, whatever their uses


def test_an_answer_has_an_address(client: FlaskClient) -> None:
    by_get = client.get("/sparql?query=ASK%7B%7D")
    assert by_get.headers["Content-Location"] == "/sparql?query=ASK%7B%7D&format=json"
    by_post = client.post("/sparql", data="ASK{}", content_type="application/sparql-query")
    assert client.get(by_post.headers["Content-Location"]).data == by_post.data
    assert 'rel="service-desc"' in by_get.headers["Link"]


def test_a_person_sees_an_answer_as_a_table(client: FlaskClient) -> None:
    query = "SELECT ?s ?o { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?o }"
    answer = client.get("/sparql", query_string={"query": query}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert b'<th scope="col">o</th>' in answer.data
    assert b"format=csv" in answer.data
    many = client.get("/sparql", query_string={"query": "SELECT * { ?s ?p ?o }"}, headers={"Accept": "text/html"})
    assert b"Rows 1 to 200 of " in many.data


def test_a_page_of_another_site_may_not_write() -> None:
    scratch = create_app(Settings(scratch=True)).test_client()
    update = {"data": "INSERT DATA { <urn:a> <urn:b> 1 }", "content_type": "application/sparql-update"}
    assert scratch.post("/update", headers={"Origin": "https://evil.example"}, **update).status_code == 403
    assert scratch.post("/update", headers={"Origin": "http://localhost"}, **update).status_code == 200


def test_errors_are_pages_for_browsers(client: FlaskClient) -> None:
    response = client.get("/queries/<script>", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert b"<script>" not in response.data
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_unknown_graphs_are_empty(client: FlaskClient) -> None:
    response = client.get(
        "/sparql", query_string={"query": "SELECT * { ?s ?p ?o }", "default-graph-uri": "http://e/none"}
    )
    assert json.loads(response.data)["results"]["bindings"] == []


@pytest.mark.parametrize(
    "path", ["/", "/queries", "/queries/commission-sessions-by-year", "/queries/cooperation-graph"]
)
@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_pages(client: FlaskClient, path: str, language: str) -> None:
    response = client.get(path, query_string={"lang": language}, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["Content-Language"] == language
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert b"<script>" not in response.data


def test_saved_queries_are_a_rest_interface(client: FlaskClient) -> None:
    listing = json.loads(client.get("/queries").data)
    assert {"slug", "form", "summary", "tags", "parameters"} <= set(listing[0])
    answer = client.get("/queries/commission-sessions-by-year.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.data.decode().split("\r\n")) == 12
    assert client.get("/queries/commission-sessions-by-year.rq").data.startswith(b"#+")
    assert client.get("/queries/none").status_code == 404


def test_health_ready_limits(client: FlaskClient, service: Service) -> None:
    assert json.loads(client.get("/health").data)["status"] == "ok"
    assert json.loads(client.get("/ready").data)["quads"] == service.engine.info()["quads"]
    assert json.loads(client.get("/limits").data) == service.settings.limits()


def test_an_answer_that_the_client_has_is_304_before_anything_is_evaluated(client: FlaskClient) -> None:
    first = client.get("/sparql", query_string={"query": SELECT})
    tag = first.headers["ETag"]
    again = client.get("/sparql", query_string={"query": SELECT}, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    other = client.get("/sparql", query_string={"query": SELECT}, headers={"If-None-Match": tag, "Accept": "text/csv"})
    assert (other.status_code, other.headers["ETag"] == tag) == (200, False)


@pytest.mark.parametrize("expression", ["NOW()", "RAND()", "UUID()", "STRUUID()"])
def test_what_differs_each_time_has_no_tag(client: FlaskClient, expression: str) -> None:
    response = client.get("/sparql", query_string={"query": f"SELECT ({expression} AS ?x) {{}}"})
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_writes_are_off_unless_the_server_is_for_scratch(client: FlaskClient) -> None:
    assert client.post("/update", data={"update": "CLEAR ALL"}).status_code == 403
    assert client.put("/graphs?default", data="", content_type="text/turtle").status_code == 403
    assert client.get("/update?update=CLEAR+ALL").status_code == 405


def test_the_service_description_names_formats_and_graphs(client: FlaskClient) -> None:
    text = client.get("/sparql", headers={"Accept": "application/n-triples"}).data.decode()
    for fmt in (*SOLUTION_FORMATS, *GRAPH_FORMATS):
        assert f"<{fmt.iri}>" in text
    assert "UnionDefaultGraph" in text
    assert "<http://127.0.0.1:8000/graph/source/high-tech-country>" in text
    assert "SPARQL11Update" not in text


def test_an_unknown_function_is_an_expression_error(client: FlaskClient) -> None:
    query = "SELECT ?x ?y { VALUES ?x { 1 2 } BIND(<http://e/unknown>(?x) AS ?y) FILTER(!BOUND(?y)) }"
    answer = json.loads(client.get("/sparql", query_string={"query": query}).data)
    assert [sorted(row) for row in answer["results"]["bindings"]] == [["x"], ["x"]]


def test_a_page_that_lists_only_some_says_so(client: FlaskClient) -> None:
    crowded = client.get("/id/certainty/asserted", headers={"Accept": "text/html"}).data.decode()
    assert "the first 6 of " in crowded
    rest = re.search(r'href="(/query[?]query=[^"]+)" rel="nofollow">the first 6 of ([0-9]+)', crowded)
    assert rest is not None
    assert f" {rest[2]} " in client.get(unescape(rest[1]), headers={"Accept": "text/html"}).data.decode()
    assert (
        "the first 6 of "
        not in client.get("/id/result/supertwin-microscope", headers={"Accept": "text/html"}).data.decode()
    )


class _Broken:
    """An engine with a fault that nobody foresaw."""

    def tag(self) -> str:
        raise LookupError("a secret of the server")

    ask = info = change = tag


def test_an_unforeseen_fault_is_a_500_problem_that_tells_no_secret(service: Service) -> None:
    app = create_app(service=replace(service, engine=_Broken()))  # type: ignore[arg-type]
    response = app.test_client().get("/sparql", query_string={"query": SELECT})
    assert (response.status_code, response.headers["Content-Type"]) == (500, "application/problem+json")
    assert b"secret" not in response.data


@pytest.mark.parametrize("query", ["SELECT * { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"])
def test_an_answer_past_its_cap_is_an_error_whatever_its_form(service: Service, query: str) -> None:
    small = replace(service, settings=replace(service.settings, answer_bytes=1000))
    response = create_app(service=small).test_client().get("/sparql", query_string={"query": query})
    assert (response.status_code, json.loads(response.data)["bound"]) == (413, 1000)


@pytest.mark.parametrize(
    "path",
    ["/explain?predicate=a&object=x:o&subject=", "/contribute?about=", "/queries/relations-of-a-country.csv?country="],
)
@pytest.mark.parametrize("odd", ["x:%EF%BF%BD", "x:%EE%80%80", "x:%00", "country:B%20Y"])
def test_what_is_no_iri_is_the_askers_mistake(client: FlaskClient, path: str, odd: str) -> None:
    assert client.get(path + odd).status_code == 400


@pytest.mark.parametrize("path", ["/sparql", "/validate", "/facts", "/update", "/contribute/Project"])
def test_no_body_is_decompressed(client: FlaskClient, path: str) -> None:
    response = client.post(path, data=gzip.compress(b"ASK {}"), headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.headers["Accept-Encoding"]) == (415, "identity")


@pytest.mark.parametrize("path", ["/", "/federation", "/api", "/queries/bilateral-partners"])
def test_a_page_names_the_address_that_the_operator_chose_not_the_one_of_a_proxy(path: str) -> None:
    base = "https://data.example.org/"
    client = create_app(replace(Settings.from_environment(), base=base, federation=NOBODY)).test_client()
    body = client.get(path, headers={"Accept": "text/html", "Host": "inner.example:81"}).text
    assert f"{base}sparql" in body.replace("&#34;", '"')
    assert "inner.example" not in body


@pytest.mark.parametrize(
    "path",
    [
        "/sparql?query=ASK{}&format=",
        "/queries.",
        "/queries/bilateral-partners.",
        "/explain?subject=country:BY&predicate=a&object=coop:Country&format=",
        "/status?format=",
    ],
)
def test_a_format_that_there_is_not_is_told_alike_everywhere(client: FlaskClient, path: str) -> None:
    response = client.get(f"{path}nonsense", headers={"Accept": "application/json"})
    assert response.status_code == 406
    assert response.get_json()["detail"].startswith("There is no format 'nonsense' here; there are ")
    assert response.get_json()["available"]


@pytest.mark.parametrize("path", ["/changes", "/graphs?graph=http://127.0.0.1:8000/graph/reference", "/ontology.ttl"])
def test_whoever_has_it_already_is_told_so_in_whatever_coding(client: FlaskClient, path: str) -> None:
    tag = client.get(path).headers["ETag"]
    for field in (tag, f'{tag[:-1]}-gzip"', f'"other", W/{tag}'):
        again = client.get(path, headers={"If-None-Match": field})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    "name", ["x%3E", "x%3E%20%7B%7D%20%7D%20HAVING%20%281%3D1%29%20%23", "%20", "x%22", "a%5Cb", "%7Bx%7D"]
)
def test_an_address_of_a_graph_that_is_no_iri_is_refused_whatever_the_method(method: str, name: str) -> None:
    """It was put into a query text by GET, and was a fault of the server to the others."""
    client = create_app(Settings(scratch=True)).test_client()
    headers = {"Content-Type": "text/turtle", "Accept": "text/turtle"}
    data = b"<http://e/a> <http://e/b> 1 ." if method in {"PUT", "POST"} else None
    response = client.open(f"/graphs/{name}", method=method, data=data, headers=headers)
    assert response.status_code == 400
    assert client.get("/sparql?query=ASK%7BGRAPH%20%3Fg%7B%3Fs%20%3Fp%20%3Fo%7D%7D").json == {
        "head": {},
        "boolean": False,
    }


def test_a_graph_has_a_head(service: Service) -> None:
    client = create_app(service=service).test_client()
    for address in ("/graphs?default", f"/graphs?graph={BASE}graph/reference"):
        response = client.head(address, headers={"Accept": "text/turtle"})
        assert (response.status_code, response.data) == (200, b"")
    assert client.head("/graphs/nothing", headers={"Accept": "text/turtle"}).status_code == 404
