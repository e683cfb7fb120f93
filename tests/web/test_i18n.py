"""Interface strings: each in every language, used, with the same values; languages negotiated, labels chosen."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest

from coopkg import errors
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.web import i18n

PACKAGE = Path(errors.__file__).parent
MESSAGES = {code: json.loads((i18n.FOLDER / f"{code}.json").read_text(encoding="utf-8")) for code in LANGUAGES}


def fields(message: str | dict[str, str]) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message.values())
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_message_is_in_every_language_with_the_same_values() -> None:
    keys = set(MESSAGES["en"])
    for code in LANGUAGES:
        assert set(MESSAGES[code]) == keys
        for key in keys:
            assert fields(MESSAGES[code][key]) == fields(MESSAGES["en"][key]), f"{code}: {key}"


@pytest.mark.parametrize("code", LANGUAGES)
def test_plural_messages_have_the_forms_of_their_language(code: str) -> None:
    categories = {i18n.words(code).locale.plural_form(n) for n in range(200)}
    for key, message in MESSAGES[code].items():
        if not isinstance(message, str):
            assert set(message) >= categories, key


@pytest.mark.parametrize("code", ["ru", "be"])
def test_no_message_was_left_in_english(code: str) -> None:
    for key, message in MESSAGES[code].items():
        for text in [message] if isinstance(message, str) else message.values():
            assert re.search(r"[а-яёіў]", text, re.IGNORECASE) or text == MESSAGES["en"][key], f"{key}: {text}"
            assert code == "be" or not re.search("[іў]", text), f"{key}: Belarusian letters in Russian"
            assert code == "ru" or not re.search("[ищъ]", text), f"{key}: Russian letters in Belarusian"


def used() -> tuple[set[str], set[str]]:
    """The ids that templates and modules name, and the beginnings of those that they put together."""
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*") if path.suffix in {".html", ".py"}]
    quoted = {match for text in texts for match in re.findall(r"[\"']([a-z_]+\.[a-z0-9_.\-]+)[\"']", text)}
    begun = {match for text in texts for match in re.findall(r"[\"']([a-z_]+\.[a-z_.]*)[\"'] ~", text)}
    begun |= {match for text in texts for match in re.findall(r"f\"([a-z_]+\.)\{", text)}
    return quoted & set(MESSAGES["en"]), begun


def test_every_message_is_used() -> None:
    quoted, begun = used()
    assert {key for key in MESSAGES["en"] if key not in quoted and not key.startswith(tuple(begun))} == set()


def test_every_message_that_a_template_names_is_there() -> None:
    for path in (PACKAGE / "web" / "templates").glob("*.html"):
        for key in re.findall(r"\bt\(\s*[\"']([^\"']+)[\"']\s*[,)]", path.read_text(encoding="utf-8")):
            assert key in MESSAGES["en"], f"{path.name}: {key}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "web" / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    text = re.sub(
        r"{#.*?#}|{%.*?%}|{{.*?}}|<(code|script|style)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    shown = re.findall(r">([^<>]*)<|(?:title|alt|placeholder|aria-label)=\"([^\"]*)\"", text)
    names = {"coopkg", "VoID", "DCAT", "JSON", "RDF", "Patch", "CC", "BY", "SPARQL", "Turtle", "json", "txt"}
    words = {word for pair in shown for part in pair for word in re.findall(r"[A-Za-z]{2,}", part)} - names
    assert not words, words


def test_every_error_says_what_to_do_next() -> None:
    def kinds(root: type[errors.CoopkgError]) -> set[str]:
        return {root.slug()}.union(*map(kinds, root.__subclasses__()))

    for slug in kinds(errors.CoopkgError):
        assert {f"problem.{slug}.title", f"problem.{slug}.next"} <= set(MESSAGES["en"])


@pytest.mark.parametrize(
    ("asked", "field", "language"),
    [
        ("ru", "be", "ru"),
        ("xx", "be", "be"),
        (None, "be-BY, en;q=0.5", "be"),
        (None, "de, ru;q=0.4, be;q=0.8", "be"),
        (None, "de", "en"),
        (None, None, "en"),
        (None, "*", "en"),
    ],
)
def test_the_address_comes_before_the_header(asked: str | None, field: str | None, language: str) -> None:
    assert i18n.negotiate(asked, field) == language


@pytest.mark.parametrize(
    ("texts", "language", "chosen"),
    [
        ({"en": "a", "ru": "b", "be": "c"}, "be", ("c", "be")),
        ({"en": "a", "ru": "b"}, "be", ("b", "ru")),
        ({"en": "a", "be": "c"}, "ru", ("a", "en")),
        ({"": "x", "de": "y"}, "be", ("x", "")),
        ({"de": "y", "fr": "z"}, "en", ("y", "de")),
        ({}, "en", ("", "")),
    ],
)
def test_a_label_falls_back_along_the_chain(texts: dict[str, str], language: str, chosen: tuple[str, str]) -> None:
    assert i18n.best(texts, language) == chosen


def test_values_are_escaped_and_messages_are_no_markup() -> None:
    words = i18n.Words("en", {"x": "<b>{y}</b>"}, i18n.words("en").locale)
    assert words("x", y="<i>") == "&lt;b&gt;&lt;i&gt;&lt;/b&gt;"


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert i18n.words("en").number(6400000) == "6,400,000"
    assert i18n.words("ru").number(6400000) == "6\u00a0400\u00a0000"
    assert i18n.words("be").date("2019-04-29") == "29 красавіка 2019\u202fг."
    assert i18n.words("ru").date("soon") == "soon"
