"""Where each triple of a Turtle document is written: line and column of its object, also inside object lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import pyoxigraph as ox

from coopkg.errors import InputUnreadable
from coopkg.shacl.report import Place
from coopkg.sparql.tokens import Kind, Token, significant, unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coopkg.terms import Document

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
Key = tuple[object, object, object]


@dataclass(frozen=True)
class Places:
    """The places of a document's triples and subjects; blank nodes are not looked up."""

    triples: dict[Key, Place]
    subjects: dict[object, Place]

    def of_property(self, focus: object, path: object) -> Place | None:
        """Give the place of a triple of the focus node with that property."""
        return next((p for (s, q, _), p in self.triples.items() if s == focus and q == path), None)


def find_place(places: Sequence[Places], focus: object, path: object, value: object) -> Place | None:
    """Give the place of that triple, else of that property, else of the block that says what the focus node is."""
    kind = ox.NamedNode(_RDF + "type")
    searches: tuple[Callable[[Places], Place | None], ...] = (
        lambda p: p.triples.get((focus, path, value)),
        lambda p: p.of_property(focus, path),
        lambda p: p.subjects.get(focus) if p.of_property(focus, kind) else None,
        lambda p: p.subjects.get(focus),
    )
    return next((found for search in searches for p in places if (found := search(p))), None)


def locate(document: Document) -> Places:
    """Give the places in a Turtle document that has been parsed before. Raises InputUnreadable past its nesting."""
    reader = _Reader(document)
    try:
        reader.read()
    except RecursionError:
        raise InputUnreadable(f"{document.name}: nested too deeply to give line numbers.") from None
    return Places(reader.triples, reader.subjects)


class _Reader:
    def __init__(self, document: Document) -> None:
        self.name = document.name
        text = document.data.decode("utf-8")
        self.tokens: Iterator[Token] = significant(text)
        self.lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self.line = 0
        self.base = document.base or ""
        self.prefixes: dict[str, str] = {}
        self.triples: dict[Key, Place] = {}
        self.subjects: dict[object, Place] = {}
        self.next: Token | None = None
        self.advance()

    def advance(self) -> Token:
        token = self.next
        self.next = next(self.tokens, None)
        return token or Token(Kind.PUNCTUATION, "", 0)

    def at(self, *texts: str) -> bool:
        return self.next is not None and self.next.text in texts

    def place(self, token: Token) -> Place:
        while self.line + 1 < len(self.lines) and self.lines[self.line + 1] <= token.start:
            self.line += 1
        line = self.line
        while self.lines[line] > token.start:
            line -= 1
        return Place(self.name, line + 1, token.start - self.lines[line] + 1)

    def read(self) -> None:
        while self.next is not None:
            if self.next.text.lower() in {"@prefix", "prefix", "@base", "base"}:
                self.directive()
            else:
                subject = self.term()
                self.facts(subject)
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
        """Give the absolute IRI; urljoin alone would drop the empty fragment of a namespace."""
        return iri if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", iri) else urljoin(self.base, iri)

    def facts(self, subject: object) -> None:
        while self.next is not None and not self.at(".", "]"):
            predicate = self.term()
            self.read_object(subject, predicate)
            while self.at(","):
                self.advance()
                self.read_object(subject, predicate)
            while self.at(";"):
                self.advance()

    def read_object(self, subject: object, predicate: object) -> None:
        if self.next is None:
            return
        place = self.place(self.next)
        self.triples.setdefault((subject, predicate, self.term()), place)

    def term(self) -> object:
        token = self.advance()
        term = self._term(token)
        self.subjects.setdefault(term, self.place(token))
        return term

    def _term(self, token: Token) -> object:  # noqa: PLR0911 - one a kind of term
        match token.kind:
            case Kind.IRI:
                return ox.NamedNode(self.resolve(token.iri))
            case Kind.PREFIXED:
                prefix, _, local = token.text.partition(":")
                return ox.NamedNode(self.prefixes.get(prefix, "") + re.sub(r"\\(.)", r"\1", local))
            case Kind.STRING:
                return self.string(token)
            case Kind.NUMBER:
                kind = "double" if re.search("[eE]", token.text) else "decimal" if "." in token.text else "integer"
                return ox.Literal(token.text, datatype=ox.NamedNode(_XSD + kind))
            case Kind.WORD if token.text in {"true", "false"}:
                return ox.Literal(token.text, datatype=ox.NamedNode(_XSD + "boolean"))
            case Kind.WORD if token.text == "a":
                return ox.NamedNode(_RDF + "type")
            case Kind.PUNCTUATION if token.text in {"-", "+"}:
                number = self._term(self.advance())
                return ox.Literal(token.text + number.value, datatype=number.datatype)  # type: ignore[attr-defined]
            case Kind.PUNCTUATION if token.text == "[":
                return self.nested()
            case Kind.PUNCTUATION if token.text == "(":
                return self.collection()
            case _:
                return token.text

    def nested(self) -> object:
        node = ox.BlankNode()
        self.facts(node)
        self.advance()
        return node

    def collection(self) -> object:
        while self.next is not None and not self.at(")"):
            self.term()
        self.advance()
        return ox.BlankNode()

    def datatype(self) -> ox.NamedNode:
        term = self._term(self.advance())
        return term if isinstance(term, ox.NamedNode) else ox.NamedNode(_XSD + "string")

    def string(self, token: Token) -> ox.Literal:
        width = 3 if token.text[:3] in {'"""', "'''"} and len(token.text) > 5 else 1
        raw = re.sub(r"\\([tbnrf\"'\\])", lambda m: _ESCAPES[m[1]], token.text[width:-width])
        value = unescape(raw) if "\\u" in raw.lower() else raw
        if self.next is not None and self.next.kind is Kind.LANGUAGE:
            return ox.Literal(value, language=self.advance().text[1:])
        if self.at("^^"):
            self.advance()
            return ox.Literal(value, datatype=self.datatype())
        return ox.Literal(value)
