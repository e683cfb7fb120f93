"""A linear tokenizer for SPARQL 1.1 and 1.2 queries and updates (SPARQL 1.1 Query Language, section 19.8).

It reads every byte once, never fails on nesting, and keeps positions, so that admission can look at a hostile text
before the engine does, and prefixes and IRIs can be rewritten as tokens instead of by text replacement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a token is."""

    COMMENT = "comment"
    IRI = "iri"
    STRING = "string"
    BLANK = "blank"
    VARIABLE = "variable"
    LANGUAGE = "language"
    NUMBER = "number"
    PREFIXED = "prefixed"
    WORD = "word"
    PUNCTUATION = "punctuation"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its text as written, and where it begins (offset in code points)."""

    kind: Kind
    text: str
    start: int

    @property
    def keyword(self) -> str:
        r"""Return a word in upper case, with ``\u`` escapes decoded; empty for any other kind."""
        return unescape(self.text).upper() if self.kind is Kind.WORD else ""

    @property
    def iri(self) -> str:
        """Return the IRI between the angle brackets, escapes decoded; only for ``Kind.IRI``."""
        return unescape(self.text[1:-1])


_U: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
# The quantifiers are possessive (``*+``): a token once matched is never tried again at a shorter length, so that no
# text makes the expression backtrack.
_LEXICON: Final = re.compile(
    rf"""
      (?P<space>[\x20\t\r\n]++)
    | (?P<comment>\#[^\r\n]*+)
    | (?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|{_U})*+>)
    | (?P<string>\"\"\"(?:"{{0,2}}(?:[^"\\]|\\.))*+\"\"\"|'''(?:'{{0,2}}(?:[^'\\]|\\.))*+'''
               |"(?:[^"\\\r\n]|\\.)*+"|'(?:[^'\\\r\n]|\\.)*+')
    | (?P<blank>_:[\w\d](?:[\w\-·\u0300-\u036f]|\.(?=[\w\-.·\u0300-\u036f]))*+)
    | (?P<variable>[?$][\w·‿⁀\u0300-\u036f]++)
    | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)
    | (?P<number>(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[0-9]++\.[eE][+-]?[0-9]++)
    | (?P<prefixed>(?:[^\W\d_](?:[\w\-·\u0300-\u036f]|\.(?=[\w\-.·\u0300-\u036f]))*+)?:
        (?:[\w:\-·‿⁀\u0300-\u036f]|\.(?=[\w:\-.%\\·\u0300-\u036f])|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?\#@%])*+)
    | (?P<word>(?:[A-Za-z]|{_U})(?:[A-Za-z0-9_]|{_U})*+)
    | (?P<punctuation><<\(|\)>>|<<|>>|\{{\||\|\}}|&&|\|\||!=|<=|>=|\^\^|[{{}}()\[\];,.=<>!|/^+*?~-])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text`` in order, comments included, white space not.

    Raises QuerySyntaxError, with line and column, at the first character that begins no token.
    """
    position = 0
    while position < len(text):
        match = _LEXICON.match(text, position)
        if match is None:
            raise syntax_error(f"{text[position]!r} begins no SPARQL token", text, position)
        # White space is left out here, for nothing needs it: a text is edited by offsets.
        if match.lastgroup != "space":
            yield Token(Kind(match.lastgroup), match.group(), position)
        position = match.end()


def significant(text: str) -> Iterator[Token]:
    """Yield the tokens without the comments. Raises QuerySyntaxError as ``tokenize`` does."""
    return (token for token in tokenize(text) if token.kind is not Kind.COMMENT)


def unescape(text: str) -> str:
    r"""Decode ``\uXXXX`` and ``\UXXXXXXXX`` (SPARQL 1.1 Query Language, section 19.2)."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: _character(int(m[1] or m[2], base=16)), text)


def _character(code: int) -> str:
    # Neither a surrogate nor what is beyond Unicode is a character, and Python could not encode the former.
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both counted from 1, of an offset in code points."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)


def syntax_error(why: str, text: str, offset: int) -> QuerySyntaxError:
    """Build the error for an offset in a text; the sentence begins with line and column."""
    line, column = position(text, offset)
    return QuerySyntaxError(f"{line}:{column}: {why}.", line=line, column=column, offset=offset)


def rebase(text: str, old: str, new: str) -> str:
    """Return the text with every IRI that begins with ``old`` begun with ``new`` instead; strings stay as they are."""
    if old == new:
        return text
    parts: list[str] = []
    copied = 0
    for token in tokenize(text):
        if token.kind is Kind.IRI and token.iri.startswith(old):
            parts += [text[copied : token.start], f"<{new}{token.iri.removeprefix(old)}>"]
            copied = token.start + len(token.text)
    return "".join([*parts, text[copied:]])
