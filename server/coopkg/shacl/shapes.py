"""The shapes graph read into values: shapes, targets and constraints (SHACL, sections 2 and 4).

What is ill-formed, recursive or not supported is refused with the shape's name; nothing is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.shacl.graph import RDF_TYPE, SUBCLASS_OF, Graph, Node
from coopkg.shacl.paths import Path, read_path
from coopkg.shacl.report import Severity
from coopkg.vocab import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SH: Final = STANDARD_PREFIXES["sh"]
_TRUE: Final = ox.Literal("true", datatype=ox.NamedNode(STANDARD_PREFIXES["xsd"] + "boolean"))
_CLASSES: Final = (ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "Class"), ox.NamedNode(STANDARD_PREFIXES["owl"] + "Class"))

SINGLE: Final = frozenset({
    "minCount", "maxCount", "minExclusive", "minInclusive", "maxExclusive", "maxInclusive",
    "minLength", "maxLength", "datatype", "nodeKind",
})  # fmt: skip
"""Parameters that a shape may have once."""
REPEATED: Final = frozenset({"class", "equals", "disjoint", "lessThan", "lessThanOrEquals", "hasValue"})
"""Parameters each of whose values is a constraint of its own."""
SHAPES: Final = frozenset({"node", "property", "not"})
"""Parameters whose values are shapes."""
SHAPE_LISTS: Final = frozenset({"and", "or", "xone"})
"""Parameters whose values are lists of shapes."""
_OTHER: Final = frozenset({
    "in", "languageIn", "uniqueLang", "pattern", "flags", "closed", "ignoredProperties", "sparql",
    "qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint",
    "path", "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf",
    "severity", "message", "deactivated", "name", "description", "order", "group", "defaultValue",
})  # fmt: skip
_KNOWN: Final = SINGLE | REPEATED | SHAPES | SHAPE_LISTS | _OTHER


def sh(name: str) -> ox.NamedNode:
    """Give a term of the SHACL vocabulary."""
    return ox.NamedNode(_SH + name)


@dataclass(frozen=True)
class Constraint:
    """A constraint: the parameter that names it, and its values; ``messages`` only where it has its own."""

    name: str
    value: Any
    messages: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def component(self) -> str:
        """Give the IRI of the constraint component."""
        if self.name == "sparql":
            return _SH + "SPARQLConstraintComponent"
        return f"{_SH}{self.name[0].upper()}{self.name[1:]}ConstraintComponent"


@dataclass(frozen=True)
class Shape:
    """A node shape, or a property shape where there is a path."""

    node: Node
    path: Path | None
    path_node: Node | None
    severity: Severity
    messages: Mapping[str, str] = field(hash=False)
    constraints: tuple[Constraint, ...]
    targets: tuple[tuple[str, Node], ...]

    @property
    def name(self) -> str:
        """Give the shape's IRI, or a blank node's label."""
        return self.node.value if isinstance(self.node, ox.NamedNode) else str(self.node)


@dataclass(frozen=True)
class SparqlQuery:
    """A SELECT of SHACL-SPARQL with its prefixes spelt out."""

    text: str


def read_shapes(graph: Graph) -> dict[Node, Shape]:
    """Read every shape that has a target, and those they refer to. Raises DatasetBroken naming the shape."""
    reader = _Reader(graph)
    for node in dict.fromkeys(reader.targeted()):
        reader.shape(node, ())
    return reader.shapes


class _Reader:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.shapes: dict[Node, Shape] = {}

    def targeted(self) -> Iterator[Node]:
        for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"):
            for shape, _ in self.graph.pairs(sh(name)):
                yield shape
        for kind in ("NodeShape", "PropertyShape"):
            for shape in self.graph.subjects(RDF_TYPE, sh(kind)):
                yield shape

    def shape(self, node: Node, above: tuple[Node, ...]) -> Node:
        if node in above:
            raise DatasetBroken(f"The shape {node} refers to itself; SHACL leaves that undefined, so it is refused.")
        if node in self.shapes:
            return node
        try:
            self.shapes[node] = self._read(node, (*above, node))
        except ValueError as error:
            raise DatasetBroken(f"The shape {node} cannot be used: {error}.") from None
        return node

    def _read(self, node: Node, above: tuple[Node, ...]) -> Shape:
        graph = self.graph
        unknown = [
            p.value for p, _ in graph.predicates(node) if p.value.startswith(_SH) and p.value[len(_SH) :] not in _KNOWN
        ]
        if unknown:
            raise ValueError(f"{unknown[0]} is not supported")
        paths = graph.objects(node, sh("path"))
        if len(paths) > 1:
            raise ValueError("it has more than one sh:path")
        severity = graph.value(node, sh("severity"))
        deactivated = graph.value(node, sh("deactivated")) == _TRUE
        return Shape(
            node=node,
            path=read_path(graph, paths[0]) if paths else None,
            path_node=paths[0] if paths else None,
            severity=Severity(severity.value.removeprefix(_SH)) if severity is not None else Severity.VIOLATION,
            messages=self._messages(node),
            constraints=() if deactivated else tuple(self._constraints(node, above, property_shape=bool(paths))),
            targets=() if deactivated else tuple(self._targets(node)),
        )

    def _messages(self, node: Node) -> dict[str, str]:
        return {m.language or "en": m.value for m in self.graph.objects(node, sh("message"))}

    def _targets(self, node: Node) -> Iterator[tuple[str, Node]]:
        for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"):
            for value in self.graph.objects(node, sh(name)):
                yield name, value
        if any(
            kind in self.graph.closure(t, SUBCLASS_OF) for t in self.graph.objects(node, RDF_TYPE) for kind in _CLASSES
        ):
            yield "targetClass", node

    def _constraints(self, node: Node, above: tuple[Node, ...], *, property_shape: bool) -> Iterator[Constraint]:
        graph = self.graph
        for name in sorted(SINGLE):
            values = graph.objects(node, sh(name))
            if len(values) > 1:
                raise ValueError(f"it has more than one sh:{name}")
            yield from (Constraint(name, self._number(name, v)) for v in values)
        for name in sorted(REPEATED):
            yield from (Constraint(name, v) for v in graph.objects(node, sh(name)))
        for name in sorted(SHAPES):
            yield from (Constraint(name, self.shape(v, above)) for v in graph.objects(node, sh(name)))
        for name in sorted(SHAPE_LISTS):
            for head in graph.objects(node, sh(name)):
                yield Constraint(name, tuple(self.shape(m, above) for m in graph.members(head)))
        yield from self._listed(node)
        yield from self._qualified(node, above)
        for query in graph.objects(node, sh("sparql")):
            yield from self._sparql(query)
        if not property_shape and any(
            graph.objects(node, sh(n)) for n in ("minCount", "maxCount", "uniqueLang", "lessThan")
        ):
            raise ValueError("a node shape has a constraint that only a property shape can have")

    def _number(self, name: str, value: Node) -> Any:  # noqa: ANN401 - a number or a term
        if name.endswith(("Count", "Length")):
            if not isinstance(value, ox.Literal) or not value.value.isdigit():
                raise ValueError(f"sh:{name} must be a whole number")
            return int(value.value)
        return value

    def _listed(self, node: Node) -> Iterator[Constraint]:
        graph = self.graph
        for head in graph.objects(node, sh("in")):
            yield Constraint("in", frozenset(graph.members(head)))
        for head in graph.objects(node, sh("languageIn")):
            yield Constraint("languageIn", tuple(m.value for m in graph.members(head)))
        if graph.value(node, sh("uniqueLang")) == _TRUE:
            yield Constraint("uniqueLang", True)  # noqa: FBT003
        flags = graph.value(node, sh("flags"))
        for pattern in graph.objects(node, sh("pattern")):
            yield Constraint("pattern", (pattern.value, flags.value if flags is not None else ""))
        if graph.value(node, sh("closed")) == _TRUE:
            ignored = graph.value(node, sh("ignoredProperties"))
            allowed = {
                path
                for p in graph.objects(node, sh("property"))
                if isinstance(path := graph.value(p, sh("path")), ox.NamedNode)
            }
            yield Constraint("closed", frozenset(allowed | set(graph.members(ignored) if ignored is not None else ())))

    def _qualified(self, node: Node, above: tuple[Node, ...]) -> Iterator[Constraint]:
        graph = self.graph
        for value in graph.objects(node, sh("qualifiedValueShape")):
            shape = self.shape(value, above)
            siblings: tuple[Node, ...] = ()
            if graph.value(node, sh("qualifiedValueShapesDisjoint")) == _TRUE:
                parents = graph.subjects(sh("property"), node)
                found = [
                    q
                    for parent in parents
                    for p in graph.objects(parent, sh("property"))
                    for q in graph.objects(p, sh("qualifiedValueShape"))
                ]
                siblings = tuple(self.shape(q, above) for q in dict.fromkeys(found) if q != value)
            for name in ("qualifiedMinCount", "qualifiedMaxCount"):
                for count in graph.objects(node, sh(name)):
                    yield Constraint(name, (shape, int(count.value), siblings))

    def _sparql(self, node: Node) -> Iterator[Constraint]:
        graph = self.graph
        if graph.value(node, sh("deactivated")) == _TRUE:
            return
        selects = graph.objects(node, sh("select"))
        if len(selects) != 1:
            raise ValueError("a SPARQL constraint must have exactly one sh:select")
        prologue = "".join(
            f"PREFIX {prefix.value}: <{namespace.value}>\n"
            for source in graph.objects(node, sh("prefixes"))
            for declaration in graph.objects(source, sh("declare"))
            for prefix in graph.objects(declaration, sh("prefix"))
            for namespace in graph.objects(declaration, sh("namespace"))
        )
        query = SparqlQuery(prologue + selects[0].value)
        yield Constraint("sparql", query, self._messages(node))
