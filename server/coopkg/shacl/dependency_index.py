"""Which focus nodes a change can affect: an index from predicates to shapes, and the paths back to their focus nodes.

A result of a focus node changes only if an edge changes that one of its constraints depends on. The first changed edge
on the way from the focus node is reached over edges that did not change; so to walk back from every changed triple over
the graph as it is afterwards finds every affected focus node. It may find more, never fewer.

The cost is that of the change and of the nodes that lead to it, not of the graph: some milliseconds in a million
triples, where a whole pass takes many seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from coopkg.rdf.graph import RDF_FIRST, RDF_REST, RDF_TYPE, SUBCLASS_OF, Node, Readable
from coopkg.shacl.constraints import DECIDED, SPARQL_TARGET, TARGET_WHERE
from coopkg.shacl.dependencies import joined, steps_of_shape
from coopkg.shacl.property_paths import Path, Predicate, Sequence, inverted
from coopkg.shacl.query_dependencies import steps_of_query
from coopkg.shacl.steps import Sign, Step
from coopkg.shacl.targets import focus_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from types import EllipsisType

    import pyoxigraph as ox

    from coopkg.shacl.constraints import Checks, Shape

_STRUCTURE: Final = frozenset({SUBCLASS_OF, RDF_FIRST, RDF_REST})
"""Predicates a change of which can affect any node: the class hierarchy, and lists, which shapes walk freely."""


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
class AffectedFocusNodes:
    """The focus nodes to be checked again, by shape; ``all`` where only a whole pass will do."""

    nodes: dict[Node, dict[Node, None]] = field(default_factory=dict)
    all: bool = False

    def __len__(self) -> int:
        return sum(len(nodes) for nodes in self.nodes.values())


FEW: Final = 128
"""Focus nodes of a shape up to which it is less work to walk from all of them than to walk back from a change."""


class DependencyIndex:
    """The index of some shapes; made once, used for every change."""

    def __init__(self, shapes: Mapping[Node, Shape]) -> None:
        self.shapes = shapes
        self._few: frozenset[Node] = frozenset()
        self._entries: dict[tuple[Node | None, bool], list[_Entry]] = {}
        ways: dict[Path | None, int] = {}
        for shape in shapes.values():
            if shape.targets:
                # A node that becomes a target is affected too, whatever the constraints.
                for step in dict.fromkeys((*self._of_targets(shape), *self._of_shape(shape, None))):
                    back = None if step.before is None else inverted(step.before)
                    entry = _Entry(shape, step, back, ways.setdefault(back, len(ways)), *_parted(step.before))
                    self._entries.setdefault((step.predicate, step.backwards), []).append(entry)

    def measure(self, graph: Readable) -> None:
        """Note which shapes have few focus nodes in graphs such as this one, which makes ``affected`` faster.

        Only speed depends on it, so that it need not be done again for every version.
        """
        plain = (s for s in self.shapes.values() if s.targets and all(kind not in DECIDED for kind, _ in s.targets))
        self._few = frozenset(s.node for s in plain if len(focus_nodes(graph, s)) <= FEW)

    def affected(  # noqa: PLR0913 - a change, and how far to look
        self,
        graph: Readable,
        added: Iterable[ox.Quad],
        removed: Iterable[ox.Quad],
        most: int = 1000,
        *,
        every: bool = False,
        run: Checks | None = None,
    ) -> AffectedFocusNodes:
        """Find what must be checked again; ``graph`` is the one after the change, and conformed before it.

        Past ``most`` focus nodes of a shape, or where the class hierarchy changes, the answer is a whole pass. With
        ``every`` those are found too that the change cannot have made violate. ``run`` is wanted where a query selects
        the targets of a shape.
        """
        # The graph conformed, so that an edge matters only if its change can make a node violate: an added one not
        # where only fewer edges could, a removed one not where only more could.
        search = _Search(graph, self._few, most, run)
        for quads, harmless in ((added, Sign.FEWER), (removed, Sign.MORE)):
            for predicate, backwards, end in _ends(quads):
                # One subclass more or less may change the targets of every shape below it.
                if predicate in _STRUCTURE:
                    return AffectedFocusNodes(all=True)
                for entry in self._entries.get((predicate, backwards), ()):
                    if (every or entry.step.sign is not harmless) and not search.back_from(end, entry):
                        return AffectedFocusNodes(all=True)
        return search.affected

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
                case _ if kind == TARGET_WHERE:  # a change anywhere may make any node a target
                    yield Step(None, None, anywhere=True)
                case _ if kind == SPARQL_TARGET:
                    yield from steps_of_query(target.query.text, pre_bound=False)

    def _of_shape(self, shape: Shape, before: Path | None, sign: Sign = Sign.MORE) -> Iterator[Step]:
        """Yield the edges that a shape depends on when it is applied to the nodes that ``before`` leads to."""

        def of(node: Node, at: Path | None, inner: Sign) -> Iterator[Step]:
            return self._of_shape(self.shapes[node], at, inner)

        return steps_of_shape(shape, before, sign, of)


class _Search:
    """The walks back from the triples of one change; each is made once."""

    def __init__(self, graph: Readable, few: AbstractSet[Node], most: int, run: Checks | None) -> None:
        self.graph = graph
        self.run = run
        self.few = few
        self.most = most
        self._reaching: dict[tuple[int, Node], dict[Node, dict[Node, None]]] = {}
        self.affected = AffectedFocusNodes()
        self._focus: dict[tuple[Node, Node], bool] = {}
        self._classes: dict[Node, AbstractSet[Node]] = {}
        self._above: dict[Node, AbstractSet[Node]] = {}
        self._walked: dict[tuple[int, Node, bool], Iterable[Node]] = {}

    def back_from(self, end: Node, entry: _Entry) -> bool:
        """Add the focus nodes from which the entry's edge is reached; False where there are more than ``most``."""
        if entry.step.anywhere:
            return False
        nodes = self.affected.nodes.setdefault(entry.shape.node, {})
        if entry.back is not None and entry.shape.node in self.few:
            for middle in self._walk(entry, end, entry.rest):
                nodes.update(self._reached(entry).get(middle, {}))
            return True
        for node in self._walk(entry, end):
            if node not in nodes and self._is_focus(entry.shape, node):
                nodes[node] = None
        return len(nodes) <= self.most

    def _is_focus(self, shape: Shape, node: Node) -> bool:
        # The triples of a change have few subjects, and a shape may have twenty target classes.
        key = (shape.node, node)
        if key not in self._focus:
            self._focus[key] = _is_focus(self.graph, shape, node, self._classes_of(node), self.run)
        return self._focus[key]

    def _classes_of(self, node: Node) -> AbstractSet[Node]:
        """Return the classes that a node is a SHACL instance of."""
        if node not in self._classes:
            types = self.graph.objects(node, RDF_TYPE)
            for cls in types:
                if cls not in self._above:
                    self._above[cls] = self.graph.closure(cls, SUBCLASS_OF).keys()
            self._classes[node] = frozenset().union(*(self._above[cls] for cls in types))
        return self._classes[node]

    def _reached(self, entry: _Entry) -> dict[Node, dict[Node, None]]:
        """Return, by node, the focus nodes of a shape that lead to it over the first part of the entry's way.

        For a shape with few of them: to walk that part from all is less work than to walk it back from a node that many
        others lead to, as from a country to all that lie in it.
        """
        key = (entry.way, entry.shape.node)
        if key not in self._reaching:
            reaching = self._reaching[key] = {}
            for focus in focus_nodes(self.graph, entry.shape):
                for node in entry.first.values(self.graph, focus) if entry.first else (focus,):
                    reaching.setdefault(node, {})[focus] = None
        return self._reaching[key]

    def _walk(self, entry: _Entry, end: Node, part: Path | EllipsisType | None = ...) -> Iterable[Node]:
        """Return the nodes from which the entry's way, or the rest of it after its first part, leads to ``end``."""
        back = entry.back if part is ... else part
        if back is None:
            return (end,)
        # Many steps share a way, and one change often touches the same node several times.
        key = (entry.way, end, part is ...)
        if key not in self._walked:
            self._walked[key] = tuple(dict.fromkeys(back.values(self.graph, end)))
        return self._walked[key]


