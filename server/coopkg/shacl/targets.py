"""The targets of shapes: the focus nodes that a shape selects in a data graph (SHACL, section 2.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopkg.shacl.constraints import SPARQL_TARGET

if TYPE_CHECKING:
    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Checks, Shape


def is_target(graph: Readable, shape: Shape, focus: Node, run: Checks) -> bool:
    """Whether a node is a target of a shape, without looking for the others (SHACL, section 2.1.3)."""

    def targeted(kind: str, node: Any) -> bool:  # noqa: ANN401 - what a kind of target has
        match kind:
            case "targetNode":
                return bool(focus == node)
            case "targetClass":
                return graph.is_instance(focus, node)
            case "targetSubjectsOf":
                return bool(graph.objects(focus, node))
            case "targetObjectsOf":
                return graph.has_subject(node, focus)
            case _ if kind == SPARQL_TARGET:
                return run.selects(shape, node, focus)
            case _:
                return run.conforms(focus, node)

    return any(targeted(kind, node) for kind, node in shape.targets)


def focus_nodes(graph: Readable, shape: Shape, run: Checks | None = None) -> dict[Node, None]:
    """Select the nodes of a data graph that are targets of a shape, once each, in a dict (SHACL, section 2.1.3).

    ``run`` is wanted for the targets that more than a lookup decides on: those of sh:targetWhere and of queries.
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
            case _ if run is None:
                raise TypeError(f"{shape.name} has targets that only a run can decide on")
            case _ if kind == SPARQL_TARGET:
                nodes.update(run.selected(shape, node))
            case _:
                nodes.update((n, None) for n in graph.nodes() if run.conforms(n, node))
    return nodes
