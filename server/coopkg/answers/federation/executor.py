"""Evaluate a query with SERVICE: each clause by its endpoint, the rest by a worker (SPARQL 1.1 Federated Query).

Web processes hold no triples and workers have no network, so the two take turns. A worker evaluates what surrounds a
clause, the endpoint is asked with those bindings, a worker parses its answer, and the rows replace the clause as a
VALUES block. What is left has no SERVICE and is evaluated like any other query.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

import pyoxigraph as ox

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
"""Federated queries that one web process evaluates at once."""
_WAIT: Final = 5.0
"""Seconds that a federated query waits for one of those places."""
_ATTEMPTS: Final = 3
"""How often a query is evaluated from the beginning, if the dataset changes meanwhile."""
MOST_ENDPOINTS: Final = 100
"""Endpoints to which one variable may be bound."""
GRACE: Final = 0.5
"""Seconds beyond an endpoint's deadline after which its thread is no longer waited for."""
LOOK_AGAIN: Final = 300.0
"""Seconds after which the recorded health of an endpoint is out of date."""


class Local(Protocol):
    """What evaluates over the dataset and parses the answers of endpoints."""

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        """Return the whole answer. Raises the errors of evaluation."""
        ...

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:
        """Parse the answer of an endpoint. Raises EndpointFailed."""
        ...


class Federation:
    """The endpoints of the allow-list, and the only way to send them queries; ``seconds`` is the longest evaluation."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint], base: str, transport: Transport, health: Health, seconds: float
    ) -> None:
        self.endpoints = endpoints
        self.base = base
        self.transport = transport
        self.health = health
        self.seconds = seconds
        # A pool for each endpoint, as large as its ``parallel`` limit: a slow one cannot use up the threads of the
        # others.
        self.threads = {
            e.alias: ThreadPoolExecutor(e.limits.parallel, thread_name_prefix=e.alias) for e in endpoints.values()
        }
        self._probed: dict[str, float] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def run(self, task: Task, local: Local, deadline: float | None = None) -> Answer:
        """Return the whole answer with a report on each remote source.

        ``deadline`` is in seconds and only shortens the service's own. Raises Forbidden for an endpoint that is not on
        the list, EndpointFailed or EndpointTimeout for one without SILENT that fails, QueryTooComplex for a clause that
        cannot be carried out, and the errors of evaluation.
        """
        end = time.monotonic() + min(deadline or self.seconds, self.seconds)
        # A federated query keeps a thread while it waits for others, so their number is bounded apart from other
        # queries.
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
        """Probe the endpoints that nobody has asked for ``LOOK_AGAIN`` seconds, in their own threads."""
        for endpoint in self.endpoints.values():
            checked = max(self.health.state(endpoint.alias).checked, self._probed.get(endpoint.alias, 0.0))
            if time.time() - checked > LOOK_AGAIN:
                # Noted now, not when the answer is there: each view of the page would start another probe until then.
                self._probed[endpoint.alias] = time.time()
                self.threads[endpoint.alias].submit(self.probe, endpoint.alias)

    def probe(self, alias: str) -> None:
        """Send an endpoint its probe query, an ASK that should be true. Raises EndpointFailed and EndpointTimeout."""
        endpoint = self.endpoints[alias]
        budget = Budget(endpoint, time.monotonic() + endpoint.limits.seconds)
        answer = self.transport.fetch(endpoint, endpoint.probe, budget)
        if not says_true(answer.body, answer.format):
            raise failed(endpoint, "probe", "it does not say yes to its probe query")

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> Future[RemoteBody]:
        """Send a query in one of the endpoint's threads, as soon as one is free."""
        return self.threads[endpoint.alias].submit(self.transport.fetch, endpoint, query, budget)


