"""What a validation looked at: focus nodes, and the triples that some shape reads from them.

A report that conforms says little where nothing was looked at: a target is misspelt, the data is in another vocabulary.
The triples are found by walking the edges that each shape depends on from its focus nodes, for all of them at once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.shacl.candidate_selection import CandidateSelection
from coopkg.shacl.components.queries import Sparql
from coopkg.shacl.constraints import SPARQL_TARGET, TARGET_WHERE
from coopkg.shacl.dependencies import steps, steps_of_shape
from coopkg.shacl.report import Coverage
from coopkg.shacl.steps import Sign
from coopkg.shacl.validator import Run, whole_pass
from coopkg.sparql.lexer import Kind, significant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.columns import Column, Columns
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.report import Report
    from coopkg.shacl.steps import Step

    Reach = Callable[[Path, set[Node]], set[Node]]


class _Seen:
    """The triples that were looked at: by predicate and subject, by predicate and object, and by predicate alone.

    Under None is any predicate.
    """

    def __init__(self, shapes: Mapping[Node, Shape], reach: Reach) -> None:
        self.shapes = shapes
        self.reach = reach
        self.subjects: defaultdict[Node | None, set[Node]] = defaultdict(set)
        self.objects: defaultdict[Node | None, set[Node]] = defaultdict(set)
        self.anywhere: set[Node | None] = set()

    def walk(self, starts: Iterable[tuple[Shape, set[Node]]]) -> None:
        """Look at what shapes read from some nodes."""
        walked: defaultdict[Node, set[Node]] = defaultdict(set)
        pending = list(starts)
        for shape, nodes in list(pending):
            self._targets(shape, nodes)
            # What makes a node a target by a shape is looked at too.
            pending += ((self.shapes[node], nodes) for kind, node in shape.targets if kind == TARGET_WHERE)
        while pending:
            shape, nodes = pending.pop()
            new = nodes - walked[shape.node]
            if not new:
                continue
            walked[shape.node] |= new
            inner: list[tuple[Node, Path | None]] = []
            self._steps(shape, new, inner)
            pending += ((self.shapes[node], self._reached(path, new)) for node, path in inner)

    def _targets(self, shape: Shape, nodes: set[Node]) -> None:
        for kind, node in shape.targets:
            match kind:
                case "targetClass":
                    self.subjects[RDF_TYPE] |= nodes
                case "targetSubjectsOf":
                    self.subjects[node] |= nodes
                case "targetObjectsOf":
                    self.objects[node] |= nodes
                case _ if kind == SPARQL_TARGET:
                    self.anywhere |= _predicates(node.query.text)

    def _steps(self, shape: Shape, nodes: set[Node], inner: list[tuple[Node, Path | None]]) -> None:
        def of(node: Node, path: Path | None, sign: Sign) -> Iterator[Step]:
            del sign
            inner.append((node, path))
            return iter(())

        for constraint in shape.constraints:
            if isinstance(constraint, Sparql):
                self.anywhere |= _predicates(constraint.value.text)
        own = steps(shape.path, None) if shape.path else ()
        for step in itertools.chain(own, steps_of_shape(shape, None, Sign.MORE, of, queries=False)):
            if step.anywhere:
                self.anywhere.add(step.predicate)
            else:
                (self.objects if step.backwards else self.subjects)[step.predicate] |= self._reached(step.before, nodes)

    def _reached(self, path: Path | None, nodes: set[Node]) -> set[Node]:
        return nodes if path is None else self.reach(path, nodes)

    def has(self, subject: Node, predicate: Node, obj: Node) -> bool:
        """Whether a triple was looked at."""
        if not self.anywhere.isdisjoint((None, predicate)):
            return True
        keys = (None, predicate)
        return any(subject in self.subjects.get(k, ()) or obj in self.objects.get(k, ()) for k in keys)


def _predicates(text: str) -> set[Node | None]:
    """Return the IRIs of a query; None too where a variable stands for a predicate."""
    tokens = list(significant(text))
    found: set[Node | None] = {ox.NamedNode(t.text[1:-1]) for t in tokens if t.kind is Kind.IRI}
    if any(t.keyword == "A" or t.text == "a" for t in tokens):
        found.add(RDF_TYPE)
    before = [None, *tokens]
    for index, token in enumerate(tokens):
        last = before[index]
        opener = tokens[index - 2].text if index > 1 else ""
        starts = last is not None and (last.text == ";" or opener in {"{", ".", "}"})
        if token.kind is Kind.VARIABLE and starts and last is not None and last.text not in {"{", ".", "}", "("}:
            found.add(None)
    return found


def coverage(selection: CandidateSelection, shapes: Mapping[Node, Shape], own: Iterable[ox.Quad] | None) -> Coverage:
    """Return what a whole pass looked at; of the triples ``own`` alone, where given."""
    columns = selection.columns

    def reach(path: Path, nodes: set[Node]) -> set[Node]:
        relation = selection.relation(path, nodes)
        return {value for node in nodes for value in relation.of(node)}

    targeted = {node: shape for node, shape in shapes.items() if shape.targets}
    focus_nodes = {node: selection.focus_nodes(shape) for node, shape in targeted.items()}
    seen = _Seen(shapes, reach)
    seen.walk((targeted[node], nodes) for node, nodes in focus_nodes.items() if nodes)
    if own is None:
        total = sum(_size(column) for column in columns.columns.values())
        unseen = total - sum(_seen_of(seen, p, column) for p, column in columns.columns.items())
    else:
        quads = {(q.subject, q.predicate, q.object) for q in own}
        number, total = columns.number, len(quads)
        unseen = sum(not seen.has(number(s), p, number(o)) for s, p, o in quads)
    found: set[int] = set().union(*(nodes & _in_data(columns, nodes) for nodes in focus_nodes.values()))
    idle = tuple(shape.name for node, shape in targeted.items() if not _in_data(columns, focus_nodes[node]))
    return Coverage(total, len(targeted), len(found), idle, unseen, partly=own is not None)


def _in_data(columns: Columns, nodes: set[int]) -> set[int]:
    """Return the nodes that the data graph has; a node that sh:targetNode names may be in no triple."""
    return {n for n in nodes if n < columns.size}


def _size(column: Column) -> int:
    return len(column.first) + sum(map(len, column.more.values()))


def _seen_of(seen: _Seen, predicate: Node, column: Column) -> int:
    """Return how many triples of a predicate were looked at."""
    if not seen.anywhere.isdisjoint((None, predicate)):
        return _size(column)
    subjects = seen.subjects.get(None, set()) | seen.subjects.get(predicate, set())
    objects = seen.objects.get(None, set()) | seen.objects.get(predicate, set())
    if objects:
        return sum(s in subjects or o in objects for s, o in column.pairs())
    return len(column.first.keys() & subjects) + sum(len(more) for s, more in column.more.items() if s in subjects)


def coverage_of_change(
    graph: Readable, shapes: Mapping[Node, Shape], focus_nodes: Mapping[Node, Iterable[Node]], own: Iterable[ox.Quad]
) -> Coverage:
    """Return what a check of a change looked at: of the triples ``own``, from the focus nodes that it affects."""

    def reach(path: Path, nodes: set[Node]) -> set[Node]:
        return {value for node in nodes for value in path.values(graph, node)}

    found = {node: set(nodes) for node, nodes in focus_nodes.items()}
    seen = _Seen(shapes, reach)
    seen.walk((shapes[node], nodes) for node, nodes in found.items() if nodes)
    quads = {(q.subject, q.predicate, q.object) for q in own}
    unseen = sum(not seen.has(*quad) for quad in quads)
    nodes: set[Node] = set().union(*found.values())
    return Coverage(len(quads), sum(bool(n) for n in found.values()), len(nodes), (), unseen, partly=True)


def validated(
    shapes: Mapping[Node, Shape],
    columns: Columns,
    store: ox.Store | Callable[[], ox.Store],
    own: Iterable[ox.Quad] | None = None,
) -> Report:
    """Validate a graph and say what was looked at; of the triples ``own`` alone, where given."""
    report = whole_pass(shapes, columns, store)
    selection = CandidateSelection(Run(shapes, columns, store), columns)
    return replace(report, coverage=coverage(selection, shapes, own))


def stored(quads: Iterable[ox.Quad]) -> ox.Store:
    """Return a store with the union of some quads."""
    store = ox.Store()
    store.bulk_extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
    return store
