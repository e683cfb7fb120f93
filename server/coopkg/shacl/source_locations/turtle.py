"""The places of triples in a Turtle, TriG, N-Triples or N-Quads document, also inside object lists."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import pyoxigraph as ox

from coopkg.errors import QuerySyntaxError
from coopkg.rdf.graph import RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.report import Lines
from coopkg.shacl.source_locations.index import SourceLocations, Written
from coopkg.shacl.source_locations.index import written as written_at
from coopkg.sparql.lexer import Kind, Token, significant, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.rdf.terms import Document

_XSD: Final = STANDARD_PREFIXES["xsd"]
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ENDS: Final = (".", "]", "}", "|}")


def locate(document: Document, text: str, seconds: float | None = None) -> SourceLocations:
    """Locate the triples of a document that the parser has accepted.

    Only those of its beginning where it is nested too deeply, or is not read within ``seconds``. Blank nodes are new
    ones, but for those with a label.
    """
    try:
        reader = _Reader(document, text)
        reader.read(math.inf if seconds is None else time.monotonic() + seconds)
    except (RecursionError, QuerySyntaxError, ValueError):
        pass
    return reader.locations


class _Reader:
    def __init__(self, document: Document, text: str) -> None:
        self.locations = SourceLocations(document.name)
        self.lines = Lines(document.name, text)
        self.quads = document.format == ox.RdfFormat.N_QUADS
        self.base = document.base or ""
        self.prefixes = self.locations.prefixes
        self.tokens: Iterator[Token] = significant(text)
        self.next: Token | None = None
        self.end = 0

    def advance(self) -> Token:
        token = self.next or Token(Kind.PUNCTUATION, "", self.end)
        self.end = token.start + len(token.text)
        self.next = next(self.tokens, None)
        return token

    def at(self, *texts: str) -> bool:
        return self.next is not None and self.next.text in texts

    def read(self, deadline: float) -> None:
        self.next = next(self.tokens, None)
        while self.next is not None and time.monotonic() < deadline:
            self.statement()

    def statement(self) -> None:
        if self.next is not None and self.next.text.lower() in {"@prefix", "prefix", "@base", "base"}:
            self.directive()
        elif self.next is not None and self.next.text.lower() in {"@version", "version"}:
            self.advance()
            self.advance()
        elif self.at("{"):
            self.block()
        elif self.next is not None and self.next.keyword == "GRAPH":
            self.advance()
            self.term()
            self.block()
        else:
            self.triples()

    def triples(self) -> None:
        subject, written = self.term()
        if self.at("{"):
            self.block()
            return
        self.locations.subjects.setdefault(subject, written)
        self.facts(subject)
        # In N-Quads the graph stands before the full stop.
        if self.quads and not self.at("."):
            self.term()
        if not self.at("}"):
            self.advance()

    def block(self) -> None:
        self.advance()
        while self.next is not None and not self.at("}"):
            self.triples()
        self.advance()

    def directive(self) -> None:
        word = self.advance().text.lower()
        if word.endswith("prefix"):
            name = self.advance().text.rstrip(":")
            self.prefixes[name] = self.resolve(self.advance().iri)
        else:
            self.base = self.resolve(self.advance().iri)
        if word.startswith("@"):
            self.advance()

    def resolve(self, iri: str) -> str:
        """Return the absolute IRI; urljoin alone would drop the empty fragment of a namespace."""
        return iri if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", iri) else urljoin(self.base, iri)

    def facts(self, subject: object) -> None:
        while self.next is not None and not self.at(*_ENDS):
            predicate, written = self.term()
            self.value(subject, predicate, written)
            while self.at(","):
                self.advance()
                self.value(subject, predicate, written)
            while self.at(";"):
                self.advance()
            if self.quads:
                break

    def value(self, subject: object, predicate: object, predicate_at: Written) -> None:
        if self.next is None:
            return
        obj, written = self.term()
        self.locations.add((subject, predicate, obj), written, predicate_at)
        while self.at("~", "{|"):
            if self.advance().text == "{|":
                self.facts(ox.BlankNode())
                self.advance()
            elif not self.at(*_ENDS, ",", ";", "{|"):
                self.term()

    def term(self) -> tuple[object, Written]:
        start = self.next.start if self.next else self.end
        term = self._term(self.advance())
        written = written_at(self.lines, start, self.end)
        self.locations.mentions.setdefault(term, written)
        return term, written

    def _term(self, token: Token) -> object:  # noqa: PLR0911 - one a kind of term
        match token.kind:
            case Kind.IRI:
                return ox.NamedNode(self.resolve(token.iri))
            case Kind.PREFIXED:
                prefix, _, local = token.text.partition(":")
                return ox.NamedNode(self.prefixes.get(prefix, "") + re.sub(r"\\(.)", r"\1", local))
            case Kind.BLANK:
                return ox.BlankNode(token.text[2:])
            case Kind.STRING:
                return self.string(token)
            case Kind.NUMBER:
                return self.number(token, "")
            case Kind.WORD if token.text in {"true", "false"}:
                return ox.Literal(token.text, datatype=ox.NamedNode(_XSD + "boolean"))
            case Kind.WORD if token.text == "a":
                return RDF_TYPE
            case Kind.PUNCTUATION:
                return self.composed(token)
            case _:
                return token.text

    def composed(self, token: Token) -> object:
        match token.text:
            case "-" | "+":
                return self.number(self.advance(), token.text)
            case "[":
                node = ox.BlankNode()
                self.facts(node)
                self.advance()
                return node
            case "(":
                return self.collection()
            case "<<" | "<<(":
                return self.reified(token.text)
            case _:
                return token.text

    def number(self, token: Token, sign: str) -> ox.Literal:
        kind = "double" if re.search("[eE]", token.text) else "decimal" if "." in token.text else "integer"
        return ox.Literal(sign + token.text, datatype=ox.NamedNode(_XSD + kind))

    def collection(self) -> object:
        head: object = RDF_NIL
        last: object = None
        while self.next is not None and not self.at(")"):
            node = ox.BlankNode()
            if last is None:
                head = node
            else:
                self.locations.edges.append((last, RDF_REST, node))
            member, written = self.term()
            self.locations.add((node, RDF_FIRST, member), written)
            self.locations.subjects.setdefault(node, written)
            last = node
        self.advance()
        return head

    def reified(self, opening: str) -> object:
        """Read a triple term, or a reified triple, which stands for a node."""
        subject, predicate, obj = (self.term()[0] for _ in range(3))
        while self.next is not None and not self.at(">>", ")>>"):
            self.advance()
        self.advance()
        return ox.Triple(subject, predicate, obj) if opening == "<<(" else ox.BlankNode()  # type: ignore[arg-type]

    def datatype(self) -> ox.NamedNode:
        term = self._term(self.advance())
        return term if isinstance(term, ox.NamedNode) else ox.NamedNode(_XSD + "string")

    def string(self, token: Token) -> ox.Literal:
        width = 3 if token.text[:3] in {'"""', "'''"} and len(token.text) > 5 else 1
        value = _ESCAPE.sub(lambda m: _ESCAPES.get(m[0][1]) or unescape(m[0]), token.text[width:-width])
        if self.next is not None and self.next.kind is Kind.LANGUAGE:
            # The parser lower-cases language tags.
            return ox.Literal(value, language=self.advance().text[1:].lower())
        if self.at("^^"):
            self.advance()
            return ox.Literal(value, datatype=self.datatype())
        return ox.Literal(value)
