"""Closed shapes: which triples of a value node they do not allow (SHACL, section 4.8.1; SHACL 1.2 Core, sh:ByTypes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.shape_nodes import sh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.rdf.graph import Graph, Node, Readable

CLASSES: Final = tuple(ox.NamedNode(STANDARD_PREFIXES[prefix] + "Class") for prefix in ("rdfs", "owl"))
"""The classes of classes; sh:ShapeClass of SHACL 1.2 is a subclass of the first."""
_CLASS_KINDS: Final = (*CLASSES, sh("ShapeClass"))


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


def property_paths(graph: Graph, node: Node) -> Iterator[Node]:
    """Yield the properties that are the whole path of a property shape of a shape; longer paths do not count."""
    for value in graph.objects(node, sh("property")):
        path = graph.value(value, sh("path"))
        if isinstance(path, ox.NamedNode):
            yield path


def properties_of_classes(graph: Graph) -> dict[Node, frozenset[Node]]:
    """Return the properties that the shapes for each class name (SHACL 1.2 Core, sh:closed).

    The shapes for a class are the class itself, those that target it, those of its superclasses in the shapes graph,
    and whatever all of these refer to by sh:node. An owl:Class is a class, and so is what a shape targets.
    """
    targeting: dict[Node, list[Node]] = {}
    for shape, cls in graph.pairs(sh("targetClass")):
        targeting.setdefault(cls, []).append(shape)
    classes = dict.fromkeys((*targeting, *(c for kind in _CLASS_KINDS for c in graph.instances(kind))))
    allowed: dict[Node, frozenset[Node]] = {}
    for cls in classes:
        shapes: dict[Node, None] = {cls: None}
        pending = [cls]
        while pending:
            node = pending.pop()
            further = list(graph.objects(node, sh("node")))
            if node in classes:
                further += [*graph.objects(node, SUBCLASS_OF), *targeting.get(node, ())]
            pending += [n for n in dict.fromkeys(further) if n not in shapes]
            shapes.update(dict.fromkeys(further))
        allowed[cls] = frozenset(path for node in shapes for path in property_paths(graph, node))
    return allowed
