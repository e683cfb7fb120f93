"""Matching of regular expressions as SPARQL's REGEX defines it, by the engine where it can."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.regular_expressions import read_pattern

if TYPE_CHECKING:
    from collections.abc import Collection

_STORE: Final = ox.Store()
_AT_ONCE: Final = 2000
"""Texts in one query: parsing it holds the interpreter's lock, so that it must not be too long."""
_A, _B = (ox.Variable(name) for name in "ab")


@lru_cache(maxsize=65536)
def matches(text: str, pattern: str, flags: str) -> bool:
    """Whether an XPath regular expression matches somewhere in a text, as SPARQL's REGEX has it.

    By pyoxigraph, whose matching is linear: with Python's ``re`` the pattern ``(a+)+$`` on 32 characters runs for more
    than 12 s. Raises ValueError for what is no regular expression, QueryTooComplex where back-references take too long.
    """
    expression = read_pattern(pattern, flags)
    if expression.written is None:
        return expression.search(text)
    query = f"SELECT ?a ?b (REGEX(?a, ?b, {ox.Literal(expression.flags)}) AS ?c) {{}}"
    rows = _STORE.query(query, substitutions={_A: ox.Literal(text), _B: ox.Literal(expression.written)})
    return any(row["c"] == ox.Literal(True) for row in rows)  # type: ignore[union-attr]  # noqa: FBT003


def not_matching(texts: Collection[str], pattern: str, flags: str) -> set[str]:
    """Return the texts that an XPath regular expression does not match, evaluated for thousands of them at once."""
    expression = read_pattern(pattern, flags)
    if expression.written is None:
        return {text for text in texts if not expression.search(text)}
    regex = f"{ox.Literal(expression.written)}, {ox.Literal(expression.flags)}"
    ordered, failing = list(texts), set[str]()
    for start in range(0, len(ordered), _AT_ONCE):
        rows = " ".join(str(ox.Literal(text)) for text in ordered[start : start + _AT_ONCE])
        query = f"SELECT ?a {{ VALUES ?a {{ {rows} }} FILTER(!REGEX(?a, {regex})) }}"
        failing.update(row["a"].value for row in _STORE.query(query))  # type: ignore[union-attr]
    return failing


@lru_cache(maxsize=1024)
def pattern_fault(pattern: str, flags: str) -> str:
    """Return why a pattern with its flags is no XPath regular expression that can be evaluated, else nothing."""
    try:
        expression = read_pattern(pattern, flags)
    except ValueError as error:
        return str(error)
    if expression.written is None:
        return ""
    query = f"SELECT ?a (REGEX('', ?a, {ox.Literal(expression.flags)}) AS ?c) {{}}"
    rows = _STORE.query(query, substitutions={_A: ox.Literal(expression.written)})
    return "" if any(row["c"] is not None for row in rows) else "it is too large"  # type: ignore[union-attr]
