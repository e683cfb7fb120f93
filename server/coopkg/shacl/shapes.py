"""The shapes graph as values: shapes, targets and constraints (SHACL, sections 2, 4, 5 and 6).

What is ill-formed, recursive or not supported is refused with the shape's name. A constraint that was skipped would let
data through that its author believes to be checked.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF, Graph, Node
from coopkg.shacl.closed_shapes import CLASSES
from coopkg.shacl.components import (  # noqa: F401 - each registers its components
    cardinality,
    expressions,
    lists,
    logic,
    others,
    property_pairs,
    queries,
    shape_based,
    strings,
    value_ranges,
    value_types,
)
from coopkg.shacl.constraints import SPARQL_TARGET, TARGET_WHERE, Constraint, Shape, registered
from coopkg.shacl.declared_queries import known_only, near_miss
from coopkg.shacl.property_paths import read_path
from coopkg.shacl.report import Severity
from coopkg.shacl.shape_nodes import BOOLEAN, IRI, SH, TRUE, ShapeNode, sh
from coopkg.shacl.sparql_constraints import IN_CONSTRAINT, messages, read_components
from coopkg.shacl.sparql_targets import read_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Called = Callable[[Node], str]

TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", TARGET_WHERE, SPARQL_TARGET)
COMPONENTS: Final = registered()
_PARAMETERS: Final = frozenset(
    name for component in COMPONENTS if component.is_parameter for name in (component.name, *component.further)
)
_ONCE: Final = frozenset({"severity", "deactivated", "path"}) | frozenset(
    name
    for component in COMPONENTS
    if component.is_parameter
    for name in (*component.further, *(() if component.repeated else (component.name,)))
)
"""Parameters that a shape may have once."""
ANNOTATIONS: Final = frozenset({
    "name", "description", "order", "group", "defaultValue", "message", "prefixes", "declare", "intent",
    "agentInstruction", "codeIdentifier", "shapesGraph", "suggestedShapesGraph", "labelTemplate",
})  # fmt: skip
"""Properties of shapes that no validation reads."""
OF_DATA: Final = "shape"
"""What SHACL 1.2 has nodes of the data name their shapes by: on a shape it means nothing."""
SHAPE_TERMS: Final = _PARAMETERS | ANNOTATIONS | {*TARGETS, "path", "severity", "deactivated", OF_DATA}
UNSUPPORTED: Final = frozenset({"js", "nodeByExpression", "rule", "values"})
"""Properties that would change what is validated, and that nothing here evaluates."""
_SHAPE_CLASS: Final = sh("ShapeClass")
_SHAPE_KINDS: Final = (sh("NodeShape"), sh("PropertyShape"), _SHAPE_CLASS)
_VIOLATION: Final = sh("Violation")
_WANTED: Final[Mapping[str, tuple[Callable[[Node], bool], str]]] = {
    **{c.name: c.wanted for c in COMPONENTS if c.wanted},
    **dict.fromkeys(("severity", "targetClass", "targetSubjectsOf", "targetObjectsOf"), IRI),
    "deactivated": BOOLEAN,
    "targetNode": (lambda value: not isinstance(value, ox.BlankNode), "an IRI or a literal"),
}
"""What the values of a parameter must be."""


def read_shapes(graph: Graph, called: Called | None = None) -> dict[Node, Shape]:
    """Read every shape that has a target, and those they refer to. Raises DatasetBroken naming the shape.

    ``called`` gives the names of nodes in messages; without it blank nodes have none.
    """
    called = called or _called
    # A validator that does not support a regime must signal a failure (section 1.5).
    for source, regime in graph.pairs(sh("entailment")):
        raise DatasetBroken(
            f"The shapes graph {called(source)} wants the entailment regime {regime}, which is not supported."
        )
    reader = _Reader(graph, called)
    _refuse_strays(graph, reader.shapes, called)
    _refuse_recursion(reader.shapes, called)
    return reader.shapes


def _called(node: Node) -> str:
    return "without a name" if isinstance(node, ox.BlankNode) else str(node)


def _refuse_strays(graph: Graph, shapes: Mapping[Node, Shape], called: Called) -> None:
    """Refuse nodes that are no shapes only because a property that would target them is misspelt or not supported."""
    for subject, predicate, _ in graph.triples():
        name = predicate.value.removeprefix(SH)
        if predicate.value.startswith(SH) and name not in SHAPE_TERMS and subject not in shapes:
            meant = near_miss(name, TARGETS)
            if name in UNSUPPORTED or (meant and name not in IN_CONSTRAINT):
                raise DatasetBroken(f"The shape {called(subject)} cannot be used: sh:{name} is not supported{meant}.")


def _refuse_recursion(shapes: Mapping[Node, Shape], called: Called) -> None:
    # pySHACL warns and reports that all conforms; a validator must not guess.
    try:
        TopologicalSorter({node: tuple(shape.references) for node, shape in shapes.items()}).prepare()
    except CycleError as error:
        raise DatasetBroken(
            f"The shape {called(error.args[1][0])} refers to itself; SHACL leaves that undefined, so it is refused."
        ) from None


class _Reader:
    """Reads shapes one after another, never one within another: they may be nested thousands deep."""

    def __init__(self, graph: Graph, called: Called) -> None:
        self.graph = graph
        self.called = called
        try:
            self.cache: dict[str, Any] = {"components": read_components(graph, called)}
        except ValueError as error:
            raise DatasetBroken(f"The shapes graph cannot be used: {error}.") from None
        self.shapes: dict[Node, Shape] = {}
        pending = list(dict.fromkeys(self._targeted()))[::-1]
        while pending:
            node = pending.pop()
            if node not in self.shapes:
                shape = self._shape(node)
                self.shapes[node] = shape
                pending += shape.references

    def _targeted(self) -> Iterator[Node]:
        for name in TARGETS:
            for shape, _ in self.graph.pairs(sh(name)):
                yield shape
        for kind in _SHAPE_KINDS:
            yield from self.graph.instances(kind)

    def _shape(self, node: Node) -> Shape:
        try:
            return self._read(node)
        except ValueError as error:
            raise DatasetBroken(f"The shape {self.called(node)} cannot be used: {str(error).rstrip('.')}.") from None

    def _read(self, node: Node) -> Shape:
        if isinstance(node, ox.Literal):
            raise ValueError("a literal is no shape")  # noqa: TRY004 - the shapes graph is wrong, not the program
        self._check(node)
        path_node = self.graph.value(node, sh("path"))
        path = None if path_node is None else read_path(self.graph, path_node)
        severity = self.graph.value(node, sh("severity")) or _VIOLATION
        # A deactivated shape conforms always (section 2.1.6), so that it is one without constraints and targets.
        deactivated = self.graph.value(node, sh("deactivated")) == TRUE
        source = ShapeNode(self.graph, node, path, self.called, self.cache)
        return Shape(
            node=node,
            path=path,
            path_node=path_node,
            # Any IRI may be a severity (section 2.1.4). The report has it as it is; the gate counts it as a violation.
            severity=next((s for s in Severity if SH + s.value == severity.value), Severity.VIOLATION),
            severity_node=severity,
            message_terms=messages(self.graph, node),
            constraints=() if deactivated else tuple(self._constraints(source)),
            targets=() if deactivated else tuple(self._targets(source)),
        )

    @staticmethod
    def _constraints(source: ShapeNode) -> Iterator[Constraint]:
        for component in COMPONENTS:
            yield from component.read(source)

    def _check(self, node: Node) -> None:
        """Check the syntax rules (SHACL, appendix E), and that all is supported. Raises ValueError."""
        # A node that is a constraint too may have the properties of both.
        is_constraint = bool(self.graph.subjects(sh("sparql"), node))
        known_only(self.graph, node, SHAPE_TERMS | IN_CONSTRAINT if is_constraint else SHAPE_TERMS, self.called)
        for name in sorted(_ONCE):
            if len(self.graph.objects(node, sh(name))) > 1:
                raise ValueError(f"it has more than one sh:{name}")
        for name, (fits, what) in _WANTED.items():
            if not all(map(fits, self.graph.objects(node, sh(name)))):
                raise ValueError(f"a value of sh:{name} must be {what}")
        # The path decides what a shape is; its declared type must not say otherwise (sections 2.2 and 2.3).
        has_path = bool(self.graph.objects(node, sh("path")))
        types = {t for t in self.graph.objects(node, RDF_TYPE) if t in _SHAPE_KINDS}
        if (types - {sh("PropertyShape")}) if has_path else sh("PropertyShape") in types:
            raise ValueError("a property shape has a path, and a node shape has none")
        for component in COMPONENTS:
            if self.graph.objects(node, sh(component.name)):
                if component.for_property_shapes and not has_path:
                    raise ValueError(f"it is a node shape, and only a property shape can have sh:{component.name}")
                if component.for_node_shapes and has_path:
                    raise ValueError(f"it is a property shape, and only a node shape can have sh:{component.name}")

    def _targets(self, source: ShapeNode) -> Iterator[tuple[str, Any]]:
        node = source.node
        for name in TARGETS:
            for value in source.values(name):
                yield name, read_target(source, value) if name == SPARQL_TARGET else value
        # Implicit class targets (section 2.1.3.3): a shape that is a class targets its instances.
        is_shape = any(self.graph.is_instance(node, kind) for kind in _SHAPE_KINDS)
        types = self.graph.objects(node, RDF_TYPE)
        if is_shape and any(
            kind in self.graph.closure(t, SUBCLASS_OF) for t in types for kind in (*CLASSES, _SHAPE_CLASS)
        ):
            if isinstance(node, ox.BlankNode):
                raise ValueError("a blank node cannot be the class whose instances it targets")
            yield "targetClass", node
