"""RDF terms and documents: parsing them, moving them to another base IRI, writing them as people do."""

from __future__ import annotations

import codecs
import contextlib
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter, RdfSyntaxError
from coopkg.rdf.document_bounds import HarmfulError, refuse_harmful
from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Bindable = ox.NamedNode | ox.Literal
Triple = ox.Triple
Quad = ox.Quad
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_LOCAL: Final = re.compile(r"[\w](?:[\w\-]*[\w])?", re.ASCII)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_OF_LANGUAGES: Final = frozenset(STANDARD_PREFIXES["rdf"] + name for name in ("langString", "dirLangString"))


@dataclass(frozen=True)
class Document:
    """RDF text that is to be parsed: its name in messages, its bytes, its format and the base of its relative IRIs.

    Where ``moved`` names two base IRIs, IRIs that begin with the first are read as beginning with the second.
    """

    name: str
    data: bytes
    format: ox.RdfFormat = ox.RdfFormat.TURTLE
    base: str | None = None
    moved: tuple[str, str] | None = None

    def quads(self) -> Iterator[ox.Quad]:
        """Yield the quads, with their lexical forms. Raises RdfSyntaxError with file, line and column."""
        self.check()
        yield from self.parsed()

    def text(self) -> str:
        """Decode the text. Raises RdfSyntaxError where it is not UTF-8."""
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.error_at(error.start, "the text is not UTF-8") from None

    def check(self) -> None:
        """Look for what would harm whoever parses the document. Raises RdfSyntaxError with file, line and column."""
        try:
            refuse_harmful(self.data, self.format)
        except HarmfulError as error:
            raise self.error_at(error.offset, str(error)) from None

    def parsed(self) -> Iterator[ox.Quad]:
        """Yield the quads of a document that has been checked. Raises as ``quads``."""
        quads = parse(self.data, self.format, self.base)
        try:
            yield from quads if self.moved is None else (rebase_quad(quad, *self.moved) for quad in quads)
        except SyntaxError as error:
            raise self.error(error.lineno or 1, error.offset or 1, without_place(error)) from None

    def error_at(self, offset: int, why: str) -> RdfSyntaxError:
        """Return the error for what stands at an offset of the text, in bytes."""
        before = self.data[:offset].decode("utf-8", errors="replace")
        return self.error(before.count("\n") + 1, len(before) - before.rfind("\n"), why)

    def error(self, line: int, column: int, why: str) -> RdfSyntaxError:
        """Return the error for a line and a column, counted from 1."""
        return RdfSyntaxError(f"{self.name}:{line}:{column}: {why}.", file=self.name, line=line, column=column)


_LENIENT: Final = (ox.RdfFormat.RDF_XML, ox.RdfFormat.JSON_LD)
"""Formats whose parsers let literals through that RDF forbids."""


def parse(data: bytes | IO[bytes], fmt: ox.RdfFormat, base: str | None) -> Iterator[ox.Quad]:
    """Yield the quads of a document that does no harm. Raises SyntaxError, whose message is about the text."""
    for quad in ox.parse(data, fmt, base_iri=base):
        if fmt in _LENIENT and not is_statable(quad.object):
            raise SyntaxError("A string of the type rdf:langString or rdf:dirLangString is written with its language")
        yield quad


def is_statable(term: Term) -> bool:
    """Whether RDF has the term: the datatype of a string with a language goes with a language (RDF 1.1, 3.3)."""
    if isinstance(term, ox.Triple):
        return is_statable(term.object)
    return not isinstance(term, ox.Literal) or term.language is not None or term.datatype.value not in _OF_LANGUAGES


def without_place(error: SyntaxError) -> str:
    """Return the message of a parser without the line and column that some parsers give in it."""
    return re.sub(r"^Parser error .*?: | \(line \d+\)$", "", str(error))


def rebase_quad(quad: ox.Quad, old: str, new: str) -> ox.Quad:
    """Move a quad to another base IRI: each IRI that begins with ``old`` begins with ``new`` instead."""
    return ox.Quad(
        rebase_term(quad.subject, old, new),
        rebase_term(quad.predicate, old, new),
        rebase_term(quad.object, old, new),
        rebase_term(quad.graph_name, old, new),
    )


