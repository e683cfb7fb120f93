"""Warnings about a shapes graph: what is no error, and yet is likely not to mean what its author believes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.declared_queries import near_miss
from coopkg.shacl.report import Note
from coopkg.shacl.shape_nodes import SH, TRUE, sh
from coopkg.shacl.shapes import OF_DATA, SHAPE_TERMS
from coopkg.shacl.sparql_constraints import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coopkg.rdf.graph import Graph, Node
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.report import Place

_IMPORTS: Final = ox.NamedNode(STANDARD_PREFIXES["owl"] + "imports")
_CLASSES: Final = frozenset({
    "NodeShape", "PropertyShape", "Shape", "ShapeClass", "PropertyGroup", "PrefixDeclaration", "ConstraintComponent",
    "Parameter", "Parameterizable", "Validator", "SPARQLAskValidator", "SPARQLSelectValidator", "SPARQLConstraint",
    "SPARQLExecutable", "SPARQLAskExecutable", "SPARQLSelectExecutable", "SPARQLConstructExecutable", "SPARQLRule",
    "SPARQLFunction", "SPARQLTarget", "SPARQLTargetType", "Target", "TargetType", "TripleRule", "Rule", "Severity",
    "NodeKind", "ValidationReport", "ValidationResult", "AbstractResult", "ResultAnnotation", "Function",
})  # fmt: skip
_REPORT: Final = frozenset({
    "conforms", "result", "focusNode", "resultPath", "resultSeverity", "resultMessage", "value", "detail",
    "sourceShape", "sourceConstraint", "sourceConstraintComponent", "shapesGraphWellFormed", "namespace", "prefix",
    "optional", "subject", "predicate", "object", "condition", "construct", "returnType", "resultAnnotation",
    "annotationProperty", "annotationValue", "annotationVarName", "inversePath", "alternativePath", "zeroOrMorePath",
    "oneOrMorePath", "zeroOrOnePath", "update", "nodes", "path", "filterShape", "this", "union", "intersection",
})  # fmt: skip
_NEEDS: Final = {
    "flags": ("pattern",), "ignoredProperties": ("closed",), "qualifiedMinCount": ("qualifiedValueShape",),
    "qualifiedMaxCount": ("qualifiedValueShape",), "qualifiedValueShape": ("qualifiedMinCount", "qualifiedMaxCount"),
    "reificationRequired": ("reifierShape",),
}  # fmt: skip
"""Parameters that have no effect without one of others."""
_TRUE_ONLY: Final = ("closed", "uniqueLang", "deactivated", "singleLine", "uniqueMembers")
_ONE: Final = ox.Literal("1", datatype=TRUE.datatype)


def shape_warnings(graph: Graph, shapes: Mapping[Node, Shape], place: Callable[[Node], Place | None]) -> list[Note]:
    """Return the warnings about a shapes graph, each with the place of the node that it is about."""
    found = {**dict(_of_terms(graph)), **dict(_of_imports(graph)), **dict(_of_shapes(graph, shapes))}
    return [Note(message, place(node)) for (node, message) in sorted(found, key=lambda pair: str(pair[1]))]


_Warning = tuple[tuple["Node", str], None]


def _of_terms(graph: Graph) -> Iterator[_Warning]:
    """Yield what is called by a name that SHACL does not have; a shape with such a property is refused before."""
    known = SHAPE_TERMS | PARTS | _REPORT
    for subject, predicate, obj in graph.triples():
        name = predicate.value.removeprefix(SH)
        if predicate.value.startswith(SH) and name not in known:
            yield (subject, f"sh:{name} is no term of SHACL that is known here{near_miss(name, known)}"), None
        if name == OF_DATA:
            yield (subject, "sh:shape is for nodes of the data and means nothing here; perhaps sh:node is meant"), None
        if predicate == RDF_TYPE and isinstance(obj, ox.NamedNode) and obj.value.startswith(SH):
            kind = obj.value.removeprefix(SH)
            if kind not in _CLASSES:
                yield (subject, f"sh:{kind} is no class of SHACL{near_miss(kind, _CLASSES)}"), None


def _of_imports(graph: Graph) -> Iterator[_Warning]:
    for subject, imported in graph.pairs(_IMPORTS):
        if not any(True for _ in graph.predicates(imported)):
            yield (subject, f"owl:imports is not followed: name the file of {imported} too"), None


def _of_shapes(graph: Graph, shapes: Mapping[Node, Shape]) -> Iterator[_Warning]:
    referred = {node for shape in shapes.values() for node in shape.references}
    for node, shape in shapes.items():
        for name, others in _NEEDS.items():
            if graph.objects(node, sh(name)) and not any(graph.objects(node, sh(other)) for other in others):
                yield (node, f"sh:{name} has no effect without sh:{' or sh:'.join(others)}"), None
        for name in _TRUE_ONLY:
            if graph.value(node, sh(name)) == _ONE:
                yield (
                    (node, f"sh:{name} has no effect: its value is written 1, and only true is the literal true"),
                    None,
                )
        if not shape.targets and node not in referred and graph.value(node, sh("deactivated")) != TRUE:
            yield (node, "the shape has no target, and no other active shape refers to it: it is never used"), None
