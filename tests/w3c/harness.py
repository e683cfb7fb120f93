"""One test against one system: a server behind HTTP, or the engine in this process."""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import pyoxigraph as ox

from coopkg.errors import CoopkgError, EngineFault, Forbidden
from coopkg.rdf.formats import Format, by_name
from coopkg.sparql.admission import admit
from coopkg.sparql.normal_form import of_update
from coopkg.workers.evaluation import evaluate, rewritten_update
from coopkg.workers.evaluation import query as prepare
from coopkg.workers.tasks import Task
from w3c.compare import Answer, Table, Term, Verdict, compare, read_answer, read_results
from w3c.exchange import CLIENT_ERROR, Broken, Refused, Rejected, Reply, Wire
from w3c.manifest import BASE, Case, Data, Kind, NamedFile, folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from w3c.peers import Peers

_FROM: Final = re.compile(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", re.IGNORECASE)
_EVERYTHING: Final = "SELECT ?s ?p ?o ?g WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


class System(Protocol):
    """What a test needs. Each may raise Rejected, Refused or Broken."""

    @property
    def mode(self) -> str:
        """Give "http" or "process"."""

    def reset(self, quads: Iterable[ox.Quad], graphs: Iterable[str]) -> None:
        """Forget everything, then hold these quads and graphs."""

    def serve(self, data: Sequence[NamedFile]) -> None:
        """Have other endpoints hold these documents, where there are any."""

    def query(self, text: str, fmt: Format) -> bytes:
        """Give the answer in that format."""

    def update(self, text: str) -> None:
        """Run an update."""

    def check_query(self, text: str) -> None:
        """Read a query without a wish for its answer."""

    def check_update(self, text: str) -> None:
        """Read an update; it may or may not run."""

    def contents(self) -> Iterable[ox.Quad]:
        """Give all that the system holds."""


@dataclass(frozen=True)
class Outcome:
    """What became of a test, and why."""

    verdict: Verdict
    reason: str = ""


class InProcess:
    """The engine as a library, behind the same admission as on the server."""

    mode = "process"

    def __init__(self) -> None:
        self.store = ox.Store()

    def reset(self, quads: Iterable[ox.Quad], graphs: Iterable[str]) -> None:
        self.store.clear()
        self.store.extend(quads)
        for graph in graphs:
            self.store.add_graph(ox.NamedNode(graph))

    def serve(self, data: Sequence[NamedFile]) -> None:
        """Have nothing elsewhere: SERVICE is refused here."""

    def query(self, text: str, fmt: Format) -> bytes:
        try:
            admit(text)
            return evaluate(self.store, Task(text, fmt, base=BASE, union=False))
        except CoopkgError as error:
            raise _classify(error) from None

    def update(self, text: str) -> None:
        try:
            admit(text)
            for form in of_update(text, BASE):
                self.store.update(rewritten_update(form), base_iri=form.base)
        except SyntaxError as error:
            raise Rejected(str(error)) from None
        except (RuntimeError, OSError) as error:
            raise Broken(str(error)) from None
        except CoopkgError as error:
            raise _classify(error) from None

    def check_query(self, text: str) -> None:
        try:
            admit(text)
            prepare(self.store, Task(text, _format("json"), base=BASE, union=False))
        except CoopkgError as error:
            raise _classify(error) from None

    def check_update(self, text: str) -> None:
        """Run over nothing: whatever goes wrong behind the parser is no matter of syntax."""
        try:
            InProcess().update(text)
        except Broken:
            return

    def contents(self) -> Iterable[ox.Quad]:
        return self.store


def _classify(error: CoopkgError) -> Exception:
    if isinstance(error, Forbidden):
        return Refused(str(error))
    return Broken(str(error)) if isinstance(error, EngineFault) else Rejected(str(error))


class OverHttp:
    """A scratch server: everything goes through its endpoints."""

    mode = "http"

    def __init__(self, address: str, peers: Peers | None = None) -> None:
        self.wire = Wire(address)
        self.peers = peers

    def reset(self, quads: Iterable[ox.Quad], graphs: Iterable[str]) -> None:
        self.update(insertion(quads, graphs))

    def serve(self, data: Sequence[NamedFile]) -> None:
        if self.peers is not None:
            self.peers.serve(data)

    def query(self, text: str, fmt: Format) -> bytes:
        return self._post("/sparql", "application/sparql-query", text, fmt.media_type)

    def update(self, text: str) -> None:
        try:
            self._post("/update", "application/sparql-update", text, "*/*")
        except Rejected as rejection:
            raise rejection if rejection.about_text else Broken(str(rejection)) from None

    def check_query(self, text: str) -> None:
        self._post("/sparql", "application/sparql-query", text, "*/*")

    def check_update(self, text: str) -> None:
        """Run over whatever is there: a graph that does not exist, say, is no matter of syntax."""
        try:
            self.update(text)
        except Broken:
            return

    def contents(self) -> Iterable[ox.Quad]:
        table = read_results(self.query(_EVERYTHING, _format("json")), ".srj")
        if not isinstance(table, Table):
            raise Broken("a SELECT was answered by a truth value")
        for row in table.rows:
            s, p, o, g = row["s"], row["p"], row["o"], row.get("g")
            if isinstance(s, ox.NamedNode | ox.BlankNode) and isinstance(p, ox.NamedNode):
                yield ox.Quad(s, p, o, g if isinstance(g, ox.NamedNode | ox.BlankNode) else ox.DefaultGraph())

    def _post(self, path: str, content_type: str, text: str, accept: str) -> bytes:
        reply = self.wire.send("POST", path, {"Content-Type": content_type, "Accept": accept}, text.encode())
        if reply.status < 300:
            return reply.body
        said = f"{reply.status} {reply.body[:300].decode(errors='replace')}"
        if reply.status == 403:
            raise Refused(said)
        raise Rejected(said, about_text=_about_text(reply)) if reply.status in CLIENT_ERROR else Broken(said)


def _about_text(reply: Reply) -> bool:
    """Say whether a problem is about the text of the request, not about what came of it."""
    problem = json.loads(reply.body) if reply.media_type == "application/problem+json" else {}
    return str(problem.get("type", "")).endswith(("#query-syntax-error", "#query-too-complex"))


def insertion(quads: Iterable[ox.Quad], graphs: Iterable[str]) -> str:
    """Give the update that replaces everything, in one operation, so that blank nodes stay shared between graphs."""
    lines = []
    for quad in quads:
        triple = f"{_text(quad.subject)} {_text(quad.predicate)} {_text(quad.object)} ."
        lines.append(
            triple if isinstance(quad.graph_name, ox.DefaultGraph) else f"GRAPH {quad.graph_name} {{ {triple} }}"
        )
    data = "\n".join(lines)
    created = [f"CREATE SILENT GRAPH <{graph}>" for graph in graphs]
    return " ;\n".join(["DROP ALL", *created, f"INSERT DATA {{\n{data}\n}}"])


def _text(term: Term) -> str:
    if isinstance(term, ox.Triple):
        return f"<<( {_text(term.subject)} {_text(term.predicate)} {_text(term.object)} )>>"
    return str(term)


def run(system: System, case: Case) -> Outcome:
    """Run one test; what the system does wrong becomes an outcome, what this runner does wrong an exception."""
    if case.absent:
        return Outcome(Verdict.ABSENT, ", ".join(path.name for path in case.absent))
    text = case.request.read_bytes().decode()
    try:
        match case.kind:
            case Kind.QUERY | Kind.CSV:
                return _run_query(system, case, text)
            case Kind.UPDATE:
                return _run_update(system, case, text)
            case _:
                return _run_syntax(system, case, text)
    except Refused as refusal:
        return Outcome(Verdict.REFUSED, str(refusal))
    except (Rejected, Broken) as error:
        return Outcome(Verdict.FAILED, f"{type(error).__name__.lower()}: {error}")


def _run_syntax(system: System, case: Case, text: str) -> Outcome:
    check = system.check_query if case.kind in {Kind.POSITIVE_QUERY, Kind.NEGATIVE_QUERY} else system.check_update
    positive = case.kind in {Kind.POSITIVE_QUERY, Kind.POSITIVE_UPDATE}
    try:
        check(text)
    except Rejected as rejection:
        return Outcome(Verdict.FAILED, f"rejected: {rejection}") if positive else Outcome(Verdict.STRICT)
    return Outcome(Verdict.STRICT) if positive else Outcome(Verdict.FAILED, "accepted, and it is not well-formed")


def _run_query(system: System, case: Case, text: str) -> Outcome:
    data = _with_from(case, text)
    system.reset(_read(data), [named.graph for named in data.named])
    if case.services:
        system.serve(case.services)
    result = case.result
    if result is None:
        return Outcome(Verdict.ABSENT, "the manifest names no result")
    expected = read_answer(result, case.request_iri)
    fmt = _answer_format(expected, result.suffix)
    body = system.query(_based(case, text), fmt)
    try:
        actual: Answer = (
            ox.Dataset(ox.parse(body, ox.RdfFormat.N_TRIPLES))
            if isinstance(expected, ox.Dataset)
            else read_results(body, f".{_SUFFIXES[fmt.name]}")
        )
    except (SyntaxError, ValueError) as error:
        return Outcome(Verdict.FAILED, f"the answer is no {fmt.name}: {error}")
    return Outcome(*compare(expected, actual, lax="LaxCardinality" in case.flags))


def _run_update(system: System, case: Case, text: str) -> Outcome:
    system.reset(_read(case.data), [named.graph for named in case.data.named])
    system.update(_based(case, text))
    return Outcome(*compare(ox.Dataset(_read(case.after)), ox.Dataset(system.contents())))


_SUFFIXES: Final = {"xml": "srx", "json": "srj", "csv": "csv", "tsv": "tsv"}


def _answer_format(expected: Answer, suffix: str) -> Format:
    """Ask in the format of the expected answer, so that the formats are under test too."""
    if isinstance(expected, ox.Dataset):
        return _format("nt")
    return _format({".srx": "xml", ".csv": "csv", ".tsv": "tsv"}.get(suffix, "json"))


def _format(name: str) -> Format:
    found = by_name(name)
    if found is None:
        raise ValueError(f"coopkg has no format {name}")
    return found


def _based(case: Case, text: str) -> str:
    return f"BASE <{case.request_iri}>\n{text}"


def _with_from(case: Case, text: str) -> Data:
    """Add the documents that the query itself names: some tests name their data nowhere else."""
    root = folder()
    named = list(case.data.named)
    for iri in dict.fromkeys(urllib.parse.urljoin(case.request_iri, found) for found in _FROM.findall(text)):
        if root and iri.startswith(BASE) and iri not in {n.graph for n in named}:
            path = root / urllib.parse.unquote(iri.removeprefix(BASE))
            if path.is_file():
                named.append(NamedFile(iri, path))
    return Data(case.data.default, tuple(named))


def _read(data: Data) -> list[ox.Quad]:
    quads = [quad for path in data.default for quad in _parse(path)]
    for named in data.named:
        graph = ox.NamedNode(named.graph)
        quads += [ox.Quad(q.subject, q.predicate, q.object, graph) for q in _parse(named.path)]
    return quads


def _parse(path: Path) -> Iterable[ox.Quad]:
    return ox.parse(path=path, base_iri=_address(path), rename_blank_nodes=True)


def _address(path: Path) -> str:
    root = folder()
    return BASE + path.relative_to(root).as_posix() if root else BASE
