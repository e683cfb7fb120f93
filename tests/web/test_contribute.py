"""Forms: made of the shapes, filled in, held against the shapes; nothing that is typed can hurt."""

from __future__ import annotations

import html
import random
import re
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import run_coopkg, start_server, stop
from contributed_project import PROJECT
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.web.app import create_app
from coopkg.web.forms.entered_values import free_name, slug, terms_of
from coopkg.web.forms.form_model import Field, forms
from coopkg.web.i18n import words

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from coopkg.answers.service import Service

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html"}
HOSTILE = '"><script>alert(1)</script>\u202e'


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def send(client: FlaskClient, name: str = "Project", query: str = "", **changed: object) -> TestResponse:
    data = {key: value for key, value in {**PROJECT, **changed}.items() if value is not None}
    return client.post(f"/contribute/{name}{query}", data=data, headers=HTML)


def test_there_is_a_form_for_every_class_of_facts(client: FlaskClient, service: Service) -> None:
    page = client.get("/contribute?lang=be", headers=HTML).get_data(as_text=True)
    assert {"Project", "Agreement", "CommissionSession", "Organization", "Person"} <= set(forms(service))
    assert not {"Claim", "Country", "SourceDocument", "Topic"} & set(forms(service))
    for name in forms(service):
        assert f'href="/contribute/{name}?lang=be"' in page
        assert client.get(f"/contribute/{name}", headers=HTML).status_code == 200


def test_fields_come_from_the_shapes(service: Service) -> None:
    found = {field.key: field for field in forms(service)["CommissionSession"].fields}
    assert (found["skos:prefLabel"].kind, found["skos:prefLabel"].least) == ("texts", 1)
    assert (found["coop:hasParty"].kind, found["coop:hasParty"].least) == ("node", 2)
    assert found["coop:hasParty"].cls == f"{DEFAULT_BASE}ontology#Country"
    assert found["coop:hasStatus"].kind == "choice"
    assert f"<{DEFAULT_BASE}id/status/completed>" in found["coop:hasStatus"].options
    project = {field.key: field for field in forms(service)["Project"].fields}
    assert project["coop:grantNumber"].pattern == "^[0-9]{6,9}$"
    assert {"coop:hasParticipant", "coop:isImplementedBy"} <= set(project), "alternatives of a path are fields"
    assert "coop:hasTopic" in project, "what projects of the graph have is asked for too"
    observation = {field.key: field for field in forms(service)["Observation"].fields}
    assert observation["coop:value"].kind == "decimal"


def test_fields_are_what_a_browser_understands(client: FlaskClient) -> None:
    page = client.get("/contribute/Project?lang=ru", headers=HTML).get_data(as_text=True)
    assert re.search(r'<input id="coop:grantNumber"[^>]* pattern="\[0-9\]\{6,9\}"', page)
    label = re.search(r'<input id="skos:prefLabel@be"[^>]* lang="be"[^>]*>', page)
    assert label
    assert "required" not in label[0], "one language is enough"
    assert re.search(r'<select id="coop:hasStatus" name="coop:hasStatus"', page)
    assert re.search(r'<input id="coop:hasParticipant"[^>]* list="(list-\d+)"', page)
    assert '<option value="body:bsu">Белорусский государственный университет</option>' in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_from_form_to_turtle_that_conforms(client: FlaskClient, language: str) -> None:
    page = send(client, query=f"?lang={language}")
    text = html.unescape(page.get_data(as_text=True))
    assert page.status_code == 200
    assert 'class="say good"' in text
    assert "\nproject:lake-ice\n    a coop:Project ;" in text
    turtle = send(client, do="turtle")
    assert turtle.headers["Content-Disposition"] == "attachment; filename=contribution.ttl"
    quads = list(ox.parse(turtle.data, ox.RdfFormat.TURTLE))
    assert any(q.subject.value.endswith("claim/gknt-2017-12-12-013") for q in quads)  # type: ignore[union-attr]
    report = client.post("/validate", data=turtle.data, content_type="text/turtle").get_json()
    assert report["counts"]["Violation"] == 0
    assert report["counts"]["Warning"] == 0


