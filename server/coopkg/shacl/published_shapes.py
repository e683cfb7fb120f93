"""The published shapes as they stand under a base IRI, which they name in queries and patterns too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document, rebase_quad, rebase_term
from coopkg.shacl.documents import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def shapes_quads(files: Iterable[Path], base: str = DEFAULT_BASE) -> list[ox.Quad]:
    """Read the published shapes as they stand under a base IRI. Raises RdfSyntaxError with file, line and column."""
    quads = (quad for path in files for quad in read(Document(str(path), path.read_bytes())).quads)
    return [_moved_to_base(quad, base) for quad in quads]


def _moved_to_base(quad: ox.Quad, base: str) -> ox.Quad:
    """Move a quad of the shapes graph to another base IRI, also where the IRI stands in a query or a pattern."""
    if base == DEFAULT_BASE:
        return quad
    # Messages have a language and name no IRIs. Queries, patterns and namespaces are plain literals.
    if not isinstance(quad.object, ox.Literal) or quad.object.language:
        return rebase_quad(quad, DEFAULT_BASE, base)
    text = quad.object.value.replace(DEFAULT_BASE, base).replace(_in_pattern(DEFAULT_BASE), _in_pattern(base))
    return ox.Quad(
        rebase_term(quad.subject, DEFAULT_BASE, base),
        rebase_term(quad.predicate, DEFAULT_BASE, base),
        ox.Literal(text, datatype=quad.object.datatype),
    )


def _in_pattern(iri: str) -> str:
    """Write an IRI as it stands in a regular expression, its full stops escaped."""
    return iri.replace(".", "\\.")
