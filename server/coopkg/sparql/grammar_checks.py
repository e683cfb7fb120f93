"""Checks of what the grammar forbids and the engine accepts, on the tokens of a text."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from coopkg.sparql.functions import AGGREGATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.sparql.lexer import Token

_OPEN: Final = frozenset({"(", "[", "{", "<<", "<<(", "{|"})
_CLOSE: Final = frozenset({")", "]", "}", ">>", ")>>", "|}"})
_BRACKETS: Final = _OPEN | _CLOSE
_BOOLEANS: Final = frozenset({"TRUE", "FALSE"})
_ONE_EXPRESSION: Final = frozenset({"FILTER", "BIND"})
_EXPRESSIONS: Final = _ONE_EXPRESSION | {"SELECT", "BY", "HAVING"}
_PATTERN_FOLLOWS: Final = frozenset({"WHERE", "FROM", "VALUES", "LIMIT", "OFFSET"})
_OPERANDS: Final = frozenset({"variable", "number", "string", "language", "iri", "prefixed"})


class _Bracket(Enum):
    OTHER = auto()
    EXPRESSION = auto()
    AGGREGATE = auto()
    IN_AGGREGATE = auto()
    TRIPLE_TERM = auto()


_OPERATORS_IN: Final = frozenset({_Bracket.EXPRESSION, _Bracket.AGGREGATE, _Bracket.IN_AGGREGATE})
_IN_AN_AGGREGATE: Final = frozenset({_Bracket.AGGREGATE, _Bracket.IN_AGGREGATE})


class Checker:
    """Looks at the tokens of a text, one after the other, for three errors that the engine overlooks.

    An aggregate in the argument of another one (SPARQL 1.2 Query Language, section 19.8); in an expression, a triple
    term whose subject is a literal or a triple term (the same); and an IRI where an operator is expected: the longest
    match is the token, so that ``?x<?a&&?b>?y`` compares nothing (SPARQL 1.1 Query Language, section 19.8).
    """

    def __init__(self, error: Callable[[str, int], Exception]) -> None:
        """Take what builds the error for a fault and its offset."""
        self.error = error
        self.brackets: list[_Bracket] = []
        self.clause = ""
        self.before: Token | None = None

    def step(self, token: Token) -> bool:
        """Take the next token, and say whether it stands in the brackets of an expression.

        Raises the error for what the grammar forbids.
        """
        inside = self.brackets[-1] if self.brackets else _Bracket.OTHER
        if inside is not _Bracket.OTHER and self.before:
            self._check_pair(self.before, token, inside)
        if token.kind == "punctuation":
            if token.text in _BRACKETS:
                self._bracket(token, inside)
        elif token.kind == "word":
            word = token.text.upper()
            if word in _EXPRESSIONS:
                self.clause = word
            elif word in _PATTERN_FOLLOWS:
                self.clause = ""
        self.before = token
        return inside in _OPERATORS_IN

    def _bracket(self, token: Token, inside: _Bracket) -> None:
        mark = token.text
        if mark in {"{", "}"}:
            self.clause = ""
        # An aggregate in a sub-SELECT or EXISTS within the argument is another matter: it stands in braces.
        if mark in _OPEN:
            opened = self._opened(mark, inside)
            if opened is _Bracket.AGGREGATE and inside in _IN_AN_AGGREGATE and self.before:
                why = f"{self.before.keyword} stands in the argument of an aggregate"
                raise self.error(why, self.before.start)
            self.brackets.append(opened)
            self.clause = "" if self.clause in _ONE_EXPRESSION else self.clause
        elif mark in _CLOSE and self.brackets:
            self.brackets.pop()

    def _check_pair(self, before: Token, token: Token, inside: _Bracket) -> None:
        if inside is _Bracket.TRIPLE_TERM and before.text == "<<(" and _is_no_subject(token):
            raise self.error("here a triple term has an IRI or a variable as its subject", token.start)
        if token.kind == "iri" and inside in _OPERATORS_IN and _is_operand(before):
            why = f"{token.text} is an IRI where an operator is expected; a comparison needs a space after <"
            raise self.error(why, token.start)

    def _opened(self, mark: str, inside: _Bracket) -> _Bracket:
        """Classify what a bracket opens; in braces everything begins anew."""
        expected = bool(self.clause) or inside is not _Bracket.OTHER
        if mark == "<<(" and expected:
            return _Bracket.TRIPLE_TERM
        if mark != "(":
            return _Bracket.OTHER
        if self.before and self.before.keyword in AGGREGATES:
            return _Bracket.AGGREGATE
        if inside in _IN_AN_AGGREGATE:
            return _Bracket.IN_AGGREGATE
        return _Bracket.EXPRESSION if expected else _Bracket.OTHER


def _is_no_subject(token: Token) -> bool:
    return token.kind in {"string", "number"} or token.text in {"<<(", "+", "-"} or token.keyword in _BOOLEANS


def _is_operand(token: Token) -> bool:
    return token.kind in _OPERANDS or token.text == ")" or token.keyword in _BOOLEANS
