"""Constraints by node expressions (SHACL Advanced Features, sections 6 and 7), which are evaluated at each value node.

Supported are those that compute sets of nodes: the focus node, constants, paths, filters by a shape, union,
intersection, difference, existence, the conditional and functions. What counts or sorts is refused.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.constraints import ValueConstraint
from coopkg.shacl.dependencies import joined, steps
from coopkg.shacl.property_paths import Path, read_path
from coopkg.shacl.query_dependencies import steps_of_query
from coopkg.shacl.shape_nodes import FALSE, SH, TRUE, ShapeNode, is_boolean, sh
from coopkg.shacl.sparql_functions import SparqlFunction, read_function
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Checks, Operands, Shape, StepsOf, Wording

    Nodes = dict[Node, None]

DEEPEST: Final = 50
"""Expressions in expressions that are read, each by a call of its own; a deeper one, or one in itself, is refused."""
MOST_CALLS: Final = 1000
"""Calls of a function for one node: one for each combination of its arguments."""
_KINDS: Final = ("path", "filterShape", "union", "intersection", "minus", "exists", "if")
_PARTS: Final = {
    "path": {"nodes"}, "filterShape": {"nodes"}, "minus": {"nodes"}, "if": {"then", "else"},
}  # fmt: skip


@dataclass(frozen=True)
class NodeExpression:
    """An expression: its kind, the expressions within, and what else the kind takes.

    The kinds are ``this``, ``constant`` with a term, ``function``, whose ``inner`` expressions are its arguments, and
    those of ``_KINDS``, of which ``path`` has a path and ``filterShape`` a shape; the first of their ``inner``
    expressions gives the nodes that they start from.
    """

    kind: str
    inner: tuple[NodeExpression, ...] = ()
    term: Node | None = None
    path: Path | None = None
    function: SparqlFunction | None = None

    def values(self, run: Checks, node: Node) -> Nodes:
        """Return the nodes that the expression gives with that focus node, each once."""
        match self.kind:
            case "this":
                return {node: None}
            case "constant":
                return {self.term: None}
            case "if":
                return self.inner[1 if is_true(self.inner[0].values(run, node)) else 2].values(run, node)
            case "path" | "filterShape":
                return dict.fromkeys(self._reached(run, self.inner[0].values(run, node)))
        return dict.fromkeys(self._combined(run, [expression.values(run, node) for expression in self.inner]))

    def _reached(self, run: Checks, starts: Nodes) -> Iterable[Node]:
        """Return the nodes that the path leads to, or those that conform to the shape."""
        if self.path is not None:
            return (value for start in starts for value in self.path.values(run.graph, start))
        return (start for start in starts if run.conforms(start, self.term))

    def _combined(self, run: Checks, of: Sequence[Nodes]) -> Iterable[Node]:
        """Return what the nodes of the inner expressions make together."""
        match self.kind:
            case "function" if self.function is not None:
                return _called(run, self.function, of)
            case "union":
                return (node for nodes in of for node in nodes)
            case "intersection":
                return (node for node in of[0] if all(node in nodes for nodes in of))
            case "minus":
                return (node for node in of[0] if node not in of[1])
            case _:  # exists
                return (TRUE if of[0] else FALSE,)

    @property
    def shapes(self) -> Iterator[Node]:
        """The shapes that filter nodes."""
        if self.kind == "filterShape":
            yield self.term
        for expression in self.inner:
            yield from expression.shapes

    def steps(self, at: Path | None, of: StepsOf) -> Iterator[Step]:
        """Yield the edges that the nodes depend on where the focus node of the expression is the end of a path.

        ``of`` yields the edges of a shape.
        """
        for expression in self.inner:
            yield from expression.steps(at, of)
        if self.function is not None and steps_of_query(self.function.query.text, pre_bound=False):
            yield Step(None, None, anywhere=True)  # it reads the data, and its arguments say nothing of where
        for start in self.inner[0].ends(at) if self.kind in {"path", "filterShape"} else ():
            if isinstance(start, Step):
                yield start
            elif self.kind == "filterShape":
                yield from of(self.term, start, Sign.EITHER)
            elif self.path is not None:
                yield from steps(self.path, start)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to the nodes that the expression may give; None is the path that stays where it is.

        No path leads to a constant or a result: what depends on it may change with any triple, as that step says.
        """
        match self.kind:
            case "this":
                yield at
            case "constant" | "function":
                yield Step(None, None, anywhere=True)
            case "path":
                for start in self.inner[0].ends(at):
                    yield start if isinstance(start, Step) else joined(start, self.path)
            case "exists":
                pass  # true or false, of which no triple is looked for
            case "filterShape" | "intersection" | "minus":
                yield from self.inner[0].ends(at)
            case _:
                for expression in self.inner[self.kind == "if" :]:
                    yield from expression.ends(at)


