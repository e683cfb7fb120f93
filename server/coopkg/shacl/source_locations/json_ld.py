"""The places of nodes and their properties in a JSON-LD document, as far as its own context tells what keys mean."""

from __future__ import annotations

import json
import re
from collections import ChainMap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.report import Lines
from coopkg.shacl.source_locations.index import SourceLocations
from coopkg.shacl.source_locations.index import written as written_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopkg.rdf.terms import Document

_SPACE: Final = re.compile(r"[\x20\t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_XSD: Final = STANDARD_PREFIXES["xsd"]


@dataclass(frozen=True)
class Value:
    """A JSON value and where it stands; an object is a list of (key, offset of the key, value)."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Context:
    """An active context, as far as places need it (JSON-LD 1.1, section 3.1)."""

    terms: Mapping[str, Any]
    base: str
    vocabulary: str = ""
    language: str | None = None

    def extended(self, value: Any) -> Context:  # noqa: ANN401 - any JSON value
        """Return the context with a local one on top of it, or several in turn; null takes all away."""
        # Layers and not copies: a document can have as many contexts as it has terms. Of a list one layer is made.
        layer: dict[str, Any] = {}
        below: Mapping[str, Any] = self.terms
        base, vocabulary, language = self.base, self.vocabulary, self.language
        for item in _in_turn(value):
            if item is None:
                layer, below, vocabulary, language = {}, {}, "", None
            elif isinstance(item, dict):
                layer |= item
                base, vocabulary = str(item.get("@base") or base), str(item.get("@vocab") or vocabulary)
                language = item.get("@language", language)
        if layer:
            maps = below.maps if isinstance(below, ChainMap) else [dict(below)] if below else []
            below = ChainMap(layer, *maps)
        return Context(below, base, vocabulary, language)

    def keyword(self, key: str) -> str:
        """Return the keyword that a key is an alias of, else the key."""
        definition = self.terms.get(key)
        return definition if isinstance(definition, str) and definition.startswith("@") else key

    def iri(self, text: str, *, as_term: bool) -> str:
        """Expand a text to an IRI (JSON-LD 1.1 API, section 5.2)."""
        definition = self.terms.get(text)
        mapped = definition.get("@id") if isinstance(definition, dict) else definition
        if as_term and isinstance(mapped, str) and mapped != text:
            return self.iri(mapped, as_term=True) if ":" in mapped else mapped
        prefix, colon, local = text.partition(":")
        namespace = self.terms.get(prefix)
        namespace = namespace.get("@id") if isinstance(namespace, dict) else namespace
        if colon and not local.startswith("//") and isinstance(namespace, str):
            return namespace + local
        if colon:
            return text
        return self.vocabulary + text if as_term else urljoin(self.base, text)

    def coercion(self, key: str) -> str | None:
        """Return the type to which the strings of a property are coerced."""
        definition = self.terms.get(key)
        datatype = definition.get("@type") if isinstance(definition, dict) else None
        return datatype if isinstance(datatype, str) else None


def _in_turn(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """Return the local contexts of a value; a scoped one may be a list too."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            yield from item
        else:
            yield item


def locate(document: Document, text: str, context: Mapping[str, Any]) -> SourceLocations:
    """Locate the triples of a document that the parser has accepted; ``context`` replaces a bundled one.

    Where this reader does not follow, it stops: what it has located by then is right, and results need no more.
    """
    reader = Reader(document.name, text, context)
    try:
        root, _ = reader.scan(0)
        reader.value(root, Context({}, document.base or ""), None, None)
    except (RecursionError, ValueError, TypeError, AttributeError):
        pass
    return reader.locations


class Reader:
    """Reads JSON values with their offsets, and locates the triples that they stand for."""

    def __init__(self, name: str, text: str, bundled: Mapping[str, Any]) -> None:
        self.locations = SourceLocations(name)
        self.lines = Lines(name, text)
        self.text = text
        self.bundled = bundled

    def scan(self, at: int) -> tuple[Value, int]:
        """Read the JSON value that begins behind white space; return it and the offset of its end.

        Not by ``json.loads``, which gives no offsets.
        """
        start = self.skip(at)
        mark = self.text[start : start + 1]
        if mark == "{":
            return self.members(start)
        if mark == "[":
            items: list[Value] = []
            end = self.skip(start + 1)
            while self.text[end] != "]":
                item, end = self.scan(end)
                items.append(item)
                end = self.comma(end)
            return Value(items, start, end + 1), end + 1
        atom, end = _DECODER.raw_decode(self.text, start)
        return Value(atom, start, end), end

    def members(self, start: int) -> tuple[Value, int]:
        """Read an object; return it and the offset of its end."""
        members: list[tuple[str, int, Value]] = []
        end = self.skip(start + 1)
        while self.text[end] != "}":
            key_at = end
            key, end = _DECODER.raw_decode(self.text, end)
            value, end = self.scan(self.skip(end) + 1)
            members.append((key, key_at, value))
            end = self.comma(end)
        return Value({"members": members}, start, end + 1), end + 1

    def skip(self, at: int) -> int:
        """Return the offset behind white space."""
        space = _SPACE.match(self.text, at)
        return space.end() if space else at

    def comma(self, at: int) -> int:
        """Return the offset behind white space and a comma."""
        at = self.skip(at)
        return self.skip(at + 1) if self.text[at] == "," else at

    def value(self, value: Value, context: Context, subject: Any, key: str | None) -> None:  # noqa: ANN401
        """Read a value: of a property of a subject, or a node at the top."""
        if isinstance(value.value, list):
            for item in value.value:
                self.value(item, context, subject, key)
            return
        predicate = ox.NamedNode(context.iri(key, as_term=True)) if key is not None else None
        term = self.node(value, context) if isinstance(value.value, dict) else _scalar(value.value, context, key)
        if subject is not None and predicate is not None and term is not None:
            written = written_at(self.lines, value.start, value.end)
            self.locations.add((subject, predicate, term), written)
            self.locations.mentions.setdefault(term, written)

    def node(self, value: Value, context: Context) -> Any:  # noqa: ANN401 - a term or None
        """Read an object: a node, or a literal."""
        members: list[tuple[str, int, Value]] = value.value["members"]
        for key, _, local in members:
            if key == "@context":
                context = context.extended(plain(local) if not isinstance(local.value, str) else self.bundled)
        by_keyword = {context.keyword(key): item for key, _, item in members}
        if "@value" in by_keyword:
            return _literal({key: plain(item) for key, item in by_keyword.items()}, context)
        # The cells of a list have no place of their own.
        if "@list" in by_keyword:
            return None
        named = by_keyword["@id"].value if "@id" in by_keyword else None
        subject = self.subject(named, context)
        if set(by_keyword) != {"@id"}:
            self.locations.subjects.setdefault(subject, written_at(self.lines, value.start, value.end))
        for key, at, item in members:
            self.member(subject, context, key, at, item)
        return subject

    @staticmethod
    def subject(named: Any, context: Context) -> Any:  # noqa: ANN401 - a JSON value to a term
        """Return the node of a value of @id."""
        if not isinstance(named, str):
            return ox.BlankNode()
        if named.startswith("_:"):
            return ox.BlankNode(named[2:])
        return ox.NamedNode(context.iri(named, as_term=False))

    def member(self, subject: Any, context: Context, key: str, at: int, item: Value) -> None:  # noqa: ANN401
        """Read one member of a node."""
        match context.keyword(key):
            case "@type":
                for kind in item.value if isinstance(item.value, list) else [item]:
                    term = ox.NamedNode(context.iri(kind.value, as_term=True))
                    self.locations.add((subject, RDF_TYPE, term), written_at(self.lines, kind.start, kind.end))
            case "@graph" | "@included":
                self.value(item, context, None, None)
            case name if not name.startswith("@") and ":" in context.iri(name, as_term=True):
                predicate = ox.NamedNode(context.iri(name, as_term=True))
                self.locations.properties.setdefault(
                    (subject, predicate), written_at(self.lines, at, at + len(key) + 2)
                )
                self.value(item, context, subject, name)


def plain(value: Value) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without its offsets."""
    if isinstance(value.value, dict):
        return {key: plain(item) for key, _, item in value.value["members"]}
    return [plain(item) for item in value.value] if isinstance(value.value, list) else value.value


def _scalar(value: Any, context: Context, key: str | None) -> Any:  # noqa: ANN401
    coercion = context.coercion(key or "")
    if coercion in {"@id", "@vocab"} and isinstance(value, str):
        return ox.NamedNode(context.iri(value, as_term=coercion == "@vocab"))
    definition = context.terms.get(key or "")
    own = {"@language": definition["@language"]} if isinstance(definition, dict) and "@language" in definition else {}
    return _literal({"@value": value, "@type": coercion, **own}, context)


def _literal(members: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401
    value, kind = members["@value"], members.get("@type")
    if isinstance(value, bool):
        return ox.Literal(value)
    if isinstance(value, int):
        return ox.Literal(str(value), datatype=ox.NamedNode(kind or _XSD + "integer"))
    if not isinstance(value, str):
        return None
    if isinstance(kind, str):
        return ox.Literal(value, datatype=ox.NamedNode(context.iri(kind, as_term=True)))
    language = members.get("@language", context.language)
    return ox.Literal(value, language=language.lower()) if isinstance(language, str) else ox.Literal(value)
