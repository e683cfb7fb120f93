"""Which focus nodes a change can affect: an index from predicates to shapes, and the paths back to their focus nodes.

A result of a focus node changes only if an edge changes that one of its constraints reads. The first changed edge on
the way from the focus node is reached over edges that did not change; so to walk back from every changed triple over
the graph as it is afterwards finds every affected focus node. It may find more, never fewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.shacl.graph import RDF_FIRST, RDF_REST, RDF_TYPE, SUBCLASS_OF, Node, Readable
from coopkg.shacl.paths import Alternative, Anything, Inverse, Path, Predicate, Repeated, Sequence, Via, inverted
from coopkg.shacl.shapes import focus_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from types import EllipsisType

    from coopkg.shacl.shapes import Constraint, Shape

_STRUCTURE: Final = frozenset({SUBCLASS_OF, RDF_FIRST, RDF_REST})
"""Predicates a change of which can affect any node: the class hierarchy, and lists, which shapes walk freely."""


class Sign(Enum):
    """Which changes of an edge can make a conforming node violate: with more edges, with fewer, or either."""

    MORE = 1
    FEWER = -1
    EITHER = 0

    @property
    def flipped(self) -> Sign:
        """The sign under a negation."""
        return Sign(-self.value)


@dataclass(frozen=True)
class Step:
    """An edge that a shape reads: over ``predicate`` (None: any), from the node that ``before`` leads to.

    ``before`` is the path from the focus node (None: the focus node itself). The edge leaves that node, or, if
    ``backwards``, leads to it. A change ``anywhere`` counts where no path leads to the edge.
    """

    predicate: Node | None
    before: Path | None
    backwards: bool = False
    anywhere: bool = False
    sign: Sign = Sign.EITHER


@dataclass(frozen=True)
class _Entry:
    """A step of a shape as a change looks it up: the way back to the focus node, and its number among all ways.

    The way there is ``first``, edges that are walked as they point, and what is left; ``rest`` is the way back over
    that.
    """

    shape: Shape
    step: Step
    back: Path | None
    way: int
    first: Path | None
    rest: Path | None


@dataclass
class Impact:
    """The focus nodes to be checked again, by shape; ``all`` where only a whole pass will do."""

    nodes: dict[Node, dict[Node, None]] = field(default_factory=dict)
    all: bool = False

    def __len__(self) -> int:
        return sum(len(nodes) for nodes in self.nodes.values())


FEW: Final = 128
"""Focus nodes of a shape up to which it is less to walk from all of them than to walk back from a change."""


class ImpactIndex:
    """The index of some shapes; made once, used for every change."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes
        self._few: frozenset[Node] = frozenset()
        self._entries: dict[Node | None, list[_Entry]] = {}
        ways: dict[Path | None, int] = {}
        for shape in shapes.values():
            if shape.targets:
                for step in dict.fromkeys((*self._of_targets(shape), *self._of_shape(shape, None))):
                    back = None if step.before is None else inverted(step.before)
                    entry = _Entry(shape, step, back, ways.setdefault(back, len(ways)), *_parted(step.before))
                    self._entries.setdefault(step.predicate, []).append(entry)

    def measure(self, graph: Readable) -> None:
        """Learn which shapes have few focus nodes in graphs such as this one, which makes ``affected`` faster."""
        targeted = (shape for shape in self.shapes.values() if shape.targets)
        self._few = frozenset(s.node for s in targeted if len(focus_nodes(graph, s)) <= FEW)

    def affected(
        self, graph: Readable, added: Iterable[ox.Quad], removed: Iterable[ox.Quad], most: int = 1000
    ) -> Impact:
        """Give what must be checked again; ``graph`` is the one after the change, and conformed before it.

        Past ``most`` focus nodes of a shape, or where the class hierarchy changes, a whole pass is asked for.
        """
        search = _Search(graph, self._few, most)
        for quads, harmless in ((added, Sign.FEWER), (removed, Sign.MORE)):
            for quad in quads:
                if quad.predicate in _STRUCTURE:
                    return Impact(all=True)
                for predicate in (quad.predicate, None):
                    for entry in self._entries.get(predicate, ()):
                        if entry.step.sign is not harmless and not search.back_from(quad, entry):
                            return Impact(all=True)
        return search.impact

    @staticmethod
    def _of_targets(shape: Shape) -> Iterator[Step]:
        for kind, target in shape.targets:
            match kind:
                case "targetClass":
                    yield Step(RDF_TYPE, None, sign=Sign.MORE)
                case "targetSubjectsOf":
                    yield Step(target, None, sign=Sign.MORE)
                case "targetObjectsOf":
                    yield Step(target, None, backwards=True, sign=Sign.MORE)

    def _of_shape(self, shape: Shape, before: Path | None, sign: Sign = Sign.MORE) -> Iterator[Step]:
        """Give the edges that a shape reads when it is applied to the nodes that ``before`` leads to.

        ``sign`` is MORE, or EITHER where what the nodes yield is counted or negated.
        """
        values = joined(before, shape.path) if shape.path else before
        for constraint in shape.constraints:
            if shape.path:
                found = _VALUES.get(constraint.name, Sign.MORE) if sign is Sign.MORE else Sign.EITHER
                yield from _signed(steps(shape.path, before), found)
            yield from self._of_constraint(constraint, shape, (before, values), sign)

    def _of_constraint(  # noqa: C901 - one case a kind of constraint
        self, constraint: Constraint, shape: Shape, ends: tuple[Path | None, Path | None], sign: Sign
    ) -> Iterator[Step]:
        """Give what a constraint reads beyond the value nodes, from the focus node and value nodes at ``ends``."""
        wanted = constraint.value
        before, values = ends
        match constraint.name:
            case "property" | "node":
                yield from self._of_shape(self.shapes[wanted], values, sign)
            case "not" | "and" | "or" | "xone" | "qualifiedMinCount" | "qualifiedMaxCount":
                for member in _members(constraint):
                    yield from self._of_shape(self.shapes[member], values, Sign.EITHER)
            case "class":
                yield Step(RDF_TYPE, values, sign=Sign.FEWER if sign is Sign.MORE else Sign.EITHER)
            case "closed":
                yield Step(None, values, sign=sign)
            case "equals":
                yield Step(wanted, before)
            case "disjoint" | "lessThan" | "lessThanOrEquals":
                yield Step(wanted, before, sign=sign)
            case "sparql":
                for step in steps_of_query(wanted.text, shape.path):
                    kind = step.sign if sign is Sign.MORE else Sign.EITHER
                    yield replace(step, before=joined(before, step.before), sign=kind)
            case "component":  # its validators may read anything
                yield Step(None, None, anywhere=True)


