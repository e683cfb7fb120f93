"""Constraints by node expressions (SHACL Advanced Features, sections 6 and 7), which are evaluated at each value node.

Supported are those that compute sets of nodes: the focus node, constants, paths, filters by a shape, union,
intersection, difference, existence, the conditional and functions. What counts or sorts is refused.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Checks, Operands, Shape, StepsOf, Wording

    Nodes = dict[Node, None]
    Expressions = tuple["NodeExpression", ...]

DEEPEST: Final = 50
"""Expressions in one another, of which each is a call of its own; a deeper one, or one in itself, is refused."""
LARGEST: Final = 1000
"""Expressions in an expression, each counted as often as it is evaluated: ten that share all their parts twice."""
MOST_CALLS: Final = 1000
"""Calls of a function for one node: one for each combination of its arguments."""
_ANYWHERE: Final = Step(None, None, anywhere=True)


def _check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"there is an expression in itself, or more than {DEEPEST} in one another")


@dataclass(frozen=True)
class NodeExpression:
    """An expression of others; ``size`` is the number of expressions that it evaluates, ``depth`` that in one another.

    Raises ValueError for one that is too large.
    """

    inner: Expressions = ()
    size: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        """Measure the expression."""
        object.__setattr__(self, "size", 1 + sum(expression.size for expression in self.inner))
        object.__setattr__(self, "depth", 1 + max((expression.depth for expression in self.inner), default=0))
        _check_depth(self.depth)
        if self.size > LARGEST:
            raise ValueError(f"an expression evaluates more than {LARGEST} others")

    def values(self, run: Checks, node: Node) -> Nodes:
        """Return the nodes that the expression gives with that focus node, each once."""
        return dict.fromkeys(self.of(run, node, [expression.values(run, node) for expression in self.inner]))

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the nodes that the expression makes of those of the inner expressions."""
        raise NotImplementedError

    @property
    def shapes(self) -> Iterator[Node]:
        """The shapes that filter nodes."""
        for expression in self.inner:
            yield from expression.shapes

    def steps(self, at: Path | None, of: StepsOf) -> Iterator[Step]:
        """Yield the edges that the nodes depend on where the focus node of the expression is the end of a path.

        ``of`` yields the edges of a shape.
        """
        for expression in self.inner:
            yield from expression.steps(at, of)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to the nodes that the expression may give; None is the path that stays where it is.

        No path leads to a constant or a result: what depends on it may change with any triple, as that step says.
        """
        for expression in self.inner:
            yield from expression.ends(at)


@dataclass(frozen=True)
class FocusNode(NodeExpression):
    """sh:this."""

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the focus node."""
        del run, inner
        return (node,)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the path to the focus node."""
        yield at


@dataclass(frozen=True, kw_only=True)
class Constant(NodeExpression):
    """An IRI or a literal."""

    term: Node

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the term."""
        del run, node, inner
        return (self.term,)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the step that counts anywhere."""
        del at
        yield _ANYWHERE


@dataclass(frozen=True, kw_only=True)
class AlongPath(NodeExpression):
    """sh:path: the values of the nodes of sh:nodes, or of the focus node."""

    path: Path

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the values."""
        del node
        return (value for start in inner[0] for value in self.path.values(run.graph, start))

    def steps(self, at: Path | None, of: StepsOf) -> Iterator[Step]:
        """Yield also the edges of the path."""
        yield from super().steps(at, of)
        for start in super().ends(at):
            yield from (start,) if isinstance(start, Step) else steps(self.path, start)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to its end."""
        for start in super().ends(at):
            yield start if isinstance(start, Step) else joined(start, self.path)


@dataclass(frozen=True, kw_only=True)
class Filtered(NodeExpression):
    """sh:filterShape: those of the nodes that conform to a shape."""

    shape: Node

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the nodes that conform."""
        del node
        return (value for value in inner[0] if run.conforms(value, self.shape))

    @property
    def shapes(self) -> Iterator[Node]:
        """The shapes that filter nodes."""
        yield self.shape
        yield from super().shapes

    def steps(self, at: Path | None, of: StepsOf) -> Iterator[Step]:
        """Yield also the edges of the shape."""
        yield from super().steps(at, of)
        for start in self.ends(at):
            yield from (start,) if isinstance(start, Step) else of(self.shape, start, Sign.EITHER)


