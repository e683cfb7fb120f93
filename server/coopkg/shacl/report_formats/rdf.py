"""The report formats of the specification: the report as a graph (SHACL, section 3.6), in Turtle and JSON-LD."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import serialize_triples_as, serialize_turtle, triple
from coopkg.shacl.findings import Finding
from coopkg.shacl.property_paths import path_graph
from coopkg.shacl.report import looked_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.shacl.report import Report, Result
    from coopkg.shacl.report_formats.outcome import ReportView

_SH: Final = STANDARD_PREFIXES["sh"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_COMMENT: Final = STANDARD_PREFIXES["rdfs"] + "comment"
_LABEL: Final = ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "label")


def turtle(view: ReportView) -> str:
    """Return the results graph as Turtle."""
    return serialize_turtle(triples(view.report), view.prefixes)


def json_ld(view: ReportView) -> str:
    """Return the results graph as JSON-LD, in expanded form."""
    return serialize_triples_as(triples(view.report), ox.RdfFormat.JSON_LD, view.prefixes).decode() + "\n"


def triples(report: Report) -> list[ox.Triple]:
    """Return the results graph; the blank nodes in the results have their descriptions as labels."""
    root = "_:report"
    graph = [triple(root, _TYPE, _SH + "ValidationReport"), triple(root, _SH + "conforms", report.conforms)]
    if report.coverage:
        graph.append(triple(root, _COMMENT, looked_at(report.coverage, {}), "en"))
    graph += [triple(root, _COMMENT, f"About {note.topic}: {note}.", "en") for note in report.notes]
    numbers = itertools.count(1)
    for result in report.results:
        node = f"_:result{next(numbers)}"
        graph += [triple(root, _SH + "result", node), *_with_details(node, result, numbers)]
    return graph


def _with_details(node: str, result: Result, numbers: Iterator[int]) -> Iterator[ox.Triple]:
    """Yield the triples of a result, and those of the results that it follows from (section 3.6.2.8)."""
    yield from _result(node, result)
    for detail in result.details:
        inner = f"_:result{next(numbers)}"
        yield triple(node, _SH + "detail", inner)
        yield from _with_details(inner, detail, numbers)


def _from_the_shapes(node: str, result: Result) -> Iterator[ox.Triple]:
    """Yield severity, path and constraint as the shapes graph has them, where the validator knows them."""
    if isinstance(result, Finding):
        yield triple(node, _SH + "resultSeverity", result.severity_node.value)
        if result.result_path is not None:
            term, described = path_graph(result.result_path)
            yield from (ox.Triple(ox.BlankNode(node[2:]), ox.NamedNode(_SH + "resultPath"), term), *described)
        if result.source_constraint is not None:
            yield ox.Triple(ox.BlankNode(node[2:]), ox.NamedNode(_SH + "sourceConstraint"), result.source_constraint)
        return
    yield triple(node, _SH + "resultSeverity", _SH + result.severity.value)
    if result.path:
        yield triple(node, _SH + "resultPath", result.path)


def _messages(node: str, result: Result) -> Iterator[ox.Triple]:
    if isinstance(result, Finding):
        for message in sorted(result.message_terms, key=lambda term: (term.language or "", term.value)):
            yield ox.Triple(ox.BlankNode(node[2:]), ox.NamedNode(_SH + "resultMessage"), message)
    else:
        for language, text in sorted(result.messages.items()):
            yield triple(node, _SH + "resultMessage", text, language)


def _result(node: str, result: Result) -> Iterator[ox.Triple]:
    yield triple(node, _TYPE, _SH + "ValidationResult")
    yield triple(node, _SH + "focusNode", result.focus)
    yield triple(node, _SH + "sourceShape", result.shape)
    yield triple(node, _SH + "sourceConstraintComponent", result.component)
    yield from _from_the_shapes(node, result)
    if result.value is not None:
        yield triple(node, _SH + "value", result.value)
    yield from _messages(node, result)
    for name, labels in sorted(result.names.items()):
        for language, text in sorted(labels.items()):
            # A blank node of the data means nothing outside of its document, but its description does.
            yield ox.Triple(ox.BlankNode(name[2:]), _LABEL, ox.Literal(text, language=language))
