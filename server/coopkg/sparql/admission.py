"""What may reach the engine: the first guard, linear in the length of the text.

The bounds come from measurements of pyoxigraph 0.5.13 on an empty store (in a thread with a 256 MiB stack): 160
patterns in a star take its planner 37 s, 200 nested list cells 22 s, 400 OPTIONALs over 20 s, 5,000 FILTERs 10 s.
What stays below them is still ended by the deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from coopkg.errors import Forbidden, QueryTooComplex
from coopkg.sparql import grammar_checks
from coopkg.sparql.lexer import Kind, Token, position, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATE_FORMS: Final = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "ADD", "MOVE", "COPY", "WITH")
_OPEN: Final = {"{": "}", "(": ")", "[": "]", "<<": ">>", "<<(": ")>>", "{|": "|}"}
_CLOSE: Final = frozenset(_OPEN.values())
# `?a<?b)SERVICE#>` is one IRI to a lexer that takes the longest match, and an operator, a comment and a keyword to a
# parser that looks at the context; so a keyword behind a closing bracket is found inside of what looks like an IRI.
_HIDDEN: Final = re.compile(r"\)[^<>]*?(?<!\w)(SERVICE|LOAD)(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Bounds:
    """How large a query may be. ``weights`` bounds how often each costly keyword may stand in it."""

    depth: int = 64
    list_depth: int = 24
    triples: int = 200
    unions: int = 256
    optionals: int = 48
    filters: int = 256
    operators: int = 2000
    selects: int = 64


LONGEST_PLAIN: Final = 1000
"""Characters up to which a text may be plain: so short that it breaks no other bound."""
_PLAIN: Final = re.compile(
    r"\s*(?:(?:PREFIX\s+[\w.\-]*:|BASE)\s*<[^<>\"{}|^`\\\x00-\x20]*>\s*)*"
    r"(SELECT|ASK|CONSTRUCT|DESCRIBE)(?!\w)[^(\\\[\x80-\U0010ffff]*",
    re.IGNORECASE | re.ASCII,
)
"""A plain query has no brackets but braces, so no expression, no escape and nothing beyond ASCII."""
_NOT_PLAIN: Final = re.compile(r"<<|SERVICE|LOAD|OPTIONAL|UNION|MINUS|LATERAL", re.IGNORECASE)


MOST_IN_IRIS: Final = 16
"""How many times as long as its bound a text may be because of its IRIs."""
_IRI: Final = re.compile(r"(?<!<)<[^\x00-\x20<>\"'{}|^`\\]*>")
"""An IRI to every lexer: with no quote and no other ``<`` about it, it can be no part of a string or of ``<<``."""


def is_longer(text: str, bound: int) -> bool:
    """Return whether a text is longer than so many bytes, an IRI in it counted as one.

    The bindings that other engines send along in VALUES are long for their IRIs, and each costs no more than a token.
    """
    size = len(text.encode())
    return size > bound and (size > MOST_IN_IRIS * bound or len(_IRI.sub(".", text).encode()) > bound)


@dataclass(frozen=True)
class Admitted:
    """What admission learnt about a text that it let through."""

    form: str
    words: frozenset[str]
    services: tuple[int, ...]

    @property
    def stable(self) -> bool:
        """Return whether the same text over the same version always has the same answer."""
        return not self.words & {"NOW", "RAND", "UUID", "STRUUID", "BNODE"} and not self.services


@lru_cache(maxsize=512)
def admit(text: str, bounds: Bounds = Bounds(), *, service: bool = False, load: bool = False) -> Admitted:
    """Look at a query or update before the engine does.

    Gives its form and keywords; of a plain query, which can break no rule, only the form. Raises QueryTooComplex past a
    bound, Forbidden for SERVICE or LOAD in any spelling where they are not allowed, QuerySyntaxError where a character
    begins no token and for what ``grammar`` refuses.
    """
    plain = _PLAIN.fullmatch(text) if len(text) <= LONGEST_PLAIN else None
    if plain is not None and not _NOT_PLAIN.search(text) and text.count("{") <= bounds.list_depth:
        return Admitted(plain[1].upper(), frozenset(), ())
    tokens = list(significant(text))
    words = frozenset(token.keyword for token in tokens if token.kind is Kind.WORD)
    services = tuple(_remote(tokens, "SERVICE"))
    if services and not service:
        raise _refused("SERVICE", text, services[0])
    loads = [start for start in _remote(tokens, "LOAD") if not load]
    if loads:
        raise _refused("LOAD", text, loads[0])
    _bound_depth(tokens, text, bounds)
    _bound_counts(tokens, bounds)
    grammar_checks.check(tokens, text)
    return Admitted(_form(tokens), words, services)


def refuse_requests(text: str) -> None:
    """Let no query through for which the engine would make a request. Raises Forbidden, and QuerySyntaxError as well.

    Cheap where no such word stands in the text: then it cannot be a keyword, for the engine knows no escapes in those.
    """
    if "SERVICE" in text.upper():
        for start in _remote(list(significant(text)), "SERVICE"):
            raise _refused("SERVICE", text, start)


def _form(tokens: Iterable[Token]) -> str:
    for token in tokens:
        if token.keyword in FORMS or token.keyword in UPDATE_FORMS:
            return token.keyword
    return ""


def _remote(tokens: list[Token], keyword: str) -> Iterator[int]:
    before: Token | None = None
    for token in tokens:
        if token.keyword == keyword:
            yield token.start
        elif token.kind is Kind.IRI and before and before.kind is not Kind.PUNCTUATION:
            hidden = _HIDDEN.search(token.text)
            if hidden and hidden[1].upper() == keyword:
                yield token.start + hidden.start(1)
        before = token


def _refused(keyword: str, text: str, offset: int) -> Forbidden:
    line, column = position(text, offset)
    return Forbidden(
        f"{line}:{column}: {keyword} is not allowed here: this endpoint makes no requests of its own.",
        line=line, column=column,
    )  # fmt: skip


def _bound_depth(tokens: list[Token], text: str, bounds: Bounds) -> None:
    stack: list[str] = []
    values = 0
    for token in tokens:
        mark = token.text if token.kind is Kind.PUNCTUATION else ""
        if mark in _OPEN:
            stack.append(mark)
            values += mark == "["
            if len(stack) > bounds.depth:
                raise _too_complex("nested too deeply", bounds.depth, text, token.start)
            if sum(m in "([" for m in stack[-bounds.list_depth - 1 :]) > bounds.list_depth:
                raise _too_complex("nested too deeply in lists or brackets", bounds.list_depth, text, token.start)
        elif mark in _CLOSE and stack:
            stack.pop()


def _bound_counts(tokens: list[Token], bounds: Bounds) -> None:
    counts = {"UNION": 0, "OPTIONAL": 0, "FILTER": 0, "SELECT": 0, "triples": 0, "operators": 0}
    data = False
    for token in tokens:
        if token.keyword in counts:
            counts[token.keyword] += 1
        elif token.keyword in {"MINUS", "EXISTS", "GRAPH"}:
            counts["OPTIONAL"] += 1
        elif token.keyword == "BIND":
            counts["FILTER"] += 1
        elif token.keyword == "DATA":
            data = True
        elif token.kind is Kind.PUNCTUATION:
            counts["triples"] += token.text in {".", ";", "["} and not data
            counts["operators"] += token.text in {"+", "-", "*", "/", "||", "&&", "!", "|", "^", "="}
            data = data and token.text != "}"
    limits = {
        "UNION": bounds.unions, "OPTIONAL": bounds.optionals, "FILTER": bounds.filters,
        "SELECT": bounds.selects, "triples": bounds.triples, "operators": bounds.operators,
    }  # fmt: skip
    for name, limit in limits.items():
        if counts[name] > limit:
            what = {"triples": "triple patterns", "operators": "operators"}.get(name, f"{name} keywords")
            raise QueryTooComplex(f"The query has {counts[name]} {what}; at most {limit} are evaluated.", bound=limit)


def _too_complex(how: str, bound: int, text: str, offset: int) -> QueryTooComplex:
    line, column = position(text, offset)
    return QueryTooComplex(
        f"{line}:{column}: the query is {how}: at most {bound} levels.", line=line, column=column, bound=bound
    )