def rebase_term(term: Any, old: str, new: str) -> Any:  # noqa: ANN401 - gives back the kind of term it was given
    """Move a term to another base IRI."""
    if isinstance(term, ox.NamedNode) and term.value.startswith(old):
        return ox.NamedNode(rebase_iri(term.value, old, new))
    if isinstance(term, ox.Triple):
        return ox.Triple(
            rebase_term(term.subject, old, new),
            rebase_term(term.predicate, old, new),
            rebase_term(term.object, old, new),
        )
    return term


def rebase_iri(iri: str, old: str, new: str) -> str:
    """Move an IRI to another base IRI."""
    return new + iri.removeprefix(old) if iri.startswith(old) else iri


def compact(iri: str, prefixes: dict[str, str]) -> str:
    """Write an IRI as a prefixed name where one of the prefixes fits, else in angle brackets."""
    # The longest namespace: one prefix may be the beginning of another.
    best = max((item for item in prefixes.items() if iri.startswith(item[1])), key=lambda i: len(i[1]), default=None)
    if best and _LOCAL.fullmatch(iri.removeprefix(best[1])):
        return f"{best[0]}:{iri.removeprefix(best[1])}"
    return f"<{_escape_iri(iri)}>"


def _escape_iri(iri: str) -> str:
    # None of these may stand in an IRI as it is (Turtle, rule IRIREF), and one could end it.
    return re.sub(r'[\x00-\x20<>"{}|^`\\]', lambda m: f"\\u{ord(m.group()):04X}", iri)


def quote(text: str) -> str:
    """Write a string literal in double quotes, escaped for Turtle and SPARQL alike."""
    return '"' + "".join(_ESCAPES.get(c, c if c >= " " else f"\\u{ord(c):04X}") for c in text) + '"'


def literal(term: ox.Literal, prefixes: dict[str, str]) -> str:
    """Write a literal in Turtle; integers, decimals and booleans without quotes where their form allows it."""
    if term.language:
        direction = f"--{str(term.direction).rsplit('.', 1)[-1].lower()}" if term.direction else ""
        return f"{quote(term.value)}@{term.language}{direction}"
    datatype = term.datatype.value
    if datatype == _XSD + "string":
        return quote(term.value)
    plain = {
        _XSD + "integer": r"[+-]?[0-9]+",
        _XSD + "decimal": r"[+-]?[0-9]*\.[0-9]+",
        _XSD + "boolean": "true|false",
    }.get(datatype)
    if plain and re.fullmatch(plain, term.value):
        return term.value
    return f"{quote(term.value)}^^{compact(datatype, prefixes)}"


