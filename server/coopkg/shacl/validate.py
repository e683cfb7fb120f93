"""Validation of the published graph, alone or with new documents merged into it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.shacl.engine import validate as run
from coopkg.shacl.places import find_place, locate
from coopkg.shacl.report import Report
from coopkg.store import read_manifest
from coopkg.terms import Document
from coopkg.vocab import DEFAULT_BASE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coopkg.files import Published
    from coopkg.shacl.report import Place, Result


def read_shapes(paths: Sequence[Path]) -> list[ox.Quad]:
    """Read the shapes graph. Raises RdfSyntaxError with file, line and column."""
    return [quad for path in paths for quad in Document(str(path), path.read_bytes()).quads()]


def validate_documents(documents: Sequence[Document], shapes: Sequence[ox.Quad]) -> Report:
    """Validate the union of some documents; each result carries its place in the document that it stands in."""
    quads = [quad for document in documents for quad in document.quads()]
    return with_places(run(quads, shapes), documents)


def published_documents(published: Published) -> list[Document]:
    """Give the files that the catalogue lists, as documents named by their path from the root."""
    return [
        Document(entry.file, published.path(entry.file).read_bytes(), base=DEFAULT_BASE + entry.file)
        for entry in read_manifest(published)
    ]


def validate_published(published: Published, more: Sequence[Document] = ()) -> Report:
    """Validate the published graph with ``more`` merged into it. Raises RdfSyntaxError, DatasetBroken."""
    return validate_documents([*published_documents(published), *more], read_shapes(published.shapes()))


def with_places(report: Report, documents: Sequence[Document]) -> Report:
    """Give the same report with the places of its results filled in, the last document first."""
    if report.conforms:
        return report
    turtle = [d for d in documents if d.format == ox.RdfFormat.TURTLE]
    places = [locate(document) for document in reversed(turtle)]

    def place(result: Result) -> Place | None:
        return find_place(places, result.focus, result.path and ox.NamedNode(result.path), result.value)

    return Report.of(dataclasses.replace(result, place=place(result)) for result in report.results)
