"""Checks of what the grammar forbids and the engine accepts, on the tokens of a text."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from coopkg.sparql.functions import AGGREGATES
from coopkg.sparql.lexer import Kind, Token, syntax_error

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPEN: Final = frozenset({"(", "[", "{", "<<", "<<(", "{|"})
_CLOSE: Final = frozenset({")", "]", "}", ">>", ")>>", "|}"})
_BOOLEANS: Final = frozenset({"TRUE", "FALSE"})
_ONE_EXPRESSION: Final = frozenset({"FILTER", "BIND"})
_EXPRESSIONS: Final = _ONE_EXPRESSION | {"SELECT", "BY", "HAVING"}
_PATTERN_FOLLOWS: Final = frozenset({"WHERE", "FROM", "VALUES", "LIMIT", "OFFSET"})
_OPERANDS: Final = frozenset({Kind.VARIABLE, Kind.NUMBER, Kind.STRING, Kind.LANGUAGE, Kind.IRI, Kind.PREFIXED})


class _Bracket(Enum):
    OTHER = auto()
    EXPRESSION = auto()
    AGGREGATE = auto()
    TRIPLE_TERM = auto()


_OPERATORS_IN: Final = frozenset({_Bracket.EXPRESSION, _Bracket.AGGREGATE})


def check(tokens: Sequence[Token], text: str) -> None:
    """Refuse three errors that the engine overlooks. Raises QuerySyntaxError with line and column.

    An aggregate in the argument of another one (SPARQL 1.2 Query Language, section 19.8); in an expression, a triple
    term whose subject is a literal or a triple term (the same); and an IRI where an operator is expected: the longest
    match is the token, so that ``?x<?a&&?b>?y`` compares nothing (SPARQL 1.1 Query Language, section 19.8).
    """
    brackets: list[_Bracket] = []
    clause = ""
    before: Token | None = None
    for token in tokens:
        inside = brackets[-1] if brackets else _Bracket.OTHER
        mark = token.text if token.kind is Kind.PUNCTUATION else ""
        if token.keyword in _EXPRESSIONS:
            clause = token.keyword
        elif mark in {"{", "}"} or token.keyword in _PATTERN_FOLLOWS:
            clause = ""
        if before:
            _check_pair(before, token, inside, text)
        # An aggregate in a sub-SELECT or EXISTS within the argument is another matter: it stands in braces.
        if mark in _OPEN:
            opened = _opened(mark, before, inside, expected=bool(clause))
            if opened is _Bracket.AGGREGATE and before and _in_aggregate(brackets):
                raise syntax_error(f"{before.keyword} stands in the argument of an aggregate", text, before.start)
            brackets.append(opened)
            clause = "" if clause in _ONE_EXPRESSION else clause
        elif mark in _CLOSE and brackets:
            brackets.pop()
        before = token


def _check_pair(before: Token, token: Token, inside: _Bracket, text: str) -> None:
    if inside is _Bracket.TRIPLE_TERM and before.text == "<<(" and _is_no_subject(token):
        raise syntax_error("here a triple term has an IRI or a variable as its subject", text, token.start)
    if inside in _OPERATORS_IN and token.kind is Kind.IRI and _is_operand(before):
        why = f"{token.text} is an IRI where an operator is expected; a comparison needs a space after <"
        raise syntax_error(why, text, token.start)


def _opened(mark: str, before: Token | None, inside: _Bracket, *, expected: bool) -> _Bracket:
    """Classify what a bracket opens; in braces everything begins anew."""
    expected = expected or inside is not _Bracket.OTHER
    if mark == "<<(" and expected:
        return _Bracket.TRIPLE_TERM
    if mark != "(":
        return _Bracket.OTHER
    if before and before.keyword in AGGREGATES:
        return _Bracket.AGGREGATE
    return _Bracket.EXPRESSION if expected else _Bracket.OTHER


def _in_aggregate(brackets: list[_Bracket]) -> bool:
    """Whether the innermost brackets are within an aggregate's, with no braces between."""
    for bracket in reversed(brackets):
        if bracket is _Bracket.OTHER:
            return False
        if bracket is _Bracket.AGGREGATE:
            return True
    return False


def _is_no_subject(token: Token) -> bool:
    return token.kind in {Kind.STRING, Kind.NUMBER} or token.text in {"<<(", "+", "-"} or token.keyword in _BOOLEANS


def _is_operand(token: Token) -> bool:
    return token.kind in _OPERANDS or token.text == ")" or token.keyword in _BOOLEANS
