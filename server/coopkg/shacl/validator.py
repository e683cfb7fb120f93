"""The validator: shapes and a data graph give a report (SHACL, section 3).

Core components are evaluated on parsed terms, so that no store has rewritten a literal before it is checked. Queries
run on pyoxigraph, once for all focus nodes where that makes no difference, and their solutions are mapped back to the
literals as they are written. Within a query a literal is as the store has it: there ``DATATYPE("5"^^xsd:byte)`` is
xsd:integer, and ``STR(1.10)`` is "1.1". pySHACL is the reference implementation in the tests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import TooLarge
from coopkg.shacl.candidate_selection import CandidateSelection
from coopkg.shacl.columns import Columns
from coopkg.shacl.components.shape_based import Property
from coopkg.shacl.constraints import At, by_language
from coopkg.shacl.findings import Finding
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.report import Report
from coopkg.shacl.sparql_evaluation import SparqlEvaluation
from coopkg.shacl.targets import focus_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Constraint, Row, Shape, Violation
    from coopkg.shacl.pre_binding import SparqlQuery
    from coopkg.shacl.report import Result
    from coopkg.shacl.sparql_functions import SparqlFunction
    from coopkg.shacl.sparql_targets import SparqlTarget

_DEEPEST: Final = 24
"""Shapes within shapes that are checked by recursion; what lies deeper is checked first, and then known."""
_VISITS: Final = 1_000_000
"""Property shapes, counted once for each way that leads to them, that one focus node may have."""
_DETAILS: Final = 2000
"""Results in detail that one report has."""
_DETAIL_DEPTH: Final = 4
"""Results in detail of results in detail, and so on."""


class Validator:
    """Applies shapes that have been read once to any number of data graphs."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes

    def validate(self, data: Iterable[ox.Quad]) -> Report:
        """Validate a data graph and report on it."""
        quads = list(data)

        def store() -> ox.Store:
            store = ox.Store()
            store.bulk_extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
            return store

        return whole_pass(self.shapes, Columns(quads), store)


def whole_pass(shapes: Mapping[Node, Shape], columns: Columns, store: ox.Store | Callable[[], ox.Store]) -> Report:
    """Validate a graph, in columns and, for SPARQL, in a store: select candidates first, then check them one by one."""
    run = Run(shapes, columns, store)
    selection = CandidateSelection(run, columns)
    return Report.of(
        result
        for shape in shapes.values()
        for focus, crowd in selection.candidates(shape)
        for result in run.check(shape, focus, crowd)
    )


class _Deeper(Exception):
    """A node and a shape that have to be checked before what was asked."""

    def __init__(self, node: Node, shape: Node) -> None:
        super().__init__()
        self.pair = (node, shape)


