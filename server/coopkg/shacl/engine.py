"""The validator: shapes and a data graph give a report (SHACL, section 3).

Core components are evaluated on parsed terms, so that no store has rewritten a literal before it is looked at; SPARQL
constraints run on pyoxigraph. pySHACL is the oracle in the tests.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.shacl.components import closed, core, default_message
from coopkg.shacl.graph import Graph, Node
from coopkg.shacl.operators import canonical
from coopkg.shacl.report import Report, Result
from coopkg.shacl.shapes import Constraint, Shape, SparqlQuery, read_shapes
from coopkg.sparql.tokens import Kind, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_THIS: Final = ox.Variable("this")
_SET_BASED_FROM: Final = 8
"""From this many focus nodes on, one query over all of them is faster than one a node."""


def validate(data: Iterable[ox.Quad], shapes: Iterable[ox.Quad]) -> Report:
    """Validate the union of ``data`` against ``shapes``. Raises DatasetBroken where the shapes cannot be used."""
    return Validator(read_shapes(Graph(shapes))).validate(data)


class Validator:
    """Shapes that have been read once, to be applied to any number of data graphs."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes

    def validate(self, data: Iterable[ox.Quad]) -> Report:
        """Give the report on a data graph."""
        quads = list(data)
        run = _Run(self.shapes, Graph(quads), quads)
        return Report.of(run.results())


class _Run:
    def __init__(self, shapes: Mapping[Node, Shape], graph: Graph, quads: Sequence[ox.Quad]) -> None:
        self.shapes = shapes
        self.graph = graph
        self._quads = quads
        self._store: ox.Store | None = None
        self._set_based: dict[tuple[str, str], dict[Node, list[dict[str, Node]]] | None] = {}

    @property
    def store(self) -> ox.Store:
        """Give the data graph as a store, for SPARQL constraints alone."""
        if self._store is None:
            self._store = ox.Store()
            self._store.bulk_extend(ox.Quad(q.subject, q.predicate, q.object) for q in self._quads)
        return self._store

    def results(self) -> Iterator[Result]:
        for shape in self.shapes.values():
            focus_nodes = tuple(self.focus_nodes(shape))
            for focus in focus_nodes:
                yield from self.check(shape, focus, len(focus_nodes))

    def focus_nodes(self, shape: Shape) -> dict[Node, None]:
        found: dict[Node, None] = {}
        for kind, node in shape.targets:
            match kind:
                case "targetNode":
                    found[node] = None
                case "targetClass":
                    found.update(self.graph.instances(node))
                case "targetSubjectsOf":
                    found.update((s, None) for s, _ in self.graph.pairs(node))
                case "targetObjectsOf":
                    found.update((o, None) for _, o in self.graph.pairs(node))
        return found

    def conforms(self, node: Node, shape: Node) -> bool:
        return next(self.check(self.shapes[shape], node, 1), None) is None

    def check(self, shape: Shape, focus: Node, crowd: int) -> Iterator[Result]:
        """Give the results of one focus node; ``crowd`` says how many focus nodes are checked alongside it."""
        values = tuple(shape.path.values(self.graph, focus)) if shape.path else (focus,)
        for constraint in shape.constraints:
            if constraint.name == "property":
                for value in values:
                    yield from self.check(self.shapes[constraint.value], value, crowd)
            elif constraint.name == "sparql":
                yield from self._sparql(shape, constraint, focus, crowd)
            elif constraint.name == "closed":
                for predicate, obj in closed(constraint.value, self.graph, values):
                    yield self._result(shape, constraint, focus, obj, path=predicate)
            else:
                for value in core(constraint.name, constraint.value, self.graph, focus, values, self.conforms):
                    yield self._result(shape, constraint, focus, value)

    def _result(  # noqa: PLR0913 - the parts of a result
        self, shape: Shape, constraint: Constraint, focus: Node, value: Node | None, *,
        path: Node | None = None, messages: Mapping[str, str] | None = None,
    ) -> Result:  # fmt: skip
        path = path or shape.path_node
        return Result(
            focus=focus,
            shape=shape.name,
            component=constraint.component,
            severity=shape.severity,
            path=path.value if isinstance(path, ox.NamedNode) else None,
            value=value,
            messages=messages or shape.messages or default_message(shape, constraint.name),
        )

    def _sparql(self, shape: Shape, constraint: Constraint, focus: Node, crowd: int) -> Iterator[Result]:
        for row in self._rows(shape, constraint.value, focus, crowd):
            value = self._as_written(row.get("value"), shape, focus)
            if value is None and shape.path is None:
                value = focus
            templates = constraint.messages or shape.messages
            path = row.get("path")
            yield self._result(
                shape, constraint, focus, value,
                path=path if isinstance(path, ox.NamedNode) else None,
                messages={language: _fill(text, row) for language, text in templates.items()},
            )  # fmt: skip

    def _as_written(self, value: Node | None, shape: Shape, focus: Node) -> Node | None:
        """Give the literal as the document has it, where the store that evaluated the query has rewritten it."""
        if not isinstance(value, ox.Literal) or shape.path is None:
            return value
        written = [v for v in shape.path.values(self.graph, focus) if isinstance(v, ox.Literal)]
        return value if value in written else next((v for v in written if canonical(v) == value), value)

    def _rows(self, shape: Shape, query: SparqlQuery, focus: Node, crowd: int) -> Sequence[dict[str, Node]]:
        text = query.text
        if shape.path is not None:
            text = re.sub(r"[$?]PATH\b", lambda _: shape.path.sparql() if shape.path else "", text)
        if crowd >= _SET_BASED_FROM and starts_from_this(text):
            key = (shape.name, text)
            if key not in self._set_based:
                grouped: dict[Node, list[dict[str, Node]]] = {}
                for row in self._query(shape, text, None):
                    grouped.setdefault(row["this"], []).append(row)
                self._set_based[key] = grouped
            return (self._set_based[key] or {}).get(focus, ())
        return self._query(shape, text, focus)

    def _query(self, shape: Shape, text: str, focus: Node | None) -> list[dict[str, Node]]:
        try:
            result = self.store.query(text, substitutions=None if focus is None else {_THIS: focus})
        except (SyntaxError, RuntimeError) as error:
            raise DatasetBroken(f"The shape {shape.name} has a query that cannot be used: {error}.") from None
        if not isinstance(result, ox.QuerySolutions):
            raise DatasetBroken(f"The shape {shape.name} has a query that is no SELECT.")
        names = [variable.value for variable in result.variables]
        rows = [{name: row[name] for name in names if row[name] is not None} for row in result]
        return rows if focus is None else [{**row, "this": focus} for row in rows]


