"""Closed shapes: which triples of a value node they do not allow (SHACL, section 4.8.1; SHACL 1.2 Core, sh:ByTypes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.rdf.graph import Node, Readable


def closed(allowed: frozenset[Node], graph: Readable, values: Iterable[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield (property, object) of the triples that a closed shape does not allow (section 4.8.1)."""
    for value in values:
        if not isinstance(value, ox.Literal):
            yield from ((p, o) for p, o in graph.predicates(value) if p not in allowed)


@dataclass(frozen=True)
class ByTypes:
    """The properties that sh:closed sh:ByTypes allows: ``always``, and those of each class that a node may have."""

    always: frozenset[Node]
    of_class: Mapping[Node, frozenset[Node]] = field(hash=False)

    def allows(self, predicate: Node, types: Iterable[Node]) -> bool:
        """Whether a node of some classes may have a property."""
        return predicate in self.always or any(predicate in self.of_class.get(t, ()) for t in types)


def closed_by_types(allowed: ByTypes, graph: Readable, values: Iterable[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield (property, object) of the triples that the shapes for a node's classes do not name (SHACL 1.2)."""
    for value in values:
        if not isinstance(value, ox.Literal):
            types = graph.objects(value, RDF_TYPE)
            yield from ((p, o) for p, o in graph.predicates(value) if not allowed.allows(p, types))
