"""W3C manifests as values: every test with its files, whichever generation of the vocabulary describes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
BASE: Final = "https://w3c.github.io/rdf-tests/"
MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT: Final = "http://www.w3.org/2009/sparql/tests/test-update#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"

SUITES: Final = {
    "SPARQL 1.0": ("sparql/sparql10/manifest.ttl", "sparql/sparql10/extended-manifest-evaluation.ttl"),
    "SPARQL 1.1": ("sparql/sparql11/manifest.ttl",),
    "SPARQL 1.2": ("sparql/sparql12/manifest.ttl",),
}
FEDERATED: Final = "SPARQL 1.1 Federated Query"
_STARTS: Final = {**SUITES, FEDERATED: ("sparql/sparql11/manifest-sparql11-fed.ttl",)}
Node = ox.NamedNode | ox.BlankNode


class Kind(Enum):
    """What a test asks for; the names of the 1.1 suite end in "11" and mean the same."""

    POSITIVE_QUERY = "PositiveSyntaxTest"
    NEGATIVE_QUERY = "NegativeSyntaxTest"
    POSITIVE_UPDATE = "PositiveUpdateSyntaxTest"
    NEGATIVE_UPDATE = "NegativeUpdateSyntaxTest"
    QUERY = "QueryEvaluationTest"
    UPDATE = "UpdateEvaluationTest"
    CSV = "CSVResultFormatTest"

    @property
    def title(self) -> str:
        """Give the group that a report counts the test in."""
        return _TITLES[self]

    @property
    def evaluates(self) -> bool:
        """Say whether the test is about an answer, not about syntax alone."""
        return self in {Kind.QUERY, Kind.UPDATE, Kind.CSV}


_TITLES: Final = {
    Kind.POSITIVE_QUERY: "query syntax",
    Kind.NEGATIVE_QUERY: "query syntax",
    Kind.POSITIVE_UPDATE: "update syntax",
    Kind.NEGATIVE_UPDATE: "update syntax",
    Kind.QUERY: "query evaluation",
    Kind.UPDATE: "update evaluation",
    Kind.CSV: "query evaluation",
}


@dataclass(frozen=True)
class NamedFile:
    """A document, and the graph that it belongs to."""

    graph: str
    path: Path


@dataclass(frozen=True)
class Data:
    """The documents of a dataset."""

    default: tuple[Path, ...] = ()
    named: tuple[NamedFile, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Give every document."""
        return (*self.default, *(named.path for named in self.named))


@dataclass(frozen=True)
class Case:
    """One test. ``request_iri`` is the address of ``request``, and so its base; ``services`` what endpoints hold."""

    iri: str
    name: str
    kind: Kind
    group: str
    request: Path
    request_iri: str
    data: Data = Data()
    services: tuple[NamedFile, ...] = ()
    result: Path | None = None
    after: Data = Data()
    flags: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """Give a short name that is unique within a suite."""
        return f"{self.group}#{self.iri.rpartition('#')[2]}"

    @property
    def absent(self) -> tuple[Path, ...]:
        """Give the files that the manifest names and the folder lacks."""
        held = (named.path for named in self.services)
        files = (self.request, *self.data.files, *held, *((self.result,) if self.result else ()), *self.after.files)
        return tuple(path for path in files if not path.is_file())


def folder() -> Path | None:
    """Give the folder with the suites, or None where there is none."""
    path = Path(os.environ.get("COOPKG_W3C", ROOT.parent / "shared" / "w3c"))
    return path if (path / "sparql").is_dir() else None


@cache
def read_suite(name: str) -> tuple[Case, ...]:
    """Give the tests of a suite in the order of its manifests; none where the suites are not there."""
    root = folder()
    if root is None:
        return ()
    reader = _Reader(root)
    return tuple(case for start in _STARTS[name] for case in reader.cases(root / start))