def _called(run: Checks, function: SparqlFunction, of: Sequence[Nodes]) -> Iterator[Node]:
    """Yield the results for each combination of arguments. Raises DatasetBroken where there are too many."""
    for number, arguments in enumerate(itertools.product(*of)):
        if number == MOST_CALLS:
            raise DatasetBroken(f"An expression calls a function for more than {MOST_CALLS} combinations of arguments.")
        result = run.call(function, arguments)
        if result is not None:
            yield result


def is_true(nodes: Iterable[Node]) -> bool:
    """Whether an expression gave the one node ``true``."""
    found = list(nodes)
    return bool(found) and all(is_boolean(node) and node.value.strip() in {"true", "1"} for node in found)


def read_expression(shape: ShapeNode, node: Node, depth: int = 0) -> NodeExpression:
    """Read an expression of a shape. Raises ValueError for one that is ill-formed or not supported."""
    if node == sh("this"):
        return NodeExpression("this")
    if not isinstance(node, ox.BlankNode):
        return NodeExpression("constant", term=node)
    if depth == DEEPEST:
        raise ValueError(f"there is an expression in itself, or more than {DEEPEST} in one another")
    parts: dict[str, list[Node]] = {}
    for predicate, value in shape.graph.predicates(node):
        parts.setdefault(predicate.value.removeprefix(SH), []).append(value)
    kind = next((name for name in _KINDS if name in parts), "")
    others = sorted(set(parts) - {kind} - _PARTS.get(kind, set()))

    def inner(nodes: Sequence[Node]) -> tuple[NodeExpression, ...]:
        return tuple(read_expression(shape, member, depth + 1) for member in nodes)

    if not kind and len(others) == 1 and ":" in others[0] and len(parts[others[0]]) == 1:
        arguments = inner(shape.members(parts[others[0]][0]))
        function = read_function(shape, ox.NamedNode(others[0]), len(arguments))
        return NodeExpression("function", arguments, function=function)
    if not kind or others:
        raise ValueError(f"expressions with {', '.join(map(_named, others)) or 'nothing in them'} are not supported")
    if any(len(values) > 1 for values in parts.values()):
        raise ValueError(f"an expression with sh:{kind} has several values of one property")
    return _read(shape, kind, parts, inner)


def _read(
    shape: ShapeNode,
    kind: str,
    parts: dict[str, list[Node]],
    inner: Callable[[Sequence[Node]], tuple[NodeExpression, ...]],
) -> NodeExpression:
    (value,) = parts[kind]
    nodes = parts.get("nodes", [sh("this")])
    match kind:
        case "path":
            return NodeExpression(kind, inner(nodes), path=read_path(shape.graph, value))
        case "filterShape":
            return NodeExpression(kind, inner(nodes), term=shape.node_shape(kind, value))
        case "union" | "intersection":
            members = inner(shape.members(value))
            if not members:
                raise ValueError(f"the list of sh:{kind} is empty")
            return NodeExpression(kind, members)
        case "minus":
            return NodeExpression(kind, inner([*nodes, value]))
        case "if":
            if not {"then", "else"} <= parts.keys():
                raise ValueError("an expression with sh:if has sh:then and sh:else, too")
            return NodeExpression(kind, inner([value, *parts["then"], *parts["else"]]))
        case _:
            return NodeExpression(kind, inner([value]))


def _named(name: str) -> str:
    return f"<{name}>" if ":" in name else f"sh:{name}"


class Expression(ValueConstraint):
    """sh:expression: evaluated at each value node, it must give the one node ``true``."""

    name = "expression"
    repeated = True
    values_sign = Sign.EITHER
    phrase = (
        "a value for which the expression of the shape is true", "значение, для которого выражение формы истинно",
        "значэнне, для якога выраз формы праўдзівы",
    )  # fmt: skip

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the expressions. Raises ValueError."""
        for value in shape.values(cls.name):
            yield cls(read_expression(shape, value), node=value)

    @property
    def references(self) -> tuple[Node, ...]:
        """The shapes that filter nodes."""
        return tuple(self.value.shapes)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values at which the expression is not true."""
        return (v for v in values if not is_true(self.value.values(run, v)))

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the expression, of which more and fewer matter."""
        del shape, before, sign
        return self.value.steps(values, of)  # type: ignore[no-any-return]

    def operands(self, wording: Wording) -> Operands:
        """Return nothing: an expression has no name."""
        del wording
        return (), [[]] * len(LANGUAGES)
