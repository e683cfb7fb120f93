"""The values of literals: as much of the OWL 2 RL datatype map as finding inconsistencies needs (section 4.3).

In doubt no inconsistency is reported: what is not known here counts as possible.
"""

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
    """Whether a term is the IRI of a datatype of OWL 2 (Structural Specification, section 4)."""
    if not isinstance(term, ox.NamedNode):
        return False
    names = {RDFS + "Literal", RDF + "XMLLiteral", RDF + "HTML", RDF + "JSON"}
    return term.value in _KNOWN or term.value in _TEXTS or term.value in names or term.value.startswith(XSD)


def is_of(term: Term, datatype: ox.NamedNode) -> bool:
    """Whether a term can be of a datatype; True where that is not known here, or where it is no literal."""
    if not isinstance(term, ox.Literal):
        return True
    own, target = term.datatype.value, datatype.value
    if term.language or target in _TEXTS:
        return (bool(term.language) and target not in _KNOWN) or (own not in _KNOWN and not term.language)
    if own not in _KNOWN or target not in _KNOWN:
        return own not in _KNOWN or well_formed(term.value, own)
    return well_formed(term.value, own) and _base(own) == _base(target) and _fits(term.value, own, target)


def _fits(lexical: str, own: str, target: str) -> bool:
    """Whether a well-formed literal is also of another datatype over the same values."""
    if own == target or target == _base(own):
        return True
    if _base(own) != _DECIMAL:
        return well_formed(lexical, target)
    # By its value, whatever its form: "5.0"^^xsd:decimal is an xsd:byte.
    value = Decimal(lexical)
    return value == value.to_integral_value() and well_formed(str(int(value)), target)


def differ(first: Term, second: Term) -> bool:
    """Whether two terms are literals that certainly denote different values (rule dt-diff)."""
    if not isinstance(first, ox.Literal) or not isinstance(second, ox.Literal) or first == second:
        return False
    if first.language or second.language:
        return (first.value, first.language) != (second.value, second.language)
    names = (first.datatype.value, second.datatype.value)
    if not all(
        name in _KNOWN and well_formed(term.value, name) for name, term in zip(names, (first, second), strict=True)
    ):
        return False
    if _base(names[0]) != _base(names[1]):
        return True
    if _base(names[0]) == _DECIMAL:
        return Decimal(first.value) != Decimal(second.value)
    return bool(canonical(first).value != canonical(second).value) and names[0] == names[1]


def _base(name: str) -> str:
    return _ABOVE.get(name, name)
