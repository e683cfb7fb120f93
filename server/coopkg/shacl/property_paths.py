"""Property paths (SHACL, section 2.3.1): read from the shapes graph, evaluated on a data graph, written as SPARQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_FIRST, RDF_NIL, RDF_REST, Node, Readable
from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

_SH: Final = STANDARD_PREFIXES["sh"]


@dataclass(frozen=True)
class Predicate:
    """A single step along a property."""

    iri: ox.NamedNode

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the objects of the node's triples with that property, once each."""
        return graph.objects(node, self.iri)

    def sparql(self) -> str:
        """Return the path in SPARQL."""
        return str(self.iri)


@dataclass(frozen=True)
class Inverse:
    """A step against the direction of a path."""

    path: Path

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the nodes from which the inner path leads here."""
        if isinstance(self.path, Predicate):
            return graph.subjects(self.path.iri, node)
        return inverted(self.path).values(graph, node)

    def sparql(self) -> str:
        """Return the path in SPARQL."""
        return f"^({self.path.sparql()})"


@dataclass(frozen=True)
class Sequence:
    """One path after another."""

    paths: tuple[Path, ...]

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the nodes at the end of the last path."""
        nodes: dict[Node, None] = {node: None}
        for path in self.paths:
            nodes = {value: None for start in nodes for value in path.values(graph, start)}
        return nodes

    def sparql(self) -> str:
        """Return the path in SPARQL."""
        return "/".join(f"({path.sparql()})" for path in self.paths)


@dataclass(frozen=True)
class Alternative:
    """Any of several paths."""

    paths: tuple[Path, ...]

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the nodes at the end of any of the paths."""
        return {value: None for path in self.paths for value in path.values(graph, node)}

    def sparql(self) -> str:
        """Return the path in SPARQL."""
        return "|".join(f"({path.sparql()})" for path in self.paths)


@dataclass(frozen=True)
class Repeated:
    """A path any number of times: ``?``, ``*`` or ``+``."""

    path: Path
    mark: str

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the nodes that repetition reaches, the start included where zero steps are allowed."""
        first = dict.fromkeys(self.path.values(graph, node))
        if self.mark == "?":
            return {node: None, **first}
        # Each node is walked from once, so that a cycle in the data ends. A list and no recursion: chains may be long.
        reached = dict(first)
        pending = list(first)
        while pending:
            for value in self.path.values(graph, pending.pop()):
                if value not in reached:
                    reached[value] = None
                    pending.append(value)
        return {node: None, **reached} if self.mark == "*" else reached

    def sparql(self) -> str:
        """Return the path in SPARQL."""
        return f"({self.path.sparql()}){self.mark}"


class Via(Enum):
    """The direction of a step over any predicate; SHACL has no such path, but SPARQL constraints have such patterns."""

    OBJECTS = "from a node to the objects of its triples"
    SUBJECTS = "from a node to the subjects of the triples that lead to it"
    PREDICATES = "from a node to the predicates of its triples"
    USERS = "from a predicate to the subjects of its triples"


@dataclass(frozen=True)
class Anything:
    """A step over whatever predicate."""

    via: Via

    def values(self, graph: Readable, node: Node) -> Iterable[Node]:
        """Return the nodes, or predicates, that are reached."""
        match self.via:
            case Via.OBJECTS:
                return {obj: None for _, obj in graph.predicates(node)}
            case Via.SUBJECTS:
                return graph.incoming(node)
            case Via.PREDICATES:
                return {predicate: None for predicate, _ in graph.predicates(node)}
            case Via.USERS:
                return {subject: None for subject, _ in graph.pairs(node)}

    def sparql(self) -> str:
        """Refuse: no property path says this."""
        raise ValueError("a step over any predicate has no property path")


Path = Predicate | Inverse | Sequence | Alternative | Repeated | Anything
_BACK: Final = {
    Via.OBJECTS: Via.SUBJECTS, Via.SUBJECTS: Via.OBJECTS, Via.PREDICATES: Via.USERS, Via.USERS: Via.PREDICATES,
}  # fmt: skip
_REPEATED: Final = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}


