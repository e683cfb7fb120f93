"""The description of the interface says what the routes do: the same routes, the same formats, commands that run."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from conftest import ROOT
from coopkg.answers.publication.openapi import KNOWN, METHODS, REFUSING
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.web.app import create_app
from coopkg.web.pages.api import described
from coopkg.web.pages.status import HEALTH

if TYPE_CHECKING:
    from flask import Flask

    from coopkg.answers.service import Service

HTML = {"Accept": "text/html"}
GRAPHS = {fmt.media_type for fmt in GRAPH_FORMATS}


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service=service)


@pytest.fixture(scope="module")
def spec(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


def test_the_description_is_valid(spec: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(spec).validate()


def test_it_has_every_route_and_no_other(app: Flask, spec: dict[str, Any], service: Service) -> None:
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules() if rule.endpoint != "static"
        for method in rule.methods or () if method.lower() in METHODS and method.lower() not in
        REFUSING.get(rule.endpoint, ())
    }  # fmt: skip
    saved = {(f"/queries/{slug}", "get") for slug in service.queries}
    assert {(path, method) for path, item in spec["paths"].items() for method in item} == routed | saved


def test_nothing_is_known_of_a_route_that_is_not_there(app: Flask) -> None:
    there = {(rule.endpoint, m.lower()) for rule in app.url_map.iter_rules() for m in rule.methods or ()}
    assert set(KNOWN) <= there


def test_every_format_that_is_described_is_given(app: Flask, spec: dict[str, Any]) -> None:
    client = app.test_client()
    for path, where in (("/sparql", "?query=SELECT*{}"), ("/queries", ""), ("/changes", ""), ("/status", "")):
        for media in spec["paths"][path]["get"]["responses"]["200"]["content"]:
            asked = where.replace("SELECT*", "CONSTRUCT{?s ?p ?o}WHERE") if media in GRAPHS else where
            answer = client.get(path + asked, headers={"Accept": media})
            assert (answer.status_code, answer.mimetype) == (200, media), path


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_the_page_has_every_operation_of_data(app: Flask, language: str) -> None:
    page = app.test_client().get(f"/api?lang={language}", headers=HTML).get_data(as_text=True)
    with app.test_request_context():
        for operation in described():
            if operation.tag != "pages" and not operation.name.startswith("queries."):
                assert f"<b>{operation.method.upper()}</b> {operation.path}</code>" in page
                assert language == "en" or f'lang="en">{operation.summary}' not in page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_on_the_page_run(server: str) -> None:
    shown = subprocess.run(
        ["curl", "-s", "-H", "Accept: text/html", f"{server}api"], capture_output=True, text=True, check=True
    )
    commands = [
        html.unescape(text) for text in re.findall(r"<pre tabindex=\"0\"><code>(curl .*?)</code>", shown.stdout)
    ]
    assert len(commands) > 12
    for text in commands:
        words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *shlex.split(text)[1:]]
        ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)
        assert ran.stdout == ("403" if "$TOKEN" in text else "200"), text


def test_addresses_to_try_answer(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/api?lang=en", headers=HTML).get_data(as_text=True)
    tried = [html.unescape(a) for a in re.findall(r'<a href="([^"]+)">Try it</a>', page)]
    assert len(tried) > 8
    for address in tried:
        assert client.get(address, headers={"Accept": "text/html,*/*;q=0.8"}).status_code == 200, address


def test_the_state_is_told_to_people_terminals_and_programs(app: Flask) -> None:
    client = app.test_client()
    state = json.loads(client.get("/status", headers={"Accept": "application/json"}).data)
    assert state["limits"]["query_bytes"] == 256 * 1024
    assert state["validation"] == "unchecked"
    text = client.get("/status").get_data(as_text=True)
    assert re.search(r"^deadline_seconds +30 s$", text, re.MULTILINE)
    page = client.get("/status?lang=be", headers=HTML)
    assert "Самы доўгі запыт" in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get("/status?format=gif").status_code == 406


def test_another_room_can_tell_of_its_health(service: Service) -> None:
    own = create_app(service=service)
    own.extensions[HEALTH] = {"partners": lambda: {"<b>one</b>": "up"}}
    client = own.test_client()
    assert client.get("/status?format=json").get_json()["partners"] == {"<b>one</b>": "up"}
    assert "&lt;b&gt;one&lt;/b&gt;" in client.get("/status", headers=HTML).get_data(as_text=True)
    assert "partners <b>one</b>" in client.get("/status").get_data(as_text=True)


@pytest.mark.slow
def test_a_server_knows_how_long_its_queries_take(server: str) -> None:
    for _ in range(20):
        subprocess.run(["curl", "-s", "-o", "/dev/null", f"{server}sparql?query=ASK%7B%7D"], check=True)
    state = json.loads(
        subprocess.run(["curl", "-s", f"{server}status?format=json"], capture_output=True, check=True).stdout
    )
    assert state["queries"]["count"] >= 20
    assert 0 < state["queries"]["p50"] <= state["queries"]["p95"] < 30
    assert state["validation"] == "start"
    assert state["loadSeconds"] > 0
