"""The page that asks: views, labels, parameters, sharing, errors in place, why an answer is empty; nothing hostile."""

from __future__ import annotations

import gzip
import html
import json
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest

from addresses import HTML, addresses
from conftest import opened
from coopkg.answers.empty_results import diagnose
from coopkg.answers.saved_queries import bound_text, load_queries
from coopkg.answers.saved_query_runs import same_answer
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import load_dataset
from coopkg.errors import Forbidden
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.web.i18n import words
from coopkg.web.parts.code_snippets import Asked, curl, python, r
from coopkg.web.rendering import own_link
from coopkg.workers.preview import COUNTED, preview
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

BASE = "http://127.0.0.1:8000/"
PROLOGUE = f"PREFIX coop: <{BASE}ontology#>\nPREFIX country: <{BASE}id/country/>\nPREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
QUERIES = load_queries(find_published())
APP = create_app(service=opened(load_with_closure(Settings())))
PATHS = addresses(APP)


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def ask(client: FlaskClient, query: str, **parameters: str) -> str:
    return client.get("/query", query_string={"query": PROLOGUE + query, **parameters}, headers=HTML).data.decode()


@pytest.mark.parametrize("path", PATHS)
def test_every_page_keeps_to_its_size(path: str) -> None:
    page = APP.test_client().get(path, headers=HTML)
    assert page.status_code in {200, 400, 404}
    assert len(gzip.compress(page.data, 6)) <= (30 if path == "/" else 12) * 1024


def test_styles_and_scripts_keep_their_budget() -> None:
    folder = find_published().root / "server" / "coopkg" / "web" / "static"
    if not folder.is_dir():
        pytest.skip("the published files are not those of a checkout")
    assert len(gzip.compress((folder / "coopkg.css").read_bytes())) <= 6 * 1024
    assert sum(len(gzip.compress(path.read_bytes())) for path in folder.glob("*.js")) <= 15 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_links_of_a_page_lead_somewhere(path: str) -> None:
    client = APP.test_client()
    text = client.get(path, headers=HTML).data.decode()
    own = (path.partition("?")[0] + "?", "/nothing")  # the same page in another language, whatever its status
    skipped = ("/id/", "/source/", "/ontology/")  # the graph's own are dereferenced in their own tests
    for link in sorted(set(re.findall(r'(?:href|src|action)="(/[^"#]*)', text))):
        if not link.startswith((*own, *skipped)):
            with client.get(html.unescape(link), headers={"Accept": "text/html,*/*;q=0.8"}) as found:
                assert found.status_code in {200, 303}, link


@pytest.mark.parametrize("slug", QUERIES)
def test_every_saved_query_has_a_page_in_its_view(client: FlaskClient, slug: str) -> None:
    text = client.get(f"/queries/{slug}", headers=HTML).data.decode()
    saved = QUERIES[slug]
    view = "Chart" if saved.view == "bar" else saved.view.title()
    assert f'aria-current="true">{view}<' in text or saved.form == "ASK" or "No rows" in text


@pytest.mark.parametrize("slug", [slug for slug, query in QUERIES.items() if query.parameters])
def test_a_bound_text_asks_the_same_as_the_parameters(service: Service, slug: str) -> None:
    query = QUERIES[slug]
    text = bound_text(query, {}, BASE)
    assert "#+" not in text
    one = service.ask(Task(text, query.format, BASE))
    assert same_answer(query, one, service.ask(query.task({}, query.format, BASE)))


def test_labels_are_shown_in_the_language_and_multiply_nothing(client: FlaskClient) -> None:
    text = ask(client, "SELECT ?s { VALUES ?s { country:CN country:RS } }", lang="be")
    assert "Кітай" in text
    assert text.count("<tr>") == 3


def test_a_label_in_another_language_says_so(client: FlaskClient) -> None:
    text = ask(client, 'SELECT ("Straße"@de AS ?x) {}')
    assert '<bdi lang="de">Straße</bdi>' in text
    assert ">de</span>" in text