def inverted(path: Path) -> Path:
    """Return the path in the opposite direction."""
    match path:
        case Predicate():
            return Inverse(path)
        case Inverse(inner):
            return inner
        case Sequence(paths):
            return Sequence(tuple(inverted(p) for p in reversed(paths)))
        case Alternative(paths):
            return Alternative(tuple(inverted(p) for p in paths))
        case Repeated(inner, mark):
            return Repeated(inverted(inner), mark)
        case Anything(via):
            return Anything(_BACK[via])


_LONGEST: Final = 500
"""Steps of a path, each counted as often as it is written out."""
_DEEPEST: Final = 64
"""Paths within paths."""


def read_path(graph: Readable, node: Node) -> Path:
    """Read a path from the shapes graph. Raises ValueError for one that is ill-formed, recursive or too long."""
    return _Reading(graph).path(node, ())


class _Reading:
    """One path that is read; several parts of it may be one node, and are written out for each place."""

    def __init__(self, graph: Readable) -> None:
        self.graph = graph
        self.steps = 0

    def path(self, node: Node, above: tuple[Node, ...]) -> Path:
        self.steps += 1
        if self.steps > _LONGEST or len(above) > _DEEPEST:
            raise ValueError(f"a path has more than {_LONGEST} steps, or is nested more than {_DEEPEST} levels deep")
        if isinstance(node, ox.NamedNode):
            return Predicate(node)
        if not isinstance(node, ox.BlankNode) or node in above:
            raise ValueError("a path is not well formed")
        above = (*above, node)
        # A list is a sequence path (section 2.3.1.2).
        if self.graph.value(node, RDF_FIRST) is not None:
            return Sequence(self._members(node, above))
        keys = [(predicate.value.removeprefix(_SH), obj) for predicate, obj in self.graph.predicates(node)]
        # With two properties the node would be two paths at once.
        if len(keys) != 1:
            raise ValueError("a path is not well formed")
        name, obj = keys[0]
        if name == "alternativePath":
            return Alternative(self._members(obj, above))
        if name == "inversePath":
            return Inverse(self.path(obj, above))
        if name in _REPEATED:
            return Repeated(self.path(obj, above), _REPEATED[name])
        raise ValueError(f"a path has no kind {name}")

    def _members(self, head: Node, above: tuple[Node, ...]) -> tuple[Path, ...]:
        paths = tuple(self.path(member, above) for member in self.graph.members(head))
        # Sections 2.3.1.2 and 2.3.1.3 both say "at least two".
        if len(paths) < 2:
            raise ValueError("a path needs at least two members here")
        return paths


def path_graph(path: Path) -> tuple[Node, list[ox.Triple]]:
    """Return a path as a term, with the triples that describe it (SHACL, section 2.3.1).

    Raises ValueError for a step over any predicate.
    """
    match path:
        case Predicate(iri):
            return iri, []
        case Sequence(paths):
            return _listed(paths)
        case Alternative(paths):
            term, triples = _listed(paths)
            name = "alternativePath"
        case Inverse(inner):
            term, triples = path_graph(inner)
            name = "inversePath"
        case Repeated(inner, mark):
            term, triples = path_graph(inner)
            name = next(name for name, known in _REPEATED.items() if known == mark)
        case Anything():
            raise ValueError("a step over any predicate has no property path")
    node = ox.BlankNode()
    return node, [ox.Triple(node, ox.NamedNode(_SH + name), term), *triples]


def _listed(paths: tuple[Path, ...]) -> tuple[Node, list[ox.Triple]]:
    head: Node = RDF_NIL
    triples: list[ox.Triple] = []
    for path in reversed(paths):
        term, more = path_graph(path)
        node = ox.BlankNode()
        triples += [*more, ox.Triple(node, RDF_FIRST, term), ox.Triple(node, RDF_REST, head)]
        head = node
    return head, triples
