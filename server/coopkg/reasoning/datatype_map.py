"""What literals can and cannot denote: as much of the OWL 2 RL datatype map as contradictions need (section 4.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pyoxigraph as ox

from coopkg.rdf.literals import canonical, well_formed
from coopkg.reasoning.owl_terms import RDF, RDFS, XSD, Term

_INTEGERS: Final = frozenset(
    XSD + name
    for name in (
        "integer", "nonPositiveInteger", "negativeInteger", "long", "int", "short", "byte", "nonNegativeInteger",
        "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "positiveInteger",
    )
)  # fmt: skip
_DECIMAL: Final = XSD + "decimal"
_STRINGS: Final = frozenset(
    XSD + name for name in ("normalizedString", "token", "language", "Name", "NCName", "NMTOKEN")
)
_PRIMITIVE: Final = frozenset(
    XSD + name for name in ("string", "boolean", "double", "float", "anyURI", "hexBinary", "base64Binary", "duration",
                            "dateTime", "date", "time", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay")
)  # fmt: skip
_TEXTS: Final = frozenset({RDF + "langString", RDF + "PlainLiteral"})
_ABOVE: Final = {
    **dict.fromkeys(_INTEGERS, _DECIMAL),
    **dict.fromkeys(_STRINGS, XSD + "string"),
    XSD + "dateTimeStamp": XSD + "dateTime",
    XSD + "dayTimeDuration": XSD + "duration",
    XSD + "yearMonthDuration": XSD + "duration",
}
_KNOWN: Final = frozenset(_ABOVE) | _PRIMITIVE | {_DECIMAL}


def is_datatype(term: Term) -> bool:
    """Return whether an IRI is that of a datatype of OWL 2 (Structural Specification, section 4)."""
    if not isinstance(term, ox.NamedNode):
        return False
    names = {RDFS + "Literal", RDF + "XMLLiteral", RDF + "HTML", RDF + "JSON"}
    return term.value in _KNOWN or term.value in _TEXTS or term.value in names or term.value.startswith(XSD)


def is_of(term: Term, datatype: ox.NamedNode) -> bool:
    """Return whether a term can be of a datatype; True where that is not known here, or where it is no literal."""
    if not isinstance(term, ox.Literal):
        return True
    own, wanted = term.datatype.value, datatype.value
    if term.language or wanted in _TEXTS:
        return (bool(term.language) and wanted not in _KNOWN) or (own not in _KNOWN and not term.language)
    if own not in _KNOWN or wanted not in _KNOWN:
        return own not in _KNOWN or well_formed(term.value, own)
    return well_formed(term.value, own) and _base(own) == _base(wanted) and _fits(term.value, own, wanted)


def _fits(lexical: str, own: str, wanted: str) -> bool:
    """Return whether a well-formed literal is of another datatype over the same values."""
    if own == wanted or wanted == _base(own):
        return True
    if _base(own) != _DECIMAL:
        return well_formed(lexical, wanted)
    value = Decimal(lexical)
    return value == value.to_integral_value() and well_formed(str(int(value)), wanted)


def differ(one: Term, other: Term) -> bool:
    """Return whether two terms are literals that certainly denote different values (rule dt-diff)."""
    if not isinstance(one, ox.Literal) or not isinstance(other, ox.Literal) or one == other:
        return False
    if one.language or other.language:
        return (one.value, one.language) != (other.value, other.language)
    names = (one.datatype.value, other.datatype.value)
    if not all(
        name in _KNOWN and well_formed(term.value, name) for name, term in zip(names, (one, other), strict=True)
    ):
        return False
    if _base(names[0]) != _base(names[1]):
        return True
    if _base(names[0]) == _DECIMAL:
        return Decimal(one.value) != Decimal(other.value)
    return bool(canonical(one).value != canonical(other).value) and names[0] == names[1]


def _base(name: str) -> str:
    return _ABOVE.get(name, name)
