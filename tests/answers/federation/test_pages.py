"""``/federation``, the saved queries that ask others, and what the command line says of them."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING

import pytest
from markupsafe import escape

from conftest import recorded, run_coopkg
from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.endpoints import read_endpoints
from coopkg.dataset.published_files import find_published
from coopkg.errors import UsageError
from coopkg.settings import Settings
from coopkg.web.app import create_app
from hostile_endpoint import Stranger, reply

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from coopkg.answers.federation.executor import Federation
    from coopkg.answers.service import Service

YES = b'{"head":{},"boolean":true}'


def client(service: Service, federation: Federation | None) -> FlaskClient:
    return create_app(service=dataclasses.replace(service, federation=federation)).test_client()


def test_the_page_and_the_json_say_the_same(service: Service) -> None:
    asking = client(service, recorded())
    listed = asking.get("/federation", headers={"Accept": "application/json"}).get_json()
    shown = asking.get("/federation", headers={"Accept": "text/html"}).text
    assert [e["alias"] for e in listed["endpoints"]] == ["eu", "cordis"]
    for each in listed["endpoints"]:
        assert (each["health"]["breaker"], each["health"]["word"]) == ("closed", "")
        for value in (each["title"], each["holds"], each["licence"], each["endpoint"], f"service:{each['alias']} "):
            assert str(escape(value)) in shown
    assert listed["us"]["endpoint"] in shown


def test_the_service_description_says_so(service: Service) -> None:
    for federation, said in ((recorded(), True), (None, False)):
        described = client(service, federation).get("/sparql", headers={"Accept": "text/turtle"}).text
        assert ("BasicFederatedQuery" in described) is said


def test_an_endpoint_has_an_iri(service: Service) -> None:
    asking = client(service, recorded())
    response = asking.get("/federation/eu")
    assert (response.status_code, response.headers["Location"]) == (303, "/federation#eu")
    assert asking.get("/federation/elsewhere").status_code == 404


def test_a_saved_query_is_answered_on_its_page_and_as_csv(service: Service) -> None:
    asking = client(service, recorded())
    response = asking.get("/queries/eu-members-among-partners.csv")
    assert response.status_code == 200
    assert [line.split(",")[0] for line in response.text.splitlines()] == [
        "order", "EU-10", "EU-12", "EU-15", "EU-19", "EU-21", "EU-25",
    ]  # fmt: skip
    assert response.headers["Federation-Sources"].startswith('"eu";rows=6;requests=1;')
    assert "EU-10" in asking.get("/queries/eu-members-among-partners", headers={"Accept": "text/html"}).text


def test_a_saved_query_whose_endpoint_is_not_set_up_says_so(service: Service) -> None:
    asking = client(service, None)
    shown = asking.get("/queries/eu-members-among-partners", headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert "is not set up to ask http://127.0.0.1:8000/federation/eu" in shown.text
    problem = asking.get("/queries/eu-members-among-partners.csv", headers={"Accept": "application/json"})
    assert (problem.status_code, "not set up to ask" in problem.get_json()["detail"]) == (403, True)
    assert "SERVICE is refused" in asking.get("/federation", headers={"Accept": "text/html"}).text


def test_the_page_has_old_health_looked_after(service: Service, tmp_path: Path) -> None:
    with Stranger(reply(YES)) as stranger:
        asking = client(service, open_federation(Settings(federation=listed(tmp_path, stranger)), find_published()))
        states = []
        for _ in range(100):
            states.append(asking.get("/federation").get_json()["endpoints"][0]["health"]["status"])
            if states[-1] == "ok":
                break
            time.sleep(0.02)
        assert (states[0], states[-1], len(stranger.requests)) == ("unknown", "ok", 1)


def listed(folder: Path, stranger: Stranger) -> Path:
    path = folder / "federation.toml"
    path.write_text(
        f'[far]\nendpoint = "{stranger.address}"\nprivate = true\ntitle = "Far"\nholds = "Much"\nlicence = "none"\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
def test_check_says_what_answers_and_exits_with_4_for_what_does_not(tmp_path: Path) -> None:
    with Stranger(reply(YES)) as stranger:
        path = str(listed(tmp_path, stranger))
        found = run_coopkg("federate", "check", "--federation", path)
        assert (found.returncode, found.stdout.startswith(f"ok   far ({stranger.address}): ")) == (0, True)
        stranger.answer = reply(b'{"head":{},"boolean":false}')
        found = run_coopkg("federate", "check", "--json", "--federation", path)
        assert (found.returncode, json.loads(found.stdout)[0]["reason"]) == (4, "probe")
    found = run_coopkg("federate", "check", "far", "--federation", path)
    assert (found.returncode, found.stdout) == (
        4, f"FAIL far ({stranger.address}): The endpoint far failed: it refuses connections.\n",
    )  # fmt: skip
    assert run_coopkg("federate", "check", "near", "--federation", path).returncode == 2


@pytest.mark.slow
def test_the_command_line_asks_endpoints_and_says_what_is_missing(tmp_path: Path) -> None:
    with Stranger(reply(b"no", status=400)) as stranger:
        path = str(listed(tmp_path, stranger))
        found = run_coopkg(
            "query", "SELECT * { VALUES ?x { 1 } SERVICE SILENT <far> { ?s ?p ?o } }", "--federation", path, "-f", "csv"
        )
        assert (found.returncode, found.stdout) == (0, "o,p,s,x\n,,,1\n")
        assert "Nothing from far is in this answer: it rejects the query." in found.stderr
        found = run_coopkg("query", "SELECT * { SERVICE <far> { ?s ?p ?o } }", "--federation", path)
        assert (found.returncode, "far failed" in found.stderr) == (4, True)


GOOD = '[far]\nendpoint = "https://far.example/sparql"\ntitle = "Far"\nholds = "x"\nlicence = "none"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[far", "federation.toml"),
        ("far = 1", "must be a table"),
        (GOOD.replace("[far]", "[FAR]"), "lower case"),
        (GOOD.replace('title = "Far"\n', ""), "title is missing"),
        (GOOD + "colour = 1\n", "unknown key 'colour'"),
        (GOOD + 'private = "yes"\n', "private must be of kind bool"),
        (GOOD + "[far.limits]\nseconds = 0\n", "seconds must be of kind float"),
        (GOOD + "[far.limits]\nrows = 1.5\n", "rows must be of kind int"),
        (GOOD.replace("https://far", "ftp://far"), "neither http nor https"),
        (GOOD.replace("far.example", "user@far.example"), "user information"),
        (GOOD + GOOD.replace("[far]", "[near]"), "belongs to two endpoints"),
    ],
)
def test_a_broken_list_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_endpoints(path)


@pytest.mark.slow
def test_no_server_starts_with_a_broken_list(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_text(GOOD + "colour = 1\n", encoding="utf-8")
    found = run_coopkg("serve", "--bind", "127.0.0.1:0", "--federation", str(path))
    assert (found.returncode, "unknown key 'colour'" in found.stderr) == (2, True)


def test_an_empty_list_allows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.touch()
    assert open_federation(Settings(federation=path), find_published()) is None
    assert open_federation(Settings(scratch=True), find_published()) is None
    with pytest.raises(UsageError, match="no list of endpoints"):
        open_federation(Settings(federation=tmp_path / "absent"), find_published())