def test_the_terms_of_an_answer_are_shown_whole(client: FlaskClient) -> None:
    text = html.unescape(ask(client, 'SELECT ("שלום"@he--rtl AS ?x) ("1.10"^^<urn:n> AS ?y) {}', view="raw"))
    assert '"שלום"@he--rtl\t"1.10"^^<urn:n>' in text


def test_a_column_that_only_names_the_thing_beside_it_is_folded_and_the_page_says_so(client: FlaskClient) -> None:
    query = 'SELECT ?s ?sLabel { ?s a coop:Country ; skos:prefLabel ?sLabel FILTER(LANG(?sLabel) = "en") }'
    assert "sLabel: shown as the names" in ask(client, query)
    other = 'SELECT ?s ?sLabel { ?s a coop:Country BIND("another" AS ?sLabel) }'
    assert ">sLabel</th>" in ask(client, other)


def test_rows_beyond_those_shown_are_counted_and_led_to(client: FlaskClient) -> None:
    query = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o"
    first, second = ask(client, query), ask(client, query, **{"from": "201"})
    assert "Rows 1 to 200 of " in first
    assert "from=201" in first
    assert "Rows 201 to 400 of " in second
    beyond = ask(client, "SELECT ?c { ?c a coop:Country }", **{"from": "900"})
    assert "25 rows" in beyond


def test_a_preview_counts_no_further_than_it_says() -> None:
    import pyoxigraph as ox  # noqa: PLC0415 - the engine, for this test alone

    store = ox.Store()
    values = " ".join(map(str, range(400)))
    result = store.query(f"SELECT * {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} }}")
    assert isinstance(result, ox.QuerySolutions)
    found = json.loads(preview(result, 10, 5))
    assert (len(found["rows"]), found["total"], found["more"]) == (10, COUNTED + 15, True)


def test_a_graph_has_each_triple_once(client: FlaskClient) -> None:
    assert "1 row ·" in re.sub(
        r"\s+", " ", ask(client, "CONSTRUCT { country:CN a coop:Country } { ?s a coop:Country }", view="table")
    )


def test_a_view_that_a_text_asks_for_is_taken(client: FlaskClient) -> None:
    text = ask(client, "#defaultView:Map\nSELECT ?c { ?c a coop:Country }")
    assert 'class="chart map"' in text


def test_the_state_of_the_page_is_in_its_address(client: FlaskClient) -> None:
    text = ask(client, "SELECT ?c { ?c a coop:Country }", view="map", entailment="off")
    permalink = html.unescape(re.findall(r">(http://localhost/query\?[^<]*)<", text)[0])
    assert "view=map" in permalink
    assert "entailment=off" in permalink
    again = client.get(permalink.removeprefix("http://localhost"), headers=HTML).data.decode()
    assert 'class="chart map"' in again
    assert 'value="off" checked' in again
    assert "entailment=off" in unquote(html.unescape(re.findall(r'href="(/sparql\?[^"]*format=csv)"', text)[0]))


def test_an_address_with_a_format_leads_to_that_format(client: FlaskClient) -> None:
    page = client.get("/query?query=ASK%7B%7D&view=table&format=csv", headers=HTML, follow_redirects=True)
    assert page.content_type.startswith("text/csv")
    assert page.data == b"true"


def test_the_text_that_an_editor_begins_with_has_an_answer(client: FlaskClient) -> None:
    page = client.get("/query", headers=HTML).data.decode()
    text = html.unescape(re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[0])
    assert "Horizon 2020" in client.get("/query", query_string={"query": text}, headers=HTML).data.decode()


def test_a_posted_query_is_answered_too(client: FlaskClient) -> None:
    page = client.post("/query", data={"query": "ASK {}"}, headers=HTML)
    assert page.status_code == 200
    assert ">Yes</p>" in page.data.decode()
    assert "ETag" not in page.headers


