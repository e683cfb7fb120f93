"""Functions that a shapes graph declares by a query (SHACL Advanced Features, section 5), as expressions call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.shacl.declared_queries import ABOUT, declared_query, known_only, parameter, prologue
from coopkg.shacl.pre_binding import SparqlQuery, read_function_query
from coopkg.shacl.shape_nodes import sh

if TYPE_CHECKING:
    from coopkg.rdf.graph import Graph, Node
    from coopkg.shacl.declared_queries import Parameter
    from coopkg.shacl.shape_nodes import ShapeNode

_IN_FUNCTION: Final = ABOUT | {"select", "ask", "prefixes", "parameter", "returnType", "labelTemplate"}


@dataclass(frozen=True)
class SparqlFunction:
    """A function: its query, in which the parameters are pre-bound, and their names in the order of the arguments.

    ``result`` is the variable that has what the function gives; None where the query is an ASK.
    """

    query: SparqlQuery
    names: tuple[str, ...]
    result: str | None


def read_function(shape: ShapeNode, node: Node, arguments: int) -> SparqlFunction:
    """Read a function that is called with so many arguments. Raises ValueError where it is none, or takes others."""
    graph, called = shape.graph, shape.called
    if not graph.is_instance(node, sh("SPARQLFunction")):
        raise ValueError(f"{called(node)} is no function that the shapes graph declares")
    known_only(graph, node, _IN_FUNCTION, called)
    declared = sorted(
        ((_places(graph, p), parameter(graph, node, p)) for p in graph.objects(node, sh("parameter"))),
        key=lambda pair: (pair[0], pair[1].name),
    )
    if len({len(places) for places, _ in declared}) > 1:
        # Whether the others come first or last is read differently by different implementations.
        raise ValueError(f"some parameters of {called(node)} have sh:order and others have not")
    parameters: list[Parameter] = [each for _, each in declared]
    if len({each.name for each in parameters}) < len(parameters):
        raise ValueError(f"two parameters of {called(node)} have one name")
    if not sum(not each.optional for each in parameters) <= arguments <= len(parameters):
        raise ValueError(f"{called(node)} is called with {arguments} arguments")
    names = tuple(each.name for each in parameters)
    ask = bool(graph.objects(node, sh("ask")))
    text = prologue(graph, node, called) + declared_query(graph, node, called, "ask" if ask else "select")
    query, variables = read_function_query(text, names[:arguments], names, ask=ask)
    if len(variables) != 1:
        raise ValueError(f"the query of {called(node)} must have one result variable, and has {len(variables)}")
    return SparqlFunction(query, names[:arguments], None if ask else variables[0])


def _places(graph: Graph, node: Node) -> tuple[float, ...]:
    """Return the values of sh:order of a parameter. Without any, parameters are in the order of their names."""
    try:
        return tuple(float(order.value) for order in graph.objects(node, sh("order")) if isinstance(order, ox.Literal))
    except ValueError:
        raise ValueError("sh:order of a parameter is no number") from None