def test_a_new_source_comes_with_the_fact(client: FlaskClient) -> None:
    new = {"source": None, "title@en": "Ice of lakes", "title@ru": "Лёд озёр", "title@be": "Лёд азёр",
           "issued": "2026-01-02", "page": "https://example.org/ice"}  # fmt: skip
    turtle = send(client, do="turtle", **new)
    report = client.post("/validate", data=turtle.data, content_type="text/turtle").get_json()
    assert report["counts"]["Violation"] == 0, report["results"]
    assert b"source:ice-of-lakes" in turtle.data


def test_the_claim_of_a_form_supports_each_triple_that_needs_evidence(client: FlaskClient) -> None:
    """No more than those: labels and certainties need none."""
    coop, rdf = f"{DEFAULT_BASE}ontology#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    quads = list(ox.parse(send(client, do="turtle").data, ox.RdfFormat.TURTLE))
    supported = {q.object for q in quads if q.predicate.value == f"{coop}supports"}
    stated: dict[object, dict[str, object]] = {}
    for quad in quads:
        if quad.subject in supported:
            stated.setdefault(quad.subject, {})[quad.predicate.value.removeprefix(rdf)] = quad.object
    triples = {(s["subject"], s["predicate"], s["object"]) for s in stated.values()}
    assert {p.value.removeprefix(coop) for _, p, _ in triples} == {"hasParticipant", "hasStatus", "isUnderProgram"}  # type: ignore[attr-defined]
    assert triples <= {(q.subject, q.predicate, q.object) for q in quads}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"skos:prefLabel@en": "", "skos:prefLabel@ru": "", "skos:prefLabel@be": ""}, "skos:prefLabel@en"),
        ({"source": ""}, "source"),
        ({"source": "nowhere"}, "source"),
        ({"paraphrase@ru": "short"}, "paraphrase@ru"),
        ({"coop:hasParticipant": "no such body"}, "coop:hasParticipant"),
        ({"coop:hasStatus": "<x:y>"}, "coop:hasStatus"),
        ({"voice": "direct-quote"}, "speaker"),
        ({"voice": "somebody"}, "voice"),
        ({"id": "Lake Ice"}, "id"),
        ({"id": "supertwin"}, "id"),
        ({"passage": "ice", "start": "x"}, "start"),
        ({"dcterms:source": "javascript:alert(1)"}, "dcterms:source"),
        ({"coop:duration": "four years"}, "coop:duration"),
        ({"coop:grantNumber": ["101234", "101235"]}, "coop:grantNumber"),
        ({"source": "", "title@en": "News", "issued": "2023-02-31"}, "issued"),
    ],
)
def test_what_is_wrong_leads_to_its_field(client: FlaskClient, changed: dict[str, object], key: str) -> None:
    page = send(client, **changed).get_data(as_text=True)
    assert f'href="#{key}"' in page
    assert f'id="{key}"' in page
    assert 'class="wrong' in page


def test_what_the_shapes_refuse_is_beside_its_field_too(client: FlaskClient) -> None:
    page = send(client, **{"coop:isUnderProgram": "body:bsu"}).get_data(as_text=True)
    assert 'href="#coop:isUnderProgram"' in page
    assert "The fact breaks 1 rule" in page or "2 rules" in page or "field wants a look" in page
    assert 'name="token"' not in page


def test_another_row_needs_no_script_and_loses_nothing(client: FlaskClient) -> None:
    page = send(client, more="coop:hasParticipant").get_data(as_text=True)
    assert 'name="coop:hasParticipant" type="text" value="body:bsu"' in page
    assert page.count('name="coop:hasParticipant"') == 2
    assert "Озёрный лёд" in page
    assert 'role="alert"' not in page


def test_a_thing_leads_to_its_correction(client: FlaskClient) -> None:
    page = client.get("/id/project/supertwin?lang=en", headers=HTML).get_data(as_text=True)
    address = re.search(r'<a href="([^"]+)" rel="nofollow">Suggest a correction</a>', page)
    assert address
    assert client.get(html.unescape(address[1]), headers=HTML).status_code == 303
    assert "Suggest a correction" not in client.get("/id/country/BY?lang=en", headers=HTML).get_data(as_text=True)


