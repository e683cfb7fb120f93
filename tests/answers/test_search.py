"""Search: folding, either alphabet, order, groups, completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopkg.answers.search import Index, Text, index
from coopkg.rdf.folded_text import fold, tokens
from coopkg.web.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

BASE = "http://127.0.0.1:8000/"


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Шумилин", "Shumilin"), ("Шумілін", "SHUMILIN"), ("ёлка", "елка"), ("ўзроўні", "узроуни"), ("Минск", "Мінск"),
        ("Хатынь", "Khatyn"), ("Юрий", "Yury"), ("Юрий", "Iurii"), ("Ярослав", "Jaroslav"), ("Щедрин", "Shchedrin"),
        ("Цвирко", "Tsvirko"), ("São Tomé", "sao tome"), ("Аб'ект", "абект"), ("наука", "NAUKA"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Минск", "Минас"), ("Сербия", "Сирия"), ("Китай", "Катар")])
def test_other_names_do_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("query", ["Shumilin", "шумилин", "ШУМІЛІН", "alexander shum", "Шумилин Александр"])
def test_a_person_is_found_in_every_language_and_alphabet(service: Service, query: str) -> None:
    assert f"{BASE}id/person/alexander-shumilin" in {hit.iri for hit in index(service).find(query)}


def test_a_name_comes_before_a_paraphrase_and_the_whole_before_a_part(service: Service) -> None:
    assert index(service).find("Serbia")[0].iri == f"{BASE}id/country/RS"
    assert index(service).find("SUPERTWIN")[0].iri == f"{BASE}id/project/supertwin"


def test_a_misprint_of_the_source_is_found_by_it(service: Service) -> None:
    assert index(service).find("SURERTWIN")[0].iri == f"{BASE}id/project/supertwin"


def test_a_misspelt_word_gets_the_nearest_that_is_there(service: Service) -> None:
    assert index(service).find("Shumillin") == []
    assert fold(index(service).near("Shumillin")).startswith("shumilin")
    assert index(service).near("zzzzqqqq") == ""


def test_nothing_is_found_for_nothing() -> None:
    assert Index().find("") == []
    assert Index().find("!?") == []
    assert tokens("a-b c") == ["a", "b", "c"]


def test_of_several_texts_that_fit_one_in_the_language_comes_first() -> None:
    texts = [Text("x", "Minsk is a place", "en", name=False), Text("x", "Минск — место", "ru", name=False)]
    found = Index.of(texts)
    assert found.find("Минск", "ru")[0].text.language == "ru"
    assert found.find("Минск", "en")[0].text.language == "en"


def test_the_index_is_made_once_for_a_version_and_finds_something_for_each_word(service: Service) -> None:
    assert index(service) is index(service)
    assert all(index(service).find(query) for query in ("belarus", "a", "проект", "shumilin program"))


def test_results_are_grouped_by_class_in_the_language(client: FlaskClient) -> None:
    text = client.get("/search?q=Shumilin&lang=be", headers={"Accept": "text/html"}).data.decode()
    assert "Аляксандр Шумілін" in text
    assert text.index("<h2>") < text.index("Аляксандр Шумілін")


def test_all_things_of_a_class_are_listed(client: FlaskClient) -> None:
    text = client.get("/search?type=coop:Country", headers={"Accept": "text/html"}).data.decode()
    assert "25 things found" in text
    assert text.count("<li>") == 25


def test_a_list_that_shows_only_some_says_so(client: FlaskClient) -> None:
    text = client.get("/search?q=belarus", headers={"Accept": "text/html"}).data.decode()
    assert "type=coop%3AClaim" in text


@pytest.mark.parametrize(
    ("wanted", "text", "kind"),
    [
        ("foa", "foaf:", "prefix"), ("CommissionS", "coop:CommissionSession", "class"),
        ("страна", "coop:Country", "class"),
        ("hasPar", "coop:hasParty", "property"), ("coop:hasPar", "coop:hasParty", "property"),
        ("Сербія", "country:RS", "entity"),
    ],
)  # fmt: skip
def test_the_editor_is_offered_terms_by_name_and_label(client: FlaskClient, wanted: str, text: str, kind: str) -> None:
    entries = client.get("/complete", query_string={"q": wanted, "lang": "be"}).get_json()
    assert (text, kind) in {(entry["text"], entry["kind"]) for entry in entries}


def test_the_most_used_is_offered_first(client: FlaskClient) -> None:
    uses = [entry["uses"] for entry in client.get("/complete?q=has").get_json() if entry["kind"] != "prefix"]
    assert uses == sorted(uses, reverse=True)
    assert len(uses) > 5


@pytest.mark.parametrize("path", ["/search", "/complete"])
def test_what_is_too_long_is_refused_and_never_cut(client: FlaskClient, path: str) -> None:
    assert client.get(path, query_string={"q": "x" * 200}).status_code == 200
    assert client.get(path, query_string={"q": "x" * 201}).status_code == 400