def test_an_error_stands_on_the_page_with_the_text_and_its_place(client: FlaskClient) -> None:
    page = client.get("/query?query=SELECT * {%0A ?s foaf:nam ?o }", headers=HTML)
    text = page.data.decode()
    assert page.status_code == 400
    assert 'data-line="2" data-column="5"' in text
    assert "PREFIX foaf:" in text


def test_a_parameter_that_the_graph_does_not_know_stands_above_its_field(client: FlaskClient) -> None:
    page = client.get("/queries/relations-of-a-country?country=country:BLR", headers=HTML)
    assert page.status_code == 400
    assert "country:BY" in page.data.decode()
    assert "<select" in page.data.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/queries/planned-for-a-day?date=2018-01-01&date=2018-01-02",
        "/queries/planned-for-a-day.json?date=2018-01-01&date=2018-01-01",
        "/queries/planned-for-a-day.json?format=json&format=csv&date=2018-01-01&date=2018-01-01",
        "/search?q=one&q=two",
        "/changes?before=1&before=2",
        "/sitemap.xml?page=1&page=2",
        "/contribute/Project?about=project:supertwin&about=project:supertwin",
        "/explain?subject=country:BY&subject=country:PL&predicate=a&object=coop:Country",
        "/status?format=json&format=html",
    ],
)
def test_a_parameter_is_not_taken_twice(client: FlaskClient, path: str) -> None:
    for headers in ({}, HTML):
        response = client.get(path, headers=headers)
        assert response.status_code == 400, response.data
        assert "stands once" in response.get_data(as_text=True)


def test_a_parameter_is_chosen_from_the_things_of_its_class(client: FlaskClient) -> None:
    text = client.get("/queries/relations-of-a-country?lang=ru", headers=HTML).data.decode()
    assert '<option value="country:CN"' in text
    assert text.count("<option") == 25


@pytest.mark.parametrize(
    ("pattern", "fault", "hint"),
    [
        ("?s a coop:Projet", "?s a coop:Projet", ("coop:Projet", "coop:Project")),
        ('?s skos:prefLabel "Cuba" . ?s a coop:Country', '?s skos:prefLabel "Cuba"', ('"Cuba"', '"Cuba"@en')),
        ("?s a coop:CommissionSession ; coop:hasParty country:Belarus", "?s coop:hasParty country:Belarus",
         ("country:Belarus", "country:BY")),
        ("?s a coop:Country . FILTER(?s = 3)", "FILTER(?s = 3)", None),
        ("?s a coop:Country ; coop:isoAlpha2 ?c . ?t a coop:Project ; coop:isoAlpha2 ?c", "?t coop:isoAlpha2 ?c", None),
    ],
)  # fmt: skip
def test_an_empty_answer_is_explained(service: Service, pattern: str, fault: str, hint: tuple[str, str] | None) -> None:
    why = diagnose(service, Task(f"{PROLOGUE}SELECT * {{ {pattern} }}", SOLUTION_FORMATS[0], BASE))
    assert why.complete
    assert fault in {found.text for found in why.faults}
    if hint:
        assert hint in {pair for found in why.faults for pair in found.hints}


def test_a_plain_no_is_explained_too(client: FlaskClient) -> None:
    text = ask(client, "ASK { ?s a coop:Projet }", why="1")
    assert "coop:Projet perhaps coop:Project" in text


def test_modifiers_are_at_fault_where_the_patterns_match(service: Service) -> None:
    text = f"{PROLOGUE}SELECT ?c {{ ?c a coop:Country }} LIMIT 0"
    assert diagnose(service, Task(text, SOLUTION_FORMATS[0], BASE)).modifiers


def test_an_explanation_asks_no_more_than_it_may(service: Service) -> None:
    patterns = " ".join(f"?s{n} a coop:Country ; coop:isoAlpha2 'X{n}' ." for n in range(30))
    why = diagnose(service, Task(f"{PROLOGUE}SELECT * {{ {patterns} }}", SOLUTION_FORMATS[0], BASE))
    assert not why.complete