def test_a_correction_begins_with_what_is_said(client: FlaskClient) -> None:
    about = f"{DEFAULT_BASE}id/project/supertwin"
    led = client.get("/contribute", query_string={"about": "project:supertwin"}, headers=HTML)
    assert led.headers["Location"].startswith("/contribute/Project?about=")
    page = client.get(led.headers["Location"], headers=HTML).get_data(as_text=True)
    fields = re.findall(r'<input id="[^"]*" name="([^"]*)" type="\w+" value="([^"]*)"', page)
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(html.unescape(value))
    assert data["coop:hasTopic"]
    chosen = re.search(r'<option value="([^"]+)" selected', page.split('id="coop:hasStatus"')[1])
    notes = re.findall(r'name="(skos:note@\w+)"[^>]*>\n([^<]*)</textarea>', page)
    filled = {**{k: v for k, v in PROJECT.items() if k in {"source", "certainty", "voice"} or "para" in k}, **data,
              **{k: html.unescape(v) for k, v in notes},
              "coop:hasStatus": html.unescape(chosen[1]) if chosen else "", "about": about,
              "skos:prefLabel@en": "Super Twin"}  # fmt: skip
    patch = client.post("/contribute/Project", data={**filled, "do": "patch"}, headers=HTML).get_data(as_text=True)
    removed = [row for row in patch.splitlines() if row.startswith("D ")]
    assert [row for row in removed if "id/triple/" not in row] == [
        row for row in removed if row.startswith(f"D <{about}>")
    ]
    assert sum(row.startswith(f"D <{about}>") for row in removed) == 1
    assert "prefLabel" in removed[0]
    assert sum("id/triple/" in row for row in removed) == 5, "the statement of a triple goes with it"
    assert f'A <{about}> <http://www.w3.org/2004/02/skos/core#prefLabel> "Super Twin"@en <' in patch
    assert '22-rdf-syntax-ns#object> "Super Twin"@en <' in patch, (
        "a claim that adds nothing but a name supports the name"
    )
    shown = client.post("/contribute/Project", data=filled, headers=HTML).get_data(as_text=True)
    assert "What would be taken back" in shown


@pytest.mark.parametrize("about", ["project:nothing", "country:BY", "not an iri", "<x:y> ; DROP ALL"])
def test_there_is_no_form_for_what_is_no_fact(client: FlaskClient, about: str) -> None:
    assert client.get("/contribute", query_string={"about": about}, headers=HTML).status_code in {400, 404}


def test_hostile_values_stay_text(client: FlaskClient) -> None:
    keys = [key for key in PROJECT if key not in {"certainty", "voice"}]
    page = send(client, **dict.fromkeys([*keys, "id", "about2", "passage", "dcterms:title@en"], HOSTILE))
    assert page.status_code == 200
    assert "<script>alert" not in page.get_data(as_text=True)
    turtle = send(client, do="turtle", **{"skos:note@en": HOSTILE + '\\" . <x:a> <x:b> <x:c> .\n"""'})
    assert {q.subject.value.startswith(DEFAULT_BASE) for q in ox.parse(turtle.data, ox.RdfFormat.TURTLE)} == {True}  # type: ignore[union-attr]


def test_values_out_of_measure_are_refused(client: FlaskClient) -> None:
    assert send(client, **{"skos:note@en": "x" * 10_001}).status_code == 400
    assert send(client, **{"coop:hasTopic": ["x"] * 51}).status_code == 400


