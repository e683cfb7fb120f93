"""Admission: what may reach the engine. The first guard, linear in the length of the text.

The bounds come from measurements of pyoxigraph 0.5.13 on an empty store (in a thread with a 256 MiB stack): 160
patterns in a star take its planner 37 s, 200 nested list cells 22 s, 400 OPTIONALs over 20 s, 5,000 FILTERs 10 s.
What stays below them is still ended by the deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.errors import Forbidden, QueryTooComplex
from coopkg.sparql.functions import VOLATILE
from coopkg.sparql.lexer import Kind, Token, position, significant
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.sparql.normal_form import NormalForm

FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATE_FORMS: Final = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "ADD", "MOVE", "COPY", "WITH")
_OPEN: Final = frozenset({"{", "(", "[", "<<", "<<(", "{|"})
_CLOSE: Final = frozenset({"}", ")", "]", ">>", ")>>", "|}"})


@dataclass(frozen=True)
class Bounds:
    """How large a query may be: levels of nesting, and how often each costly keyword or token may stand in it.

    Each bound is far below the number at which the engine takes seconds, or overflows a stack of 8 MiB.
    """

    depth: int = 64  # braces overflow at 2,195, sub-SELECTs at 1,175, FILTER EXISTS at 845
    list_depth: int = 24  # a list nested 50 deep takes 0.5 s, 100 deep 3.4 s, 200 deep over 20 s
    triples: int = 200  # 200 take 1.5 s to plan, 400 of them 10 s
    unions: int = 256  # overflows at 6,625
    optionals: int = 48  # 100 take 0.8 s, 200 of them 5 s
    filters: int = 256  # 5,000 take 10 s; BINDs, which count here, overflow at 2,616
    operators: int = 2000  # a flat sum overflows at 6,906
    selects: int = 64  # overflows at 1,175, one in the other
    services: int = 64  # what may be sent with each of them is worked out from all that surrounds it


LONGEST_PLAIN: Final = 1000
"""Characters up to which a text may be plain: so short that it breaks no other bound."""
_PLAIN: Final = re.compile(
    r"\s*+(?:(?:PREFIX\s++[\w.\-]*+:|BASE)\s*+<[^<>\"{}|^`\\\x00-\x20]*+>\s*+)*+"
    r"(SELECT|ASK|CONSTRUCT|DESCRIBE)(?!\w)[^(\\\[\x80-\U0010ffff]*+",
    re.IGNORECASE | re.ASCII,
)
"""A plain query has no brackets but braces, so no expression, no escape and nothing beyond ASCII."""
_NOT_PLAIN: Final = re.compile(r"<<|SERVICE|LOAD|OPTIONAL|UNION|MINUS|LATERAL", re.IGNORECASE)


MOST_IN_IRIS: Final = 16
"""How many times as long as its bound a text may be because of its IRIs."""
_IRI: Final = re.compile(r"(?<!<)<[^\x00-\x20<>\"'{}|^`\\]*+>")
"""An IRI to every lexer: with no quote and no other ``<`` about it, it can be no part of a string or of ``<<``."""


def is_longer(text: str, bound: int) -> bool:
    """Whether a text is longer than ``bound`` bytes, each IRI in it counted as one.

    The bindings that other engines send along in VALUES are long for their IRIs, and each costs no more than a token.
    """
    size = len(text.encode())
    return size > bound and (size > MOST_IN_IRIS * bound or len(_IRI.sub(".", text).encode()) > bound)


@dataclass(frozen=True)
class Admitted:
    """What admission found out about a text: query form, keywords, and the offsets of SERVICE."""

    form: str
    words: frozenset[str]
    services: tuple[int, ...]

    @property
    def stable(self) -> bool:
        """Whether the same text over the same version always has the same answer."""
        return not self.words & VOLATILE and not self.services


@cached_by_text(4 << 20, 2)
def admit(text: str, bounds: Bounds = Bounds(), *, service: bool = False, load: bool = False) -> Admitted:
    """Check a query or update before the engine sees it.

    Returns its form and keywords; of a plain query, which can break no rule, only the form. Raises QueryTooComplex past
    a bound, Forbidden for SERVICE or LOAD where they are not allowed, QuerySyntaxError where a character begins no
    token. The normal form has the same tokens, and is all that the engine sees: no other reading can have a keyword
    that this one has not.
    """
    # Most queries are short and plain. One regular expression for them saves cutting them into tokens.
    plain = _PLAIN.fullmatch(text) if len(text) <= LONGEST_PLAIN else None
    if plain is not None and not _NOT_PLAIN.search(text) and text.count("{") <= bounds.list_depth:
        return Admitted(plain[1].upper(), frozenset(), ())
    tokens = list(significant(text))
    words = frozenset(token.keyword for token in tokens if token.kind is Kind.WORD)
    # By tokens: the word in a string, an IRI or a comment is harmless, and must not refuse a query.
    services = tuple(token.start for token in tokens if token.keyword == "SERVICE")
    if services and not service:
        raise _refused("SERVICE", text, services[0])
    loads = [token.start for token in tokens if token.keyword == "LOAD" and not load]
    if loads:
        raise _refused("LOAD", text, loads[0])
    _bound_depth(tokens, text, bounds)
    _bound_counts(tokens, bounds)
    return Admitted(_form(tokens), words, services)


def refuse_requests(form: NormalForm) -> None:
    """Refuse what the engine would make a request for. Raises Forbidden."""
    for keyword in ("SERVICE", "LOAD"):
        if keyword in form.words:
            start = next(token.start for token in significant(form.source) if token.keyword == keyword)
            raise _refused(keyword, form.source, start)


def _form(tokens: Iterable[Token]) -> str:
    for token in tokens:
        if token.keyword in FORMS or token.keyword in UPDATE_FORMS:
            return token.keyword
    return ""


def _refused(keyword: str, text: str, offset: int) -> Forbidden:
    """Build the error for a keyword that would have the engine make a request."""
    line, column = position(text, offset)
    return Forbidden(
        f"{line}:{column}: {keyword} is not allowed here: this endpoint makes no requests of its own.",
        line=line, column=column,
    )  # fmt: skip


def _bound_depth(tokens: list[Token], text: str, bounds: Bounds) -> None:
    """Refuse a text that nests too deeply. Raises QueryTooComplex."""
    stack: list[str] = []
    for token in tokens:
        mark = token.text if token.kind is Kind.PUNCTUATION else ""
        if mark in _OPEN:
            stack.append(mark)
            if len(stack) > bounds.depth:
                raise _too_complex("nested too deeply", bounds.depth, text, token.start)
            if sum(m in "([" for m in stack[-bounds.list_depth - 1 :]) > bounds.list_depth:
                raise _too_complex("nested too deeply in lists or brackets", bounds.list_depth, text, token.start)
        elif mark in _CLOSE and stack:
            stack.pop()


def _bound_counts(tokens: list[Token], bounds: Bounds) -> None:
    """Refuse a text with too much of one thing. Raises QueryTooComplex."""
    # Triples in INSERT DATA and DELETE DATA are not planned, and any number of them is fine.
    counts = dict.fromkeys(("UNION", "OPTIONAL", "FILTER", "SELECT", "SERVICE", "triples", "operators"), 0)
    data = False
    for token in tokens:
        if token.keyword in counts:
            counts[token.keyword] += 1
        # Patterns that nest as OPTIONAL does, and count towards the same bound.
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
        "SELECT": bounds.selects, "SERVICE": bounds.services, "triples": bounds.triples, "operators": bounds.operators,
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
