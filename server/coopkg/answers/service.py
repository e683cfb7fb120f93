"""The service: a dataset with its saved queries, and the only way to query or change it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from coopkg.answers.readings import Readings
from coopkg.answers.shared_files import SharedFiles
from coopkg.errors import DatasetBroken, EngineFault, Forbidden, TooLarge
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.sparql.admission import MOST_IN_IRIS
from coopkg.workers.tasks import Answer, Query, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopkg.answers.answer_cache import AnswerCache
    from coopkg.answers.federation.executor import Federation
    from coopkg.answers.saved_queries import SavedQuery
    from coopkg.dataset.engine import Engine
    from coopkg.dataset.history import History
    from coopkg.dataset.journal_format import Record
    from coopkg.dataset.proposals import Proposal, Receipt
    from coopkg.settings import Settings
    from coopkg.sparql.reading import Reading


T = TypeVar("T")


class Derived:
    """Values that are computed from one version of the dataset, by name, and kept until there is another version."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._values: dict[str, tuple[str, Any]] = {}

    def get(self, name: str, tag: str, compute: Callable[[], T]) -> T:
        """Return the value of that name for the version with that tag, computed where there is none yet."""
        # One thread computes, the others wait for it and do not repeat the work. The lock is re-entrant, since a value
        # may be computed from others, and there is one for each name, so that a slow value does not stop the rest.
        with self._locks[name]:
            kept = self._values.get(name)
            if kept is None or kept[0] != tag:
                kept = self._values[name] = tag, compute()
            value: T = kept[1]
            return value


@dataclass(frozen=True)
class Service:
    """The parts of a running coopkg; a web process has one service, and every page gets it."""

    settings: Settings
    engine: Engine
    queries: Mapping[str, SavedQuery]
    cache: AnswerCache
    history: History | None = None
    federation: Federation | None = None
    files: SharedFiles = field(default_factory=SharedFiles)
    derived: Derived = field(default_factory=Derived)
    readings: Readings = field(default_factory=Readings)

    def answer(self, task: Task, deadline: float | None = None) -> Answer:
        """Return the whole answer; a query with SERVICE is evaluated with the endpoints that it names.

        Raises the errors of evaluation, and what ``Federation.run`` raises.
        """
        # The word may stand in a comment. A worker knows, and tells it once for each text.
        if self.federation is not None and "SERVICE" in task.text.upper() and self.read(task).federated:
            return self.federation.run(task, self.engine, deadline)
        return self.engine.ask(task, deadline)

    def read(self, task: Task) -> Reading:
        """Return the reading of a client's query, which a worker finds out, once. Raises what ``read_query`` raises."""
        reading = self.readings.get(task.text)
        if reading is None:
            reading = self.engine.ask(self.query(task, {})).reading
            if reading is None:
                raise EngineFault("The query was not read.")
            self.readings.put(task.text, reading)
        return reading

    def query(self, task: Task, formats: Mapping[str, str]) -> Query:
        """Return a query that is to be read, and evaluated if its form is among those that have a format.

        Raises TooLarge for a text that is too long for whatever stands in it.
        """
        bound = self.settings.query_bytes
        if len(task.text) > MOST_IN_IRIS * bound:
            raise TooLarge(f"The query is longer than {bound} bytes.", bound=bound)
        return Query(task, formats, bound, self.federation is not None)

    def ask(self, task: Task) -> bytes:
        """Return the body of the whole answer, without the report on remote sources. Raises as ``answer``."""
        return self.answer(task).body

    def propose(self, proposal: Proposal) -> Receipt:
        """Carry out a change. Raises Forbidden where writes are off, and as ``Engine.change``."""
        # Every write of every page comes through here, so that none can go round the gate and the journal. A dataset of
        # this process alone, without ``coopkg serve``, has neither.
        if not self.settings.scratch and (self.settings.home is None or not self.engine.isolated):
            raise Forbidden("Writes are off on this server.")
        return self.engine.change(proposal)

    def commit(self, version: int) -> Record | None:
        """Return the commit that made a version; None where no commit did, or the journal cannot be read any more.

        For what is shown beside something else, which is to go on if the journal is damaged.
        """
        if self.history is None:
            return None
        try:
            return self.history.record(version)
        except (DatasetBroken, OSError):
            return None

    def rows(self, text: str) -> list[dict[str, str]]:
        """Return the solutions of an internal query: variable to lexical form or IRI. Raises as ``answer``."""
        solutions = self.terms(Task(text, SOLUTION_FORMATS[0], self.settings.base))
        return [{name: term["value"] for name, term in row.items()} for row in solutions]

    def terms(self, task: Task) -> list[dict[str, dict[str, str]]]:
        """Return the solutions of an internal query, terms as in SPARQL 1.1 Query Results JSON.

        Raises as ``answer``.
        """
        bindings: list[dict[str, dict[str, str]]] = json.loads(self.ask(task))["results"]["bindings"]
        return bindings
