"""A node of the shapes graph that is read as a shape: its values, and what they must be (SHACL, appendix E)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.literals import well_formed
from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coopkg.rdf.graph import Graph, Node
    from coopkg.shacl.property_paths import Path

SH: Final = STANDARD_PREFIXES["sh"]
_XSD: Final = STANDARD_PREFIXES["xsd"]
TRUE: Final = ox.Literal("true", datatype=ox.NamedNode(_XSD + "boolean"))
FALSE: Final = ox.Literal("false", datatype=TRUE.datatype)


def sh(name: str) -> ox.NamedNode:
    """Return a term of the SHACL vocabulary."""
    return ox.NamedNode(SH + name)


@dataclass(frozen=True)
class ShapeNode:
    """A shape as the shapes graph describes it; ``cache`` is for what is the same for all shapes of the graph.

    ``called`` gives the name by which messages call a node.
    """

    graph: Graph
    node: Node
    path: Path | None
    called: Callable[[Node], str]
    cache: dict[str, Any] = field(default_factory=dict)

    def values(self, name: str) -> Sequence[Node]:
        """Return the values of a parameter."""
        return self.graph.objects(self.node, sh(name))

    def value(self, name: str) -> Node | None:
        """Return the value of a parameter, or None."""
        return self.graph.value(self.node, sh(name))

    def is_true(self, name: str) -> bool:
        """Whether a parameter is the literal true."""
        return self.value(name) == TRUE

    def members(self, head: Node) -> list[Node]:
        """Return the members of a list. Raises ValueError for one that is cyclic or broken."""
        return self.graph.members(head)

    def has_path(self, node: Node) -> bool:
        """Whether a node has a path, and so is a property shape."""
        return bool(self.graph.objects(node, sh("path")))

    def node_shape(self, name: str, node: Node) -> Node:
        """Return a value of a parameter that must be a node shape. Raises ValueError."""
        if self.has_path(node):
            raise ValueError(f"the value {self.called(node)} of sh:{name} must be a node shape")
        return node


def is_iri(value: Node) -> bool:
    """Whether a term is an IRI."""
    return isinstance(value, ox.NamedNode)


def is_literal(value: Node) -> bool:
    """Whether a term is a literal."""
    return isinstance(value, ox.Literal)


def is_of(value: Node, *types: str) -> bool:
    """Whether a term is a literal of one of those XSD datatypes."""
    return isinstance(value, ox.Literal) and value.datatype.value in {_XSD + name for name in types}


def is_string(value: Node) -> bool:
    """Whether a term is a string without a language."""
    return is_of(value, "string")


def is_boolean(value: Node) -> bool:
    """Whether a term is true or false."""
    return is_of(value, "boolean") and well_formed(value.value, value.datatype.value)


def is_whole(value: Node) -> bool:
    """Whether a term is a whole number that is not negative."""
    return is_of(value, "integer") and well_formed(value.value, _XSD + "nonNegativeInteger")


IRI: Final = (is_iri, "an IRI")
LITERAL: Final = (is_literal, "a literal")
STRING: Final = (is_string, "a string")
BOOLEAN: Final = (is_boolean, "true or false")
WHOLE: Final = (is_whole, "a whole number")
