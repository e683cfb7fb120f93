"""Targets that a query selects: sh:SPARQLTarget, and the target types of a shapes graph (SHACL-AF, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.rdf.graph import RDF_TYPE
from coopkg.shacl.declared_queries import ABOUT, declared_query, known_only, parameter, prologue
from coopkg.shacl.pre_binding import SparqlQuery, read_target_query
from coopkg.shacl.shape_nodes import sh

if TYPE_CHECKING:
    from coopkg.rdf.graph import Node
    from coopkg.shacl.shape_nodes import ShapeNode

_IN_TARGET: Final = ABOUT | {"select", "prefixes"}
# A type may have an implementation in JavaScript beside its query; one of them is enough.
_IN_TYPE: Final = _IN_TARGET | {"parameter", "labelTemplate", "jsFunctionName", "jsLibrary"}


@dataclass(frozen=True)
class SparqlTarget:
    """A target that a query selects.

    ``query`` selects the nodes as ``$this``. ``of_one`` is the same query with ``$this`` pre-bound, None where it may
    then have other solutions.
    """

    query: SparqlQuery
    of_one: SparqlQuery | None


def read_target(shape: ShapeNode, node: Node) -> SparqlTarget:
    """Read a value of sh:target. Raises ValueError for one that is ill-formed, or of a kind that is not supported."""
    graph, called = shape.graph, shape.called
    types = [kind for kind in graph.objects(node, RDF_TYPE) if graph.is_instance(kind, sh("SPARQLTargetType"))]
    if len(types) > 1:
        raise ValueError(f"the target {called(node)} is of {len(types)} target types, of which one is to be chosen")
    known_only(graph, node, ABOUT if types else _IN_TARGET, called)
    if not types:
        if not graph.objects(node, sh("select")):
            raise ValueError(
                f"the target {called(node)} is no sh:SPARQLTarget with sh:select and of no sh:SPARQLTargetType, "
                "and no other kinds of targets are supported"
            )
        return SparqlTarget(
            *read_target_query(prologue(graph, node, called) + declared_query(graph, node, called), {}, ())
        )
    (kind,) = types
    known_only(graph, kind, _IN_TYPE, called)
    parameters = [parameter(graph, kind, p) for p in graph.objects(kind, sh("parameter"))]
    values: dict[str, Node] = {}
    for declared in parameters:
        given = graph.objects(node, declared.path)
        if len(given) > 1 or not (given or declared.optional):
            raise ValueError(f"the target {called(node)} must have exactly one value for {declared.path}")
        if given:
            values[declared.name] = given[0]
    text = prologue(graph, kind, called) + declared_query(graph, kind, called)
    return SparqlTarget(*read_target_query(text, values, [declared.name for declared in parameters]))