class Union(NodeExpression):
    """sh:union: the nodes of all."""

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the nodes of each."""
        del run, node
        return itertools.chain.from_iterable(inner)


class Intersection(NodeExpression):
    """sh:intersection: the nodes that all give."""

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the nodes that each gives."""
        del run, node
        return (value for value in inner[0] if all(value in values for values in inner))

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to the nodes of the first."""
        yield from self.inner[0].ends(at)


class Difference(NodeExpression):
    """sh:minus: the nodes of the first that the second does not give."""

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the nodes that are left."""
        del run, node
        return (value for value in inner[0] if value not in inner[1])

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to the nodes of the first."""
        yield from self.inner[0].ends(at)


class Existence(NodeExpression):
    """sh:exists: whether there is a node."""

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return true or false."""
        del run, node
        return (TRUE if inner[0] else FALSE,)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the step that counts anywhere."""
        del at
        yield _ANYWHERE


class Conditional(NodeExpression):
    """sh:if with sh:then and sh:else."""

    def values(self, run: Checks, node: Node) -> Nodes:
        """Return the nodes of the second or the third, and leave the other alone."""
        return self.inner[1 if is_true(self.inner[0].values(run, node)) else 2].values(run, node)

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the paths to the nodes of both."""
        for expression in self.inner[1:]:
            yield from expression.ends(at)


@dataclass(frozen=True, kw_only=True)
class Call(NodeExpression):
    """A function of the shapes graph, called for each combination of its arguments."""

    function: SparqlFunction

    def of(self, run: Checks, node: Node, inner: Sequence[Nodes]) -> Iterable[Node]:
        """Return the results. Raises DatasetBroken where there are too many."""
        for number, arguments in enumerate(itertools.product(*inner)):
            if number == MOST_CALLS:
                raise DatasetBroken(
                    f"An expression calls a function for more than {MOST_CALLS} combinations of arguments at {node}."
                )
            result = run.call(self.function, arguments)
            if result is not None:
                yield result

    def steps(self, at: Path | None, of: StepsOf) -> Iterator[Step]:
        """Yield also a step that counts anywhere if the function reads the data: arguments say nothing of where."""
        yield from super().steps(at, of)
        if steps_of_query(self.function.query.text, pre_bound=False):
            yield _ANYWHERE

    def ends(self, at: Path | None) -> Iterator[Path | Step | None]:
        """Yield the step that counts anywhere."""
        del at
        yield _ANYWHERE


def is_true(nodes: Iterable[Node]) -> bool:
    """Whether an expression gave the one node ``true``."""
    found = list(nodes)
    return bool(found) and all(is_boolean(node) and node.value.strip() in {"true", "1"} for node in found)


_THIS: Final = FocusNode()
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "path": ("nodes",), "filterShape": ("nodes",), "minus": ("nodes",), "if": ("then", "else"), "exists": (),
    "union": (), "intersection": (),
}  # fmt: skip
"""The properties that tell the kind of an expression, each with those that go with it."""


def _read(shape: ShapeNode, node: Node, depth: int) -> NodeExpression:
    """Read an expression once for all shapes. Raises ValueError for one that is ill-formed or not supported."""
    if node == sh("this"):
        return _THIS
    if not isinstance(node, ox.BlankNode):
        return Constant(term=node)
    _check_depth(depth)
    known: dict[Node, NodeExpression] = shape.cache.setdefault("expressions", {})
    if node not in known:
        known[node] = _expression(shape, node, lambda nodes: tuple(_read(shape, each, depth + 1) for each in nodes))
    return known[node]


def _expression(shape: ShapeNode, node: ox.BlankNode, inner: Callable[[Sequence[Node]], Expressions]) -> NodeExpression:
    parts: dict[str, list[Node]] = {}
    for predicate, value in shape.graph.predicates(node):
        parts.setdefault(predicate.value.removeprefix(SH), []).append(value)
    if any(len(values) > 1 for values in parts.values()):
        raise ValueError("an expression has several values of one property")
    kind = next((name for name in _KINDS if name in parts), "")
    others = sorted(parts.keys() - {kind, *_KINDS.get(kind, ())})
    if not kind and len(others) == 1 and ":" in others[0]:
        arguments = inner(shape.members(parts[others[0]][0]))
        return Call(arguments, function=read_function(shape, ox.NamedNode(others[0]), len(arguments)))
    if not kind or others:
        raise ValueError(f"expressions with {', '.join(map(_named, others)) or 'nothing in them'} are not supported")
    return _of_kind(shape, kind, {name: values[0] for name, values in parts.items()}, inner)


def _of_kind(
    shape: ShapeNode, kind: str, parts: Mapping[str, Node], inner: Callable[[Sequence[Node]], Expressions]
) -> NodeExpression:
    value, nodes = parts[kind], parts.get("nodes", sh("this"))
    match kind:
        case "path":
            return AlongPath(inner([nodes]), path=read_path(shape.graph, value))
        case "filterShape":
            return Filtered(inner([nodes]), shape=shape.node_shape(kind, value))
        case "minus":
            return Difference(inner([nodes, value]))
        case "exists":
            return Existence(inner([value]))
        case "if":
            if not {"then", "else"} <= parts.keys():
                raise ValueError("an expression with sh:if has sh:then and sh:else, too")
            return Conditional(inner([value, parts["then"], parts["else"]]))
    members = inner(shape.members(value))
    if not members:
        raise ValueError(f"the list of sh:{kind} is empty")
    return Union(members) if kind == "union" else Intersection(members)


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
            yield cls(_read(shape, value, 1), node=value)

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
