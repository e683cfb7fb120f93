"""The SPARQL declarations of a shapes graph: constraints (SHACL, section 5) and constraint components (section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.declared_queries import (
    ABOUT,
    STRINGS,
    Parameter,
    declared_query,
    known_only,
    parameter,
    prologue,
)
from coopkg.shacl.pre_binding import SparqlQuery, read_query
from coopkg.shacl.shape_nodes import TRUE, sh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coopkg.rdf.graph import Graph, Node
    from coopkg.shacl.shape_nodes import ShapeNode

    Called = Callable[[Node], str]

_SH: Final = STANDARD_PREFIXES["sh"]
IN_CONSTRAINT: Final = ABOUT | {"select", "prefixes", "message", "deactivated", "severity"}
_IN_VALIDATOR: Final = ABOUT | {"select", "ask", "prefixes", "message"}
_IN_COMPONENT: Final = ABOUT | {"parameter", "validator", "nodeValidator", "propertyValidator", "labelTemplate"}


@dataclass(frozen=True)
class Component:
    """A constraint component of the shapes graph."""

    node: ox.NamedNode
    parameters: tuple[Parameter, ...]
    labels: tuple[ox.Literal, ...]


@dataclass(frozen=True)
class Declaration:
    """A query with the messages of what declares it; ``component`` is the IRI of its constraint component."""

    query: SparqlQuery
    messages: tuple[ox.Literal, ...]
    component: str


PARTS: Final = IN_CONSTRAINT | _IN_VALIDATOR | _IN_COMPONENT
"""The terms of constraints, validators and components."""


def read_components(graph: Graph, called: Called) -> tuple[Component, ...]:
    """Read every constraint component but those of SHACL itself. Raises ValueError for one that is ill-formed."""
    components = (node for node in graph.instances(sh("ConstraintComponent")) if not node.value.startswith(_SH))
    return tuple(_component(graph, node, called) for node in components)


def _component(graph: Graph, node: Node, called: Called) -> Component:
    known_only(graph, node, _IN_COMPONENT, called)
    parameters = tuple(parameter(graph, node, p) for p in graph.objects(node, sh("parameter")))
    names = [parameter.name for parameter in parameters]
    # With optional parameters alone the component would apply to every shape.
    if len(set(names)) < len(names) or all(parameter.optional for parameter in parameters):
        raise ValueError(f"the component {node} needs a mandatory parameter, and each with a name of its own")
    return Component(node, parameters, tuple(graph.objects(node, sh("labelTemplate"))))


def read_constraint(shape: ShapeNode, node: Node) -> Declaration | None:
    """Read a value of sh:sparql, or None where it is deactivated. Raises ValueError for one that is ill-formed."""
    graph = shape.graph
    # A node may be shape and constraint at once; then it has the properties of both.
    if node != shape.node:
        known_only(graph, node, IN_CONSTRAINT, shape.called)
        if graph.value(node, sh("severity")) not in {None, shape.value("severity")}:
            raise ValueError(f"the severity of {shape.called(node)} is not the shape's, whose results it gives")
    if graph.value(node, sh("deactivated")) == TRUE:
        return None
    text = prologue(graph, node, shape.called) + declared_query(graph, node, shape.called)
    query = read_query(text, shape.path, graph, {})
    return Declaration(query, messages(graph, node), _SH + "SPARQLConstraintComponent")


def component_constraints(shape: ShapeNode, components: tuple[Component, ...]) -> Iterator[Declaration]:
    """Yield the constraints that a shape has by its values for the parameters of components (section 6.2).

    Raises ValueError where a component with several parameters has more than one value for one of them.
    """
    for component in components:
        given = {p.name: values for p in component.parameters if (values := shape.graph.objects(shape.node, p.path))}
        if not all(p.optional or p.name in given for p in component.parameters):
            continue
        # Which value goes with which could not be told, so the specification forbids it.
        if len(component.parameters) > 1 and any(len(values) > 1 for values in given.values()):
            raise ValueError(f"it has more than one value for a parameter of {component.node}")
        first, *_ = given
        for value in given[first]:
            parameters = {name: values[0] for name, values in given.items()} | {first: value}
            yield _applied(shape, component, parameters)


def _applied(shape: ShapeNode, component: Component, parameters: Mapping[str, Node]) -> Declaration:
    graph, path, called = shape.graph, shape.path, shape.called
    own = "propertyValidator" if path else "nodeValidator"
    # The validator for the kind of shape comes first, the ASK for both kinds after it (section 6.2.3).
    node = graph.value(component.node, sh(own)) or graph.value(component.node, sh("validator"))
    if node is None:
        raise ValueError(f"the component {component.node} has no validator for it")
    known_only(graph, node, _IN_VALIDATOR, called)
    ask = not graph.objects(component.node, sh(own))
    text = prologue(graph, node, called) + declared_query(graph, node, called, "ask" if ask else "select")
    names = {parameter.name for parameter in component.parameters}
    query = read_query(text, path, graph, parameters, ask=ask, names=names)
    return Declaration(query, messages(graph, node) or component.labels, component.node.value)


def messages(graph: Graph, node: Node) -> tuple[ox.Literal, ...]:
    """Return the values of sh:message. Raises ValueError for one that is no string."""
    values = tuple(graph.objects(node, sh("message")))
    if not all(isinstance(m, ox.Literal) and m.datatype.value in STRINGS for m in values):
        raise ValueError("a value of sh:message is no string")
    return values
