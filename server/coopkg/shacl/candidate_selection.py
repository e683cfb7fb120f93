"""A whole pass over a large graph: which focus nodes may violate a shape, selected for all nodes at once.

Each constraint is a set operation over the columns, or one query over all focus nodes. A selection may contain a node
too many, never one too few: the nodes of it are then checked one by one, which gives the results, and all others are
never looked at again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from coopkg.shacl.constraints import SPARQL_TARGET, TARGET_WHERE, ValueConstraint
from coopkg.shacl.property_paths import Alternative, Inverse, Path, Predicate, Sequence
from coopkg.shacl.relations import ColumnRelation, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.columns import Columns
    from coopkg.shacl.constraints import Checks, Numbers, Shape

_DEEPEST: Final = 24
"""Shapes within shapes up to which nodes are selected by what the inner ones say; deeper ones take all nodes."""


class CandidateSelection:
    """The selection of the focus nodes of one graph that may violate a shape."""

    def __init__(self, run: Checks, columns: Columns) -> None:
        self.run = run
        self.columns = columns
        self._depth = 0
        # Without a path, what judges each value by itself selects no value too many.
        self._exact = {
            node for node, shape in run.shapes.items()
            if shape.path is None and all(isinstance(c, ValueConstraint) and c.exact for c in shape.constraints)
        }  # fmt: skip
        references = Counter(node for shape in run.shapes.values() for node in shape.references)
        # What several shapes refer to is selected once for each node: in a graph of shapes, not a tree, the ways to it
        # double with each level.
        self._known: dict[Node, tuple[Numbers, Numbers]] = {
            node: (set(), set()) for node, count in references.items()
            if count > 1 and any(run.shapes[node].references)
        }  # fmt: skip

    def candidates(self, shape: Shape) -> Iterator[tuple[Node, int]]:
        """Yield the focus nodes of a shape that may violate it, each with the number of all its focus nodes."""
        if not shape.targets:
            return
        focus_nodes = self.focus_nodes(shape)
        for number in sorted(self._violators(shape, focus_nodes)):
            yield self.columns.terms[number], len(focus_nodes)

    def focus_nodes(self, shape: Shape) -> Numbers:
        """Return the targets of a shape."""
        numbers: Numbers = set()
        for kind, node in shape.targets:
            match kind:
                case "targetClass":
                    numbers |= self.columns.instance_numbers(node)
                case "targetSubjectsOf":
                    numbers |= self.columns.column(node).first.keys()
                case "targetObjectsOf":
                    numbers |= self.columns.column(node).values()
                case _ if kind == SPARQL_TARGET:
                    numbers |= {self.columns.number(n) for n in self.run.selected(shape, node)}
                case _ if kind == TARGET_WHERE:
                    everything = {self.columns.number(n) for n in self.columns.nodes()}
                    numbers |= everything - self.failing(node, everything)
                case _:
                    numbers.add(self.columns.number(node))
        return numbers

    def violators(self, shape: Node, values: Numbers) -> Numbers:
        """Return the values that may violate a shape: perhaps too many."""
        if self._depth >= _DEEPEST:
            return values
        known = self._known.get(shape)
        if known is None:
            return self._violators(self.run.shapes[shape], values)
        seen, bad = known
        new = values - seen
        bad |= self._violators(self.run.shapes[shape], new)
        seen |= new
        return bad & values

    def failing(self, shape: Node, values: Numbers) -> Numbers:
        """Return the values that do not conform to a shape: exactly these, because callers negate the selection.

        Under sh:not a candidate too many here would become a violator too few there.
        """
        violators = self.violators(shape, values)
        if self._depth < _DEEPEST and shape in self._exact:
            return violators
        return {v for v in violators if not self.run.conforms(self.columns.terms[v], shape)}

    def _violators(self, shape: Shape, nodes: Numbers) -> Numbers:
        # Most shapes that others refer to have no value nodes in a given graph.
        if not nodes or not shape.constraints:
            return set()
        self._depth += 1
        try:
            relation = self.relation(shape.path, nodes) if shape.path else None
            candidates: Numbers = set()
            for constraint in shape.constraints:
                candidates |= constraint.suspects(self, shape, nodes, relation)
        finally:
            self._depth -= 1
        return candidates

    def relation(self, path: Path, nodes: Numbers) -> Relation:
        """Return the value nodes of some nodes along a path."""
        match path:
            case Predicate(iri):
                return ColumnRelation(self.columns, iri, inverse=False)
            case Inverse(Predicate(iri)):
                return ColumnRelation(self.columns, iri, inverse=True)
            case Alternative(paths):
                relations = [self.relation(p, nodes) for p in paths]
                return Relation({n: [v for r in relations for v in r.of(n)] for n in nodes})
            case Sequence(paths):
                return self._sequence(paths, nodes)
            case _:
                terms = self.columns.terms
                return Relation(
                    {n: [self.columns.number(v) for v in path.values(self.columns, terms[n])] for n in nodes}
                )

    def _sequence(self, paths: tuple[Path, ...], nodes: Numbers) -> Relation:
        reached: dict[int, Numbers] = {n: {n} for n in nodes}
        for path in paths:
            # Each step is evaluated once for the nodes that all starts have reached together.
            step = self.relation(path, set().union(*reached.values()))
            reached = {n: {v for middle in middles for v in step.of(middle)} for n, middles in reached.items()}
        return Relation(dict(reached))