NASTY = 'x\' """ \\ )"\'; rm -rf ~ $(id) `id` )-" \n?o \u202e'


def test_a_copied_command_is_one_word_for_the_shell() -> None:
    command = curl(Asked("http://e/sparql", {"query": NASTY}, "text/csv"))
    shown = subprocess.run(
        ["/bin/sh", "-c", command.replace("curl", "printf '%s\\0'", 1)], capture_output=True, check=True
    )
    assert shown.stdout.decode().split("\0")[-2] == f"query={NASTY}"


@pytest.mark.slow
def test_a_copied_program_runs_and_gives_the_answer(server: str) -> None:
    text = "SELECT ?s\n{ ?s a <http://127.0.0.1:8000/ontology#Country> } # \\ \"\"\" '''"
    program = python(Asked(f"{server}sparql", {"query": text}, "text/csv"))
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert len(shown.stdout.splitlines()) == 25


def test_a_copied_program_for_r_ends_its_string_where_it_should() -> None:
    program = r(Asked("http://e/sparql", {"query": 'a )" b )-" c'}, "text/csv"))
    assert 'query <- r"--(a )" b )-" c)--"' in program


@pytest.mark.parametrize(
    ("iri", "link"),
    [
        ("http://127.0.0.1:8000/id/country/BY", "/id/country/BY"),
        ("https://example.org/x", "https://example.org/x"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("http://127.0.0.1:8000//evil.example/x", "http://127.0.0.1:8000//evil.example/x"),
        ("http://[", "http://["),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("urn:x:y", ""),
        ("https://example.org/" + "x" * 3000, ""),
    ],
)
def test_only_some_schemes_become_links(iri: str, link: str) -> None:
    assert own_link(iri, BASE) == link


@pytest.mark.parametrize("view", ["table", "chart", "map", "timeline", "graph", "raw"])
def test_hostile_terms_are_harmless_in_every_view(client: FlaskClient, view: str) -> None:
    evil = "\\u202E<script>alert(1)</script>" + "x" * 10_000
    query = (
        f'SELECT (<javascript:alert(1)> AS ?a) (<http://e/"onload=x> AS ?aa) ("{evil}" AS ?b) (3 AS ?n) '
        '("2018-01-01"^^<http://www.w3.org/2001/XMLSchema#date> AS ?d) (1.5 AS ?lat) (2.5 AS ?long) {}'
    ).replace('<http://e/"onload=x>', "<http://e/%22onload>")
    text = ask(client, query, view=view)
    shown = re.sub(r"<textarea.*?</textarea>|<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert "<script>" not in text
    assert 'href="javascript' not in text
    assert "\u202e" not in shown


def test_an_answer_can_be_shown_elsewhere_and_no_other_page_can(client: FlaskClient) -> None:
    embedded = client.get("/embed/queries/bilateral-partners?view=map", headers=HTML)
    assert "frame-ancestors *" in embedded.headers["Content-Security-Policy"]
    assert 'class="chart map"' in embedded.data.decode()
    assert "frame-ancestors *" in client.get("/embed?query=ASK{}", headers=HTML).headers["Content-Security-Policy"]
    for path in PATHS:
        if not path.startswith("/embed"):
            assert "frame-ancestors 'none'" in client.get(path, headers=HTML).headers["Content-Security-Policy"]


def test_the_address_of_an_embedded_answer_is_offered(client: FlaskClient) -> None:
    text = html.unescape(client.get("/queries/bilateral-partners", headers=HTML).data.decode())
    assert 'iframe src="http://localhost/embed/queries/bilateral-partners?view=map"' in html.unescape(text)
    own = html.unescape(html.unescape(client.get(f"/query?query={quote('ASK {}')}", headers=HTML).data.decode()))
    assert "http://localhost/embed?query=ASK" in own


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ru", "be"])
@pytest.mark.parametrize("path", PATHS)
def test_no_page_shows_a_message_in_another_language(path: str, language: str) -> None:
    english, own = words("en").messages, words(language).messages
    text = APP.test_client().get(path, headers={**HTML, "Accept-Language": language}).data.decode()
    shown = html.unescape(re.sub(r"<(\w+)[^>]* lang=\"en\".*?</\1>", "", text, flags=re.DOTALL))
    for key, message in english.items():
        if isinstance(message, str) and len(message) > 14 and message != own[key] and "{" not in message:
            assert message not in shown, key
        assert f">{key}<" not in shown


@pytest.mark.parametrize("path", ["/search?q=alert", "/query?query=SELECT+*+%7B+%3Fs+a+%3Curn:evil%3E+;+%3Fp+%3Fo+%7D",
                                  "/search?type=coop:Country&q=alert", "/complete?q=alert"])  # fmt: skip
def test_hostile_data_are_harmless(path: str) -> None:
    import pyoxigraph as ox  # noqa: PLC0415 - the engine, to spoil its store

    dataset = load_dataset(Settings())
    evil = ox.NamedNode(f"{BASE}id/country/'onclick='alert(1)")
    label = ox.Literal("\u202e<script>alert(1)</script>" + "y" * 10_000, language="en")
    for predicate, value in (
        (ox.NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel"), label),
        (ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), ox.NamedNode(f"{BASE}ontology#Country")),
        (ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), ox.NamedNode("urn:evil")),
        (ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#seeAlso"), ox.NamedNode("javascript:alert(1)")),
    ):
        dataset.store.add(ox.Quad(evil, predicate, value, ox.NamedNode(f"{BASE}graph/reference")))
    app = create_app(service=opened(dataset))
    page = app.test_client().get(path, headers=HTML)
    text = page.data.decode()
    assert page.status_code == 200
    assert "alert(1)" in text or path.startswith("/complete")  # which offers only what has a prefixed name
    if page.content_type.startswith("text/html"):
        assert "<script>" not in text
        assert "\u202e" not in text
        assert " onclick='" not in text
        assert 'href="javascript' not in text
        assert len(text) < 40_000


def test_saying_why_an_answer_is_empty_makes_no_request(service: Service) -> None:
    """The patterns are asked one by one, SERVICE past the list of endpoints among them: the canary is never called."""
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.settimeout(0.2)
        away = f"http://127.0.0.1:{canary.getsockname()[1]}/"
        text = f"SELECT * {{ SERVICE SILENT <{away}> {{ ?s ?p ?o }} ?a <{BASE}no-property> ?b }}"
        with pytest.raises(Forbidden):
            service.engine.ask(Task(text, SOLUTION_FORMATS[0], BASE))
        why = diagnose(service, Task(text, SOLUTION_FORMATS[0], BASE))
        with pytest.raises(TimeoutError):
            canary.accept()
    assert not why.complete
    assert [fault.text for fault in why.faults] == [f"?a <{BASE}no-property> ?b"]


def test_a_page_is_not_unchanged_because_any_would_do(client: FlaskClient) -> None:
    """A star stands for whatever there is, so it is no answer before one knows that there is something (13.1.2)."""
    star = {"Accept": "text/html", "If-None-Match": "*"}
    assert client.get("/id/country/NOWHERE", headers=star).status_code == 404
    assert client.get("/query", query_string={"query": "SELECT (RAND() AS ?x) {}"}, headers=star).status_code == 200


def test_an_embedded_answer_says_how_much_of_it_is_shown(client: FlaskClient) -> None:
    every = {"query": "SELECT * { ?s ?p ?o } LIMIT 301", "entailment": "off"}
    for view in ("table", "raw", "graph"):
        body = client.get("/embed", query_string={**every, "view": view}).text
        assert "Rows 1 to 200 of 301" in body
        assert str(words("en")("answer.stated_only")) in body
    assert "200 rows" in client.get("/embed", query_string={"query": "SELECT * { ?s ?p ?o } LIMIT 200"}).text
