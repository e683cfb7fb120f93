"""The service: one dataset with its saved queries, and the one way to ask it. Everything hangs from here."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from coopkg.accepted import accepted, amended
from coopkg.dumps import FOLDER, Shelf
from coopkg.engine.cache import AnswerCache
from coopkg.engine.changes import work_out
from coopkg.engine.evaluate import Answer, Task, evaluate, fitting, reaches
from coopkg.engine.ledger import check_head, read_dataset, read_seed
from coopkg.engine.proposals import Proposal, Receipt
from coopkg.engine.remote import Remote, Table, read
from coopkg.entailment import entailed, follow
from coopkg.errors import DoesNotConform, Forbidden
from coopkg.examples import with_examples
from coopkg.federation.opening import open_federation
from coopkg.federation.reading import is_federated
from coopkg.files import find_published
from coopkg.journal import NAME, SEED_VERSION, History
from coopkg.queries import load_queries
from coopkg.results import SOLUTION_FORMATS
from coopkg.shacl.report import Report, Severity, human
from coopkg.store import copied
from coopkg.validation import read_shapes, validate_documents, validate_published
from coopkg.vocab import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from coopkg.engine.extract import Extract
    from coopkg.entailment import Why
    from coopkg.federation.executor import Federation
    from coopkg.queries import SavedQuery
    from coopkg.settings import Settings
    from coopkg.store import Dataset


T = TypeVar("T")


class Engine(Protocol):
    """What evaluates: the keeper's readers, or this process itself."""

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        """Give the whole answer, within so many seconds where it can be ended. Raises the errors of evaluation."""
        ...

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:
        """Read the answer of another endpoint. Raises EndpointFailed."""
        ...

    def tag(self) -> str:
        """Give the tag of the current version."""
        ...

    def info(self) -> Mapping[str, Any]:
        """Give version, digest and number of quads of the dataset."""
        ...

    def explain(self, why: Why) -> Answer:
        """Say why a triple holds, as JSON. Raises NotFound."""
        ...

    def extract(self, extract: Extract) -> Answer:
        """Write a graph down, literals as they were written."""
        ...

    def change(self, proposal: Proposal) -> Receipt:
        """Carry a change out and publish what it gives. Raises what working it out raises."""
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Evaluates in this process: for the user's own queries, tests, and Flask without ``coopkg serve``."""

    dataset: Dataset

    def ask(self, task: Task, deadline: float | None = None) -> Answer:  # noqa: ARG002 - nothing ends it here
        """Give the whole answer. Raises the errors of ``engine.evaluate``."""
        dataset = self.dataset
        store = dataset.view(entailment=task.entailment)
        if reaches(task, dataset.beside):  # then the store is spoilt, which here all threads share
            store = copied(store)
        return Answer(evaluate(store, fitting(dataset, task), dataset.beside), dataset.tag)

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:  # noqa: ARG002 - the same
        """Read the answer of another endpoint. Raises EndpointFailed."""
        return read(remote)

    def tag(self) -> str:
        """Give the tag of the current version."""
        return self.dataset.tag

    def info(self) -> Mapping[str, Any]:
        """Give version, digest and number of quads of the dataset."""
        dataset = self.dataset
        return {
            "version": dataset.version, "digest": dataset.digest, "tag": dataset.tag, "quads": dataset.count(),
            "inferred": dataset.count_inferred(),
        }  # fmt: skip

    def explain(self, why: Why) -> Answer:
        """Say why a triple holds, as JSON. Raises NotFound."""
        return Answer(why.answer(self.dataset), self.dataset.tag)

    def extract(self, extract: Extract) -> Answer:
        """Write a graph down, literals as they were written."""
        return Answer(extract.answer(self.dataset), self.dataset.tag)

    def change(self, proposal: Proposal) -> Receipt:
        """Carry a change out on the dataset itself."""
        patch = work_out(self.dataset.store, proposal.change)
        follow(self.dataset, (*patch.added, *patch.removed))
        return Receipt(self.dataset.version, self.dataset.tag, patch.existed, changed=bool(patch.lines()))


