"""The validator: shapes and a data graph give a report (SHACL, section 3).

Core components are evaluated on parsed terms, so that no store has rewritten a literal before it is checked. Queries
run on pyoxigraph, once for all focus nodes where that makes no difference, and their solutions are mapped back to the
literals as they are written. Within a query a literal is as the store has it: there ``DATATYPE("5"^^xsd:byte)`` is
xsd:integer, and ``STR(1.10)`` is "1.1". pySHACL is the reference implementation in the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph, Node
from coopkg.rdf.literals import canonical
from coopkg.shacl.candidate_selection import CandidateSelection
from coopkg.shacl.closed_shapes import closed, closed_by_types
from coopkg.shacl.columns import Columns
from coopkg.shacl.components import core, default_message
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.report import Report, Result
from coopkg.shacl.shapes import Constraint, Shape, by_language, focus_nodes, read_shapes
from coopkg.shacl.sparql_constraints import STRINGS, TRUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from coopkg.rdf.graph import Readable
    from coopkg.shacl.pre_binding import SparqlQuery
    from coopkg.shacl.property_paths import Path

    Row = dict[str, Node]

_SET_BASED_FROM: Final = 8
"""From this many focus nodes on, one query over all of them is faster than one a node."""
_SHAPES_GRAPH: Final = ox.NamedNode("urn:x-coopkg:shapes-graph")


@dataclass(frozen=True)
class Finding(Result):
    """A result with what only the report as a graph contains (SHACL, sections 3.6.2 and 5.3.2).

    ``result_path`` is any path, ``severity_node`` any severity; ``message_terms`` are the messages that the shapes
    graph gives, ``source_constraint`` is the value of sh:sparql.
    """

    shape_node: Node = None
    result_path: Path | None = None
    severity_node: Node = None
    message_terms: tuple[ox.Literal, ...] = ()
    source_constraint: Node = None


def validate(data: Iterable[ox.Quad], shapes: Iterable[ox.Quad]) -> Report:
    """Validate the union of ``data`` against ``shapes``. Raises DatasetBroken where the shapes cannot be used."""
    return Validator(read_shapes(Graph(shapes))).validate(data)


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


class Run:
    """Shapes applied to one state of a data graph.

    ``store`` holds the same data for SPARQL constraints, in whatever graphs; a function is called when the first of
    them is met.
    """

    def __init__(self, shapes: Mapping[Node, Shape], graph: Readable, store: ox.Store | Callable[[], ox.Store]) -> None:
        self.shapes = shapes
        self.graph = graph
        self._store = store
        self._with_shapes: ox.Store | None = None
        self._set_based: dict[tuple[str, str], dict[Node, list[Row]] | None] = {}
        self._holding: dict[tuple[SparqlQuery, Node], bool] = {}

    @property
    def store(self) -> ox.Store:
        """The data graph as a store, made when it is first needed."""
        if not isinstance(self._store, ox.Store):
            self._store = self._store()
        return self._store

    def results(self) -> Iterator[Result]:
        """Yield the results of every shape for every focus node (SHACL, section 3.4)."""
        for shape in self.shapes.values():
            focus_nodes = tuple(self.focus_nodes(shape))
            for focus in focus_nodes:
                yield from self.check(shape, focus, len(focus_nodes))

    def focus_nodes(self, shape: Shape) -> dict[Node, None]:
        """Select the nodes that are targets of a shape, once each (SHACL, section 2.1.3)."""
        return focus_nodes(self.graph, shape)

    def conforms(self, node: Node, shape: Node) -> bool:
        """Whether a node conforms to a shape: it has no result (SHACL, section 3.5)."""
        # The first result decides; the generator finds no others.
        return next(self.check(self.shapes[shape], node, 1), None) is None

    def check(self, shape: Shape, focus: Node, crowd: int) -> Iterator[Result]:
        """Yield the results of one focus node; ``crowd`` is the number of focus nodes that are checked in all."""
        values = tuple(shape.path.values(self.graph, focus)) if shape.path else (focus,)
        for constraint in shape.constraints:
            if constraint.name == "property":
                # Results of property shapes are results of their own (section 4.7.2), those of sh:node are not.
                for value in values:
                    yield from self.check(self.shapes[constraint.value], value, crowd)
            elif constraint.name in {"sparql", "component"}:
                yield from self._declared(shape, constraint, focus, values, crowd)
            elif constraint.name in {"closed", "closedByTypes"}:
                excess = closed if constraint.name == "closed" else closed_by_types
                for predicate, obj in excess(constraint.value, self.graph, values):
                    yield _result(shape, constraint, focus, obj, shape.message_terms, path=Predicate(predicate))
            else:
                for value in core(constraint.name, constraint.value, self.graph, focus, values, self.conforms):
                    yield _result(shape, constraint, focus, value, shape.message_terms)

    def _declared(
        self, shape: Shape, constraint: Constraint, focus: Node, values: Sequence[Node], crowd: int
    ) -> Iterator[Result]:
        """Yield the results of a query: one a solution, or one a value node for which an ASK is false."""
        query: SparqlQuery = constraint.value
        if query.ask:
            rows: Iterable[Row] = ({"value": v} for v in values if not self._holds(shape, query, focus, v))
        else:
            solutions = self._rows(shape, query, focus, crowd)
            rows = (row for solution in solutions for row in self._as_written(solution, shape, focus))
        bound = {**dict(query.parameters), "this": focus}
        for row in rows:
            if row.get("failure") == TRUE:  # a query may signal that it failed (section 5.3.2)
                raise DatasetBroken(f"The shape {shape.name} reports that it cannot check {focus}.")
            path = row.get("path")
            # Without ?value a node shape's result has the focus node as its value (section 5.3.2).
            yield _result(
                shape,
                constraint,
                focus,
                row.get("value", focus if shape.path is None else None),
                tuple(_filled(m, {**bound, **row}) for m in _templates(shape, constraint, row)),
                path=Predicate(path) if isinstance(path, ox.NamedNode) else None,
            )

    def _as_written(self, row: Row, shape: Shape, focus: Node) -> Iterator[Row]:
        """Yield a solution with literals as the data graph has them, where the store has rewritten them.

        Literals of the data graph that differ in their lexical form alone are one to the store: then each is a value of
        its own.
        """
        forms = {name: self._lexical_forms(term, shape, focus, row) for name, term in row.items()}
        for value in forms.get("value", (None,)):
            first = {name: terms[0] for name, terms in forms.items()}
            yield {**first, "this": focus} if value is None else {**first, "this": focus, "value": value}

    def _lexical_forms(self, term: Node, shape: Shape, focus: Node, row: Row) -> tuple[Node, ...]:
        if not isinstance(term, ox.Literal) or term.datatype.value in STRINGS:
            return (term,)
        for near in self._near(shape, focus, row):
            written = tuple(v for v in dict.fromkeys(near) if isinstance(v, ox.Literal) and canonical(v) == term)
            if written:
                return written
        return (term,)  # a literal that the query computed

    def _near(self, shape: Shape, focus: Node, row: Row) -> Iterator[Iterable[Node]]:
        """Yield the terms that a solution's literals may be: those on the path first, then around its nodes."""
        if shape.path:
            yield shape.path.values(self.graph, focus)
        starts = (focus, *(term for term in row.values() if not isinstance(term, ox.Literal)))
        around = dict.fromkeys(o for start in starts for _, o in self.graph.predicates(start))
        yield around
        yield (o for node in around if not isinstance(node, ox.Literal) for _, o in self.graph.predicates(node))

    def solutions(self, shape: Shape, query: SparqlQuery) -> Mapping[Node, list[Row]] | None:
        """Return the violations of a query by focus node, from one evaluation over the whole graph.

        None where the query may have other solutions when ``$this`` is pre-bound, as it must be for each focus node.
        """
        if not query.set_based:
            return None
        key = (shape.name, query.text)
        if key not in self._set_based:
            grouped: dict[Node, list[Row]] = {}
            for row in self._query(shape, query, None):
                grouped.setdefault(row["this"], []).append(row)
            # A focus node that is a literal may have been rewritten by the store, and would not be found by its form.
            rewritten = any(isinstance(focus, ox.Literal) for focus in grouped)
            self._set_based[key] = None if rewritten else grouped
        return self._set_based[key]

    def _rows(self, shape: Shape, query: SparqlQuery, focus: Node, crowd: int) -> Iterable[Row]:
        if crowd >= _SET_BASED_FROM and (solutions := self.solutions(shape, query)) is not None:
            return solutions.get(focus, ())
        return self._query(shape, query, {"this": focus})

    def _holds(self, shape: Shape, query: SparqlQuery, focus: Node, value: Node) -> bool:
        """Whether an ASK is true for a value node; evaluated once for each value that the query alone depends on."""
        if not query.names.isdisjoint({"this", "currentShape"}):
            return any(self._query(shape, query, {"this": focus, "value": value}))
        if (query, value) not in self._holding:
            self._holding[query, value] = any(self._query(shape, query, {"value": value}))
        return self._holding[query, value]

    def _query(self, shape: Shape, query: SparqlQuery, values: Row | None) -> Iterator[Row]:
        """Yield the solutions for some bindings, or with None those of the text with ``$this`` free.

        Raises DatasetBroken where the query cannot be evaluated.
        """
        terms = {"currentShape": shape.node, "shapesGraph": _SHAPES_GRAPH, **(values or {})}
        result = self._store_of(query).query(
            query.text if values is None else query.bound,
            base_iri=query.base,
            # One focus node a query: with a VALUES block of 20 nodes the engine scans, and one evaluation took 43 ms
            # where 20 took 3.8 ms together.
            substitutions=None if values is None else query.bindings(terms),
            use_default_graph_as_union=query.shapes_graph is None,
        )
        if not isinstance(result, ox.QuerySolutions):
            raise DatasetBroken(f"The shape {shape.name} has a query that is no SELECT.")
        names = [variable.value for variable in result.variables]
        try:
            for row in result:
                yield {name: row[name] for name in names if row[name] is not None}
        except RuntimeError as error:
            raise DatasetBroken(f"The shape {shape.name} has a query that cannot be evaluated: {error}.") from None

    def _store_of(self, query: SparqlQuery) -> ox.Store:
        """Return the store that a query runs on, with the shapes graph as a named graph where the query uses that."""
        if query.shapes_graph is None:
            return self.store
        if self._with_shapes is None:
            # A copy: the shapes graph must not come into the dataset's own store, not even for a moment.
            self._with_shapes = ox.Store()
            self._with_shapes.bulk_extend(ox.Quad(q.subject, q.predicate, q.object) for q in self.store)
            self._with_shapes.bulk_extend(ox.Quad(s, p, o, _SHAPES_GRAPH) for s, p, o in query.shapes_graph.triples())
        return self._with_shapes