_VALUES: Final = {
    "minCount": Sign.FEWER, "hasValue": Sign.FEWER, "equals": Sign.EITHER,
    "qualifiedMinCount": Sign.EITHER, "qualifiedMaxCount": Sign.EITHER, "sparql": Sign.EITHER,
}  # fmt: skip
"""Which changes of the value nodes themselves can make a constraint fail, where those are not more of them."""


def _signed(found: Iterable[Step], sign: Sign) -> Iterator[Step]:
    return (replace(step, sign=sign) for step in found)


def _members(constraint: Constraint) -> tuple[Node, ...]:
    """Give the shapes that a logical or qualified constraint names."""
    match constraint.name:
        case "not":
            return (constraint.value,)
        case "qualifiedMinCount" | "qualifiedMaxCount":
            return (constraint.value[0], *constraint.value[2])
        case _:
            return tuple(constraint.value)


class _Search:
    """The walks back from the triples of one change; each is made once."""

    def __init__(self, graph: Readable, few: AbstractSet[Node], most: int) -> None:
        self.graph = graph
        self.few = few
        self.most = most
        self._reaching: dict[tuple[int, Node], dict[Node, dict[Node, None]]] = {}
        self.impact = Impact()
        self._walked: dict[tuple[int, Node, bool], Iterable[Node]] = {}

    def back_from(self, quad: ox.Quad, entry: _Entry) -> bool:
        """Add the focus nodes from which the entry's edge is read; False where there are too many to count."""
        if entry.step.anywhere:
            return False
        nodes = self.impact.nodes.setdefault(entry.shape.node, {})
        end = quad.object if entry.step.backwards else quad.subject
        if entry.back is not None and entry.shape.node in self.few:
            for middle in self._walk(entry, end, entry.rest):
                nodes.update(self._reached(entry).get(middle, {}))
            return True
        for node in self._walk(entry, end):
            if node not in nodes and _is_focus(self.graph, entry.shape, node):
                nodes[node] = None
        return len(nodes) <= self.most

    def _reached(self, entry: _Entry) -> dict[Node, dict[Node, None]]:
        """Give, for a shape of few focus nodes, which of them lead to a node over the first part of the entry's way.

        To walk that part from all of them is less than to walk it back from a node that many others lead to.
        """
        key = (entry.way, entry.shape.node)
        if key not in self._reaching:
            found = self._reaching[key] = {}
            for focus in focus_nodes(self.graph, entry.shape):
                for node in entry.first.values(self.graph, focus) if entry.first else (focus,):
                    found.setdefault(node, {})[focus] = None
        return self._reaching[key]

    def _walk(self, entry: _Entry, end: Node, part: Path | EllipsisType | None = ...) -> Iterable[Node]:
        """Give the nodes from which the entry's way, or the rest of it after its first part, leads to ``end``."""
        back = entry.back if part is ... else part
        if back is None:
            return (end,)
        key = (entry.way, end, part is ...)
        if key not in self._walked:
            self._walked[key] = tuple(dict.fromkeys(back.values(self.graph, end)))
        return self._walked[key]


