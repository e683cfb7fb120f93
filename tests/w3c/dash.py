"""TopBraid's DASH test cases: each file is data and shapes at once, with the results expected of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.graph import Graph
from coopkg.shacl.findings import Finding
from coopkg.shacl.property_paths import read_path
from coopkg.shacl.validation import validate
from w3c.shacl import SH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.rdf.graph import Node

WHERE: Final = "the DASH test cases are not there: set COOPKG_DASH to the folder that holds their *.test.ttl"
_DASH: Final = "http://datashapes.org/dash#"
_UNDECLARED: Final = "the prefix ex: is not declared"
REFUSED: Final = {
    # The prefix stands in the Turtle file alone, and no sh:declare has it: a failure (SHACL, section 5.2.1).
    "sparql/node/prefixes-001": _UNDECLARED,
    "target/sparqlTargetType-001": _UNDECLARED,
    "function/callSPARQLFunction": _UNDECLARED,
}
"""The cases that are refused, each with what the refusal says; docs/validation.md has the reasons."""
DECLARED: Final = {
    "sparql/node/prefixes-001": None,
    "target/sparqlTargetType-001": None,
    "function/callSPARQLFunction": "custom function",
}
"""Cases whose file lacks the declaration of ex:, each with what refuses it once it has one, or None."""


@dataclass(frozen=True)
class Case:
    """One test case: the quads of its file, and the node that describes it."""

    id: str
    quads: tuple[ox.Quad, ...]
    node: Node


def cases() -> Iterator[Case]:
    """Give the cases of validation in the folder that COOPKG_DASH names."""
    root = Path(os.environ.get("COOPKG_DASH", ""))
    for file in sorted(root.rglob("*.test.ttl")) if os.environ.get("COOPKG_DASH") else ():
        name = file.relative_to(root).as_posix().removesuffix(".test.ttl")
        try:
            quads = tuple(ox.parse(path=file, base_iri="http://datashapes.org/sh/tests/"))
        except SyntaxError:
            continue  # files that are not Turtle, beside the cases of queries
        for node in Graph(quads).instances(ox.NamedNode(_DASH + "GraphValidationTestCase")):
            yield Case(name, quads, node)


def with_prefix(case: Case) -> Case:
    """Give a case in which what sh:prefixes names declares ex:, as the Turtle file has it."""
    graph = Graph(case.quads)
    namespace = ox.Literal(case.node.value.rpartition("#")[0] + "#")
    added = []
    for _, source in graph.pairs(ox.NamedNode(SH + "prefixes")):
        declaration = ox.BlankNode()
        added += [
            ox.Quad(source, ox.NamedNode(SH + "declare"), declaration),
            ox.Quad(declaration, ox.NamedNode(SH + "prefix"), ox.Literal("ex")),
            ox.Quad(declaration, ox.NamedNode(SH + "namespace"), namespace),
        ]
    return Case(case.id, (*case.quads, *added), case.node)


def differences(case: Case) -> tuple[list[Any], list[Any]]:
    """Give the results that are missing and those that are too many; each as far as the case describes it.

    Raises DatasetBroken where the shapes are refused.
    """
    graph = Graph(case.quads)
    report = graph.value(case.node, ox.NamedNode(_DASH + "expectedResult"))
    actual = [result for result in validate(case.quads, case.quads).results if isinstance(result, Finding)]
    missing = []
    for node in graph.objects(report, ox.NamedNode(SH + "result")):
        found = next((result for result in actual if _is(graph, node, result)), None)
        if found is None:
            missing.append(sorted(map(str, graph.predicates(node))))
        else:
            actual.remove(found)
    return missing, actual


def _is(graph: Graph, node: Node, result: Finding) -> bool:
    """Whether a result is the expected one: its focus node, component, path and value, and what else is given."""

    def given(name: str) -> tuple[Node, ...]:
        return tuple(graph.objects(node, ox.NamedNode(SH + name)))

    paths, messages = given("resultPath"), given("resultMessage")
    return (
        given("focusNode") == (result.focus,)
        and given("sourceConstraintComponent") == (ox.NamedNode(result.component),)
        and (read_path(graph, paths[0]) if paths else None) == result.result_path
        and given("value") == (() if result.value is None else (result.value,))
        and given("resultSeverity") in {(), (result.severity_node,)}
        # A shape without a name is described once more there, by a node of its own.
        and all(shape == result.shape_node for shape in given("sourceShape") if isinstance(shape, ox.NamedNode))
        and (not messages or set(messages) == set(result.message_terms))
    )