def _result(  # noqa: PLR0913 - the parts of a result
    shape: Shape,
    constraint: Constraint,
    focus: Node,
    value: Node | None,
    messages: tuple[ox.Literal, ...],
    *,
    path: Path | None = None,
) -> Finding:
    path = path or shape.path
    return Finding(
        focus=focus,
        shape=shape.name,
        component=constraint.component,
        severity=shape.severity,
        path=path.iri.value if isinstance(path, Predicate) else None,
        value=value,
        messages=by_language(messages) or default_message(shape, constraint),
        shape_node=shape.node,
        result_path=path,
        severity_node=shape.severity_node,
        message_terms=messages,
        source_constraint=constraint.node,
    )


def _templates(shape: Shape, constraint: Constraint, row: Row) -> tuple[ox.Literal, ...]:
    """Return the messages of a solution: its own, else those of the most specific declaration (section 5.3.2)."""
    message = row.get("message")
    if isinstance(message, ox.Literal) and message.datatype.value in STRINGS:
        return (message,)
    declared = constraint.name == "component"
    return (shape.message_terms or constraint.messages) if declared else (constraint.messages or shape.message_terms)


def _filled(template: ox.Literal, row: Row) -> ox.Literal:
    text = _fill(template.value, row)
    return ox.Literal(text, language=template.language) if template.language else ox.Literal(text)


def _fill(template: str, row: Mapping[str, Node]) -> str:
    """Fill ``{?var}`` and ``{$var}`` of a message from a solution (SHACL, section 5.3.2)."""

    def value(match: re.Match[str]) -> str:
        term = row.get(match[1])
        if term is None:
            return match[0]  # a variable without a value stays as it is written
        return str(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else "an unnamed node"

    return re.sub(r"\{[?$](\w+)\}", value, template)
