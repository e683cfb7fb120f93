"""The places of nodes and properties in an RDF/XML document."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin
from xml.parsers import expat

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.report import Lines
from coopkg.shacl.source_locations.index import SourceLocations, Written
from coopkg.shacl.source_locations.index import written as written_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.rdf.terms import Document

_RDF: Final = STANDARD_PREFIXES["rdf"]
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_PROPERTY_ATTRIBUTES_NOT: Final = frozenset(
    _RDF + name for name in ("about", "ID", "nodeID", "resource", "datatype", "parseType", "type", "bagID")
)


def locate(document: Document, text: str) -> SourceLocations:
    """Locate the triples of a document that the parser has accepted; reading ends at a document type declaration."""
    reader = _Reader(document, text)
    with suppress(expat.ExpatError, ValueError, _Refused):
        reader.parser.Parse(reader.data, True)  # noqa: FBT003 - expat's signature
    return reader.locations


class _Refused(Exception):
    """There is a document type declaration."""


class _Reader:
    """Reads node elements and property elements, which alternate; ``stack`` has one entry for each open element."""

    def __init__(self, document: Document, text: str) -> None:
        self.locations = SourceLocations(document.name)
        self.base = document.base or ""
        self.data = text.encode()
        # expat counts bytes. Where each is a character, nothing needs to be converted.
        self.ascii = len(self.data) == len(text)
        self.lines = Lines(document.name, text)
        self.stack: list[_Node | _Property] = []
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters

    def here(self) -> Written:
        index = self.parser.CurrentByteIndex
        offset = index if self.ascii else len(self.data[:index].decode("utf-8", errors="ignore"))
        return written_at(self.lines, offset, offset)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        given = {_iri(key): value for key, value in attributes.items()}
        tag = _iri(name)
        if tag == _RDF + "RDF" and not self.stack:
            return
        above = self.stack[-1] if self.stack else None
        if isinstance(above, _Node):
            self.property(above, tag, given)
        else:
            self.node(above, tag, given)

    def node(self, above: _Property | None, tag: str, given: Mapping[str, str]) -> None:
        written = self.here()
        term = self.term(given, _RDF + "about")
        self.locations.subjects.setdefault(term, written)
        if tag != _RDF + "Description":
            self.locations.add((term, RDF_TYPE, ox.NamedNode(tag)), written)
        self.described(term, given, written)
        if above is not None:
            self.locations.add((above.subject, above.predicate, term), above.written)
            above.done = True
        self.stack.append(_Node(term, str(given.get(f"{_XML}lang", above.language if above else ""))))

    def described(self, term: Any, given: Mapping[str, str], written: Written) -> None:  # noqa: ANN401 - a term
        for key, value in given.items():
            if key not in _PROPERTY_ATTRIBUTES_NOT and not key.startswith(_XML) and ":" in key:
                self.locations.add((term, ox.NamedNode(key), ox.Literal(value)), written)

    def property(self, above: _Node, tag: str, given: Mapping[str, str]) -> None:
        element = _Property(above.term, ox.NamedNode(tag), self.here(), str(given.get(f"{_XML}lang", above.language)))
        element.datatype = given.get(_RDF + "datatype")
        if _RDF + "resource" in given or _RDF + "nodeID" in given:
            self.locations.add((above.term, element.predicate, self.term(given, _RDF + "resource")), element.written)
            element.done = True
        elif given.get(_RDF + "parseType") == "Resource":
            term = ox.BlankNode()
            self.locations.add((above.term, element.predicate, term), element.written)
            self.locations.subjects.setdefault(term, element.written)
            self.stack.append(_Node(term, element.language))
            return
        self.stack.append(element)

    def term(self, given: Mapping[str, str], attribute: str) -> Any:  # noqa: ANN401 - a term
        if attribute in given:
            return ox.NamedNode(urljoin(self.base, given[attribute]))
        if _RDF + "ID" in given:
            return ox.NamedNode(urljoin(self.base, f"#{given[_RDF + 'ID']}"))
        return ox.BlankNode(given[_RDF + "nodeID"]) if _RDF + "nodeID" in given else ox.BlankNode()

    def end(self, _name: str) -> None:
        if not self.stack:
            return
        element = self.stack.pop()
        if isinstance(element, _Property) and not element.done:
            text = "".join(element.text)
            if element.datatype:
                literal = ox.Literal(text, datatype=ox.NamedNode(element.datatype))
            else:
                literal = ox.Literal(text, language=element.language.lower()) if element.language else ox.Literal(text)
            self.locations.add((element.subject, element.predicate, literal), element.written)

    def characters(self, text: str) -> None:
        if self.stack and isinstance(self.stack[-1], _Property):
            self.stack[-1].text.append(text)


class _Node:
    """An open node element."""

    def __init__(self, term: Any, language: str) -> None:  # noqa: ANN401 - a term
        self.term = term
        self.language = language


class _Property:
    """An open property element; it is done when its value is known."""

    def __init__(self, subject: Any, predicate: ox.NamedNode, written: Written, language: str) -> None:  # noqa: ANN401
        self.subject = subject
        self.predicate = predicate
        self.written = written
        self.language = language
        self.datatype: str | None = None
        self.text: list[str] = []
        self.done = False


def _iri(name: str) -> str:
    # expat puts the separator between namespace and local name; in RDF/XML the IRI is both, joined.
    return name.replace(" ", "", 1)


def _refuse(*_: object) -> None:
    raise _Refused
