"""The targets of shapes: the focus nodes that a shape selects in a data graph (SHACL, section 2.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Shape


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
