"""The shapes graph as values: shapes, targets and constraints (SHACL, sections 2, 4, 5 and 6).

What is ill-formed, recursive or not supported is refused with the shape's name. A constraint that was skipped would let
data through that its author believes to be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF, Graph, Node, Readable
from coopkg.rdf.literals import readable_pattern, well_formed
from coopkg.rdf.namespaces import DEFAULT_BASE, STANDARD_PREFIXES
from coopkg.rdf.terms import rebase_quad, rebase_term
from coopkg.shacl.closed_shapes import ByTypes
from coopkg.shacl.property_paths import Path, read_path
from coopkg.shacl.report import Severity
from coopkg.shacl.sparql_constraints import (  # fmt: skip
    TRUE,
    Component,
    component_constraints,
    known_only,
    messages,
    read_components,
    read_constraint,
    sh,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_SH: Final = STANDARD_PREFIXES["sh"]
_XSD: Final = STANDARD_PREFIXES["xsd"]
_CLASSES: Final = (ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "Class"), ox.NamedNode(STANDARD_PREFIXES["owl"] + "Class"))
_BY_TYPES: Final = ox.NamedNode(_SH + "ByTypes")
_CLOSED: Final = _SH + "ClosedConstraintComponent"
_VIOLATION: Final = ox.NamedNode(_SH + "Violation")

TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
SINGLE: Final = frozenset({
    "minCount", "maxCount", "minExclusive", "maxExclusive", "minInclusive", "maxInclusive",
    "minLength", "maxLength", "datatype", "nodeKind",
})  # fmt: skip
"""Parameters that a shape may have once."""
REPEATED: Final = frozenset({"class", "equals", "disjoint", "lessThan", "lessThanOrEquals", "hasValue"})
"""Parameters each of whose values is a constraint of its own."""
SHAPES: Final = frozenset({"node", "property", "not"})
"""Parameters whose values are shapes."""
SHAPE_LISTS: Final = frozenset({"and", "or", "xone"})
"""Parameters whose values are lists of shapes."""
_ONCE: Final = frozenset({
    "in", "languageIn", "uniqueLang", "pattern", "flags", "closed", "ignoredProperties", "severity", "deactivated",
    "qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint", "path",
})  # fmt: skip
_KNOWN: Final = SINGLE | REPEATED | SHAPES | SHAPE_LISTS | _ONCE | {
    *TARGETS, "sparql", "message", "name", "description", "order", "group", "defaultValue",
}  # fmt: skip
_OF_PROPERTY_SHAPES: Final = frozenset({"minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals"})
_BOOLEANS: Final = frozenset({"deactivated", "uniqueLang", "qualifiedValueShapesDisjoint"})
_KINDS: Final = frozenset(
    _SH + kind for kind in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
)


@dataclass(frozen=True)
class Constraint:
    """A constraint: the parameter that names it, and its values.

    A query in SPARQL has the name ``sparql``, and ``node`` is the value of sh:sparql; or it has the name ``component``,
    and ``declared`` is the constraint component of the shapes graph that it comes from. ``messages`` are its own.
    """

    name: str
    value: Any
    messages: tuple[ox.Literal, ...] = ()
    declared: str = ""
    node: Node | None = None

    @property
    def component(self) -> str:
        """Return the IRI of the constraint component."""
        return self.declared or f"{_SH}{self.name[0].upper()}{self.name[1:]}ConstraintComponent"


@dataclass(frozen=True)
class Shape:
    """A node shape, or a property shape where there is a path.

    ``severity_node`` is the severity as the shapes graph has it; one that SHACL does not know counts as Violation.
    """

    node: Node
    path: Path | None
    path_node: Node | None
    severity: Severity
    severity_node: ox.NamedNode
    message_terms: tuple[ox.Literal, ...]
    constraints: tuple[Constraint, ...]
    targets: tuple[tuple[str, Node], ...]

    @property
    def name(self) -> str:
        """The shape's IRI, or a blank node's label."""
        return self.node.value if isinstance(self.node, ox.NamedNode) else str(self.node)

    @property
    def messages(self) -> Mapping[str, str]:
        """The messages by language; one without a language counts as English."""
        return by_language(self.message_terms)


def focus_nodes(graph: Readable, shape: Shape) -> dict[Node, None]:
    """Select the nodes of a data graph that are targets of a shape, once each, in a dict (SHACL, section 2.1.3)."""
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
    return nodes


def by_language(terms: Iterable[ox.Literal]) -> dict[str, str]:
    """Return strings by their language; one without counts as English."""
    return {term.language or "en": term.value for term in terms}


def read_shapes(graph: Graph) -> dict[Node, Shape]:
    """Read every shape that has a target, and those they refer to. Raises DatasetBroken naming the shape."""
    # A validator that does not support a regime must signal a failure (section 1.5).
    for source, regime in graph.pairs(sh("entailment")):
        raise DatasetBroken(f"The shapes graph {source} wants the entailment regime {regime}, which is not supported.")
    try:
        reader = _Reader(graph, read_components(graph))
    except ValueError as error:
        raise DatasetBroken(f"The shapes graph cannot be used: {error}.") from None
    for node in dict.fromkeys(reader.targeted()):
        reader.shape(node, ())
    return reader.shapes


class _Reader:
    def __init__(self, graph: Graph, components: tuple[Component, ...]) -> None:
        self.graph = graph
        self.components = components
        self.shapes: dict[Node, Shape] = {}

    def targeted(self) -> Iterator[Node]:
        for name in TARGETS:
            for shape, _ in self.graph.pairs(sh(name)):
                yield shape
        for kind in ("NodeShape", "PropertyShape"):
            yield from self.graph.instances(sh(kind))

    def shape(self, node: Node, above: tuple[Node, ...]) -> Node:
        # pySHACL warns and reports that all conforms; a validator must not guess.
        if node in above:
            raise DatasetBroken(f"The shape {node} refers to itself; SHACL leaves that undefined, so it is refused.")
        # A shape that several others refer to is read once.
        if node in self.shapes:
            return node
        try:
            self.shapes[node] = self._read(node, (*above, node))
        except ValueError as error:
            raise DatasetBroken(f"The shape {node} cannot be used: {error}.") from None
        return node

    def _read(self, node: Node, above: tuple[Node, ...]) -> Shape:
        if isinstance(node, ox.Literal):
            raise ValueError("a literal is no shape")  # noqa: TRY004 - the shapes graph is wrong, not the program
        self._check(node)
        path_node = self._one(node, "path")
        path = None if path_node is None else read_path(self.graph, path_node)
        severity = self._one(node, "severity") or _VIOLATION
        # A deactivated shape conforms always (section 2.1.6), so that it is one without constraints and targets.
        deactivated = self._is_true(node, "deactivated")
        return Shape(
            node=node,
            path=path,
            path_node=path_node,
            # Any IRI may be a severity (section 2.1.4). The report has it as it is; the gate counts it as a violation.
            severity=next((s for s in Severity if _SH + s.value == severity.value), Severity.VIOLATION),
            severity_node=severity,
            message_terms=messages(self.graph, node),
            constraints=() if deactivated else tuple(self._constraints(node, above, path)),
            targets=() if deactivated else tuple(self._targets(node)),
        )

    def _check(self, node: Node) -> None:
        """Check the syntax rules (SHACL, appendix E), and that all is supported. Raises ValueError."""
        known_only(self.graph, node, _KNOWN)
        for name in sorted(SINGLE | _ONCE):
            if len(self.graph.objects(node, sh(name))) > 1:
                raise ValueError(f"it has more than one sh:{name}")
        for name, (fits, what) in _VALUES.items():
            if not all(map(fits, self.graph.objects(node, sh(name)))):
                raise ValueError(f"a value of sh:{name} must be {what}")
        # The path decides what a shape is; its declared type must not say otherwise (sections 2.2 and 2.3).
        has_path = bool(self.graph.objects(node, sh("path")))
        types = {t for t in self.graph.objects(node, RDF_TYPE) if t in {sh("NodeShape"), sh("PropertyShape")}}
        if sh("NodeShape" if has_path else "PropertyShape") in types:
            raise ValueError("a property shape has a path, and a node shape has none")
        for name in sorted(_OF_PROPERTY_SHAPES):
            if not has_path and self.graph.objects(node, sh(name)):
                raise ValueError(f"it is a node shape, and only a property shape can have sh:{name}")

    def _one(self, node: Node, name: str) -> Node | None:
        return self.graph.value(node, sh(name))

    def _is_true(self, node: Node, name: str) -> bool:
        return self._one(node, name) == TRUE

    def _targets(self, node: Node) -> Iterator[tuple[str, Node]]:
        for name in TARGETS:
            for value in self.graph.objects(node, sh(name)):
                yield name, value
        # Implicit class targets (section 2.1.3.3): a shape that is a class targets its instances.
        is_shape = any(self.graph.is_instance(node, sh(kind)) for kind in ("NodeShape", "PropertyShape"))
        types = self.graph.objects(node, RDF_TYPE)
        if is_shape and any(kind in self.graph.closure(t, SUBCLASS_OF) for t in types for kind in _CLASSES):
            if isinstance(node, ox.BlankNode):
                raise ValueError("a blank node cannot be the class whose instances it targets")
            yield "targetClass", node

    def _constraints(self, node: Node, above: tuple[Node, ...], path: Path | None) -> Iterator[Constraint]:
        graph = self.graph
        for name in sorted(SINGLE | REPEATED):
            yield from (Constraint(name, _number(name, v)) for v in graph.objects(node, sh(name)))
        for name in sorted(SHAPES):
            for value in graph.objects(node, sh(name)):
                yield Constraint(name, self._referred(name, value, above))
        for name in sorted(SHAPE_LISTS):
            for head in graph.objects(node, sh(name)):
                yield Constraint(name, tuple(self.shape(m, above) for m in graph.members(head)))
        yield from self._listed(node)
        yield from self._qualified(node, above)
        for value in graph.objects(node, sh("sparql")):
            if self._one(value, "severity") not in {None, self._one(node, "severity")}:
                raise ValueError(f"the severity of {value} is not the shape's, whose results it gives")
            if (declared := read_constraint(graph, value, path)) is not None:
                yield Constraint("sparql", declared.query, declared.messages, declared.component, value)
        for declared in component_constraints(graph, self.components, node, path):
            yield Constraint("component", declared.query, declared.messages, declared.component)

    def _referred(self, name: str, node: Node, above: tuple[Node, ...]) -> Node:
        has_path = bool(self.graph.objects(node, sh("path")))
        if name != "not" and has_path != (name == "property"):
            raise ValueError(f"the value {node} of sh:{name} must be a {name} shape")
        return self.shape(node, above)

    def _listed(self, node: Node) -> Iterator[Constraint]:
        graph = self.graph
        for head in graph.objects(node, sh("in")):
            yield Constraint("in", frozenset(graph.members(head)))
        for head in graph.objects(node, sh("languageIn")):
            ranges = graph.members(head)
            if not all(map(_is_string, ranges)):
                raise ValueError("a member of sh:languageIn must be a string")
            yield Constraint("languageIn", tuple(m.value for m in ranges))
        if self._is_true(node, "uniqueLang"):
            yield Constraint("uniqueLang", True)  # noqa: FBT003
        pattern, flags = self._one(node, "pattern"), self._one(node, "flags")
        if pattern is not None:
            regex = (pattern.value, flags.value if flags is not None else "")
            if not readable_pattern(*regex):
                raise ValueError(f"the pattern {regex[0]!r} is no regular expression that SPARQL reads")
            yield Constraint("pattern", regex)
        if self._is_true(node, "closed"):
            yield Constraint("closed", frozenset(self._allowed(node)))
        elif self._one(node, "closed") == _BY_TYPES:
            allowed = ByTypes(frozenset({RDF_TYPE, *self._ignored(node)}), self._properties_of_classes())
            yield Constraint("closedByTypes", allowed, declared=_CLOSED)

    def _allowed(self, node: Node) -> Iterator[Node]:
        """Yield the properties that a closed shape allows (SHACL, section 4.8.1)."""
        yield from self._ignored(node)
        yield from self._paths(node)

    def _ignored(self, node: Node) -> Iterable[Node]:
        ignored = self._one(node, "ignoredProperties")
        return self.graph.members(ignored) if ignored is not None else ()

    def _paths(self, node: Node) -> Iterator[Node]:
        """Yield the properties that are the whole path of a property shape of a shape."""
        for value in self.graph.objects(node, sh("property")):
            path = self._one(value, "path")
            # Only single properties count; longer paths allow nothing.
            if isinstance(path, ox.NamedNode):
                yield path

    def _properties_of_classes(self) -> dict[Node, frozenset[Node]]:
        """Return the properties that the shapes for each class name (SHACL 1.2 Core, sh:closed).

        The shapes for a class are the class itself, those that target it, those of its superclasses in the shapes
        graph, and whatever all of these refer to by sh:node. An owl:Class is a class, and so is what a shape targets.
        """
        graph = self.graph
        targeting: dict[Node, list[Node]] = {}
        for shape, cls in graph.pairs(sh("targetClass")):
            targeting.setdefault(cls, []).append(shape)
        classes = dict.fromkeys((*targeting, *(c for kind in _CLASSES for c in graph.instances(kind))))
        allowed: dict[Node, frozenset[Node]] = {}
        for cls in classes:
            shapes: dict[Node, None] = {cls: None}
            pending = [cls]
            while pending:
                node = pending.pop()
                further = list(graph.objects(node, sh("node")))
                if node in classes:
                    further += [*graph.objects(node, SUBCLASS_OF), *targeting.get(node, ())]
                pending += [n for n in further if n not in shapes]
                shapes.update(dict.fromkeys(further))
            allowed[cls] = frozenset(path for node in shapes for path in self._paths(node))
        return allowed

    def _qualified(self, node: Node, above: tuple[Node, ...]) -> Iterator[Constraint]:
        graph = self.graph
        value = self._one(node, "qualifiedValueShape")
        if value is None:
            return
        shape = self.shape(value, above)
        siblings: tuple[Node, ...] = ()
        if self._is_true(node, "qualifiedValueShapesDisjoint"):
            # The qualified value shapes of the other property shapes of every parent (section 4.7.3).
            candidates = [
                q
                for parent in graph.subjects(sh("property"), node)
                for p in graph.objects(parent, sh("property"))
                for q in graph.objects(p, sh("qualifiedValueShape"))
            ]
            siblings = tuple(self.shape(q, above) for q in dict.fromkeys(candidates) if q != value)
        for name in ("qualifiedMinCount", "qualifiedMaxCount"):
            for count in graph.objects(node, sh(name)):
                yield Constraint(name, (shape, int(count.value), siblings))


def _number(name: str, value: Node) -> Any:  # noqa: ANN401 - a number or a term
    return int(value.value) if name.endswith(("Count", "Length")) else value


def _is_iri(value: Node) -> bool:
    return isinstance(value, ox.NamedNode)


def _is_literal(value: Node) -> bool:
    return isinstance(value, ox.Literal)


def _is_of(value: Node, *types: str) -> bool:
    return isinstance(value, ox.Literal) and value.datatype.value in {_XSD + name for name in types}


def _is_string(value: Node) -> bool:
    return _is_of(value, "string")


def _is_boolean(value: Node) -> bool:
    return _is_of(value, "boolean") and well_formed(value.value, value.datatype.value)


def _is_whole(value: Node) -> bool:
    return _is_of(value, "integer") and well_formed(value.value, _XSD + "nonNegativeInteger")


_IRIS: Final = (
    "class", "datatype", "equals", "disjoint", "lessThan", "lessThanOrEquals", "severity",
    "targetClass", "targetSubjectsOf", "targetObjectsOf",
)  # fmt: skip
_NUMBERS: Final = ("minCount", "maxCount", "minLength", "maxLength", "qualifiedMinCount", "qualifiedMaxCount")
_VALUES: Final[Mapping[str, tuple[Callable[[Node], bool], str]]] = {
    **dict.fromkeys(_IRIS, (_is_iri, "an IRI")),
    **dict.fromkeys(_NUMBERS, (_is_whole, "a whole number")),
    **dict.fromkeys(("minExclusive", "maxExclusive", "minInclusive", "maxInclusive"), (_is_literal, "a literal")),
    **dict.fromkeys(("pattern", "flags"), (_is_string, "a string")),
    **dict.fromkeys(sorted(_BOOLEANS), (_is_boolean, "true or false")),
    "closed": (lambda value: _is_boolean(value) or value == _BY_TYPES, "true, false or sh:ByTypes"),
    "nodeKind": (lambda value: _is_iri(value) and value.value in _KINDS, "a kind of node"),
    "targetNode": (lambda value: not isinstance(value, ox.BlankNode), "an IRI or a literal"),
}
"""What the values of a parameter must be."""


def moved_to_base(quad: ox.Quad, base: str) -> ox.Quad:
    """Move a quad of the shapes graph to another base IRI, also where the IRI stands in a query or a pattern."""
    if base == DEFAULT_BASE:
        return quad
    # Messages have a language and name no IRIs. Queries, patterns and namespaces are plain literals.
    if not isinstance(quad.object, ox.Literal) or quad.object.language:
        return rebase_quad(quad, DEFAULT_BASE, base)
    text = quad.object.value.replace(DEFAULT_BASE, base).replace(_in_pattern(DEFAULT_BASE), _in_pattern(base))
    return ox.Quad(
        rebase_term(quad.subject, DEFAULT_BASE, base),
        rebase_term(quad.predicate, DEFAULT_BASE, base),
        ox.Literal(text, datatype=quad.object.datatype),
    )


def _in_pattern(iri: str) -> str:
    """Write an IRI as it stands in a regular expression, its full stops escaped."""
    return iri.replace(".", "\\.")
