"""The service: one dataset with its saved queries, and the one way to ask it. Everything hangs from here."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from coopkg.answers.federation.service_clauses import is_federated
from coopkg.answers.shared_files import SharedFiles
from coopkg.errors import Forbidden
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.workers.tasks import Answer, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopkg.answers.answer_cache import AnswerCache
    from coopkg.answers.federation.executor import Federation
    from coopkg.answers.saved_queries import SavedQuery
    from coopkg.dataset.engine import Engine
    from coopkg.dataset.journal import History
    from coopkg.dataset.proposals import Proposal, Receipt
    from coopkg.settings import Settings


T = TypeVar("T")


class Derived:
    """What is worked out from one version of the dataset, by name, and kept until there is another."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._values: dict[str, tuple[str, Any]] = {}

    def get(self, name: str, tag: str, work_out: Callable[[], T]) -> T:
        """Return what is kept under that name for the version with that tag, else work it out, in one thread only."""
        with self._locks[name]:
            kept = self._values.get(name)
            if kept is None or kept[0] != tag:
                kept = self._values[name] = tag, work_out()
            found: T = kept[1]
            return found


@dataclass(frozen=True)
class Service:
    """What a running coopkg consists of."""

    settings: Settings
    engine: Engine
    queries: Mapping[str, SavedQuery]
    cache: AnswerCache
    history: History | None = None
    federation: Federation | None = None
    files: SharedFiles = field(default_factory=SharedFiles)
    derived: Derived = field(default_factory=Derived)

    def answer(self, task: Task, deadline: float | None = None) -> Answer:
        """Return the whole answer, other endpoints asked where SERVICE names them.

        Raises the errors of evaluation, and what ``Federation.run`` raises.
        """
        if self.federation is not None and is_federated(task.text):
            return self.federation.run(task, self.engine, deadline)
        return self.engine.ask(task, deadline)

    def ask(self, task: Task) -> bytes:
        """Return the whole answer without what became of its sources. Raises as ``answer``."""
        return self.answer(task).body

    def propose(self, proposal: Proposal) -> Receipt:
        """Carry a change out: the one path of every write. Raises Forbidden where writes are off."""
        if not self.settings.scratch and (self.settings.home is None or not self.engine.isolated):
            raise Forbidden("Writes are off on this server.")
        return self.engine.change(proposal)

    def rows(self, text: str) -> list[dict[str, str]]:
        """Return the solutions of one of our own queries, each term as its bare text."""
        found = self.terms(Task(text, SOLUTION_FORMATS[0], self.settings.base))
        return [{name: term["value"] for name, term in row.items()} for row in found]

    def terms(self, task: Task) -> list[dict[str, dict[str, str]]]:
        """Return the solutions of one of our own queries in JSON, each term with its type, language and datatype."""
        found: list[dict[str, dict[str, str]]] = json.loads(self.ask(task))["results"]["bindings"]
        return found
