"""A document with its quads, parsed once: validation needs the quads, and the report the places in the text.

Nothing but the document is read: a remote context, a document type declaration or anything else that would have to be
fetched is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import RdfSyntaxError, TooLarge
from coopkg.rdf.jsonld_contexts import NAME, with_bundled_contexts
from coopkg.rdf.reification import RDF_REIFIES, as_statements
from coopkg.rdf.terms import rebase_iri
from coopkg.shacl.report import Lines
from coopkg.shacl.unmapped_keys import unmapped_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.rdf.terms import Document

_DECLARING: Final = (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG)
_PREFIX: Final = re.compile(
    r"^[ \t]*(?:@prefix|PREFIX)[ \t]+([A-Za-z][\w.\-]*):[ \t]*<([a-z]+:[^\x00-\x20<>\"{}|^`\\]+)>",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Source:
    """A parsed document; no other one has its blank nodes, and ``labels`` maps the labels in the text to them."""

    document: Document
    quads: tuple[ox.Quad, ...]
    labels: Mapping[str, ox.BlankNode]

    @property
    def name(self) -> str:
        """Return what the document is called."""
        return self.document.name

    @cached_property
    def text(self) -> str:
        """Return the document's text."""
        return self.document.data.decode("utf-8", errors="replace")

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Return the prefixes that the text declares with whole IRIs, in the manner of Turtle."""
        declarations = dict(_PREFIX.findall(self.text)) if self.document.format in _DECLARING else {}
        if self.document.moved is None:
            return declarations
        return {name: rebase_iri(iri, *self.document.moved) for name, iri in declarations.items()}

    def declaration(self, namespace: str) -> tuple[int, int] | None:
        """Return where the text declares a prefix for a namespace: the offsets of its IRI, without the brackets."""
        found = _PREFIX.finditer(self.text) if self.document.format in _DECLARING else ()
        return next((match.span(2) for match in found if self.prefixes[match[1]] == namespace), None)

    @cached_property
    def lines(self) -> Lines:
        """Return the document's lines."""
        return Lines(self.name, self.text)


@dataclass(frozen=True)
class Bound:
    """How much of documents is read: triples, and the characters of their terms, which prefixes can multiply."""

    triples: int
    characters: int = 64 * 1024 * 1024

    def within(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Yield quads as long as they keep within the bound. Raises TooLarge."""
        characters = 0
        for number, quad in enumerate(quads, 1):
            # Of a quad, and not of the text: with one long prefix, 140 KB of Turtle are 1 GB of terms.
            characters += len(str(quad))
            if number > self.triples or characters > self.characters:
                raise TooLarge(
                    f"More than {self.triples} triples, or {self.characters} characters of terms, are not validated.",
                    bound=self.triples,
                )
            yield quad


def read(document: Document, bound: Bound | None = None) -> Source:
    """Parse a document. Raises RdfSyntaxError with file, line and column, RemoteContext, and TooLarge past a bound."""
    # The parser keeps the labels of blank nodes as they are written, and two documents may use the same ones.
    labels: dict[str, ox.BlankNode] = {}

    def fresh(term: Any) -> Any:  # noqa: ANN401 - gives back the kind of term it was given
        if isinstance(term, ox.BlankNode):
            return labels.setdefault(term.value, ox.BlankNode())
        if isinstance(term, ox.Triple):
            return ox.Triple(fresh(term.subject), term.predicate, fresh(term.object))
        return term

    parsed = readable(document).parsed()
    unmapped = unmapped_keys(document)
    if unmapped:
        place = unmapped[0].place
        raise document.error(place.line, place.column, str(unmapped[0].message))
    quads = tuple(
        ox.Quad(fresh(quad.subject), quad.predicate, fresh(quad.object), fresh(quad.graph_name))
        for quad in (bound.within(parsed) if bound else parsed)
    )
    return Source(document, quads, labels)


def read_facts(document: Document, bound: Bound | None = None) -> Source:
    """Parse a document of facts: what it says in reifiers of triples is read as statements. Raises as ``read``."""
    source = read(document, bound)
    if all(quad.predicate != RDF_REIFIES for quad in source.quads):
        return source
    # A reifier is four triples of its statement, most of which the document may have already.
    quads = dict.fromkeys(as_statements(source.quads))
    return replace(source, quads=tuple(bound.within(quads) if bound else quads))


def readable(document: Document) -> Document:
    """Return the document in a form that is safe to parse. Raises RdfSyntaxError and RemoteContext."""
    text = document.text()
    document.check()
    if document.format != ox.RdfFormat.JSON_LD:
        return document
    try:
        resolved = with_bundled_contexts(text, document.base)
    except RdfSyntaxError as error:
        line, column = (int(str(error.members.get(name, 1))) for name in ("line", "column"))
        why = error.detail.partition(" ")[2].rstrip(".")
        raise document.error(line, column, why) from None
    return replace(document, data=resolved.encode()) if NAME in text else document