def named_node(text: str, prefixes: dict[str, str], what: str) -> ox.NamedNode:
    """Parse the IRI that a person wrote: whole, in angle brackets, or as a prefixed name. Raises BadParameter."""
    text = text.strip()
    prefix, colon, local = text.partition(":")
    iri = text[1:-1] if text.startswith("<") else prefixes[prefix] + local if colon and prefix in prefixes else text
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|\\^`]*", iri):
        with contextlib.suppress(ValueError):  # U+FFFD, private use and the like (RFC 3987, section 2.2)
            return ox.NamedNode(iri)
    raise BadParameter(f"The parameter {what!r} must be an IRI or a prefixed name, not {text!r}.")


def term_of(text: str, prefixes: dict[str, str], what: str) -> Bindable:
    """Parse an IRI, as ``named_node`` does, or a literal as in Turtle. Raises BadParameter."""
    if not re.match(r"\s*[\"'0-9+.\-]|\s*(true|false)\s*$", text):
        return named_node(text, prefixes, what)
    declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes.items())
    try:
        quads = list(ox.parse(f"{declared}<x:s> <x:p> {text.strip()} .".encode(), ox.RdfFormat.TURTLE))
    except (SyntaxError, UnicodeEncodeError):
        quads = []
    if len(quads) != 1 or not isinstance(quads[0].object, ox.Literal):
        raise BadParameter(f"The parameter {what!r} must be an IRI, or a literal as Turtle has it, not {text!r}.")
    return quads[0].object


def triple(subject: str, predicate: str, value: object, language: str | None = None) -> ox.Triple:
    """Build a triple: ``_:name`` is a blank node, other strings are IRIs unless a language is given."""
    return ox.Triple(_resource(subject), ox.NamedNode(predicate), _object(value, language))


def plain(text: str, datatype: str = _XSD + "string") -> ox.Literal:
    """Build a literal without a language."""
    return ox.Literal(text, datatype=ox.NamedNode(datatype))


def in_graph(triples: Iterable[ox.Triple], graph: str) -> Iterator[ox.Quad]:
    """Return the triples as quads of a named graph."""
    name = ox.NamedNode(graph)
    return (ox.Quad(t.subject, t.predicate, t.object, name) for t in triples)


def _resource(name: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode(name[2:]) if name.startswith("_:") else ox.NamedNode(name)


def _object(value: object, language: str | None) -> Term:
    if isinstance(value, bool):
        return ox.Literal(value)
    if isinstance(value, str):
        return ox.Literal(value, language=language) if language else _resource(value)
    return value  # type: ignore[return-value]


_ABBREVIATING: Final = (None, ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG, ox.RdfFormat.RDF_XML)


def used_prefixes(triples: list[ox.Triple], prefixes: dict[str, str]) -> dict[str, str]:
    """Select the prefixes whose namespace some IRI of the triples is in."""
    names = {iri: name for name, iri in prefixes.items()}
    namespaces: set[str] = set()
    for triple_ in triples:
        for term in (triple_.subject, triple_.predicate, triple_.object):
            if isinstance(term, ox.Literal):
                namespaces.add(_namespace(term.datatype.value))
            elif isinstance(term, ox.NamedNode):
                namespaces.add(_namespace(term.value))
    return {names[iri]: iri for iri in sorted(namespaces & names.keys())}


def _namespace(iri: str) -> str:
    return iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]


def serialize_triples_as(triples: list[ox.Triple], fmt: ox.RdfFormat | None, prefixes: dict[str, str]) -> bytes:
    """Serialise triples, as Turtle unless another format is named, with the prefixes that are used."""
    named = used_prefixes(triples, prefixes) if fmt in _ABBREVIATING else None
    return ox.serialize(triples, format=fmt or ox.RdfFormat.TURTLE, prefixes=named) or b""


def serialize_turtle(triples: list[ox.Triple], prefixes: dict[str, str]) -> str:
    """Serialise triples as Turtle."""
    return serialize_triples_as(triples, None, prefixes).decode()


def without_mark(data: bytes) -> bytes:
    """Remove the byte order mark that some editors put before UTF-8."""
    return data.removeprefix(codecs.BOM_UTF8)


def format_of(name: str) -> ox.RdfFormat:
    """Return the RDF format of a file by its suffix. Raises BadParameter for one that is not known, or missing."""
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower()
    rdf_format = ox.RdfFormat.from_extension({"json": "jsonld"}.get(suffix, suffix)) if dot else None
    if rdf_format is None:
        what = f"no RDF format has the suffix .{suffix}" if dot else "there is no suffix that tells the RDF format"
        raise BadParameter(f"{name}: {what}; name the format, or the file after it.")
    return rdf_format


def read_triples(data: bytes) -> list[ox.Triple]:
    """Parse a document in N-Triples."""
    return [quad.triple for quad in ox.parse(data, ox.RdfFormat.N_TRIPLES)]


def read_nquads(data: bytes) -> list[ox.Quad]:
    """Parse a document in N-Quads."""
    return list(ox.parse(data, ox.RdfFormat.N_QUADS))


def write_nquads(quads: Iterable[ox.Quad]) -> bytes:
    """Serialise quads as N-Quads."""
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""


def same_graph(one: bytes, other: bytes) -> bool:
    """Whether two Turtle documents are the same graph, whatever the labels of their blank nodes."""
    graphs = [ox.Dataset(ox.parse(text, ox.RdfFormat.TURTLE)) for text in (one, other)]
    for graph in graphs:
        graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return graphs[0] == graphs[1]


def from_ntriples(text: str) -> Bindable:
    """Parse an IRI or literal in N-Triples. Raises TypeError for any other term."""
    quad = next(iter(ox.parse(f"<x:s> <x:p> {text} .".encode(), ox.RdfFormat.N_TRIPLES)))
    if not isinstance(quad.object, ox.NamedNode | ox.Literal):
        raise TypeError(f"{text} is neither an IRI nor a literal")
    return quad.object


def triples_from_ntriples(rows: Iterable[Sequence[str]]) -> list[ox.Triple]:
    """Parse triples whose terms are given in N-Triples; a blank node's label means the same in all of them."""
    text = "".join(f"{' '.join(row)} .\n" for row in rows)
    return [quad.triple for quad in ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES)]


def quads_from_nquads(text: str) -> list[ox.Quad]:
    """Parse a text in N-Quads."""
    return list(ox.parse(text.encode(), ox.RdfFormat.N_QUADS))
