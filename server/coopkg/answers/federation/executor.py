"""A query with SERVICE, carried out: each clause by its endpoint, the rest by a worker (SPARQL 1.1 Federated Query)."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from coopkg.answers.federation import query_texts
from coopkg.answers.federation.endpoint_client import CLIENT_FAULTS, Budget, failed, timeout
from coopkg.answers.federation.endpoints import find
from coopkg.answers.federation.query_texts import Bindings
from coopkg.answers.federation.service_clauses import read_query
from coopkg.answers.federation.service_plan import (
    Edits,
    Surroundings,
    clauses,
    place,
    service_iri,
    services,
    surroundings,
    waits,
)
from coopkg.errors import Busy, DeadlineExceeded, EndpointFailed, Forbidden, UsageError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.sparql.lexer import Kind
from coopkg.workers.remote_results import Remote, Table, says_true
from coopkg.workers.tasks import Answer, RemoteSource, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopkg.answers.federation.circuit_breaker import Health
    from coopkg.answers.federation.endpoint_client import RemoteBody, Transport
    from coopkg.answers.federation.endpoints import Endpoint
    from coopkg.answers.federation.service_plan import ServiceClause
    from coopkg.sparql.syntax_tree import Tree

AT_ONCE: Final = 8
"""Federated queries that one web process carries out at once."""
_WAIT: Final = 5.0
"""Seconds that a federated query waits for its turn."""
_ATTEMPTS: Final = 3
"""How often a query is begun, if the dataset changes in its midst."""
MOST_ENDPOINTS: Final = 100
"""Endpoints that one variable may stand for."""
GRACE: Final = 0.5
"""Seconds beyond an endpoint's deadline after which its thread is no longer waited for."""


LOOK_AGAIN: Final = 300.0
"""Seconds after which what is known of an endpoint's health is old."""


class Local(Protocol):
    """What evaluates over the dataset, and reads what others sent."""

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        """Return the whole answer. Raises the errors of evaluation."""
        ...

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:
        """Read the answer of another endpoint. Raises EndpointFailed."""
        ...