@dataclass
class _Run:
    """One attempt at one query, over one version of the dataset.

    ``end`` is a time of the monotonic clock. ``edits`` are the texts that replace clauses so far. ``tags`` are those of
    the versions that workers answered from. ``numbers`` make the labels of blank nodes distinct between answers. The
    lock guards ``budgets``, ``sources`` and ``tags``, which the threads of several clauses share.
    """

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
        """Return the answer, or None where the dataset changed meanwhile."""
        service_clauses = clauses(self.tree)
        # A dry run: a syntax error must be found before any endpoint is asked for anything.
        dry = replace(
            self.task, text=query_texts.readable(self.tree, service_clauses), format=self.task.format, dry=True
        )
        self.ask(dry)
        self._check(service_clauses)
        pending = list(service_clauses)
        while pending:
            # Clauses that do not depend on each other are asked at once. If all wait for another one, as in a circle,
            # one begins without its bindings, rather one with a constant endpoint.
            ready = [c for c in pending if not waits(self.tree, c, pending)] or [min(pending, key=self._is_variable)]
            texts = self._at_once(ready, pending)
            replacements = {(c.element.first, c.element.last): text for c, text in zip(ready, texts, strict=True)}
            self.edits = Edits({**self.edits.texts, **replacements})
            pending = [c for c in pending if c not in ready]
        text = self.edits.render(self.tree, 0, len(self.tree.tokens))
        answer = self.ask(replace(self.task, text=text))
        return replace(answer, sources=self._sources()) if len(self.tags) == 1 else None

    def _at_once(self, ready: Sequence[ServiceClause], pending: Sequence[ServiceClause]) -> list[str]:
        """Evaluate several clauses at once; return the text that replaces each."""
        if len(ready) == 1:
            return [self.carry_out(ready[0], pending)]
        with ThreadPoolExecutor(len(ready), thread_name_prefix="clause") as threads:
            futures = [threads.submit(self.carry_out, clause, pending) for clause in ready]
            return [future.result() for future in futures]

    def _is_variable(self, clause: ServiceClause) -> bool:
        return self.tree.tokens[clause.element.name].kind is Kind.VARIABLE

    def ask(self, task: Task) -> Answer:
        """Have a worker evaluate a task in the time that is left. Raises DeadlineExceeded and as ``Local.ask``."""
        remaining = self.end - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"The query took longer than {self.federation.seconds:g} s.")
        answer = self.local.ask(replace(task, remote=True), remaining)
        with self.lock:
            self.tags.add(answer.tag)
        return answer

    def _check(self, service_clauses: Sequence[ServiceClause]) -> None:
        """Check every endpoint that is named, nested ones too, before any is asked; write the IRIs of nested ones.

        Raises Forbidden for an endpoint that is not listed, UsageError for a nested clause with a variable.
        """
        nested: dict[tuple[int, int], str] = {}
        for clause in service_clauses:
            self._endpoint(clause.element.name, silent=clause.silent)
            for inner in services(clause.pattern):
                silent = self.tree.tokens[inner.first + 1].keyword == "SILENT"
                if self.tree.tokens[inner.name].kind is Kind.VARIABLE:
                    raise UsageError(
                        f"{place(self.tree, inner)}: a SERVICE clause in another one must name its endpoint."
                    )
                endpoint = self._endpoint(inner.name, silent=silent)
                # The outer endpoint evaluates the nested clause, and does not know our aliases. One that SILENT lets
                # pass is replaced by an empty group, so that nobody is asked for it.
                if endpoint is None:
                    nested[inner.first, inner.last] = "{}"
                else:
                    nested[inner.name, inner.name + 1] = f"<{endpoint.endpoint}>"
        self.edits = Edits(nested)

    def _endpoint(self, at: int, *, silent: bool) -> Endpoint | None:
        """Return the endpoint that a token names; None for a variable, and for an unlisted one with SILENT."""
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
        """Evaluate a clause and return the text that replaces it. Raises as ``Federation.run``."""
        around = surroundings(self.tree, clause, [c.element for c in pending], self.edits)
        if self._is_variable(clause):
            return self._by_variable(clause, around)
        endpoint = self._endpoint(clause.element.name, silent=clause.silent)
        tables = [_nothing(clause)] if endpoint is None else self._solutions(clause, endpoint, around)
        return query_texts.inline(clause.variables, tables)

    def _by_variable(self, clause: ServiceClause, around: Surroundings) -> str:
        """Evaluate a clause at each endpoint that its variable is bound to, if it is listed (section 2.4)."""
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
            term = ox.NamedNode(iri)
            restricted = Surroundings(f"{{ VALUES ?{variable} {{ {term} }} {around.text} }}", around.variables)
            endpoint_tables = [_nothing(clause)] if endpoint is None else self._solutions(clause, endpoint, restricted)
            tables += [_with_first(table, str(term)) for table in endpoint_tables]
        return query_texts.inline((variable, *clause.variables), tables)

    def _bindings(self, clause: ServiceClause, around: Surroundings, most: int) -> Bindings | None:
        """Return the bindings to send with a clause; None where none may be sent, or there are more than ``most``.

        ``service_plan`` has the rules for the variables. One is left out if any of its values cannot be sent.
        """
        names = sorted(clause.certain & around.variables)
        if clause.correlated or not clause.divisible or not names:
            return None
        solutions = self._ask_rows(names, around.text, most + 1)
        rows = [row for row in solutions if not any(row.get(name, {}).get("type") == "bnode" for name in names)]
        names = [name for name in names if all(name in row and query_texts.pushable(row[name]) for row in rows)]
        if len(solutions) > most or not names:
            return None
        values = {tuple(str(query_texts.pushable(row[name])) for name in names) for row in rows}
        return Bindings(tuple(names), tuple(sorted(values)))

    def _ask_rows(self, names: Sequence[str], pattern: str, most: int) -> list[dict[str, dict[str, str]]]:
        """Query the values of variables in a pattern over the dataset, ``most`` rows at most, as JSON terms."""
        # Parameters of a saved query come as VALUES: the engine's substitution reaches only variables that are
        # projected.
        given = self.task.substitutions or {}
        bound = "".join(f"VALUES ?{name} {{ {term} }} " for name, term in given.items())
        text = query_texts.local_query(self.tree, names, f"{{ {bound}{pattern} }}" if bound else pattern, most)
        task = replace(self.task, text=text, format=SOLUTION_FORMATS[0], prefixes=None,
                       substitutions=None, rows=None, skip=0)  # fmt: skip
        answer = self.ask(task)
        rows: list[dict[str, dict[str, str]]] = json.loads(answer.body)["results"]["bindings"]
        return rows

    def _solutions(self, clause: ServiceClause, endpoint: Endpoint, around: Surroundings) -> list[Table]:
        """Return an endpoint's solutions of a clause; one empty solution where it fails under SILENT (section 2.3)."""
        limits = endpoint.limits
        # Half of the requests at most go to blocks: the other half is for attempts that have to be repeated.
        bindings = self._bindings(clause, around, limits.block * max(1, limits.requests // 2))
        began = time.monotonic()
        try:
            blocks = [None] if bindings is None else bindings.blocks(limits.block)
            tables = self._blocks(clause, endpoint, blocks)
            if len(blocks) > 1 and any(table.blanks for table in tables):
                # A blank node that is in two answers has two labels: only a single answer keeps it one node.
                tables = self._blocks(clause, endpoint, [bindings])
        except EndpointFailed as error:
            self._note(RemoteSource(endpoint.alias, missing=str(error.members["reason"])))
            if not clause.silent:
                raise
            return [_nothing(clause)]
        seconds = time.monotonic() - began
        self._note(RemoteSource(endpoint.alias, rows=sum(table.rows for table in tables), seconds=seconds))
        return tables

    def _blocks(self, clause: ServiceClause, endpoint: Endpoint, blocks: Sequence[Bindings | None]) -> list[Table]:
        """Send a query for each block of bindings, or one without any; return the parsed answers in that order."""
        base, budget = self.task.base or self.federation.base, self._budget(endpoint)
        queries = [query_texts.remote_query(self.tree, clause, self.edits, base, block) for block in blocks]
        futures = [self.federation.fetch(endpoint, query, budget) for query in queries]
        tables = []
        try:
            for future in futures:
                reply = self._awaited(future, endpoint, budget)
                names, label = clause.variables or (query_texts.ROW,), f"r{next(self.numbers)}x"
                table = self._read(Remote(endpoint.alias, reply.body, reply.format, names, endpoint.limits.rows, label))
                tables.append(table if clause.variables else Table("() " * table.rows, table.rows))
        finally:
            for future in futures:  # after a failure the blocks that have not been sent yet are not sent at all
                future.cancel()
        return tables

    def _read(self, remote: Remote) -> Table:
        """Have a worker parse an answer, which is untrusted; a malformed one counts as the endpoint's failure.

        Raises EndpointFailed.
        """
        try:
            return self.local.read_remote(remote, max(0.1, self.end - time.monotonic()))
        except EndpointFailed as error:
            if error.members["reason"] not in CLIENT_FAULTS and self.budgets[remote.alias].blame():
                self.federation.health.failed(remote.alias, str(error.members["reason"]))
            raise

    @staticmethod
    def _awaited(future: Future[RemoteBody], endpoint: Endpoint, budget: Budget) -> RemoteBody:
        """Wait for an answer until the endpoint's deadline. Raises what fetching raises, and EndpointTimeout."""
        # Name resolution in the C library has no deadline. A thread that hangs in it is left behind.
        try:
            return future.result(max(0.0, budget.deadline - time.monotonic()) + GRACE)
        except FutureTimeoutError:
            raise timeout(endpoint) from None

    def _budget(self, endpoint: Endpoint) -> Budget:
        with self.lock:
            deadline = min(self.end, time.monotonic() + endpoint.limits.seconds)
            return self.budgets.setdefault(endpoint.alias, Budget(endpoint, deadline))

    def _note(self, source: RemoteSource) -> None:
        """Add rows, seconds and failure of one clause to the report on its source."""
        with self.lock:
            noted = self.sources.get(source.alias, RemoteSource(source.alias))
            self.sources[source.alias] = replace(
                noted,
                rows=noted.rows + source.rows,
                seconds=max(noted.seconds, source.seconds),
                missing=noted.missing or source.missing,
            )

    def _sources(self) -> tuple[RemoteSource, ...]:
        spent = {alias: (budget.requests, budget.kept) for alias, budget in self.budgets.items()}
        return tuple(
            replace(source, requests=spent.get(alias, (0, 0))[0], kept=spent.get(alias, (0, 0))[1])
            for alias, source in sorted(self.sources.items())
        )


def _nothing(clause: ServiceClause) -> Table:
    """Return the empty solution, which is compatible with every other: the result of a failure under SILENT."""
    return Table(f"({' '.join('UNDEF' for _ in clause.variables)})", 1)


def _with_first(table: Table, term: str) -> Table:
    """Return the table with ``term`` as the first column of each row."""
    lines = [f"({term} {line[1:]}" for line in table.text.splitlines()]
    return replace(table, text="\n".join(lines))