def _is_focus(graph: Readable, shape: Shape, node: Node) -> bool:
    for kind, target in shape.targets:
        match kind:
            case "targetNode":
                found = node == target
            case "targetClass":
                found = graph.is_instance(node, target)
            case "targetSubjectsOf":
                found = bool(graph.objects(node, target))
            case _:
                found = graph.has_subject(target, node)
        if found:
            return True
    return False


def _parted(path: Path | None) -> tuple[Path | None, Path | None]:
    """Give the first part of a way, of edges that are walked as they point, and the way back over the rest."""
    parts, first = list(_parts(path)), None
    while parts and isinstance(parts[0], Predicate):
        first = joined(first, parts.pop(0))
    rest: Path | None = None
    for part in parts:
        rest = joined(rest, part)
    return first, None if rest is None else inverted(rest)


def _parts(path: Path | None) -> Iterator[Path]:
    """Give the paths of a sequence, nested sequences laid flat."""
    if isinstance(path, Sequence):
        for part in path.paths:
            yield from _parts(part)
    elif path is not None:
        yield path


def joined(first: Path | None, second: Path | None) -> Path | None:
    """Give one path after another; None is the path that stays where it is."""
    if first is None or second is None:
        return second or first
    return Sequence((first, second))


def steps(path: Path, before: Path | None) -> Iterator[Step]:
    """Give the edges that a path reads, each with the path that leads to it."""
    match path:
        case Predicate(iri):
            yield Step(iri, before)
        case Inverse(Predicate(iri)):
            yield Step(iri, before, backwards=True)
        case Inverse(inner):
            yield from steps(inverted(inner), before)
        case Sequence(paths):
            for part in paths:
                yield from steps(part, before)
                before = joined(before, part)
        case Alternative(paths):
            for part in paths:
                yield from steps(part, before)
        case Anything():
            yield Step(None, before)
        case Repeated(inner, mark):
            yield from steps(inner, before if mark == "?" else joined(before, Repeated(inner, "*")))


def steps_of_query(text: str, path: Path | None) -> list[Step]:
    """Give the edges that a SPARQL constraint reads, each with the path from ``$this`` over the query's own patterns.

    A pattern that no chain of variables joins to ``$this`` is a step that counts anywhere.
    """
    reached: dict[str, Path | None] = {"this": None}
    left, found = list(_patterns(text, path)), list[Step]()
    while left:
        joinable = [p for p in left if p.subject in reached or p.object in reached]
        if not joinable:
            edges = (edge for p in left for edge in _edges(p, None, backwards=False))
            return [*found, *(replace(edge, before=None, anywhere=True) for edge in edges)]
        joined_on = min(joinable, key=lambda pattern: _length_through(pattern, reached))
        left.remove(joined_on)
        backwards = joined_on.subject not in reached
        before = reached[(joined_on.object if backwards else joined_on.subject) or ""]
        found += _edges(joined_on, before, backwards=backwards)
        for variable, way in joined_on.ways(backwards=backwards):
            reached.setdefault(variable, joined(before, way))
    return found


_ANY_PREDICATE: Final = 4
"""What a variable in the place of a predicate counts as a length: other ways are better."""


def _length_through(pattern: _Pattern, reached: Mapping[str, Path | None]) -> tuple[bool, int]:
    """Rank a pattern: what must be there first; of these the nearest to ``$this``, whose walk back spreads least."""
    start = pattern.subject if pattern.subject in reached else pattern.object
    return pattern.sign is not Sign.MORE, length(reached[start or ""]) + (
        length(pattern.path) if pattern.path else _ANY_PREDICATE
    )


def length(path: Path | None) -> int:
    """Give the number of edges of a path, those that repeat counted twice."""
    match path:
        case None:
            return 0
        case Sequence(paths):
            return sum(map(length, paths))
        case Alternative(paths):
            return max(map(length, paths))
        case Repeated(inner, _) | Inverse(inner):
            return length(inner) * (2 if isinstance(path, Repeated) else 1)
        case _:
            return 1


