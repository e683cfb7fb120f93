"""What a shapes graph declares a query with: its text, the prefixes of sh:prefixes, and parameters.

Constraints, constraint components, targets and functions have these in common (SHACL, section 5.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.imported_prefixes import declared_prefixes
from coopkg.shacl.shape_nodes import TRUE, sh

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from coopkg.rdf.graph import Graph, Node

    Called = Callable[[Node], str]

_SH: Final = STANDARD_PREFIXES["sh"]
_IMPORTS: Final = ox.NamedNode(STANDARD_PREFIXES["owl"] + "imports")
_RESERVED: Final = frozenset({"this", "shapesGraph", "currentShape", "path", "PATH", "value"})
ABOUT: Final = frozenset({"name", "description", "order", "group"})
"""Properties that say something to people alone."""
STRINGS: Final = frozenset({STANDARD_PREFIXES["xsd"] + "string", STANDARD_PREFIXES["rdf"] + "langString"})


@dataclass(frozen=True)
class Parameter:
    """A parameter: the variable, and the property that gives it a value."""

    name: str
    path: ox.NamedNode
    optional: bool


def parameter(graph: Graph, owner: Node, node: Node) -> Parameter:
    """Read a parameter of a component or target type. Raises ValueError for one that gives no name for a variable."""
    paths = graph.objects(node, sh("path"))
    name = re.search(r"[^\W\d]\w*$", paths[0].value) if len(paths) == 1 and isinstance(paths[0], ox.NamedNode) else None
    if name is None or name[0] in _RESERVED:
        raise ValueError(f"a parameter of {owner} gives no name that a variable can have")
    return Parameter(name[0], paths[0], graph.value(node, sh("optional")) == TRUE)


def known_only(graph: Graph, node: Node, supported: frozenset[str], called: Called) -> None:
    """Refuse a node with a property of SHACL that is not supported there. Raises ValueError."""
    for predicate, _ in graph.predicates(node):
        name = predicate.value.removeprefix(_SH)
        if predicate.value.startswith(_SH) and name not in supported:
            where = called(node)
            where = where if where.startswith("at ") else f"in {where}"
            raise ValueError(f"sh:{name} is not supported {where}{near_miss(name, supported)}")


def near_miss(name: str, known: Collection[str]) -> str:
    """Return a question for the term that a misspelt one may stand for, or nothing."""
    exact = [other for other in known if other.lower() == name.lower()]
    close = exact or get_close_matches(name, sorted(known), n=1, cutoff=0.8)
    return f"; perhaps sh:{close[0]} is meant" if close else ""


def declared_query(graph: Graph, node: Node, called: Called, name: str = "select") -> str:
    """Return the query of a node as it is written. Raises ValueError where there is not just one."""
    texts = graph.objects(node, sh(name))
    if len(texts) != 1 or not isinstance(texts[0], ox.Literal) or texts[0].datatype.value not in STRINGS:
        raise ValueError(f"{called(node)} must have exactly one sh:{name}, a string")
    return str(texts[0].value)


def prologue(graph: Graph, node: Node, called: Called) -> str:
    """Write the prefixes that sh:prefixes leads to as a prologue, over owl:imports too (section 5.2.1).

    Raises ValueError for a declaration that is ill-formed, or contradicts another.
    """
    prefixes: dict[str, str] = {}
    sources = {s: None for start in graph.objects(node, sh("prefixes")) for s in graph.closure(start, _IMPORTS)}
    for declaration in (d for source in sources for d in graph.objects(source, sh("declare"))):
        # A prefix with two namespaces would make the meaning of a query depend on their order.
        names, namespaces = (graph.objects(declaration, sh(name)) for name in ("prefix", "namespace"))
        if not len(names) == len(namespaces) == 1 or not isinstance(namespaces[0], ox.Literal):
            raise ValueError(f"{called(declaration)} must have exactly one sh:prefix and one sh:namespace")
        if prefixes.setdefault(names[0].value, namespaces[0].value) != namespaces[0].value:
            raise ValueError(f"the prefix {names[0].value} is declared with two namespaces")
    for source in sources:
        # What the shapes graph says itself comes first: the other graph was not read.
        if isinstance(source, ox.NamedNode) and not any(True for _ in graph.predicates(source)):
            prefixes = {**declared_prefixes(source.value), **prefixes}
    # On one line with the query, so that the lines of its errors are those of its text.
    return "".join(f"PREFIX {prefix}: <{namespace}> " for prefix, namespace in prefixes.items())
