"""A linear tokenizer for SPARQL 1.1 and 1.2 queries and updates (SPARQL 1.2 Query Language, section 19.8).

At each place the longest match is the token, as the grammar has it: ``SERVICEx:a`` is one prefixed name. Every
character is looked at a bounded number of times, whatever the text, and nesting does not matter, so that a hostile text
can be looked at before the engine sees anything of it.

Codepoint escapes stand in IRIs and strings alone, as in SPARQL 1.2: the W3C tests have them refused elsewhere.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from coopkg.errors import QuerySyntaxError
from coopkg.sparql import functions

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
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


class Token(NamedTuple):
    """A token: its kind, its text as written, and where it begins (offset in code points)."""

    kind: Kind
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """Return a word in upper case; empty for any other kind."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def iri(self) -> str:
        """Return the IRI between the angle brackets, escapes decoded; only for ``Kind.IRI``."""
        return unescape(self.text[1:-1])


CODEPOINT: Final = (
    r"\\u(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4}|\\U(?:0000(?![Dd][89A-Fa-f])|000[1-9A-Fa-f]|0010)[0-9A-Fa-f]{4}"
)
"""A codepoint escape; a surrogate is no character, and neither is what is beyond Unicode (section 19.2)."""
_CODEPOINT: Final = re.compile(CODEPOINT)
# Rules 164 to 168, to the letter: a character that is a letter to Python alone would be none to the engine.
_BASE: Final = (
    r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME: Final = rf"{_BASE}_0-9\-\u00b7\u0300-\u036f\u203f\u2040"
_ESCAPED: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
# The quantifiers are possessive (``*+``): a token once matched is never tried again at a shorter length, so that no
# text makes the expression backtrack.
_PREFIX: Final = rf"(?:[{_BASE}](?:\.*+[{_NAME}])*+)?:"
_LOCAL: Final = rf"(?:(?:[{_BASE}_0-9:]|{_ESCAPED})(?:\.*+(?:[{_NAME}:]|{_ESCAPED}))*+)?"


_SYNTAX: Final = """
    ADD ALL AS ASC ASK BASE BIND BY CLEAR CONSTRUCT COPY CREATE DATA DEFAULT DELETE DESC DESCRIBE DISTINCT DROP FALSE
    FILTER FROM GRAPH GROUP HAVING IN INSERT INTO LATERAL LIMIT LOAD MINUS MOVE NAMED NOT OFFSET OPTIONAL ORDER
    PREFIX REDUCED SELECT SEPARATOR SERVICE SILENT TO TRUE UNDEF UNION USING VALUES VERSION WHERE WITH
"""
KEYWORDS: Final = frozenset({*_SYNTAX.split(), *functions.KEYWORDS})
"""The keywords of SPARQL 1.1 and 1.2 and of what the engine adds, in capitals, but for ``a``, the only one with a case.

Any other bare word is a syntax error.
"""
_LONGEST_KEYWORD: Final = max(map(len, KEYWORDS))


def _lexicon(prefixed_names: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
          (?P<space>[\x20\t\r\n]++)
        | (?P<variable>[?$][{_BASE}_0-9][{_BASE}_0-9\u00b7\u0300-\u036f\u203f\u2040]*+)
        | (?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]++|{CODEPOINT})*+>)
        {prefixed_names}
        | (?P<word>[A-Za-z][A-Za-z0-9_]*+)
        | (?P<string>\"\"\"(?:"{{0,2}}(?:[^"\\]|\\.))*+\"\"\"|'''(?:'{{0,2}}(?:[^'\\]|\\.))*+'''
                   |"(?:[^"\\\r\n]++|\\.)*+"|'(?:[^'\\\r\n]++|\\.)*+')
        | (?P<number>[0-9]++(?:\.[0-9]*+[eE][+-]?[0-9]++|\.[0-9]++|[eE][+-]?[0-9]++)?|\.[0-9]++(?:[eE][+-]?[0-9]++)?)
        | (?P<punctuation><<\(|\)>>|<<|>>|\{{\||\|\}}|&&|\|\||!=|<=|>=|\^\^|[{{}}()\[\];,.=<>!|/^+*?~-])
        | (?P<blank>_:[{_BASE}_0-9](?:\.*+[{_NAME}])*+)
        | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)
        | (?P<comment>\#[^\r\n]*+)
        """,
        re.VERBOSE | re.DOTALL,
    )


_LEXICON: Final = _lexicon(rf"| (?P<prefixed>{_PREFIX}{_LOCAL})")
_WITHOUT_PREFIXES: Final = _lexicon("")
_RUN: Final = re.compile(rf"[{_NAME}.]++")
_KINDS: Final[dict[str | None, Kind]] = {str(kind): kind for kind in Kind}


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text`` in order, comments included, white space not.

    Raises QuerySyntaxError, with line and column, at the first character that begins no token.
    """
    return _tokens(text, 0, {"space"})


def significant(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens from an offset on, without the comments. Raises QuerySyntaxError as ``tokenize`` does."""
    return _tokens(text, start, {"space", "comment"})


def _tokens(text: str, position: int, skipped: set[str | None]) -> Iterator[Token]:
    end, new = len(text), tuple.__new__  # the constructor of a named tuple takes twice as long
    # Up to here no prefixed name begins: what looks like one has been followed to its end, and no colon stood there.
    # Without this ``a-a-a-a`` would be followed to its end from each of its letters.
    colonless = position
    while position < end:
        match = (_LEXICON if position >= colonless else _WITHOUT_PREFIXES).match(text, position)
        if match is None:
            raise syntax_error(_tokenless(text, position), text, position)
        group = match.lastgroup
        # White space is left out here, for nothing needs it: a text is edited by offsets.
        if group == "word":
            if position >= colonless and (run := _RUN.match(text, match.end())):
                colonless = run.end()
            for word in _keywords(match[0]):
                yield new(Token, (Kind.WORD, word, position))
                position += len(word)
            continue
        if group not in skipped:
            yield new(Token, (_KINDS[group], match[0], position))
        position = match.end()


def _keywords(word: str) -> tuple[str, ...] | list[str]:
    """Cut a word into keywords: ``SELECTDISTINCT`` is two, since no token of the grammar is longer than SELECT there.

    A number may stand behind them, and is not returned. A word that cannot be cut is an error, and stays whole.
    """
    upper = word.upper()
    if upper in KEYWORDS or word == "a":
        return (word,)
    parts, at = [], 0
    while at < len(word) and not (at and word[at].isdigit()):
        lengths = range(min(_LONGEST_KEYWORD, len(word) - at), 0, -1)
        length = next((n for n in lengths if upper[at : at + n] in KEYWORDS), int(word[at] == "a"))
        if not length:
            return (word,)
        parts.append(word[at : at + length])
        at += length
    return parts


def _tokenless(text: str, position: int) -> str:
    mark = text[position]
    if mark in "\"'":
        return "the string that begins here is not closed"
    if mark == "\\" and _CODEPOINT.match(text, position):
        return f"the escape {text[position : position + 6]} stands outside of an IRI or a string"
    return f"{mark!r} begins no SPARQL token"


def unescape(text: str) -> str:
    r"""Decode ``\uXXXX`` and ``\UXXXXXXXX`` (SPARQL 1.2 Query Language, section 19.2)."""
    if "\\" not in text:
        return text
    return _CODEPOINT.sub(lambda match: chr(int(match[0].lstrip("\\uU"), base=16)), text)


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