class _Reader:
    """Follows mf:include from manifest to manifest, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: set[Path] = set()

    def cases(self, path: Path) -> Iterator[Case]:
        if path in self.seen or not path.is_file():
            return
        self.seen.add(path)
        graph = _Graph(path, self._iri(path))
        for include in graph.objects(None, MF + "include"):
            for item in graph.items(include):
                yield from self.cases(self._path(item))
        for entries in graph.objects(None, MF + "entries"):
            for test in graph.items(entries):
                case = self._case(graph, test, path.parent.name)
                if case is not None:
                    yield case

    def _iri(self, path: Path) -> str:
        return BASE + path.relative_to(self.root).as_posix()

    def _path(self, term: ox.NamedNode | ox.BlankNode | ox.Literal) -> Path:
        return self.root / unquote(term.value.removeprefix(BASE))

    def _case(self, graph: _Graph, test: Node, group: str) -> Case | None:
        names = {kind.value: kind for kind in Kind}
        types = (t.value.removeprefix(MF).removesuffix("11") for t in graph.objects(test, RDF + "type"))
        kind = next((names[t] for t in types if t in names), None)
        action = graph.one(test, MF + "action")
        if kind is None or action is None:
            return None
        request = graph.one(action, QT + "query") or graph.one(action, UT + "request") or action
        if request.value.endswith(".ru"):  # some updates are declared as queries
            as_update = {Kind.POSITIVE_QUERY: Kind.POSITIVE_UPDATE, Kind.NEGATIVE_QUERY: Kind.NEGATIVE_UPDATE}
            kind = as_update.get(kind, kind)
        result = graph.one(test, MF + "result")
        requires = (*graph.objects(test, MF + "requires"), *graph.objects(test, MF + "resultCardinality"))
        name = graph.one(test, MF + "name")
        return Case(
            iri=test.value,
            name=name.value if name else test.value,
            kind=kind,
            group=group,
            request=self._path(request),
            request_iri=request.value,
            data=self._data(graph, action),
            services=tuple(self._service(graph, node) for node in graph.objects(action, QT + "serviceData")),
            result=self._path(result) if isinstance(result, ox.NamedNode) else None,
            after=self._data(graph, result) if isinstance(result, ox.BlankNode) else Data(),
            flags=frozenset(flag.value.removeprefix(MF) for flag in requires),
        )

    def _data(self, graph: _Graph, node: Node | ox.Literal) -> Data:
        default = [o for vocabulary in (QT, UT) for o in graph.objects(node, vocabulary + "data")]
        named = [o for vocabulary in (QT, UT) for o in graph.objects(node, vocabulary + "graphData")]
        return Data(tuple(map(self._path, default)), tuple(self._named(graph, item) for item in named))

    def _service(self, graph: _Graph, node: Node | ox.Literal) -> NamedFile:
        name, document = graph.one(node, QT + "endpoint"), graph.one(node, QT + "data")
        if name is None or document is None:
            raise ValueError("an endpoint of the manifest lacks its name or its data")
        return NamedFile(name.value, self._path(document))

    def _named(self, graph: _Graph, node: Node | ox.Literal) -> NamedFile:
        document = graph.one(node, UT + "graph") or graph.one(node, QT + "graph") or node
        label = graph.one(node, RDFS + "label")
        return NamedFile((label or document).value, self._path(document))


class _Graph:
    """One manifest, and the few ways in which it is asked."""

    def __init__(self, path: Path, iri: str) -> None:
        self.quads = ox.Dataset(ox.parse(path=path, format=ox.RdfFormat.TURTLE, base_iri=iri))

    def objects(self, subject: Node | ox.Literal | None, predicate: str) -> list[Node | ox.Literal]:
        found = self.quads.quads_for_predicate(ox.NamedNode(predicate))
        wanted = (q.object for q in found if subject is None or q.subject == subject)
        return sorted((o for o in wanted if not isinstance(o, ox.Triple)), key=str)

    def one(self, subject: Node | ox.Literal, predicate: str) -> Node | ox.Literal | None:
        return next(iter(self.objects(subject, predicate)), None)

    def items(self, head: Node | ox.Literal) -> Iterator[Node]:
        while head.value != RDF + "nil":
            first, rest = self.one(head, RDF + "first"), self.one(head, RDF + "rest")
            if first is None or rest is None or isinstance(first, ox.Literal):
                raise ValueError(f"a list of the manifest breaks off at {head}")
            yield first
            head = rest