def _ends(quads: Iterable[ox.Quad]) -> dict[tuple[Node | None, bool, Node], None]:
    """Return the edges of a change as steps look them up, each once: predicate, whether backwards, and where from.

    Those of one predicate and subject, as labels in three languages, are one. Under None are the steps over any
    predicate, such as those of sh:closed.
    """
    return {
        (predicate, backwards, end): None
        for quad in quads
        for backwards, end in ((False, quad.subject), (True, quad.object))
        for predicate in (quad.predicate, None)
    }


def _is_focus(graph: Readable, shape: Shape, node: Node, classes: AbstractSet[Node], run: Checks | None) -> bool:
    """Whether a target of a shape selects a node of those classes, without listing all nodes that it selects."""
    for kind, target in shape.targets:
        match kind:
            case "targetNode":
                selected = node == target
            case "targetClass":
                selected = target in classes
            case "targetSubjectsOf":
                selected = bool(graph.objects(node, target))
            case _ if kind in DECIDED:
                # A change that may make any node a target has everything checked again, and nobody asks here.
                selected = kind == SPARQL_TARGET and run is not None and run.selects(shape, target, node)
            case _:
                selected = graph.has_subject(target, node)
        if selected:
            return True
    return False


def _parted(path: Path | None) -> tuple[Path | None, Path | None]:
    """Split a way: its first part, of edges that are walked as they point, and the way back over the rest."""
    parts, first = list(_parts(path)), None
    while parts and isinstance(parts[0], Predicate):
        first = joined(first, parts.pop(0))
    rest: Path | None = None
    for part in parts:
        rest = joined(rest, part)
    return first, None if rest is None else inverted(rest)


def _parts(path: Path | None) -> Iterator[Path]:
    """Yield the paths of a sequence, nested sequences laid flat."""
    if isinstance(path, Sequence):
        for part in path.paths:
            yield from _parts(part)
    elif path is not None:
        yield path
