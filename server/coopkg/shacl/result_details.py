"""The details of a report: the place of each result, what was expected, names for what has none, and quick fixes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.rdf.terms import compact
from coopkg.shacl import constraint_descriptions
from coopkg.shacl.findings import Finding
from coopkg.shacl.quick_fixes import QuickFixes
from coopkg.shacl.report import Report
from coopkg.shacl.source_locations import find_place, locate, place_of_triple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Constraint, Shape
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Fix, Place, Result

_DEEPEST: Final = 4
"""Shapes without names, one in the other, by which one is described."""
MOST_FIXES: Final = 500
"""Results for which a fix is sought; those after them are likely to have the same cause."""


def explain(  # noqa: PLR0913, PLR0917 - what a report is about
    report: Report,
    shapes: Mapping[Node, Shape],
    graph: Readable,
    sources: Sequence[Source],
    prefixes: dict[str, str],
    own: Sequence[Source] | None = None,
    seconds: float | None = None,
) -> Report:
    """Return the report with the details of its results; ``graph`` is the graph that was validated.

    ``sources`` are the documents in which to look for places, the last first. Fixes are of ``own``, where given, else
    of all. What has not been found in a document within ``seconds`` has no place.
    """
    if not report.results:
        return report
    explainer = _Explainer(shapes, graph, list(reversed(sources)), prefixes, own, seconds)
    explained = [explainer.result(number, result) for number, result in enumerate(report.results)]
    # A property that is misspelt and therefore missing is one mistake, which is told where it can be mended.
    fixed = {(r.focus, r.path) for r in explained if r.fix and r.value is None}
    told = [
        result
        for original, result in zip(report.results, explained, strict=True)
        if not (original.path and any((original.focus, str(t)[1:-1]) in fixed for t in original.wanted))
    ]
    return dataclasses.replace(report, results=Report.of(told).results)


class _Explainer:
    def __init__(  # noqa: PLR0913, PLR0917 - as ``explain``
        self,
        shapes: Mapping[Node, Shape],
        graph: Readable,
        sources: Sequence[Source],
        prefixes: dict[str, str],
        own: Sequence[Source] | None,
        seconds: float | None,
    ) -> None:
        self.shapes = shapes
        self.by_name = {shape.name: shape for shape in shapes.values()}
        self.graph = graph
        self.prefixes = prefixes
        self.sources = sources
        self.locations = [locate(source, seconds) for source in sources]
        editable = [(s, p) for s, p in zip(sources, self.locations, strict=True) if own is None or s in own]
        self.quick_fixes = QuickFixes(graph, shapes, [s for s, _ in editable], [p for _, p in editable])
        self._expected: dict[tuple[str, int], tuple[dict[str, str], tuple[Any, ...]]] = {}
        self._unnamed: dict[str, dict[str, str]] = {}

    def result(self, number: int, result: Result) -> Result:
        if result.grounds:
            return self.grounded(result)
        shape = self.by_name.get(result.shape)
        constraint = result.constraint if isinstance(result, Finding) else _constraint(result, shape)
        expected: dict[str, str] = {}
        wanted: tuple[Any, ...] = ()
        if shape is not None and constraint is not None:
            # The text is the same for all results of a constraint, and there may be thousands.
            key = (result.shape, id(constraint))
            if key not in self._expected:
                self._expected[key] = constraint_descriptions.expected(constraint, shape, self.shapes, self.prefixes)
            expected, wanted = self._expected[key]
        fix: Fix | None = None
        alternatives: tuple[ox.NamedNode, ...] = ()
        if shape is not None and constraint is not None and number < MOST_FIXES:
            fix = self.quick_fixes.fix(result, constraint, shape)
            alternatives = () if fix else self.quick_fixes.alternatives(result, constraint)
        return dataclasses.replace(
            result,
            place=self.place(result, fix),
            expected=expected,
            wanted=wanted,
            messages=_messages(result, shape, constraint, expected),
            names=self.names(result),
            fix=fix,
            alternatives=alternatives,
            details=tuple(self.result(MOST_FIXES, detail) for detail in result.details),
        )

    def grounded(self, result: Result) -> Result:
        """Locate each triple that a result follows from; the result's own place is in the latest document."""
        grounds = tuple(
            dataclasses.replace(ground, place=place_of_triple(self.locations, ground.triple))
            for ground in result.grounds
        )
        order = {source.name: number for number, source in enumerate(self.sources)}
        places = sorted((g.place for g in grounds if g.place), key=lambda place: order[place.file])
        return dataclasses.replace(result, grounds=grounds, place=next(iter(places), None), names=self.names(result))

    def place(self, result: Result, fix: Fix | None) -> Place | None:
        """Locate a result: what is wrong, else what is incomplete."""
        if fix is not None and result.value is None:
            return next(s.lines.place(fix.edits[0].start) for s in self.sources if s.name == fix.edits[0].file)
        path = ox.NamedNode(result.path) if result.path else None
        return find_place(self.locations, result.focus, path, result.value)

    def names(self, result: Result) -> dict[str, dict[str, str]]:
        """Describe the blank nodes of a result, and its shape where that has no name, by language."""
        terms = [term for g in result.grounds for term in (g.triple.subject, g.triple.object)]
        nodes = [node for node in (result.focus, result.value, *terms) if isinstance(node, ox.BlankNode)]
        names_by_node = {str(node): self.unnamed(node) for node in nodes}
        if result.shape.startswith("_:"):
            names_by_node[result.shape] = self.shape(result.shape)
        return names_by_node

    def unnamed(self, node: ox.BlankNode) -> dict[str, str]:
        key = str(node)
        if key not in self._unnamed:
            kinds = [k for k in self.graph.objects(node, RDF_TYPE) if isinstance(k, ox.NamedNode)]
            labels = {
                label.language or "en": label.value
                for prop in reversed(constraint_descriptions.LABELS)
                for label in self.graph.objects(node, prop)
                if isinstance(label, ox.Literal)
            }
            place = find_place(self.locations, node, None, None)
            kind = ", ".join(compact(k.value, self.prefixes) for k in kinds)
            self._unnamed[key] = constraint_descriptions.unnamed(kind, labels, place.line if place else None)
        return self._unnamed[key]

    def shape(self, name: str, depth: int = 0) -> dict[str, str]:
        shape = self.by_name.get(name)
        if shape is None or depth >= _DEEPEST:
            return constraint_descriptions.unnamed_shape()
        path = shape.path.sparql() if shape.path else ""
        if isinstance(shape.path_node, ox.NamedNode):
            path = compact(shape.path_node.value, self.prefixes)
        parents = (
            parent for parent in self.shapes.values()
            if any(c.name == "property" and c.value == shape.node for c in parent.constraints)
        )  # fmt: skip
        parent = next(parents, None)
        if parent is None or not path:
            return constraint_descriptions.unnamed_shape()
        named = parent.name if parent.name.startswith("_:") else compact(parent.name, self.prefixes)
        if named.startswith("_:"):
            return {
                lang: constraint_descriptions.shape_of(path, text)[lang]
                for lang, text in self.shape(named, depth + 1).items()
            }
        return constraint_descriptions.shape_of(path, named)


def _constraint(result: Result, shape: Shape | None) -> Constraint | None:
    """Return the constraint that a result is of, the first where the shape has several of one component."""
    return next((c for c in shape.constraints if c.component == result.component), None) if shape else None


def _messages(
    result: Result, shape: Shape | None, constraint: Constraint | None, expected: Mapping[str, str]
) -> dict[str, str]:
    """Return the shape's own messages; in languages that these lack, sentences made of what is expected."""
    own = shape is not None and constraint is not None and bool(shape.message_terms or constraint.messages)
    given = dict(result.messages) if own or not expected else {}
    return {**constraint_descriptions.sentences(dict(expected)), **given} if not set(LANGUAGES) <= set(given) else given