@lru_cache(maxsize=1024)
def starts_from_this(text: str) -> bool:
    """Say whether a query gives the same solutions for ``$this`` whether or not it is bound beforehand.

    It does if its outermost group begins with a triple pattern about ``$this`` and nests nothing but OPTIONAL, EXISTS
    and NOT EXISTS, whose filters see the outer binding; in UNION, BIND blocks and sub-selects they would not.
    """
    tokens = list(significant(text))
    opening = next((i for i, token in enumerate(tokens) if token.text == "{"), len(tokens))
    if opening + 1 >= len(tokens) or tokens[opening + 1].text not in {"$this", "?this"}:
        return False
    inner = tokens[opening + 1 :]
    nested = [inner[i - 1].keyword for i, token in enumerate(inner) if token.text == "{"]
    if any(word not in {"OPTIONAL", "EXISTS"} for word in nested):
        return False
    words = {token.keyword for token in inner if token.kind is Kind.WORD}
    return not words & {"SELECT", "UNION", "MINUS", "SERVICE", "LIMIT", "OFFSET"}


def _fill(template: str, row: Mapping[str, Node]) -> str:
    """Fill ``{?var}`` and ``{$var}`` of a message from a solution (SHACL, section 5.3.2)."""

    def value(match: re.Match[str]) -> str:
        term = row.get(match[1])
        if term is None:
            return match[0]
        return str(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else "an unnamed node"

    return re.sub(r"\{[?$](\w+)\}", value, template)
