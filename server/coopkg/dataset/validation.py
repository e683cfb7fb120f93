"""Validation of the published graph, alone or with new documents merged into it: by the shapes and by the axioms.

Shapes are evaluated over the asserted triples, never over inferred ones: where a property has a range, reasoning makes
each of its values an instance of that class, and no ``sh:class`` on it could fail. A contradiction of the axioms is a
result like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from coopkg.dataset.consistency import contradictions_of
from coopkg.dataset.store import read_manifest
from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.shacl import reference_implementation
from coopkg.shacl.columns import Columns
from coopkg.shacl.coverage import stored, validated
from coopkg.shacl.documents import read
from coopkg.shacl.other_bases import terms_of_other_bases
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.report_formats.outcome import report_prefixes
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes as read_shape_values
from coopkg.shacl.shapes_documents import ShapesDocuments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyoxigraph as ox

    from coopkg.dataset.published_files import Published
    from coopkg.rdf.graph import Node
    from coopkg.rdf.terms import Document
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Report


OURS: Final = "coopkg"
ENGINES: Final = (OURS, "pyshacl")


def validate_documents(
    documents: Sequence[Document], shapes: Sequence[ox.Quad], regime: str = "owl-rl", base: str = DEFAULT_BASE
) -> Report:
    """Validate the union of some documents; each result has its place in the document that it comes from."""
    return validate_sources([read(document) for document in documents], shapes, regime=regime, base=base)


def validate_sources(  # noqa: PLR0913 - what is validated, against what, and how
    sources: Sequence[Source],
    shapes: Sequence[ox.Quad],
    own: Sequence[Source] | None = None,
    *,
    regime: str = "owl-rl",
    engine: str = OURS,
    brought: Sequence[Source] = (),
    base: str = DEFAULT_BASE,
    further: Report | None = None,
) -> Report:
    """Validate the union of some parsed documents; quick fixes are offered for ``own`` where given, else for all.

    ``regime`` says which axioms are checked for contradictions, ``engine`` which of ``ENGINES`` evaluates the shapes.
    ``brought`` are documents with more shapes, about which there are warnings. Raises DatasetBroken where the shapes
    cannot be used. ``base`` is the base IRI of documents and shapes. ``further`` are results from elsewhere about
    the same documents.
    """
    quads = [quad for source in sources for quad in source.quads]
    documents = ShapesDocuments(brought)
    node_shapes: Mapping[Node, Shape]
    if engine == OURS:
        node_shapes = documents.read() if brought else read_shape_values(Graph(shapes))
        own_quads = None if own is None else [quad for source in own for quad in source.quads]
        report = validated(node_shapes, Columns(quads), lambda: stored(quads), own_quads)
        report = replace(report, notes=documents.warnings(node_shapes) if brought else ())
    else:
        all_shapes = [*shapes, *(quad for source in brought for quad in source.quads)]
        node_shapes = _if_readable(all_shapes)
        report = reference_implementation.validate(quads, all_shapes)
    report = report.and_(contradictions_of(quads, base, regime, node_shapes))
    report = report.and_(further) if further else report
    if own is None:
        report = report.and_(terms_of_other_bases(quads, base))
    return explain(report, node_shapes, Graph(quads), sources, report_prefixes(own or sources, base), own)


def _if_readable(shapes: Sequence[ox.Quad]) -> Mapping[Node, Shape]:
    """Return the shapes as values, which the explanations need; none where our reader refuses what pySHACL takes."""
    try:
        return read_shape_values(Graph(shapes))
    except DatasetBroken:
        return {}


def published_documents(published: Published, base: str = DEFAULT_BASE) -> list[Document]:
    """Return the files that the catalogue lists, as documents named by their paths relative to the root."""
    return [published.document(entry.file, base) for entry in read_manifest(published)]


def validate_published(
    published: Published, more: Sequence[Document] = (), *, regime: str = "owl-rl", base: str = DEFAULT_BASE
) -> Report:
    """Validate the published graph, as it is served under a base IRI, with ``more`` merged into it.

    Raises RdfSyntaxError, DatasetBroken.
    """
    documents = [*published_documents(published, base), *more]
    return validate_documents(documents, shapes_quads(published.shapes(), base), regime, base)
