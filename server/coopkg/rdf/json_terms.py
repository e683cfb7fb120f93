"""Terms as objects of the SPARQL 1.1 Query Results JSON Format (section 3.2.2), and back.

Base directions and triple terms are written as in the Working Draft of version 1.2. The engine writes whole answers by
itself; these are for single terms, as of the beginning of an answer that a page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.rdf.terms import Term

_STRING: Final = STANDARD_PREFIXES["xsd"] + "string"


def to_json(term: Term) -> dict[str, Any]:
    """Return a term as an object of the format."""
    match term:
        case ox.NamedNode():
            return {"type": "uri", "value": term.value}
        case ox.BlankNode():
            return {"type": "bnode", "value": term.value}
        case ox.Literal():
            literal = {"type": "literal", "value": term.value}
            if term.language:
                literal["xml:lang"] = term.language
                if term.direction:
                    literal["its:dir"] = term.direction.value
            elif term.datatype.value != _STRING:
                literal["datatype"] = term.datatype.value
            return literal
        case _:
            parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
            return {"type": "triple", "value": {name: to_json(part) for name, part in parts.items()}}


def from_json(term: Mapping[str, Any]) -> Term:
    """Return the term that an object of the format stands for. Raises ValueError, KeyError or TypeError for none."""
    value = term["value"]
    match term["type"]:
        case "uri":
            return ox.NamedNode(value)
        case "bnode":
            return ox.BlankNode(value)
        case "triple":
            parts: list[Any] = [from_json(value[part]) for part in ("subject", "predicate", "object")]
            return ox.Triple(*parts)
        case _ if "its:dir" in term:
            return ox.Literal(value, language=term["xml:lang"], direction=ox.BaseDirection(term["its:dir"]))
        case _ if "xml:lang" in term:
            return ox.Literal(value, language=term["xml:lang"])
        case _:
            return ox.Literal(value, datatype=ox.NamedNode(term.get("datatype", _STRING)))
