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

from coopkg.errors import RdfSyntaxError
from coopkg.rdf.jsonld_contexts import NAME, with_bundled_contexts
from coopkg.shacl.report import Lines
from coopkg.sparql.lexer import position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.rdf.terms import Document

_DOCTYPE: Final = "<!DOCTYPE"
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
        declarations = _PREFIX.findall(self.text) if self.document.format in _DECLARING else []
        return dict(declarations)

    @cached_property
    def lines(self) -> Lines:
        """Return the document's lines."""
        return Lines(self.name, self.text)


def read(document: Document) -> Source:
    """Parse a document. Raises RdfSyntaxError with file, line and column, and RemoteContext."""
    # The parser keeps the labels of blank nodes as they are written, and two documents may use the same ones.
    labels: dict[str, ox.BlankNode] = {}

    def fresh(term: Any) -> Any:  # noqa: ANN401 - gives back the kind of term it was given
        if isinstance(term, ox.BlankNode):
            return labels.setdefault(term.value, ox.BlankNode())
        if isinstance(term, ox.Triple):
            return ox.Triple(fresh(term.subject), term.predicate, fresh(term.object))
        return term

    quads = tuple(
        ox.Quad(fresh(quad.subject), quad.predicate, fresh(quad.object), fresh(quad.graph_name))
        for quad in readable(document).quads()
    )
    return Source(document, quads, labels)


def readable(document: Document) -> Document:
    """Return the document in a form that is safe to parse. Raises RdfSyntaxError and RemoteContext."""
    text = text_of(document)
    # Entities that expand to entities turn 706 bytes into more than 3 GB.
    if document.format == ox.RdfFormat.RDF_XML and _DOCTYPE in text:
        why = "RDF/XML is read without a document type declaration (<!DOCTYPE ...>)"
        raise syntax_error(document, why, text.index(_DOCTYPE))
    if document.format != ox.RdfFormat.JSON_LD:
        return document
    try:
        resolved = with_bundled_contexts(text, document.base)
    except RdfSyntaxError as error:
        line, column = (int(str(error.members.get(name, 1))) for name in ("line", "column"))
        why = error.detail.partition(" ")[2].rstrip(".")
        raise _at(document, why, line, column) from None
    return replace(document, data=resolved.encode("utf-8", errors="replace")) if NAME in text else document


def text_of(document: Document) -> str:
    """Decode the document's text. Raises RdfSyntaxError where it is not UTF-8."""
    try:
        return document.data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = document.data[: error.start].decode("utf-8")
        # The line is counted in what can be decoded.
        raise syntax_error(replace(document, data=before.encode()), "the text is not UTF-8", len(before)) from None


def syntax_error(document: Document, why: str, offset: int) -> RdfSyntaxError:
    """Return the error for an offset in a document, in code points."""
    return _at(document, why, *position(document.data.decode("utf-8"), offset))


def _at(document: Document, why: str, line: int, column: int) -> RdfSyntaxError:
    place = f"{document.name}:{line}:{column}"
    return RdfSyntaxError(f"{place}: {why}.", file=document.name, line=line, column=column)
