"""Pages: their language, their tags, what surrounds every one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from coopkg.answers.http.protocol import HttpRequest
from coopkg.web.app import create_app
from coopkg.web.rendering import visit

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def test_a_page_says_which_languages_there_are(client: FlaskClient) -> None:
    page = client.get("/queries?lang=be", headers=HTML)
    text = page.data.decode()
    assert '<html lang="be">' in text
    assert page.headers["Vary"] == "Accept, Accept-Language"
    for code in ("en", "ru", "be"):
        assert f'<link rel="alternate" hreflang="{code}" href="/queries?lang={code}">' in text
    assert '<link rel="alternate" hreflang="x-default" href="/queries">' in text


def test_the_language_that_an_address_asks_for_goes_along(client: FlaskClient) -> None:
    assert 'href="/changes?lang=be"' in client.get("/?lang=be", headers=HTML).data.decode()
    assert 'href="/changes"' in client.get("/", headers={**HTML, "Accept-Language": "be"}).data.decode()


def test_a_page_that_the_client_has_is_304_in_its_language_only(client: FlaskClient) -> None:
    first = client.get("/", headers={**HTML, "Accept-Language": "ru"})
    known = {"If-None-Match": first.headers["ETag"]}
    same = client.get("/", headers={**HTML, "Accept-Language": "ru", **known})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.get("/", headers={**HTML, "Accept-Language": "be", **known}).status_code == 200
    assert client.get("/queries", headers={"Accept": "application/json", **known}).status_code == 200


def test_an_error_is_a_page_in_the_language_that_says_what_to_do(client: FlaskClient) -> None:
    page = client.get("/id/project/SURERTWIN", headers={**HTML, "Accept-Language": "be"})
    text = page.data.decode()
    assert (page.status_code, page.headers["Content-Language"]) == (404, "be")
    assert "Не знойдзена" in text
    assert '<a href="/id/project/supertwin"><code>project:supertwin</code></a>' in text
    assert 'action="/search"' in text
    assert "ETag" not in page.headers


def test_parameters_that_are_no_utf8_are_an_error_page_too(client: FlaskClient) -> None:
    assert client.get("/?x=%FF", headers=HTML).status_code == 400


@pytest.mark.parametrize(
    ("path", "link"), [("/id/a%3Fb%23c", "/id/a%3Fb%23c?lang=ru"), ("/id/é", "/id/%C3%A9?lang=ru")]
)
def test_links_to_the_same_page_lead_to_it(client: FlaskClient, path: str, link: str) -> None:
    assert f'hreflang="ru" href="{link}"' in client.get(path, headers=HTML).data.decode()


def test_links_to_the_same_page_lead_to_no_other_host() -> None:
    assert visit(HttpRequest("GET", "//evil.example/x")).here(lang="ru") == "/evil.example/x?lang=ru"


def test_every_kind_of_problem_has_its_place_on_the_page_about_them(client: FlaskClient) -> None:
    problem = client.get("/queries/none").get_json(force=True)
    path, _, fragment = problem["type"].removeprefix("http://127.0.0.1:8000").partition("#")
    assert f'id="{fragment}"' in client.get(path, headers=HTML).data.decode()


def test_every_page_has_its_landmarks(client: FlaskClient) -> None:
    text = client.get("/", headers=HTML).data.decode()
    for landmark in ("<header>", "<main ", "<footer>", 'class="skip"', 'rel="license"', "/.well-known/void"):
        assert landmark in text
    assert len(re.findall("<h1", text)) == 1