class Derived:
    """What is worked out from one version of the dataset, by name, and kept until there is another."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._values: dict[str, tuple[str, Any]] = {}

    def get(self, name: str, tag: str, work_out: Callable[[], T]) -> T:
        """Give what is kept under that name for the version with that tag, else work it out, in one thread only."""
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
    shelf: Shelf = field(default_factory=Shelf)
    derived: Derived = field(default_factory=Derived)

    def answer(self, task: Task, deadline: float | None = None) -> Answer:
        """Give the whole answer, other endpoints asked where SERVICE names them.

        Raises the errors of evaluation, and what ``Federation.run`` raises.
        """
        if self.federation is not None and is_federated(task.text):
            return self.federation.run(task, self.engine, deadline)
        return self.engine.ask(task, deadline)

    def ask(self, task: Task) -> bytes:
        """Give the whole answer without what became of its sources. Raises as ``answer``."""
        return self.answer(task).body

    def propose(self, proposal: Proposal) -> Receipt:
        """Carry a change out: the one path of every write. Raises Forbidden where writes are off."""
        if not self.settings.scratch and (self.settings.home is None or isinstance(self.engine, LocalEngine)):
            raise Forbidden("Writes are off on this server.")
        return self.engine.change(proposal)

    def rows(self, text: str) -> list[dict[str, str]]:
        """Give the solutions of one of our own queries, each term as its bare text."""
        found = self.terms(Task(text, SOLUTION_FORMATS[0], self.settings.base))
        return [{name: term["value"] for name, term in row.items()} for row in found]

    def terms(self, task: Task) -> list[dict[str, dict[str, str]]]:
        """Give the solutions of one of our own queries in JSON, each term with its type, language and datatype."""
        found: list[dict[str, dict[str, str]]] = json.loads(self.ask(task))["results"]["bindings"]
        return found


def open_service(settings: Settings, engine: Engine | None = None, folder: Path | None = None) -> Service:
    """Load the saved queries, and the dataset unless an engine has it, unchecked.

    ``folder`` is where web workers share dumps and what they know of other endpoints. Raises DatasetBroken,
    RdfSyntaxError, QuerySyntaxError, and UsageError for a list of endpoints that cannot be read.
    """
    published = find_published(settings.published)
    queries = load_queries(published, settings.base)
    cache = AnswerCache(settings.cache_bytes)
    engine = engine or LocalEngine(_local(settings))
    federation = open_federation(settings, published, folder)
    return Service(settings, engine, queries, cache, _history(settings), federation, Shelf(folder and folder / FOLDER))


def _local(settings: Settings) -> Dataset:
    dataset = entailed(read_dataset(settings), axiomatic=settings.scratch)
    return dataset if settings.scratch else with_examples(dataset, find_published(settings.published))


def _history(settings: Settings) -> History | None:
    """Give the history of the data directory; None where there is none yet."""
    if settings.home is None or not (settings.home / NAME).exists():
        return None
    history = History(settings.home / NAME)
    check_head(history.head, settings)
    history.refresh()
    return history


def check_published(settings: Settings, current: Dataset | None = None) -> None:
    """Hold the published files, with what a journal makes of them, or ``current`` itself, against shapes and axioms.

    Raises DoesNotConform with file and line of what is wrong, and DatasetBroken.
    """
    published = find_published(settings.published)
    current = current or read_dataset(settings)
    if current.version == SEED_VERSION:
        report = validate_published(published, regime=settings.regime)
    else:
        documents = amended(published, accepted(read_seed(settings), current), settings.base)
        report = validate_documents(documents, read_shapes(published.shapes()), settings.regime)
    if report.refused_at(Severity.VIOLATION):
        violations = Report(tuple(r for r in report.results if r.severity is Severity.VIOLATION))
        raise DoesNotConform(
            f"The published data violate their shapes or contradict their ontology:\n{human(violations, prefixes())}"
        )
