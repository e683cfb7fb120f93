"""An RDF graph for validation: indexed by subject and by object, with its lexical forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Node = Any
"""An RDF term of pyoxigraph: NamedNode, BlankNode, Literal or Triple."""

_RDF: Final = STANDARD_PREFIXES["rdf"]
RDF_TYPE: Final = ox.NamedNode(_RDF + "type")
RDF_FIRST: Final = ox.NamedNode(_RDF + "first")
RDF_REST: Final = ox.NamedNode(_RDF + "rest")
RDF_NIL: Final = ox.NamedNode(_RDF + "nil")
SUBCLASS_OF: Final = ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "subClassOf")


class Readable(ABC):
    """A data graph, whatever holds it: six lookups, and operations that are defined by these."""

    @abstractmethod
    def objects(self, subject: Node, predicate: Node) -> Sequence[Node]:
        """Return the objects of (subject, predicate, ?), each once."""

    @abstractmethod
    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object), each once."""

    @abstractmethod
    def predicates(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Return (predicate, object) of every triple of that subject."""

    @abstractmethod
    def pairs(self, predicate: Node) -> Iterator[tuple[Node, Node]]:
        """Return (subject, object) of every triple with that predicate."""

    @abstractmethod
    def incoming(self, obj: Node) -> Iterable[Node]:
        """Return the subjects of (?, ?, object)."""

    @abstractmethod
    def nodes(self) -> Iterable[Node]:
        """Return every subject and object, each once."""

    def has_subject(self, predicate: Node, obj: Node) -> bool:
        """Whether there is a triple (?, predicate, object)."""
        return bool(self.subjects(predicate, obj))

    def __contains__(self, triple: tuple[Node, Node, Node]) -> bool:
        subject, predicate, obj = triple
        return obj in self.objects(subject, predicate)

    def value(self, subject: Node, predicate: Node) -> Node | None:
        """Return one object of (subject, predicate, ?), or None."""
        return next(iter(self.objects(subject, predicate)), None)

    def members(self, head: Node) -> list[Node]:
        """Return the members of an RDF list. Raises ValueError for one that is cyclic or broken."""
        members: list[Node] = []
        visited: set[Node] = set()
        while head != RDF_NIL:
            first, rest = self.objects(head, RDF_FIRST), self.objects(head, RDF_REST)
            # A cyclic list would never end, and one with two rests has no order.
            if head in visited or len(first) != 1 or len(rest) != 1:
                raise ValueError("a list is not well formed")
            visited.add(head)
            members.append(first[0])
            head = rest[0]
        return members

    def closure(self, start: Node, predicate: Node, *, inverse: bool = False) -> dict[Node, None]:
        """Return ``start`` and all nodes that are reached from it over a predicate, or, ``inverse``, that reach it."""
        reached: dict[Node, None] = {start: None}
        pending = [start]
        while pending:
            node = pending.pop()
            for other in self.subjects(predicate, node) if inverse else self.objects(node, predicate):
                if other not in reached:
                    reached[other] = None
                    pending.append(other)
        return reached

    def instances(self, cls: Node) -> dict[Node, None]:
        """Return the SHACL instances of a class: of it, or of a subclass of it (SHACL, section 1.1)."""
        classes = self.closure(cls, SUBCLASS_OF, inverse=True)
        return {node: None for c in classes for node in self.subjects(RDF_TYPE, c)}

    def is_instance(self, node: Node, cls: Node) -> bool:
        """Whether a node is a SHACL instance of a class (SHACL, section 1.1)."""
        return any(c == cls or cls in self.closure(c, SUBCLASS_OF) for c in self.objects(node, RDF_TYPE))


class Graph(Readable):
    """The union of some quads as one graph; their graph names do not count."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self._objects: dict[Node, dict[Node, dict[Node, None]]] = defaultdict(lambda: defaultdict(dict))
        self._subjects: dict[Node, dict[Node, dict[Node, None]]] = defaultdict(lambda: defaultdict(dict))
        for quad in quads:
            self._objects[quad.subject][quad.predicate][quad.object] = None
            self._subjects[quad.predicate][quad.object][quad.subject] = None

    def objects(self, subject: Node, predicate: Node) -> Sequence[Node]:
        """Return the objects of (subject, predicate, ?), in the order in which they were read."""
        by_predicate = self._objects.get(subject)
        return tuple(by_predicate.get(predicate, ())) if by_predicate else ()

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object)."""
        by_object = self._subjects.get(predicate)
        return tuple(by_object.get(obj, ())) if by_object else ()

    def predicates(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Return (predicate, object) of every triple of that subject."""
        for predicate, objects in self._objects.get(subject, {}).items():
            for obj in objects:
                yield predicate, obj

    def incoming(self, obj: Node) -> Iterable[Node]:
        """Return the subjects of (?, ?, object)."""
        return {subject: None for objects in self._subjects.values() for subject in objects.get(obj, ())}

    def pairs(self, predicate: Node) -> Iterator[tuple[Node, Node]]:
        """Return (subject, object) of every triple with that predicate."""
        for obj, subjects in self._subjects.get(predicate, {}).items():
            for subject in subjects:
                yield subject, obj

    def nodes(self) -> Iterable[Node]:
        """Return every subject and object, each once."""
        objects = (o for by_object in self._subjects.values() for o in by_object)
        return dict.fromkeys((*self._objects, *objects))

    def __contains__(self, triple: tuple[Node, Node, Node]) -> bool:
        subject, predicate, obj = triple
        return obj in self._objects.get(subject, {}).get(predicate, {})

    def triples(self) -> Iterator[tuple[Node, Node, Node]]:
        """Return every triple."""
        for subject, rows in self._objects.items():
            for predicate, objects in rows.items():
                for obj in objects:
                    yield subject, predicate, obj
