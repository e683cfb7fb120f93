"""Dereferencing through Flask's test client: statuses, links, validators, and what is in a page besides its triples."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

import pages
from conftest import BASE, opened
from coopkg.answers.publication.schema_org import script, structured
from coopkg.dataset.store import load_dataset
from coopkg.rdf.namespaces import EXAMPLES, prefixes
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.web.rendering import own_link

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service
    from coopkg.dataset.store import Dataset

SH = "http://www.w3.org/ns/shacl#"


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def count(client: FlaskClient, where: str, what: str = "*") -> int:
    answer = json.loads(client.get("/sparql", query_string={"query": f"SELECT (COUNT({what}) AS ?n) {where}"}).data)
    return int(answer["results"]["bindings"][0]["n"]["value"])


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/id/country/BY", "text/turtle", 200),
        ("/id/country/BY", "image/png", 406),
        ("/id/country/BY.html", "text/turtle", 200),
        ("/id/country/BY.rdf", "text/html", 200),
        ("/id/country/none", "text/turtle", 404),
        ("/graph/none", "text/turtle", 404),
        ("/ontology/0.1.0", "text/turtle", 200),
        ("/ontology/0.0.9", "text/turtle", 404),
    ],
)
def test_statuses(client: FlaskClient, path: str, accept: str, status: int) -> None:
    assert client.get(path, headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize("accept", ["text/turtle", "text/html"])
def test_a_representation_names_the_iri_its_own_address_and_all_others(client: FlaskClient, accept: str) -> None:
    response = client.get("/id/country/BY", headers={"Accept": accept})
    own = "ttl" if accept == "text/turtle" else "html"
    assert response.headers["Content-Location"] == f"/id/country/BY.{own}"
    links = response.headers["Link"]
    assert f'<{BASE}id/country/BY>; rel="canonical"' in links
    assert f'<{BASE}id/country/BY>; rel="describes"' in links
    assert 'creativecommons.org/licenses/by/4.0/>; rel="license"' in links
    for suffix in {"html", "ttl", "nt", "jsonld", "rdf", "nq", "trig"} - {own}:
        assert f"<./BY.{suffix}>" in links
    assert f"<./BY.{own}>" not in links


@pytest.mark.parametrize("accept", ["text/turtle", "text/html"])
def test_who_has_it_already_is_told_so(client: FlaskClient, accept: str) -> None:
    first = client.get("/id/country/BY", headers={"Accept": accept})
    tag = first.headers["ETag"]
    again = client.get("/id/country/BY", headers={"Accept": accept, "If-None-Match": tag})
    assert (tag[0], again.status_code, again.data, again.headers["ETag"]) == ('"', 304, b"", tag)
    other = client.get("/id/country/BY?lang=be", headers={"Accept": accept, "If-None-Match": tag})
    assert other.status_code == (304 if accept == "text/turtle" else 200)


class Silent:
    """An engine that must not be asked."""

    def __init__(self, tag: str) -> None:
        self.current = tag

    def tag(self) -> str:
        return self.current


@pytest.mark.parametrize("accept", ["text/turtle", "text/html"])
def test_nothing_is_asked_for_who_has_it_already(client: FlaskClient, service: Service, accept: str) -> None:
    tag = client.get("/id/country/BY", headers={"Accept": accept}).headers["ETag"]
    silent = replace(service, engine=Silent(service.engine.tag()))  # type: ignore[arg-type]
    headers = {"Accept": accept, "If-None-Match": tag}
    assert create_app(service=silent).test_client().get("/id/country/BY", headers=headers).status_code == 304


def test_a_page_tells_what_is_inferred_and_where_its_proof_is(client: FlaskClient) -> None:
    html = client.get("/id/project/supertwin", headers={"Accept": "text/html"}).data.decode()
    read = pages.read(html, f"{BASE}id/project/supertwin")
    involves = (f"{BASE}id/project/supertwin", f"<{BASE}ontology#involvesCountry>", f"<{BASE}id/country/BY>")
    asserted = (f"{BASE}id/project/supertwin", f"<{BASE}ontology#involvesCountry>", f"<{BASE}id/country/FR>")
    assert involves in read.inferred
    assert asserted in read.triples - read.inferred
    body = client.get("/graph/inferred.nt").data
    said = pages.loose([quad.triple for quad in ox.parse(body, ox.RdfFormat.N_TRIPLES)])
    assert read.inferred == {triple for triple in said if triple[0] == f"{BASE}id/project/supertwin"}
    proof = re.search(r'href="(/explain[?]subject=[^"]+)"', html)
    assert proof is not None
    assert client.get(unescape(proof[1]), headers={"Accept": "text/html"}).status_code == 200


def test_a_page_has_its_data_in_the_terms_of_schema_org(client: FlaskClient) -> None:
    html = client.get("/id/country/BY", headers={"Accept": "text/html"}).data.decode()
    (data,) = pages.read(html, f"{BASE}id/country/BY").structured
    assert (data["@id"], data["@type"]) == (f"{BASE}id/country/BY", "Country")
    assert {"@value": "Belarus", "@language": "en"} in data["name"]
    assert {"@id": "http://www.wikidata.org/entity/Q184"} in data["sameAs"]


def test_nothing_ends_the_script_or_is_a_link_that_runs() -> None:
    iri = ox.NamedNode("http://e/x")
    label = ox.NamedNode(prefixes()["skos"] + "prefLabel")
    value = structured([ox.Triple(iri, label, ox.Literal("</script><script>alert(1)//"))], iri.value)
    assert "<" not in script(value)
    assert json.loads(script(value)) == value
    assert own_link("javascript:alert(1)", BASE) == ""


def test_the_terms_of_the_ontology_have_their_place_on_its_page(client: FlaskClient) -> None:
    html = client.get("/ontology", headers={"Accept": "text/html"}).data.decode()
    assert '<li id="Country"' in html
    assert '<li id="hasParty"' in html


def test_saved_queries_are_described_or_answered(client: FlaskClient) -> None:
    described = client.get("/queries/commission-sessions-by-year", headers={"Accept": "text/turtle"})
    assert described.status_code == 200
    assert b"sh:SPARQLSelectExecutable" in described.data
    answered = client.get("/queries/cooperation-graph", headers={"Accept": "text/turtle"})
    assert b"sh:SPARQL" not in answered.data
    assert f'</{EXAMPLES}>; rel="describedby"' in answered.headers["Link"]
    assert client.get("/queries/commission-sessions-by-year.exe").status_code == 406
    listed = client.get("/queries.ttl")
    assert listed.data == client.get("/queries", headers={"Accept": "text/turtle"}).data
    assert client.get("/queries.html").headers["Content-Type"].startswith("text/html")


def test_a_saved_query_says_the_same_on_its_page_and_in_rdf(client: FlaskClient, service: Service) -> None:
    forms = {"SELECT", "ASK"}
    described = [query for query in service.queries.values() if query.form in forms and not query.parameters]
    assert len(described) > 20
    for query in described[::6]:
        html = unescape(client.get(f"/queries/{query.slug}", headers={"Accept": "text/html"}).data.decode())
        triples = list(ox.parse(client.get(f"/queries/{query.slug}.nt").data, ox.RdfFormat.N_TRIPLES))
        texts = {q.object.value for q in triples if q.predicate.value in {f"{SH}select", f"{SH}ask"}}  # type: ignore[union-attr]
        english = {q.object.value for q in triples if getattr(q.object, "language", None) == "en"}  # type: ignore[union-attr]
        assert texts == {query.text}
        body = "\n".join(line for line in query.text.splitlines() if not line.startswith("#+")).strip()
        assert all(text in html for text in (body, *english))


def test_examples_and_prefixes_can_be_asked_for_as_editors_do(client: FlaskClient, service: Service) -> None:
    which = f"?q a <{SH}SPARQLExecutable> ; <http://www.w3.org/2000/01/rdf-schema#comment> ?c ; "
    which += f"<{SH}select>|<{SH}ask>|<{SH}construct>|<{SH}describe> ?text"
    for text in (
        f"FROM <{BASE}{EXAMPLES}> {{ {which} }}",
        f"{{ GRAPH <{BASE}{EXAMPLES}> {{ {which} }} }}",
        f"FROM NAMED <{BASE}{EXAMPLES}> {{ GRAPH ?g {{ {which} }} }}",
        f"{{ VALUES ?g {{ <{BASE}{EXAMPLES}> }} GRAPH ?g {{ {which} }} }}",
        f"{{ GRAPH <{BASE}.w\\u0065ll-known/sparql-examples> {{ {which} }} }}",
    ):
        assert count(client, text, "DISTINCT ?q") == len(service.queries)
    declared = f"FROM <{BASE}{EXAMPLES}> {{ ?d <{SH}prefix> ?p ; <{SH}namespace> ?i }}"
    assert count(client, declared) == len(prefixes())


def test_examples_are_no_part_of_the_facts(client: FlaskClient, dataset: Dataset) -> None:
    assert dataset.closure is not None
    triples = len({quad.triple for quad in dataset.closure.store})
    assert count(client, "{ ?s ?p ?o }") == triples
    beside = f"{{ SELECT DISTINCT (1 AS ?x) {{ GRAPH <{BASE}{EXAMPLES}> {{}} }} }}"
    assert count(client, f"{{ ?s ?p ?o {beside} }}") == triples
    assert count(client, f"{{ ?s a <{SH}SPARQLExecutable> }}") == 0
    assert count(client, f"{{ GRAPH ?g {{ ?s a <{SH}SPARQLExecutable> }} }}") == 0
    asked = {"query": f"ASK {{ ?s a <{SH}SPARQLExecutable> }}", "default-graph-uri": BASE + EXAMPLES}
    assert json.loads(client.get("/sparql", query_string=asked).data)["boolean"] is True


@pytest.mark.parametrize(
    ("clause", "pattern", "number"),
    [
        ("FROM <{base}graph/reference>", "?s ?p ?o", 650),
        ("FROM NAMED <{base}graph/reference>", "GRAPH ?g { ?s ?p ?o }", 650),
        ("FROM NAMED <{base}graph/reference>", "?s ?p ?o", 0),
        ("FROM <{base}graph/none>", "?s ?p ?o", 0),
    ],
)
def test_a_dataset_clause_takes_the_place_of_the_union(
    client: FlaskClient, clause: str, pattern: str, number: int
) -> None:
    assert count(client, f"{clause.format(base=BASE)} {{ {pattern} }}") == number


def test_describe_gives_each_triple_once(client: FlaskClient) -> None:
    lines = client.get("/id/country/BY.nt").data.decode().splitlines()
    assert len(lines) == len(set(lines)) > 100


@pytest.mark.parametrize("name", ["a%20b", "a%7Cb", "50%25", "%22x%22", "мир", "%5E"])
def test_an_iri_with_escapes_resolves(name: str) -> None:
    made = load_dataset(Settings(alignments="none"))
    thing = ox.NamedNode(f"{BASE}id/x/{name}")
    made.store.add(ox.Quad(thing, ox.NamedNode("http://e/p"), ox.Literal("here"), ox.NamedNode("http://e/g")))
    asking = create_app(service=opened(made)).test_client()
    for accept in ("text/turtle", "text/html"):
        answer = asking.get(f"/id/x/{name}", headers={"Accept": accept})
        assert (answer.status_code, "here" in answer.text) == (200, True)


def test_a_parameter_that_would_not_be_heeded_is_refused(client: FlaskClient) -> None:
    answer = client.get("/id/project/supertwin?entailment=off", headers={"Accept": "application/json"})
    assert (answer.status_code, "/sparql can leave them out" in answer.text) == (400, True)
