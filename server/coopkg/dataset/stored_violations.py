"""Violations whose cause lies in what is stored already: nobody is refused for another's data.

They become notes that name the graph, and the commit that brought the triples in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset.changes import replace_quads
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.components.shape_based import Property
from coopkg.shacl.report import Note, Report, Result, Severity
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.targets import is_target
from coopkg.shacl.validator import Run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from coopkg.dataset.history import History
    from coopkg.dataset.journal_format import Record
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Shape

MOST: Final = 100
"""Violations for which a cause is looked for; those after them are the sender's."""
_BY: Final = (
    "{}: {} This is in {} since version {}, by {}.",
    "{}: {} Это есть в {} с версии {}, автор: {}.",
    "{}: {} Гэта ёсць у {} з версіі {}, аўтар: {}.",
)
_PUBLISHED: Final = (
    "{}: {} This is in {} since version 1, the published files.",
    "{}: {} Это есть в {} с версии 1: опубликованные файлы.",
    "{}: {} Гэта ёсць у {} з версіі 1: апублікаваныя файлы.",
)


@dataclass(frozen=True)
class Cause:
    """The graph that has what a result is about, and the commit that brought it in; None for the published files."""

    result: Result
    graph: Node
    record: Record | None

    def note(self) -> Note:
        """Return the result as a note."""
        phrase = _PUBLISHED if self.record is None else _BY
        by = () if self.record is None else (self.record.version, self.record.author)
        texts = {
            language: text.format(self.result.focus_node, self.result.message(language), self.graph, *by)
            for language, text in zip(LANGUAGES, phrase, strict=True)
        }
        return Note(texts["en"], messages=texts)


def cause_of(result: Result, dataset: Dataset, history: History | None) -> Cause | None:
    """Find where what a result is about comes from: the triple that it names, else the newest of its focus node."""
    store, forms = dataset.store, dataset.lexical_forms
    triples = [ground.triple for ground in result.grounds if not ground.axiom]
    facts: list[tuple[Any, ox.NamedNode, Any]] = [(t.subject, t.predicate, t.object) for t in triples]
    if result.path is not None and result.value is not None:
        facts.append((result.focus, ox.NamedNode(result.path), result.value))
    quads = [quad for fact in facts for quad in store.quads_for_pattern(*fact, None)]
    if not quads and not isinstance(result.focus, ox.Literal):
        quads = list(store.quads_for_pattern(result.focus, None, None, None))
    rows = {f"A {quad} .": quad for quad in forms.restored(quads)}
    if not rows:
        return None
    for record in history.newest_first() if history is not None else ():
        found = next((rows[row] for row in record.rows.split("\n") if row in rows), None)
        if found is not None:
            return Cause(result, found.graph_name, record)
    return Cause(result, next(iter(rows.values())).graph_name, None)


def set_apart(
    report: Report,
    shapes: Mapping[Node, Shape],
    dataset: Dataset,
    changed: tuple[Collection[ox.Quad], Collection[ox.Quad]],
    history: History | None,
) -> Report:
    """Return the report with the violations that were there before as notes.

    ``changed`` are the quads that were added to the dataset and removed from it. One was there before if the dataset
    without the change gives the same result: at a node that the shape targeted already, or about a triple that it had.
    """
    bad = [result for result in report.results if result.severity is Severity.VIOLATION][:MOST]
    if not bad:
        return report
    added, removed = changed
    replace_quads(dataset.store, dataset.lexical_forms, added, removed)
    try:
        old = {result.key() for result in _standing(bad, shapes, dataset)}
        causes = [c for r in bad if r.key() in old and (c := cause_of(r, dataset, history)) is not None]
    finally:
        replace_quads(dataset.store, dataset.lexical_forms, removed, added)
    apart = {cause.result.key() for cause in causes}
    notes = (*report.notes, *(cause.note() for cause in causes))
    return replace(report, results=tuple(r for r in report.results if r.key() not in apart), notes=notes)


def _standing(results: Collection[Result], shapes: Mapping[Node, Shape], dataset: Dataset) -> Iterator[Result]:
    """Yield those of the results that a dataset has as it is."""
    graph = StoreGraph(dataset.store, dataset.lexical_forms)
    run = Run(shapes, graph, dataset.store)
    above = _node_shapes(shapes)
    found: dict[tuple[Any, Node], set[tuple[str, ...]]] = {}
    for result in results:
        if result.grounds:
            asserted = [g.triple for g in result.grounds if not g.axiom]
            if all((t.subject, t.predicate, t.object) in graph for t in asserted):
                yield result
            continue
        said = result.path is not None and result.value is not None
        stored = said and (result.focus, ox.NamedNode(result.path or ""), result.value) in graph
        for shape in above.get(result.shape, ()):
            if not (stored or is_target(graph, shape, result.focus, run)):
                continue
            key = (result.focus, shape.node)
            if key not in found:
                found[key] = {r.key() for r in run.check(shape, result.focus, 1)}
            if result.key() in found[key]:
                yield result
                break


def _node_shapes(shapes: Mapping[Node, Shape]) -> dict[str, list[Shape]]:
    """Return the shapes with a target that give the results of each shape: itself, or over sh:property."""
    above: dict[str, list[Shape]] = {}
    for shape in shapes.values():
        if not shape.targets:
            continue
        pending, seen = [shape], {shape.node}
        while pending:
            inner = pending.pop()
            above.setdefault(inner.name, []).append(shape)
            below = [c.value for c in inner.constraints if isinstance(c, Property) and c.value not in seen]
            seen.update(below)
            pending += [shapes[node] for node in below]
    return above