@dataclass(frozen=True)
class _Pattern:
    """A triple pattern: the names of its variables (None for a constant), and its path where that is no variable."""

    subject: str | None
    path: Path | None
    object: str | None
    predicate: str | None = None
    sign: Sign = Sign.MORE

    def ways(self, *, backwards: bool) -> Iterator[tuple[str, Path]]:
        """Give the variables that the pattern leads to from its subject, or its object, and how."""
        end = self.subject if backwards else self.object
        if end is not None:
            anything = Anything(Via.SUBJECTS if backwards else Via.OBJECTS)
            yield end, anything if self.path is None else inverted(self.path) if backwards else self.path
        if self.predicate is not None and not backwards:
            yield self.predicate, Anything(Via.PREDICATES)


def _edges(pattern: _Pattern, before: Path | None, *, backwards: bool) -> Iterable[Step]:
    if pattern.path is None:
        return (Step(None, before, backwards, sign=pattern.sign),)
    return _signed(steps(inverted(pattern.path) if backwards else pattern.path, before), pattern.sign)


def _variable(term: Any) -> str | None:  # noqa: ANN401 - a term of rdflib
    from rdflib import BNode, Variable  # noqa: PLC0415 - 0.3 s of imports, needed only where writes are gated

    return str(term) if isinstance(term, Variable | BNode) else None


def _patterns(text: str, path: Path | None) -> Iterator[_Pattern]:
    """Give the triple patterns of a query, wherever they stand in it, each with its sign."""
    from rdflib.plugins.sparql import prepareQuery  # noqa: PLC0415

    algebra = prepareQuery(re.sub(r"[$?]PATH\b", lambda _: path.sparql() if path else "", text)).algebra
    yield from _signed_patterns(algebra, Sign.MORE)


_NEITHER_WAY: Final = frozenset(
    {"Group", "AggregateJoin", "Minus", "MinusGraphPattern", "SubSelect", "OptionalGraphPattern", "ToMultiSet", "Slice"}
)
"""Parts of a query within which both more and fewer solutions can make more violations."""


def _signed_patterns(part: Any, sign: Sign) -> Iterator[_Pattern]:  # noqa: ANN401 - a part of rdflib's algebra
    if isinstance(part, list | tuple | set):
        for member in part:
            yield from _signed_patterns(member, sign)
    elif hasattr(part, "name"):
        yield from _of_part(part.name, {key: value for key, value in dict.items(part) if key != "_vars"}, sign)


def _of_part(name: str, fields: dict[str, Any], sign: Sign) -> Iterator[_Pattern]:
    for block in fields.pop("triples", None) or ():  # a triple in the algebra, a run of them in the syntax
        for start in range(0, len(block), 3):
            subject, predicate, obj = block[start : start + 3]
            yield _Pattern(_variable(subject), _path(predicate), _variable(obj), _variable(predicate), sign)
    if name in _NEITHER_WAY:
        sign = Sign.EITHER
    if name == "Filter":
        yield from _filter(fields.pop("expr"), sign)
    elif name == "LeftJoin":
        yield from _signed_patterns((fields.pop("p2"), fields.pop("expr")), Sign.EITHER)
    elif name == "Extend":
        yield from _signed_patterns(fields.pop("expr"), Sign.EITHER)
    for value in fields.values():
        yield from _signed_patterns(value, sign)


def _filter(expression: Any, sign: Sign) -> Iterator[_Pattern]:  # noqa: ANN401 - a part of rdflib's algebra
    """Give the patterns of a filter: EXISTS has the sign of its group, NOT EXISTS the other, deeper ones either."""
    match getattr(expression, "name", None):
        case "Builtin_EXISTS":
            yield from _signed_patterns(dict.get(expression, "graph"), sign)
        case "Builtin_NOTEXISTS":
            yield from _signed_patterns(dict.get(expression, "graph"), sign.flipped)
        case "ConditionalAndExpression":
            for member in (dict.get(expression, "expr"), *(dict.get(expression, "other") or ())):
                yield from _filter(member, sign)
        case _:
            yield from _signed_patterns(expression, Sign.EITHER)


def _path(term: Any) -> Path | None:  # noqa: ANN401 - a term or path of rdflib
    from rdflib import URIRef, paths  # noqa: PLC0415

    match term:
        case URIRef():
            return Predicate(ox.NamedNode(str(term)))
        case paths.InvPath():
            inner = _path(term.arg)
            return Inverse(inner) if inner else None
        case paths.SequencePath() | paths.AlternativePath():
            parts = [_path(arg) for arg in term.args]
            whole = tuple(part for part in parts if part is not None)
            if len(whole) < len(parts):
                return None
            return Sequence(whole) if isinstance(term, paths.SequencePath) else Alternative(whole)
        case paths.MulPath():
            inner = _path(term.path)
            return Repeated(inner, str(term.mod)) if inner else None
        case _:
            return None
