"""Comparison and well-formedness of literals as SPARQL defines them, evaluated by the engine itself."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter
from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from coopkg.rdf.graph import Node

_XSD: Final = STANDARD_PREFIXES["xsd"]
_STORE: Final = ox.Store()
_A, _B = (ox.Variable(name) for name in "ab")
_INTEGERS: Final = {
    "integer": (None, None), "nonNegativeInteger": (0, None), "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0), "negativeInteger": (None, -1),
    "long": (-(2**63), 2**63 - 1), "int": (-(2**31), 2**31 - 1), "short": (-(2**15), 2**15 - 1), "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1), "unsignedInt": (0, 2**32 - 1), "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}  # fmt: skip
_FORMS: Final = {
    "boolean": r"true|false|0|1",
    "decimal": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    "double": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "anyURI": r"[^\x00-\x20<>\"{}|\\^`]*",
    "hexBinary": r"([0-9a-fA-F]{2})*",
    "language": r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*",
    "base64Binary": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "normalizedString": r"[^\t\n\r]*",
    "token": r"(?:[^\s]+(?: [^\s]+)*)?",
    "NMTOKEN": r"[\w.\-:·]+",
    "Name": r"[^\W\d][\w.\-:·]*|[:][\w.\-:·]*",
    "NCName": r"[^\W\d][\w.\-·]*",
}
_TEMPORAL: Final = (
    "date", "dateTime", "dateTimeStamp", "time", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay", "duration",
    "dayTimeDuration", "yearMonthDuration",
)  # fmt: skip


def less(one: Node, other: Node, *, or_equal: bool = False) -> bool:
    """Whether SPARQL's ``<`` (or ``<=``) is true; False where the two cannot be compared.

    Exact numbers of any length are compared here, all else by the engine. An ill-typed literal has no value.
    """
    if not (_has_value(one) and _has_value(other)):
        return False
    if _is_exact(one) and _is_exact(other):
        left, right = Decimal(one.value), Decimal(other.value)
        return left <= right if or_equal else left < right
    mark = "<=" if or_equal else "<"
    rows = _STORE.query(f"SELECT ?a ?b (?a {mark} ?b AS ?c) {{}}", substitutions={_A: one, _B: other})
    return any(row["c"] == ox.Literal(True) for row in rows)  # type: ignore[union-attr]  # noqa: FBT003


def _has_value(term: Node) -> bool:
    return isinstance(term, ox.Literal) and well_formed(term.value, term.datatype.value)


def _is_exact(term: ox.Literal) -> bool:
    name = term.datatype.value.removeprefix(_XSD)
    return name == "decimal" or name in _INTEGERS


def text_of(term: Node) -> str | None:
    """Return the value of SPARQL's STR; None for a blank node or a triple term."""
    return None if isinstance(term, ox.BlankNode | ox.Triple) else str(term.value)


def language_matches(tag: str, ranges: tuple[str, ...]) -> bool:
    """Whether a language tag is in one of the basic ranges (RFC 4647, section 3.3.1)."""
    lowered = tag.lower()
    return any(r == "*" or lowered == r.lower() or lowered.startswith(r.lower() + "-") for r in ranges)


@lru_cache(maxsize=65536)
def canonical(term: ox.Literal) -> Node:
    """Return the form in which the engine's store keeps a literal: it rewrites lexical forms and derived integers."""
    subject = ox.BlankNode()
    quad = ox.Quad(subject, ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#value"), term)
    store = ox.Store()
    store.add(quad)
    return next(iter(store)).object


@lru_cache(maxsize=65536)
def well_formed(lexical: str, datatype: str) -> bool:
    """Whether a lexical form belongs to an XSD datatype; datatypes that are not known here accept every form."""
    name = datatype.removeprefix(_XSD) if datatype.startswith(_XSD) else ""
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        if not re.fullmatch(r"[+-]?[0-9]+", lexical):
            return False
        number = Decimal(lexical)  # int() refuses more than 4,300 digits
        return (low is None or number >= low) and (high is None or number <= high)
    if name == "dateTimeStamp" and not re.search(r"(Z|[+-][0-9]{2}:[0-9]{2})$", lexical):
        return False
    # The engine knows leap years and time zones; a cast has a value only for a form that is right.
    if name in _TEMPORAL:
        cast = _XSD + name.removesuffix("Stamp")
        rows = _STORE.query(f"SELECT ?a (<{cast}>(?a) AS ?c) {{}}", substitutions={_A: ox.Literal(lexical)})
        return any(row["c"] is not None for row in rows)  # type: ignore[union-attr]
    form = _FORMS.get("double" if name == "float" else name)
    return form is None or re.fullmatch(form, lexical) is not None


def literal_of(text: str, kind: str, what: str) -> ox.Literal:
    """Make a literal of an XSD type (string, integer, decimal, boolean, date ...) out of its lexical form.

    A date is one of the calendar. Raises BadParameter.
    """
    if not well_formed(text, _XSD + kind):
        raise BadParameter(f"The parameter {what!r} must be of type {kind}, not {text!r}.")
    return ox.Literal(text, datatype=ox.NamedNode(_XSD + kind))