@pytest.mark.parametrize("seed", range(8))
def test_no_form_breaks_the_parser(client: FlaskClient, service: Service, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    pieces = [
        "",
        "\0",
        "\ud800",
        "é" * 99,
        "<x>",
        "body:bsu",
        "-1",
        "1e9",
        "2020-02-30",
        "\r\n",
        "a:b:c",
        '"',
        "\\",
        "{}",
    ]
    pieces += ["http://a b", "coop:", ":", "@en", "\u2028", "9" * 400, "true", f"<{DEFAULT_BASE}id/status/ongoing>"]
    form = dice.choice(list(forms(service).values()))
    keys = [field.key for field in form.fields] + [f"{f.key}@en" for f in form.fields] + list(PROJECT) + ["id", "start"]
    pairs = [(dice.choice(keys), "".join(dice.choices(pieces, k=dice.randint(0, 3)))) for _ in range(60)]
    body = urllib.parse.urlencode(pairs, errors="surrogatepass")
    page = client.post(f"/contribute/{form.name}", data=body, headers=HTML,
                       content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert page.status_code in {200, 400}


def test_other_sites_may_not_post(client: FlaskClient) -> None:
    page = client.post("/contribute/Project", data=PROJECT, headers={**HTML, "Origin": "https://evil.example"})
    assert page.status_code == 403


def test_a_label_in_one_language_is_enough_and_the_others_are_wanted(client: FlaskClient) -> None:
    page = send(client, **{"skos:prefLabel@ru": None, "skos:prefLabel@be": None}).get_data(as_text=True)
    assert 'class="wrong"' not in page
    assert "A preferred label in Russian is wanted" in html.unescape(page)
    assert "The fact breaks" not in page


@pytest.mark.parametrize("key", ["source", "certainty", "voice", "paraphrase@en", "id", "do"])
def test_a_field_of_one_value_is_not_taken_twice(client: FlaskClient, key: str) -> None:
    twice = send(client, **{key: [PROJECT.get(key) or "x", "another"]})
    assert twice.status_code == 400
    assert key in html.unescape(twice.get_data(as_text=True))


@pytest.mark.parametrize(
    ("kind", "datatype", "wrong", "right"),
    [
        ("decimal", "", ["1,234", "1 234", "1,5", "1.234,5", "1e3", "١"], ["1234.5", "-.5", "1000"]),
        ("integer", "", ["1,234", "1.0", ""], ["1234"]),
        (
            "date",
            "",
            ["2023-02-31", "2023-02-29", "2023-13-01", "2023-2-1", "31.01.2023"],
            ["2024-02-29", "2023-12-31"],
        ),
        ("year", "", ["23", "02023", "twenty"], ["2023"]),
        ("text", "gYearMonth", ["2023-13", "2023"], ["2023-02"]),
        ("text", "dateTime", ["2023-02-31T00:00:00Z", "2023-02-28T25:00:00Z", "2023-02-28"], ["2024-02-29T12:00:00Z"]),
    ],
)
def test_a_value_is_taken_in_the_form_of_its_datatype_alone(
    kind: str, datatype: str, wrong: list[str], right: list[str]
) -> None:
    asked = Field("x", "x", kind, datatype=f"http://www.w3.org/2001/XMLSchema#{datatype}" if datatype else "")
    for text in filter(None, wrong):
        terms, troubles = terms_of(asked, {"x": [text]}, {}, lambda text, _cls: text)
        assert (terms, [trouble.key for trouble in troubles]) == ([], ["x"]), text
        said = [words(language)(troubles[0].message, **troubles[0].values) for language in ("en", "ru", "be")]
        assert len(set(said)) == 3
        assert all(text in sentence for sentence in said)
    assert [str(terms_of(asked, {"x": [text]}, {}, lambda t, _: t)[0][0].value) for text in right] == right


def test_names_for_iris() -> None:
    assert slug("  Électrode – Materials, 2nd! ") == "electrode-materials-2nd"
    assert slug("Лёд") == ""
    assert free_name("x", {"x", "x-2"}.__contains__) == "x-3"


def test_a_token_writes_what_the_form_holds(tmp_path: Path) -> None:
    tokens = {}
    for scope in ("facts", "graphs"):
        added = run_coopkg("token", "add", scope, "--scope", scope, "--home", str(tmp_path))
        tokens[scope] = next(word for word in added.stdout.split() if len(word) > 30)
    process, address = start_server("--home", str(tmp_path))

    def post(**fields: str) -> tuple[int, str, str, str]:
        data = urllib.parse.urlencode({**PROJECT, **fields}).encode()
        request = urllib.request.Request(f"{address}contribute/Project", data, {"Accept": "text/html"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
                return answer.status, answer.url, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            return error.code, "", error.read().decode(), error.headers.get("WWW-Authenticate", "")

    try:
        status, _, page, challenge = post(do="write", token="coop_wrong")  # noqa: S106
        assert (status, challenge, "This token is not known here" in page) == (401, 'Bearer realm="coopkg"', True)
        assert "coop_wrong" not in page
        status, where, page, _ = post(do="write", token=tokens["facts"])
        assert (status, where) == (200, f"{address}changes/2")
        assert tokens["facts"] not in page
        assert "Add project:lake-ice" in page
        assert "project:lake-ice-2" in post()[2], "the name that is proposed is free"
        change = {"about": "project:supertwin", "do": "write"}
        assert post(**change, token=tokens["facts"])[0] == 403, "what other graphs say is taken back by graphs alone"
        status, where, page, _ = post(**change, token=tokens["graphs"])
        assert (status, where) == (200, f"{address}changes/3")
        assert "Correct project:supertwin" in page
        assert '<li class="removed">' in page
        assert ">Lake ice</a>" in page
    finally:
        stop(process)
