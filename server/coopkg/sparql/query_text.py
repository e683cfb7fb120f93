"""The one builder of our own query texts: what is put into a template is a term, a number or a part built here.

A name that came from a request never becomes syntax: ``GRAPH <...>`` was once closed by an IRI with ``>`` in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pyoxigraph as ox

# No SPARQL text has two opening brackets in a row: a blank node property list begins with a verb (SPARQL 1.1 Query
# Language, section 19.8, rule 99), and neither an IRI nor a prefixed name may contain a bracket.
_PLACEHOLDER: Final = re.compile(r"\[\[(\w+)\]\]")
_PREFIX: Final = re.compile(r"[A-Za-z](?:[\w\-]*\w)?", re.ASCII)
_LOCAL: Final = re.compile(r"\w(?:[\w\-]*\w)?", re.ASCII)


class QueryText(str):
    """A query, or a part of one, that ``query_text`` has built: the only text that it takes."""

    __slots__ = ()


Part = ox.NamedNode | ox.Literal | ox.Variable | QueryText | int
Value = Part | Iterable[Part]
"""What a placeholder can stand for; several parts are separated by blanks, as VALUES wants them."""


def query_text(template: str, **values: Value) -> QueryText:
    """Return the template with each ``[[name]]`` replaced by the value of that name, written as SPARQL has it.

    A template is a constant of the program: ``tests/project/test_query_texts.py`` looks at every call. Raises KeyError
    for a placeholder without a value, TypeError for a value of another kind, a plain ``str`` included, and ValueError
    for a value that no placeholder uses.
    """
    unused = values.keys() - set(_PLACEHOLDER.findall(template))
    if unused:
        raise ValueError(f"the template has no place for {', '.join(sorted(unused))}")
    return QueryText(_PLACEHOLDER.sub(lambda match: _written(values[match[1]]), template))


def prefixed_name(prefix: str, local: str) -> QueryText:
    """Return a prefixed name whose parts are letters, digits, hyphens and underscores alone. Raises ValueError."""
    if not _PREFIX.fullmatch(prefix) or not _LOCAL.fullmatch(local):
        raise ValueError(f"{prefix}:{local} is no name that needs no escape")
    return QueryText(f"{prefix}:{local}")


def _written(value: object) -> str:
    match value:
        case ox.NamedNode() | ox.Literal() | ox.Variable():
            return str(value)  # as N-Triples has it, escaped; an IRI was checked when the term was made
        case QueryText():
            return value
        case bool() | str():
            raise TypeError(f"{value!r} is no term")
        case int():
            return str(value)
        case Iterable():
            return " ".join(map(_written, value))
        case _:
            raise TypeError(f"{value!r} is no term")
