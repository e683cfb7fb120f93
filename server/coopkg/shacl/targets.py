"""The targets of shapes: the focus nodes that a shape selects in a data graph (SHACL, section 2.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Shape


def is_target(graph: Readable, shape: Shape, focus: Node, conforms: Callable[[Node, Node], bool]) -> bool:
    """Whether a node is a target of a shape, without looking for the others (SHACL, section 2.1.3)."""

    def targeted(kind: str, node: Node) -> bool:
        match kind:
            case "targetNode":
                return bool(focus == node)
            case "targetClass":
                return graph.is_instance(focus, node)
            case "targetSubjectsOf":
                return bool(graph.objects(focus, node))
            case "targetObjectsOf":
                return graph.has_subject(node, focus)
            case _:
                return conforms(focus, node)

    return any(targeted(kind, node) for kind, node in shape.targets)


def focus_nodes(graph: Readable, shape: Shape, conforms: Callable[[Node, Node], bool]) -> dict[Node, None]:
    """Select the nodes of a data graph that are targets of a shape, once each, in a dict (SHACL, section 2.1.3).

    ``conforms`` checks a node against the shape of a sh:targetWhere.
    """
    nodes: dict[Node, None] = {}
    for kind, node in shape.targets:
        match kind:
            case "targetNode":
                nodes[node] = None
            case "targetClass":
                nodes.update(graph.instances(node))
            case "targetSubjectsOf":
                nodes.update((s, None) for s, _ in graph.pairs(node))
            case "targetObjectsOf":
                nodes.update((o, None) for _, o in graph.pairs(node))
            case _:
                nodes.update((n, None) for n in graph.nodes() if conforms(n, node))
    return nodes
