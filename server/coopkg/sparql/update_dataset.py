"""The dataset that the protocol names for an update, written into the update (SPARQL 1.1 Protocol, section 2.2.3).

The engine's update takes no dataset, so that USING is the only way to give it one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.errors import ProtocolError
from coopkg.sparql.lexer import Token, significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def with_using(text: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> str:
    """Write USING clauses for those graph IRIs before each WHERE of a modify operation.

    ``DELETE WHERE``, which takes no USING, is written out first. Raises ProtocolError where the update has USING,
    USING NAMED or WITH of its own, as the protocol demands, or where an IRI is none.
    """
    if not default_graphs and not named_graphs:
        return text
    tokens = list(significant(text))
    # Which of the two datasets is meant could not be told (SPARQL 1.1 Protocol, section 2.2.3).
    if any(token.keyword in {"USING", "WITH"} for token in tokens):
        raise ProtocolError(
            "An update with USING or WITH takes no using-graph-uri or using-named-graph-uri beside them."
        )
    clauses = [f"USING {_iri(g)}" for g in default_graphs] + [f"USING NAMED {_iri(g)}" for g in named_graphs]
    using = " ".join(clauses) + " "
    parts: list[str] = []
    copied = 0
    for offset, pattern in _wheres(tokens):
        parts += [text[copied:offset], f"{text[pattern[0] : pattern[1]]} {using}" if pattern else using]
        copied = offset
    return "".join([*parts, text[copied:]])


def _iri(iri: str) -> str:
    # The one IRI that is put into a text as text: none of these characters can end it, or begin something else.
    if any(c in '<>"{}|^`\\' or c <= " " for c in iri):
        raise ProtocolError(f"{iri!r} is no IRI.")
    return f"<{iri}>"


def _wheres(tokens: list[Token]) -> Iterator[tuple[int, tuple[int, int] | None]]:
    """Yield the offset of each outermost WHERE, with the extent of its pattern if it belongs to DELETE WHERE."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
        elif depth == 0 and token.keyword == "WHERE":
            short = index > 0 and tokens[index - 1].keyword == "DELETE"
            yield token.start, _extent(tokens, index + 1) if short else None


def _extent(tokens: list[Token], first: int) -> tuple[int, int]:
    depth = 0
    for index in range(first, len(tokens)):
        token = tokens[index]
        depth += (token.text == "{") - (token.text == "}")
        if depth == 0:
            return tokens[first].start, token.start + len(token.text)
    raise ProtocolError("The pattern of DELETE WHERE is not closed.")