class Run:
    """Shapes applied to one state of a data graph.

    ``store`` holds the same data for SPARQL constraints, in whatever graphs; a function is called when the first of
    them is met.
    """

    def __init__(self, shapes: Mapping[Node, Shape], graph: Readable, store: ox.Store | Callable[[], ox.Store]) -> None:
        self.shapes = shapes
        self.graph = graph
        self._queries = SparqlEvaluation(graph, store)
        self._conforming: dict[tuple[Node, Node], bool] = {}
        self._depth = 0
        self._details = _DETAILS
        self._targets: dict[Node, dict[Node, None]] = {}
        self._indexes: dict[object, Any] = {}

    def results(self) -> Iterator[Result]:
        """Yield the results of every shape for every focus node (SHACL, section 3.4)."""
        for shape in self.shapes.values():
            nodes = tuple(self.targets(shape))
            for focus in nodes:
                yield from self.check(shape, focus, len(nodes))

    def targets(self, shape: Shape) -> dict[Node, None]:
        """Select the nodes that are targets of a shape, once each (SHACL, section 2.1.3)."""
        if shape.node not in self._targets:
            self._targets[shape.node] = focus_nodes(self.graph, shape, self)
        return self._targets[shape.node]

    def selected(self, shape: Shape, target: SparqlTarget) -> Mapping[Node, None]:
        """Return the nodes that a query of a shape selects as its targets (SHACL-AF, section 3.1)."""
        return self._queries.selected(shape, target)

    def selects(self, shape: Shape, target: SparqlTarget, node: Node) -> bool:
        """Whether a query of a shape selects a node as its target."""
        return self._queries.selects(shape, target, node)

    def index(self, key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever was made
        """Return what ``make`` gives, made once for the data graph."""
        if key not in self._indexes:
            self._indexes[key] = make()
        return self._indexes[key]

    def solve(self, query: SparqlQuery, at: At) -> Iterator[Row]:
        """Yield the violations of a query at one focus node."""
        return self._queries.solve(query, at)

    def call(self, function: SparqlFunction, arguments: Sequence[Node]) -> Node | None:
        """Return what a function of the shapes graph gives for some arguments, or None."""
        return self._queries.call(function, arguments)

    def solutions(self, shape: Shape, query: SparqlQuery) -> Mapping[Node, Sequence[Any]] | None:
        """Return the violations of a query by focus node; None where it must be evaluated for each of them."""
        return self._queries.solutions(shape, query)

    def conforms(self, node: Node, shape: Node) -> bool:
        """Whether a node conforms to a shape: it has no result (SHACL, section 3.5). Each pair is checked once."""
        known = self._conforming.get((node, shape))
        if known is not None:
            return known
        if self._depth >= _DEEPEST:
            raise _Deeper(node, shape)
        if self._depth:
            return self._decided(node, shape)
        # Shapes may be nested deeper than the interpreter's stack. A pair that lies too deep is put on this one, and
        # what asked for it is asked again afterwards, when all it needs is known.
        pending = [(node, shape)]
        while pending:
            try:
                self._decided(*pending[-1])
                pending.pop()
            except _Deeper as deeper:
                pending.append(deeper.pair)
        return self._conforming[node, shape]

    def _decided(self, node: Node, shape: Node) -> bool:
        depth = self._depth
        self._depth += 1
        try:
            conforming = not self._violates(self.shapes[shape], node)
        finally:
            self._depth = depth
        self._conforming[node, shape] = conforming
        return conforming

    def _violates(self, shape: Shape, focus: Node) -> bool:
        values = self._values(shape, focus)
        at = At(shape, focus, values, 1)
        for constraint in shape.constraints:
            if isinstance(constraint, Property):
                if not all(self.conforms(value, constraint.value) for value in values):
                    return True
            elif any(True for _ in constraint.violations(self, at)):  # the first one decides
                return True
        return False

    def _values(self, shape: Shape, focus: Node) -> tuple[Node, ...]:
        return tuple(shape.path.values(self.graph, focus)) if shape.path else (focus,)

    def check(self, shape: Shape, focus: Node, crowd: int) -> Iterator[Finding]:
        """Yield the results of one focus node; ``crowd`` is the number of focus nodes that are checked in all."""
        for result in self._check(shape, focus, crowd):
            yield self._in_detail(result, _DETAIL_DEPTH)

    def _check(self, shape: Shape, focus: Node, crowd: int) -> Iterator[Finding]:
        pending, visits = [(shape, focus)], 0
        while pending:
            shape, focus = pending.pop()
            values = self._values(shape, focus)
            at = At(shape, focus, values, crowd)
            for constraint in shape.constraints:
                if isinstance(constraint, Property):
                    # Results of property shapes are results of their own (section 4.7.2), those of sh:node are not.
                    visits += len(values)
                    if visits > _VISITS:
                        raise TooLarge(f"More than {_VISITS} property shapes lead on from {focus}.", bound=_VISITS)
                    inner = self.shapes[constraint.value]
                    nested = any(isinstance(c, Property) for c in inner.constraints)
                    # Many ways may lead to a node over nested property shapes: where it conforms none is gone again.
                    pending += ((inner, v) for v in values if not (nested and self.conforms(v, inner.node)))
                    continue
                for violation in constraint.violations(self, at):
                    yield _result(at, constraint, violation)

    def _in_detail(self, result: Finding, depth: int) -> Finding:
        """Return a result with those that explain it (SHACL, section 3.6.2.8)."""
        if result.constraint is None or depth == 0:
            return result
        value = result.focus if result.value is None else result.value
        details: list[Finding] = []
        for shape, node in result.constraint.details(self, value):
            for found in self._check(self.shapes[shape], node, 1):
                if self._details <= 0:
                    break
                self._details -= 1
                details.append(self._in_detail(found, depth - 1))
        return replace(result, details=tuple(details)) if details else result


def _result(at: At, constraint: Constraint, violation: Violation) -> Finding:
    shape = at.shape
    path = violation.path or shape.path
    messages = shape.message_terms if violation.messages is None else violation.messages
    return Finding(
        focus=at.focus,
        shape=shape.name,
        component=constraint.component,
        severity=shape.severity,
        path=path.iri.value if isinstance(path, Predicate) else None,
        value=violation.value,
        messages=by_language(messages) or _default_message(shape, constraint),
        shape_node=shape.node,
        result_path=path,
        severity_node=shape.severity_node,
        message_terms=messages,
        source_constraint=constraint.node,
        constraint=constraint,
    )


def _default_message(shape: Shape, constraint: Constraint) -> dict[str, str]:
    """Return a plain sentence for a result whose shape has no message of its own."""
    where = f" along {shape.path.sparql()}" if shape.path else ""
    name = f"sh:{constraint.name}" if constraint.is_parameter else f"<{constraint.component}>"
    return {"en": f"The constraint {name} is violated{where}."}