class Federation:
    """The endpoints that may be asked, and the one way to ask them."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint], base: str, transport: Transport, health: Health, seconds: float
    ) -> None:
        self.endpoints = endpoints
        self.base = base
        self.transport = transport
        self.health = health
        self.seconds = seconds
        self.threads = {
            e.alias: ThreadPoolExecutor(e.limits.parallel, thread_name_prefix=e.alias) for e in endpoints.values()
        }
        self._looked: dict[str, float] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def run(self, task: Task, local: Local, deadline: float | None = None) -> Answer:
        """Return the whole answer with what became of each source.

        ``deadline`` is in seconds and only shortens the service's own. Raises Forbidden for an endpoint that is not on
        the list, EndpointFailed or EndpointTimeout for one without SILENT that fails, QueryTooComplex for a clause that
        cannot be carried out, and the errors of evaluation.
        """
        end = time.monotonic() + min(deadline or self.seconds, self.seconds)
        if not self._turns.acquire(timeout=_WAIT):
            raise Busy("Too many federated queries are running; come back in a moment.")
        try:
            for _ in range(_ATTEMPTS):
                answer = _Run(self, task, local, read_query(task.text), end).answer()
                if answer is not None:
                    return answer
        finally:
            self._turns.release()
        raise Busy("The dataset kept changing while endpoints were asked; come back in a moment.")

    def look_after(self) -> None:
        """Probe, in threads of its own, the endpoints that nobody has asked for a while; each worker seldom does."""
        for endpoint in self.endpoints.values():
            seen = max(self.health.state(endpoint.alias).checked, self._looked.get(endpoint.alias, 0.0))
            if time.time() - seen > LOOK_AGAIN:
                self._looked[endpoint.alias] = time.time()
                self.threads[endpoint.alias].submit(self.probe, endpoint.alias)

    def probe(self, alias: str) -> None:
        """Ask an endpoint its probe query, an ASK that should hold. Raises EndpointFailed and EndpointTimeout."""
        endpoint = self.endpoints[alias]
        budget = Budget(endpoint, time.monotonic() + endpoint.limits.seconds)
        answer = self.transport.fetch(endpoint, endpoint.probe, budget)
        if not says_true(answer.body, answer.format):
            raise failed(endpoint, "probe", "it does not say yes to its probe query")

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> Future[RemoteBody]:
        """Ask an endpoint when it is its turn: in one of the threads that it has to itself, as many as may ask it."""
        return self.threads[endpoint.alias].submit(self.transport.fetch, endpoint, query, budget)


@dataclass
class _Run:
    """One attempt at one query, over one version of the dataset; ``numbers`` tell its remote answers apart."""

    federation: Federation
    task: Task
    local: Local
    tree: Tree
    end: float
    edits: Edits = field(default_factory=Edits)
    budgets: dict[str, Budget] = field(default_factory=dict)
    sources: dict[str, RemoteSource] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def answer(self) -> Answer | None:
        """Return the answer; None where the dataset changed meanwhile."""
        found = clauses(self.tree)
        dry = replace(self.task, text=query_texts.readable(self.tree, found), format=self.task.format, dry=True)
        self.ask(dry)
        self._check(found)
        pending = list(found)
        while pending:
            ready = [c for c in pending if not waits(self.tree, c, pending)] or [min(pending, key=self._is_variable)]
            texts = self._at_once(ready, pending)
            carried = {(c.element.first, c.element.last): text for c, text in zip(ready, texts, strict=True)}
            self.edits = Edits({**self.edits.texts, **carried})
            pending = [c for c in pending if c not in ready]
        text = self.edits.render(self.tree, 0, len(self.tree.tokens))
        whole = self.ask(replace(self.task, text=text))
        return replace(whole, sources=self._sources()) if len(self.tags) == 1 else None

    def _at_once(self, ready: Sequence[ServiceClause], pending: Sequence[ServiceClause]) -> list[str]:
        """Carry out several clauses at once; return what stands in the place of each."""
        if len(ready) == 1:
            return [self.carry_out(ready[0], pending)]
        with ThreadPoolExecutor(len(ready), thread_name_prefix="clause") as threads:
            work = [threads.submit(self.carry_out, clause, pending) for clause in ready]
            return [future.result() for future in work]

    def _is_variable(self, clause: ServiceClause) -> bool:
        return self.tree.tokens[clause.element.name].kind is Kind.VARIABLE

    def ask(self, task: Task) -> Answer:
        """Ask a worker, in the time that is left."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded(f"The query took longer than {self.federation.seconds:g} s.")
        answer = self.local.ask(replace(task, remote=True), left)
        with self.lock:
            self.tags.add(answer.tag)
        return answer

    def _check(self, found: Sequence[ServiceClause]) -> None:
        """Look at every endpoint that a clause names, nested ones too, before any is asked; edit nested ones."""
        nested: dict[tuple[int, int], str] = {}
        for clause in found:
            self._endpoint(clause.element.name, silent=clause.silent)
            for inner in services(clause.pattern):
                silent = self.tree.tokens[inner.first + 1].keyword == "SILENT"
                if self.tree.tokens[inner.name].kind is Kind.VARIABLE:
                    raise UsageError(
                        f"{place(self.tree, inner)}: a SERVICE clause in another one must name its endpoint."
                    )
                endpoint = self._endpoint(inner.name, silent=silent)
                if endpoint is None:
                    nested[inner.first, inner.last] = "{}"
                else:
                    nested[inner.name, inner.name + 1] = f"<{endpoint.endpoint}>"
        self.edits = Edits(nested)

    def _endpoint(self, at: int, *, silent: bool) -> Endpoint | None:
        """Return the endpoint that a token names; None for a variable, and where SILENT lets it pass."""
        token = self.tree.tokens[at]
        if token.kind is Kind.VARIABLE:
            return None
        written, iri = service_iri(self.tree, at, self.federation.base)
        return self._listed(written, iri, silent=silent)

    def _listed(self, written: str, iri: str, *, silent: bool) -> Endpoint | None:
        endpoint = find(self.federation.endpoints, written, iri, self.federation.base)
        if endpoint is None and not silent:
            raise Forbidden(
                f"SERVICE <{iri}> is not allowed: this service asks only the endpoints that its operator has listed.",
                endpoint=iri, allowed=sorted(self.federation.endpoints),
            )  # fmt: skip
        if endpoint is None:
            self._note(RemoteSource(iri, missing="not-allowed"))
        return endpoint

    def carry_out(self, clause: ServiceClause, pending: Sequence[ServiceClause]) -> str:
        """Return what stands in the place of a clause. Raises as ``Federation.run``."""
        around = surroundings(self.tree, clause, [c.element for c in pending], self.edits)
        if self._is_variable(clause):
            return self._by_variable(clause, around)
        endpoint = self._endpoint(clause.element.name, silent=clause.silent)
        tables = [_nothing(clause)] if endpoint is None else self._solutions(clause, endpoint, around)
        return query_texts.inline(clause.variables, tables)

    def _by_variable(self, clause: ServiceClause, around: Surroundings) -> str:
        """Ask each endpoint that the variable is bound to, over the allow-list (section 2.4)."""
        where = place(self.tree, clause.element)
        variable = self.tree.tokens[clause.element.name].text[1:]
        inside = self.tree.variables(range(clause.pattern.first, clause.pattern.last))
        if clause.correlated or variable not in around.variables or variable in inside:
            raise UsageError(f"{where}: ?{variable} must be bound before SERVICE asks the endpoint that it stands for.")
        rows = self._ask_rows([variable], around.text, MOST_ENDPOINTS + 1)
        if len(rows) > MOST_ENDPOINTS or any(row.get(variable, {}).get("type") != "uri" for row in rows):
            raise UsageError(
                f"{where}: ?{variable} must be bound to an IRI in every solution, to at most {MOST_ENDPOINTS} in all."
            )
        tables: list[Table] = []
        for iri in sorted(row[variable]["value"] for row in rows):
            endpoint = self._listed("", iri, silent=clause.silent)
            bound = Surroundings(f"{{ VALUES ?{variable} {{ <{iri}> }} {around.text} }}", around.variables)
            found = [_nothing(clause)] if endpoint is None else self._solutions(clause, endpoint, bound)
            tables += [_with_first(table, f"<{iri}>") for table in found]
        return query_texts.inline((variable, *clause.variables), tables)

    def _bindings(self, clause: ServiceClause, around: Surroundings, most: int) -> Bindings | None:
        """Return what an endpoint is told of the values that variables may have; None where nothing can be."""
        names = sorted(clause.certain & around.variables)
        if clause.correlated or not clause.divisible or not names:
            return None
        found = self._ask_rows(names, around.text, most + 1)
        rows = [row for row in found if not any(row.get(name, {}).get("type") == "bnode" for name in names)]
        names = [name for name in names if all(name in row and query_texts.pushable(row[name]) for row in rows)]
        if len(found) > most or not names:
            return None
        told = {tuple(str(query_texts.pushable(row[name])) for name in names) for row in rows}
        return Bindings(tuple(names), tuple(sorted(told)))

    def _ask_rows(self, names: Sequence[str], pattern: str, most: int) -> list[dict[str, dict[str, str]]]:
        given = self.task.substitutions or {}
        bound = "".join(f"VALUES ?{name} {{ {term} }} " for name, term in given.items())
        text = query_texts.local_query(self.tree, names, f"{{ {bound}{pattern} }}" if bound else pattern, most)
        task = replace(self.task, text=text, format=SOLUTION_FORMATS[0], prefixes=None,
                       substitutions=None, rows=None, skip=0)  # fmt: skip
        answer = self.ask(task)
        rows: list[dict[str, dict[str, str]]] = json.loads(answer.body)["results"]["bindings"]
        return rows

    def _solutions(self, clause: ServiceClause, endpoint: Endpoint, around: Surroundings) -> list[Table]:
        """Ask an endpoint, in blocks; one empty solution where it fails and SILENT is said (section 2.3)."""
        limits = endpoint.limits
        told = self._bindings(clause, around, limits.block * max(1, limits.requests // 2))
        began = time.monotonic()
        try:
            blocks = [None] if told is None else told.blocks(limits.block)
            tables = self._blocks(clause, endpoint, blocks)
            if len(blocks) > 1 and any(table.blanks for table in tables):
                # the same node in two answers would be two nodes here: ask for all of it in one
                tables = self._blocks(clause, endpoint, [told])
        except EndpointFailed as error:
            self._note(RemoteSource(endpoint.alias, missing=str(error.members["reason"])))
            if not clause.silent:
                raise
            return [_nothing(clause)]
        seconds = time.monotonic() - began
        self._note(RemoteSource(endpoint.alias, rows=sum(table.rows for table in tables), seconds=seconds))
        return tables

    def _blocks(self, clause: ServiceClause, endpoint: Endpoint, blocks: Sequence[Bindings | None]) -> list[Table]:
        base, budget = self.task.base or self.federation.base, self._budget(endpoint)
        queries = [query_texts.remote_query(self.tree, clause, self.edits, base, block) for block in blocks]
        work = [self.federation.fetch(endpoint, query, budget) for query in queries]
        tables = []
        try:
            for future in work:
                found = self._awaited(future, endpoint, budget)
                names, label = clause.variables or (query_texts.ROW,), f"r{next(self.numbers)}x"
                table = self._read(Remote(endpoint.alias, found.body, found.format, names, endpoint.limits.rows, label))
                tables.append(table if clause.variables else Table("() " * table.rows, table.rows))
        finally:
            for future in work:
                future.cancel()
        return tables

    def _read(self, remote: Remote) -> Table:
        """Have an answer read; one that cannot be is the endpoint's failure, as one that never came."""
        try:
            return self.local.read_remote(remote, max(0.1, self.end - time.monotonic()))
        except EndpointFailed as error:
            if error.members["reason"] not in CLIENT_FAULTS and self.budgets[remote.alias].blame():
                self.federation.health.failed(remote.alias, str(error.members["reason"]))
            raise

    @staticmethod
    def _awaited(future: Future[RemoteBody], endpoint: Endpoint, budget: Budget) -> RemoteBody:
        """Wait for a fetch no longer than it may take; one that hangs in the resolver is left behind."""
        try:
            return future.result(max(0.0, budget.deadline - time.monotonic()) + GRACE)
        except FutureTimeoutError:
            raise timeout(endpoint) from None

    def _budget(self, endpoint: Endpoint) -> Budget:
        with self.lock:
            deadline = min(self.end, time.monotonic() + endpoint.limits.seconds)
            return self.budgets.setdefault(endpoint.alias, Budget(endpoint, deadline))

    def _note(self, source: RemoteSource) -> None:
        with self.lock:
            before = self.sources.get(source.alias, RemoteSource(source.alias))
            self.sources[source.alias] = replace(
                before,
                rows=before.rows + source.rows,
                seconds=max(before.seconds, source.seconds),
                missing=before.missing or source.missing,
            )

    def _sources(self) -> tuple[RemoteSource, ...]:
        spent = {alias: (budget.requests, budget.kept) for alias, budget in self.budgets.items()}
        return tuple(
            replace(source, requests=spent.get(alias, (0, 0))[0], kept=spent.get(alias, (0, 0))[1])
            for alias, source in sorted(self.sources.items())
        )


def _nothing(clause: ServiceClause) -> Table:
    """Return the one empty solution."""
    return Table(f"({' '.join('UNDEF' for _ in clause.variables)})", 1)


def _with_first(table: Table, term: str) -> Table:
    lines = [f"({term} {line[1:]}" for line in table.text.splitlines()]
    return replace(table, text="\n".join(lines))
