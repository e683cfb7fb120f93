"""The gate: whether a dataset with a change applied still conforms, decided by what the change can affect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from coopkg.errors import DoesNotConform
from coopkg.rdf.graph import Graph
from coopkg.shacl.columns import Columns
from coopkg.shacl.coverage import coverage_of_change, validated
from coopkg.shacl.dependency_index import DependencyIndex
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.report import Report, Severity
from coopkg.shacl.report_formats.json_format import as_note, as_object
from coopkg.shacl.report_formats.outcome import ReportView, report_prefixes
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.store_graph import EngineFormGraph, StoreGraph
from coopkg.shacl.validator import Run, whole_pass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyoxigraph as ox

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.documents import Source

BREAK_EVEN: Final = 1000
"""Focus nodes of one shape above which a whole pass, which looks at all of them at once, is cheaper."""


SHOWN: Final = 100
"""Results that a refusal lists; it says how many there are."""
_PLACE_SECONDS: Final = 2.0
"""Seconds for locating what is refused in the documents: a refusal without lines is better than one that is late."""


class Gate:
    """Shapes with the index of what a change can affect; made once."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes
        self.index = DependencyIndex(shapes)

    def check(self, graph: StoreGraph, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Report:
        """Check every focus node that a change can have made violate a shape, and report the results.

        ``graph`` is as it is afterwards, and must have conformed before: then these are all its results.
        """
        # In the engine's form, because SPARQL constraints match literals in that form: a path back must lead over a
        # literal however it is written.
        lookup = EngineFormGraph(graph.store, graph.lexical_forms)
        run = Run(self.shapes, graph, graph.store)
        affected = self.index.affected(lookup, added, removed, BREAK_EVEN, run=run)
        if affected.all:
            return self.check_all(graph)
        return Report.of(
            result
            for shape, nodes in affected.nodes.items()
            for node in nodes
            for result in run.check(self.shapes[shape], node, 1)
        )

    def check_and_cover(self, graph: StoreGraph, added: Sequence[ox.Quad], removed: Iterable[ox.Quad]) -> Report:
        """Check a change, and say what of the triples added was looked at."""
        report = self.check(graph, added, removed)
        lookup = EngineFormGraph(graph.store, graph.lexical_forms)
        run = Run(self.shapes, graph, graph.store)
        affected = self.index.affected(lookup, added, (), BREAK_EVEN, every=True, run=run)
        if affected.all:
            return validated(self.shapes, Columns(graph.quads()), graph.store, added)
        return replace(report, coverage=coverage_of_change(graph, self.shapes, affected.nodes, added))

    def check_all(self, graph: StoreGraph) -> Report:
        """Check the whole graph and report all results."""
        return whole_pass(self.shapes, Columns(graph.quads()), graph.store)


def open_gate(files: Iterable[Path], base: str) -> Gate:
    """Read the files of the shapes graph, moved to that base IRI. Raises RdfSyntaxError and DatasetBroken."""
    return Gate(read_shapes(Graph(shapes_quads(files, base))))


def advice(
    report: Report, shapes: Mapping[Node, Shape], graph: StoreGraph, sources: Sequence[Source] = ()
) -> list[dict[str, Any]]:
    """Return what refuses nothing of a report, its warnings and then its infos, as JSON objects; the first of many."""
    if not report.results:
        return []
    names = report_prefixes(sources)
    listed = explain(report.first(SHOWN), shapes, graph, sources, names, seconds=_PLACE_SECONDS)
    return [as_object(ReportView(listed, names), result) for result in listed.results]


def refuse(report: Report, shapes: Mapping[Node, Shape], graph: StoreGraph, sources: Sequence[Source] = ()) -> None:
    """Refuse a graph that violates a shape, or the ontology.

    Raises DoesNotConform with the report's results, each with its place in those of the ``sources`` that it is about.
    """
    if not report.refused_at(Severity.VIOLATION):
        return
    names = report_prefixes(sources)
    listed = explain(report.first(SHOWN), shapes, graph, sources, names, seconds=_PLACE_SECONDS)
    # Results are sorted by severity, so the first is a violation.
    view, first = ReportView(listed, names), listed.results[0]
    count = listed.counts()[Severity.VIOLATION.value]
    place = f"{first.place}: " if first.place else ""
    raise DoesNotConform(
        f"The change would leave {count} violation{'s' * (count != 1)}, the first at {first.focus_node}: "
        f"{place}{first.message()}",
        violations=count,
        results=[as_object(view, result) for result in listed.results],
        notes=[as_note(note) for note in report.notes],
    )
