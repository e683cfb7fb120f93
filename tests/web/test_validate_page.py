"""The page of ``/validate``: what it says of a document, its marks and fixes, in three languages, no script."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import ROOT
from coopkg.errors import BadParameter
from coopkg.rdf.namespaces import DEFAULT_BASE, STANDARD_PREFIXES, prefixes
from coopkg.rdf.shown_terms import ShownTerm, shown_iri
from coopkg.shacl.change_preview import ChangePreview
from coopkg.shacl.report import Report
from coopkg.shacl.report_formats import page_data
from coopkg.shacl.report_formats.outcome import ReportView
from coopkg.web.app import create_app
from coopkg.web.parts.report_view import with_edits

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from coopkg.answers.service import Service

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html"}
MISTAKES = (ROOT / "tests/cases/validation/three-mistakes.ttl").read_text(encoding="utf-8")
HOSTILE = '<script>alert(1)</script>"\u202e' + "x" * 10_000


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def send(client: FlaskClient, text: str, query: str = "", **fields: str) -> TestResponse:
    return client.post(f"/validate{query}", data={"text": text, **fields}, headers=HTML)


def field(page: str, name: str) -> list[str]:
    """The values of the buttons of that name."""
    return [html.unescape(value) for value in re.findall(f'name="{name}" value="([^"]*)"', page)]


@pytest.mark.parametrize(
    ("language", "header"),
    [
        ("en", "3 problems</a>, 39 facts checked"),
        ("ru", "3 проблемы</a>, проверено 39 фактов"),
        ("be", "3 праблемы</a>, праверана 39 фактаў"),
    ],
)
def test_the_header_counts_in_every_language(client: FlaskClient, language: str, header: str) -> None:
    page = send(client, MISTAKES, f"?lang={language}")
    assert (page.status_code, page.headers["Content-Language"]) == (200, language)
    assert header in page.get_data(as_text=True)
    assert "ETag" not in page.headers
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_problem_leads_to_its_marked_line_and_back(client: FlaskClient) -> None:
    page = send(client, MISTAKES, "?against=nothing").get_data(as_text=True)
    for line in re.findall(r'href="#(d0-\d+)"', page):
        assert re.search(rf'<li id="{line}" value="{line[3:]}" class="hit">.*<mark>.*href="#r\d+"', page)
    assert "<mark>coop:hasVoise</mark>" in page


def test_applying_fixes_mends_the_document(client: FlaskClient) -> None:
    page = send(client, MISTAKES).get_data(as_text=True)
    one, *_, every = field(page, "apply")
    assert "2 problems</a>" in send(client, MISTAKES, apply=one).get_data(as_text=True)
    whole = send(client, MISTAKES.replace("\n", "\r\n"), apply=every).get_data(as_text=True)
    assert "problem</a>" not in whole
    assert "coop:hasVoice voice:document" in html.unescape(whole)


def test_a_fix_of_a_file_with_other_line_ends_fits_what_the_browser_sends_back(client: FlaskClient) -> None:
    import io  # noqa: PLC0415

    file = (io.BytesIO(MISTAKES.replace("\n", "\r\n").encode()), "f.ttl")
    page = client.post("/validate", data={"data": file, "against": "nothing"}, headers=HTML).get_data(as_text=True)
    again = send(client, MISTAKES, apply=field(page, "apply")[-1], against="nothing", name="f.ttl")
    assert "problem</a>" not in again.get_data(as_text=True)


def test_syntax_errors_are_shown_at_their_lines(client: FlaskClient) -> None:
    text = (ROOT / "tests/cases/validation/syntax-errors.ttl").read_text(encoding="utf-8")
    page = send(client, text, "?lang=be")
    shown = page.get_data(as_text=True)
    assert page.status_code == 400
    assert "4 сінтаксічныя памылкі" in shown
    assert shown.count('class="hit"') == 3
    assert "@prefix coop:" in html.unescape(shown)


def test_what_would_change_is_told_with_names(client: FlaskClient) -> None:
    text = f"""@prefix coop: <{DEFAULT_BASE}ontology#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
    <{DEFAULT_BASE}id/country/QQ> a coop:Country ; skos:prefLabel "China"@en ."""
    page = send(client, text, "?lang=en").get_data(as_text=True)
    for needle in (
        "2 facts added",
        "1 new thing",
        "Perhaps the graph has it already",
        "/id/country/CN",
        "would follow",
    ):
        assert needle in page
    report = client.post("/validate", data=text, content_type="text/turtle").get_json()
    assert report["facts"] == 2
    assert report["changes"]["alike"] == [
        {"node": f"{DEFAULT_BASE}id/country/QQ", "other": f"{DEFAULT_BASE}id/country/CN", "name": "China"}
    ]


@pytest.mark.parametrize("name", ["json", "human", "turtle", "jsonld", "sarif", "junit"])
def test_the_form_saves_the_report_in_other_faces(client: FlaskClient, name: str) -> None:
    blank = client.get("/validate", headers=HTML).get_data(as_text=True)
    action = html.unescape(
        next(a for a in re.findall('formaction="([^"]+)"', blank) if f"={name}&" in html.unescape(a))
    )
    saved = client.post(action, data={"text": MISTAKES, "against": "nothing"}, headers=HTML)
    assert saved.status_code == 200
    assert saved.headers["Content-Disposition"].startswith("attachment; filename=report.")


def test_hostile_data_stay_text(client: FlaskClient) -> None:
    literal = HOSTILE.replace('"', '\\"')
    text = f"""@prefix coop: <{DEFAULT_BASE}ontology#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
    <javascript:alert(1)> a coop:Project ; skos:prefLabel "{literal}"@en ; coop:hasParty <data:text/html,x> ."""
    page = send(client, text, name="<b>../x\u202e.ttl").get_data(as_text=True)
    assert "<script>alert" not in page
    assert not re.search(r'href="(?:javascript|data):', page)
    assert "<b>.." not in page
    assert max(map(len, re.findall(r"<bdi[^>]*>([^<]*)</bdi>", page))) < 1000


@pytest.mark.parametrize(
    "value", ["x", "1:0:0:a", "0:9:3:a", "0:0:99999:a", "0:0:1:a;;", "0:-1:2:a", "0:0:4:a;0:2:5:b"]
)
def test_a_fix_that_does_not_belong_to_the_text_is_refused(value: str) -> None:
    with pytest.raises(BadParameter):
        with_edits(["abcdef"], value)


def test_a_long_document_is_shown_around_its_problems(client: FlaskClient) -> None:
    text = MISTAKES + "\n" * 400 + "<http://e/s> <http://e/p> 1 .\n"
    page = send(client, text, "?against=nothing").get_data(as_text=True)
    assert 'id="d0-16"' in page
    assert 'id="d0-100"' not in page


def test_a_contradiction_is_shown_with_its_grounds(client: FlaskClient) -> None:
    text = f"""@prefix coop: <{DEFAULT_BASE}ontology#> .
    <{DEFAULT_BASE}id/project/both> a coop:Project , coop:Country ."""
    page = send(client, text, "?lang=en").get_data(as_text=True)
    grounds = page.split("It follows from</h4>")[1].split("</ul>")[0]
    assert ">Project</a>" in grounds
    assert ">Country</a>" in grounds
    assert 'href="#d0-2"' in grounds
    assert ">axiom</span>" in grounds


def test_a_byte_order_mark_is_no_part_of_a_document(client: FlaskClient) -> None:
    document = b"\xef\xbb\xbf<http://e/s> a <http://127.0.0.1:8000/ontology#Agreement> ."
    sent = client.post("/validate?against=nothing&format=json", data=document, content_type="text/turtle")
    file = {"file": (io.BytesIO(document), "facts.ttl")}
    uploaded = client.post("/validate?against=nothing&format=json", data=file, content_type="multipart/form-data")
    assert [sent.json["facts"], uploaded.json["facts"]] == [1, 1]  # type: ignore[index]


def test_terms_reach_the_page_as_terms_and_labels_are_never_taken_for_one() -> None:
    label = ox.NamedNode(STANDARD_PREFIXES["skos"] + "prefLabel")
    subject, graph = ox.NamedNode("http://e/s"), ox.NamedNode("http://e/g")
    quad = ox.Quad(subject, label, ox.Literal("http://e/evil", language="text"), graph)  # a field of a term
    changes = ChangePreview(7, graph.value, (quad,), (), ())
    view = ReportView(Report(()), prefixes(), change_preview=changes)
    report = page_data.read(page_data.render(view).encode())
    assert report["changes"]["names"] == {"http://e/s": {"text": "http://e/evil"}}
    assert report["changes"]["graph"] == shown_iri("http://e/g", prefixes())
    assert report["changes"]["added"]["rows"] == [
        [
            shown_iri("http://e/s", prefixes()),
            shown_iri(label.value, prefixes()),
            ShownTerm("http://e/evil", "text", value="http://e/evil"),
        ]
    ]
    assert report["changes"]["inferred"] == {"count": 0, "rows": []}
