"""Structured data for crawlers: a description as JSON-LD in schema.org terms, made from its own triples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.terms import Term

CONTEXT: Final = "https://schema.org"
_SCHEMA: Final = STANDARD_PREFIXES["schema"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_AS: Final = {
    STANDARD_PREFIXES[prefix] + name: term
    for prefix, name, term in (
        ("skos", "prefLabel", "name"),
        ("rdfs", "label", "name"),
        ("dcterms", "title", "name"),
        ("foaf", "name", "name"),
        ("skos", "altLabel", "alternateName"),
        ("skos", "definition", "description"),
        ("rdfs", "comment", "description"),
        ("dcterms", "description", "description"),
        ("skos", "exactMatch", "sameAs"),
        ("foaf", "homepage", "url"),
        ("dcterms", "license", "license"),
        ("geo", "lat", "latitude"),
        ("geo", "long", "longitude"),
    )
}
"""Properties of other vocabularies that have a counterpart in schema.org with the same meaning."""


def structured(triples: Iterable[ox.Triple], iri: str) -> dict[str, Any]:
    """Return the triples about an IRI as a JSON-LD object in schema.org terms: its types, names and links.

    Types and properties of schema.org are in the graph already: they are inferred by the alignment.
    """
    node = ox.NamedNode(iri)
    values_by_name: dict[str, list[Any]] = {}
    for triple in triples:
        if triple.subject != node:
            continue
        name = triple.predicate.value
        if name == _TYPE and isinstance(triple.object, ox.NamedNode) and triple.object.value.startswith(_SCHEMA):
            values_by_name.setdefault("@type", []).append(triple.object.value.removeprefix(_SCHEMA))
        elif name in _AS or name.startswith(_SCHEMA):
            values_by_name.setdefault(_AS.get(name) or name.removeprefix(_SCHEMA), []).append(_value(triple.object))
    values = {name: items[0] if len(items) == 1 else items for name, items in sorted(values_by_name.items())}
    return {"@context": CONTEXT, "@id": iri, "@type": "Thing", **values, "mainEntityOfPage": iri}


def _value(term: Term) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(term, ox.NamedNode):
        return {"@id": term.value}
    if isinstance(term, ox.Literal) and term.language:
        return {"@value": term.value, "@language": term.language}
    return term.value if isinstance(term, ox.Literal) else str(term)


def script(value: Mapping[str, Any]) -> str:
    """Encode the JSON for a script element (HTML, section 4.12.1.3)."""
    # A label may contain "</script>" or "<!--", which would end the element or change how the rest is parsed. Within
    # JSON strings, where alone these characters occur, the escapes mean the same.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
