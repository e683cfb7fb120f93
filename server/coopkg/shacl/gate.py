"""The gate: whether a dataset with a change applied still conforms, decided by what the change can affect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import DoesNotConform
from coopkg.shacl.columns import Columns
from coopkg.shacl.engine import Run, whole_pass
from coopkg.shacl.explain import explain
from coopkg.shacl.faces.structured import as_object
from coopkg.shacl.faces.view import View, report_prefixes
from coopkg.shacl.graph import Graph
from coopkg.shacl.impact import ImpactIndex
from coopkg.shacl.report import Report, Severity
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.stored import LooseGraph, StoredGraph
from coopkg.terms import Document, rebase_quad, rebase_term
from coopkg.vocab import DEFAULT_BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.files import Published
    from coopkg.shacl.graph import Node
    from coopkg.shacl.reading import Source
    from coopkg.shacl.shapes import Shape

BREAK_EVEN: Final = 1000
"""Focus nodes of one shape above which a whole pass, which looks at all of them at once, is cheaper."""


SHOWN: Final = 100
"""Results that a refusal lists; it says how many there are."""
_PLACE_SECONDS: Final = 2.0
"""Seconds for finding out where a document says what is refused."""


class Gate:
    """Shapes with the index of what a change can affect; made once."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes
        self.index = ImpactIndex(shapes)

    def check(self, graph: StoredGraph, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Report:
        """Give the results of every focus node that a change can have made violate a shape.

        ``graph`` is as it is afterwards, and must have conformed before: then these are all its results.
        """
        impact = self.index.affected(LooseGraph(graph.store, graph.spellings), added, removed, BREAK_EVEN)
        if impact.all:
            return self.check_all(graph)
        run = Run(self.shapes, graph, graph.store)
        return Report.of(
            result
            for shape, nodes in impact.nodes.items()
            for node in nodes
            for result in run.check(self.shapes[shape], node, 1)
        )

    def check_all(self, graph: StoredGraph) -> Report:
        """Give all results of the graph."""
        return whole_pass(self.shapes, Columns(graph.quads()), graph.store)


def open_gate(published: Published, base: str) -> Gate:
    """Read the published shapes, moved to that base IRI. Raises RdfSyntaxError, DatasetBroken."""
    quads = [quad for path in published.shapes() for quad in Document(str(path), path.read_bytes()).quads()]
    return Gate(read_shapes(Graph(moved(quad, base) for quad in quads)))


def moved(quad: ox.Quad, base: str) -> ox.Quad:
    """Give a quad of the shapes graph for another base IRI: also where the IRI stands in a query or a pattern."""
    if base == DEFAULT_BASE:
        return quad
    if not isinstance(quad.object, ox.Literal) or quad.object.language:
        return rebase_quad(quad, DEFAULT_BASE, base)
    text = quad.object.value.replace(DEFAULT_BASE, base).replace(_in_pattern(DEFAULT_BASE), _in_pattern(base))
    return ox.Quad(
        rebase_term(quad.subject, DEFAULT_BASE, base),
        rebase_term(quad.predicate, DEFAULT_BASE, base),
        ox.Literal(text, datatype=quad.object.datatype),
    )


def _in_pattern(iri: str) -> str:
    return iri.replace(".", "\\.")


def refuse(report: Report, shapes: Mapping[Node, Shape], graph: StoredGraph, sources: Sequence[Source] = ()) -> None:
    """Let a graph through unless it violates a shape, or the ontology.

    Raises DoesNotConform with the report's results, each with its place in those of the ``sources`` that it is about.
    """
    if not report.refused_at(Severity.VIOLATION):
        return
    names = report_prefixes(sources)
    shown = explain(report.first(SHOWN), shapes, graph, sources, names, seconds=_PLACE_SECONDS)
    view, first = View(shown, names), shown.results[0]
    count = report.counts()[Severity.VIOLATION.value]
    place = f"{first.place}: " if first.place else ""
    raise DoesNotConform(
        f"The change would leave {count} violation{'s' * (count != 1)}, the first at {first.focus_node}: "
        f"{place}{first.message()}",
        violations=count,
        results=[as_object(view, result) for result in shown.results],
    )
