"""Suggestions for misspelt words of a query: keywords, and prefixes that may have been meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.lexer import KEYWORDS, Kind, significant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.errors import CoopkgError

_PREFIX: Final = re.compile(r"[\w.\-]+")
CLOSE: Final = 0.6
"""The least similarity, from 0 to 1, of a suggestion (``difflib.SequenceMatcher.ratio``)."""
MOST_WORDS: Final = 32
"""Different words of a text that are compared with all keywords, which takes a millisecond each."""
_LONGEST_WORD: Final = int(max(map(len, KEYWORDS)) * (2 / CLOSE - 1))


def advise(error: CoopkgError, text: str, prefixes: Mapping[str, str]) -> None:
    """Add a suggestion for a misspelt word of the text to a syntax error, as its member ``suggestion``.

    ``prefixes`` are those that may have been meant.
    """
    offset = error.members.get("offset")
    if not isinstance(offset, int):
        return
    if "is not declared" in error.detail:
        name = _PREFIX.match(text, offset)
        close = get_close_matches(name.group(), prefixes, 1, CLOSE) if name else []
        suggestion = f"PREFIX {close[0]}: <{prefixes[close[0]]}>" if close else None
    else:
        # The engine's parser often fails only behind a misspelt keyword, so all bare words are candidates.
        words = islice(dict.fromkeys(_bare_words(text)), MOST_WORDS)
        suggestion = next(filter(None, map(_keyword, words)), None)
    if suggestion is not None:
        error.members["suggestion"] = suggestion


def _bare_words(text: str) -> list[str]:
    try:
        words = [token.keyword for token in significant(text) if token.kind is Kind.WORD]
    except QuerySyntaxError:
        return []
    # A longer one is like no keyword, and to find that out takes time that grows with its square.
    return [word for word in words if word not in KEYWORDS and len(word) <= _LONGEST_WORD]


def _keyword(word: str) -> str | None:
    """Find the keyword that an unknown word is close to."""
    close = [] if word == "A" else get_close_matches(word, sorted(KEYWORDS), 1, CLOSE)
    return close[0] if close else None
