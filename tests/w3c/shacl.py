"""The SHACL suite of the W3C: each test a data graph, a shapes graph, and the report expected or that there is none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import RDF_FIRST, RDF_REST, RDF_TYPE, Graph
from coopkg.shacl.findings import Finding
from coopkg.shacl.property_paths import path_graph
from coopkg.shacl.validation import validate
from w3c.compare import Verdict, compare
from w3c.harness import Outcome
from w3c.manifest import MF, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.report import Report

BASE: Final = "https://w3c.github.io/data-shapes/data-shapes-test-suite/tests/"
SH: Final = "http://www.w3.org/ns/shacl#"
SHT: Final = "http://www.w3.org/ns/shacl-test#"
SUITES: Final = {"SHACL Core": "core", "SHACL-SPARQL": "sparql"}
WHERE: Final = "the SHACL suite is not there: set COOPKG_W3C to the folder with shacl/"
_MARKS: Final = {"*": "zeroOrMorePath", "+": "oneOrMorePath", "?": "zeroOrOnePath"}


@dataclass(frozen=True)
class Case:
    """One test; ``expected`` is a report, or None where validation must fail; no data where its files are absent."""

    iri: str
    suite: str
    data: Path | None = None
    shapes: Path | None = None
    expected: tuple[ox.Quad, ...] | None = None

    @property
    def id(self) -> str:
        """Give a short name that is unique within the suite."""
        return self.iri.removeprefix(BASE)

    @property
    def absent(self) -> bool:
        """Say whether a file of the test is not there."""
        return not (self.data and self.shapes and self.data.is_file() and self.shapes.is_file())


def folders() -> tuple[Path, ...]:
    """Give the folders with the suite; COOPKG_W3C_MORE names one whose files are taken where the first lacks them."""
    named = [os.environ.get("COOPKG_W3C", ROOT.parent / "shared" / "w3c"), os.environ.get("COOPKG_W3C_MORE")]
    paths = [Path(name) / "shacl" for name in named if name]
    return tuple(path for path in paths if path.is_dir())


@cache
def read_suite(name: str) -> tuple[Case, ...]:
    """Give every test of a suite that a file describes, and one for each absent file that a manifest names."""
    names = sorted({
        file.relative_to(root).as_posix() for root in folders() for file in (root / SUITES[name]).rglob("*.ttl")
    })  # fmt: skip
    return tuple(case for file in names for case in _cases(file, name))


def _cases(file: str, suite: str) -> Iterator[Case]:
    graph = _read(_file(file))
    for _, include in graph.pairs(ox.NamedNode(MF + "include")):
        if not _path(include).is_file():
            yield Case(include.value.removesuffix(".ttl"), suite)
    for _, entries in graph.pairs(ox.NamedNode(MF + "entries")):
        for test in graph.members(entries):
            action, result = (graph.value(test, ox.NamedNode(MF + name)) for name in ("action", "result"))
            data, shapes = (graph.value(action, ox.NamedNode(SHT + name)) for name in ("dataGraph", "shapesGraph"))
            fails = result == ox.NamedNode(SHT + "Failure")
            yield Case(
                iri=test.value,
                suite=suite,
                data=_path(data),
                shapes=_path(shapes),
                expected=None if fails else tuple(_expected(graph, result)),
            )


def _read(file: Path) -> Graph:
    root = next(root for root in folders() if file.is_relative_to(root))
    return Graph(ox.parse(path=file, base_iri=BASE + file.relative_to(root).as_posix()))


def _file(name: str) -> Path:
    """Give the file with that name in the first folder that has it, else as the first would have it."""
    paths = [root / name for root in folders()]
    return next((path for path in paths if path.is_file()), paths[0])


def _path(term: Node) -> Path:
    return _file(term.value.removeprefix(BASE))


def _expected(graph: Graph, report: Node) -> Iterator[ox.Quad]:
    """Give the triples of a report: those of its results and of their paths, and no more of the shapes than a name."""
    for predicate, obj in graph.predicates(report):
        yield ox.Quad(report, predicate, obj)
    waiting = list(graph.objects(report, ox.NamedNode(SH + "result")))
    followed = {SH + "resultPath", SH + "inversePath", SH + "alternativePath", RDF_FIRST.value, RDF_REST.value}
    followed |= {SH + name for name in _MARKS.values()}
    while waiting:
        node = waiting.pop()
        for predicate, obj in graph.predicates(node):
            yield ox.Quad(node, predicate, obj)
            if predicate.value in followed and isinstance(obj, ox.BlankNode):
                waiting.append(obj)


def run(case: Case) -> Outcome:
    """Give what came of a test."""
    if case.absent or case.data is None or case.shapes is None:
        return Outcome(Verdict.ABSENT)
    data, shapes = (_read(file) for file in (case.data, case.shapes))
    try:
        report = validate(_quads(data), _quads(shapes))
    except DatasetBroken as error:
        wrong = "" if case.expected is None else f"refused: {error}"
    else:
        if case.expected is not None:
            return Outcome(*compare(ox.Dataset(case.expected), ox.Dataset(report_graph(report, case.expected))))
        wrong = "it must fail, and it gave a report"
    return Outcome(Verdict.FAILED, wrong) if wrong else Outcome(Verdict.STRICT)


def _quads(graph: Graph) -> Iterator[ox.Quad]:
    return (ox.Quad(*triple) for triple in graph.triples())


def report_graph(report: Report, expected: tuple[ox.Quad, ...]) -> Iterator[ox.Quad]:
    """Give a report as the specification has it; messages only where the expected one has any, as the suite wants."""
    root = ox.BlankNode()
    with_messages = any(quad.predicate.value == SH + "resultMessage" for quad in expected)
    yield _quad(root, RDF_TYPE, ox.NamedNode(SH + "ValidationReport"))
    yield _quad(root, "conforms", ox.Literal(report.conforms))
    for result in report.results:
        assert isinstance(result, Finding)
        node = ox.BlankNode()
        yield _quad(root, "result", node)
        yield _quad(node, RDF_TYPE, ox.NamedNode(SH + "ValidationResult"))
        yield _quad(node, "focusNode", result.focus)
        yield _quad(node, "sourceShape", result.shape_node)
        yield _quad(node, "sourceConstraintComponent", ox.NamedNode(result.component))
        yield _quad(node, "resultSeverity", result.severity_node)
        if result.value is not None:
            yield _quad(node, "value", result.value)
        if result.source_constraint is not None:
            yield _quad(node, "sourceConstraint", result.source_constraint)
        if result.result_path is not None:
            term, triples = path_graph(result.result_path)
            yield from (_quad(node, "resultPath", term), *(ox.Quad(*fact) for fact in triples))
        if with_messages:
            yield from (_quad(node, "resultMessage", message) for message in result.message_terms)


def _quad(subject: Node, predicate: ox.NamedNode | str, obj: Node) -> ox.Quad:
    return ox.Quad(subject, ox.NamedNode(SH + predicate) if isinstance(predicate, str) else predicate, obj)


DROPPED: Final = frozenset(
    {"http://www.w3.org/2000/01/rdf-schema#label", "http://www.w3.org/2000/01/rdf-schema#comment"}
)
"""What reports have beyond the specification: names of shapes, and what was looked at."""


def run_at(case: Case, door: Callable[[bytes, bytes], tuple[bool, str]]) -> Outcome:
    """Give what came of a test at a door that takes data and shapes as N-Triples.

    The door gives the report in Turtle, or says that there is none with the reason. That nothing was looked at is a
    refusal at every door, where the suite has a report without results. Results in detail are optional
    (section 3.6.2.4), and the suite has none.
    """
    assert case.data is not None
    assert case.shapes is not None
    reported, text = door(*(_n_triples(_read(file)) for file in (case.data, case.shapes)))
    if not reported:
        conforms = case.expected is not None and not any(q.predicate.value == SH + "result" for q in case.expected)
        right = case.expected is None or (conforms and "Nothing was looked at" in text)
        return Outcome(Verdict.STRICT if right else Verdict.FAILED, text)
    if case.expected is None:
        return Outcome(Verdict.FAILED, "it must fail, and it gave a report")
    graph = Graph(ox.parse(text, ox.RdfFormat.TURTLE))
    with_messages = any(quad.predicate.value == SH + "resultMessage" for quad in case.expected)
    left_out = DROPPED | {SH + "detail"} | (set() if with_messages else {SH + "resultMessage"})
    report = graph.subjects(RDF_TYPE, ox.NamedNode(SH + "ValidationReport"))[0]
    found = tuple(quad for quad in _expected(graph, report) if quad.predicate.value not in left_out)
    return Outcome(*compare(ox.Dataset(case.expected), ox.Dataset(found)))


def _n_triples(graph: Graph) -> bytes:
    return ox.serialize((ox.Triple(*fact) for fact in graph.triples()), format=ox.RdfFormat.N_TRIPLES)
