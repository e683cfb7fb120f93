"""What people read, in each of the project's languages: messages by id, plural forms, numbers and dates (Unicode CLDR).

The messages are ``messages/<language>.json``: an id has a text, or a text for each plural category of the language.
``{name}`` stands for a value; nothing in a message is markup.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from coopkg.rdf.namespaces import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_NAMES: Final = {"en": "English", "ru": "Русский", "be": "Беларуская"}
"""What each language calls itself."""
CHAINS: Final = {"en": ("en",), "ru": ("ru", "en"), "be": ("be", "ru", "en")}
"""The languages in which a reader of each language is shown a label, the best first; any other comes after them."""
FOLDER: Final = Path(__file__).parent / "messages"


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    language: str
    messages: Mapping[str, str | Mapping[str, str]]
    locale: Locale

    def __call__(self, key: str, /, **values: object) -> Markup:
        """Return the message of that id with its values, escaped for HTML; ``count`` chooses among plural forms.

        Raises KeyError for an id that no file has, and for a value that the message lacks.
        """
        message = self.messages[key]
        if not isinstance(message, str):
            count = values["count"]
            message = message[self.locale.plural_form(count if isinstance(count, int) else 0)]
        formatted = {name: self.number(v) if isinstance(v, int | float) else v for name, v in values.items()}
        return escape(message).format(**formatted)  # Markup.format escapes each value that is not Markup

    def has(self, key: str) -> bool:
        """Return whether there is a message of that id."""
        return key in self.messages

    def number(self, value: float) -> str:
        """Return a number as the language writes it."""
        return _decimal(value, self.language)

    def date(self, text: str) -> str:
        """Return a day or an instant (ISO 8601) as the language writes it; what is neither stays as it is."""
        try:
            if len(text) > len("2019-04-29"):
                return str(format_datetime(datetime.fromisoformat(text), "long", locale=self.locale))
            return str(format_date(date.fromisoformat(text), "long", locale=self.locale))
        except ValueError:
            return text


@lru_cache(maxsize=10_000)
def _decimal(value: float, language: str) -> str:
    return str(format_decimal(value, locale=Locale.parse(language)))  # 20 µs, and pages of offsets have hundreds


@cache
def words(language: str) -> Words:
    """Return the words of one of the project's languages."""
    text = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    return Words(language, json.loads(text), Locale.parse(language))


def negotiate(asked: str | None, accept_language: str | None) -> str:
    """Return language of an answer: what the address asks for, else what Accept-Language does (RFC 9110, 12.5.4)."""
    if asked in LANGUAGES:
        return str(asked)
    accepted = parse_accept_header(accept_language or "", LanguageAccept)
    primary = (tag.partition("-")[0].lower() for tag, weight in accepted if weight > 0)  # the most welcome first
    return next((language for language in primary if language in LANGUAGES), LANGUAGES[0])


def best(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    """Return the text that a reader of that language is shown, with its own language; ("", "") where there is none.

    Texts without a language stand under ``""``.
    """
    order = (*CHAINS[language], "", *sorted(texts))
    chosen = next((code for code in order if code in texts), "")
    return texts.get(chosen, ""), chosen
