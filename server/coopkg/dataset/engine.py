"""What evaluates over a dataset: the workers of a dataset process, or this process itself."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from coopkg.dataset.changes import compute_patch
from coopkg.dataset.commit_log import stale
from coopkg.dataset.entailment import update_closure
from coopkg.dataset.proposals import Receipt
from coopkg.dataset.store import copy_of
from coopkg.errors import Busy
from coopkg.sparql.query_units import take_apart
from coopkg.workers.client import ATTEMPTS, WorkerClient
from coopkg.workers.evaluation import advising, answer_query, evaluate, names_available_graph, task_for
from coopkg.workers.remote_results import read
from coopkg.workers.tasks import Answer, Query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopkg.dataset.entailment import ExplanationRequest
    from coopkg.dataset.graph_extract import GraphExtract
    from coopkg.dataset.proposals import Proposal
    from coopkg.dataset.store import Dataset
    from coopkg.dataset.validation_questions import Question
    from coopkg.settings import Settings
    from coopkg.sparql.query_units import QueryUnits
    from coopkg.workers.remote_results import Remote, Table
    from coopkg.workers.tasks import Task

_PAUSE: Final = 0.1
"""Seconds between two requests to a dataset process that has died and is being started again."""


class Engine(Protocol):
    """What evaluates queries and carries out changes: workers, or this process itself."""

    @property
    def isolated(self) -> bool:
        """Whether evaluation happens in processes that can be killed, over a dataset whose changes are kept."""
        ...

    def ask(self, task: Task | Query, deadline: float | None = None) -> Answer:
        """Evaluate a task, or a query that nobody has read yet, and return the whole answer. Raises as evaluation.

        ``deadline`` is in seconds; it holds only where the engine is isolated.
        """
        ...

    def take_apart(self, text: str) -> QueryUnits:
        """Return the units of a client's query. Raises QuerySyntaxError."""
        ...

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:
        """Read the answer of another endpoint. Raises EndpointFailed."""
        ...

    def tag(self) -> str:
        """Return the tag of the current version."""
        ...

    def info(self) -> Mapping[str, Any]:
        """Return version, digest and number of quads of the dataset."""
        ...

    def explain(self, why: ExplanationRequest) -> Answer:
        """Explain why a triple holds, as JSON (``ExplanationRequest.answer``). Raises NotFound."""
        ...

    def extract(self, extract: GraphExtract) -> Answer:
        """Serialise one graph, its literals as they were written."""
        ...

    def validate(self, question: Question) -> bytes:
        """Return the report on documents. Raises what ``document_validation.examine`` raises."""
        ...

    def change(self, proposal: Proposal) -> Receipt:
        """Carry out a change and publish the version that it makes. Raises what ``changes.compute_patch`` raises."""
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Evaluates in this process: for queries of the command line, for tests, and for Flask without ``coopkg serve``."""

    dataset: Dataset
    isolated = False

    def ask(self, task: Task | Query, deadline: float | None = None) -> Answer:  # noqa: ARG002 - nothing can end it
        """Evaluate a task in this thread. Raises the errors of ``workers.evaluation``."""
        if isinstance(task, Query):
            with advising(task.task):
                return answer_query(task, self.dataset.tag, lambda readable: self._answer(readable).body)
        with advising(task):
            return self._answer(task)

    def _answer(self, task: Task) -> Answer:
        dataset = self.dataset
        store = dataset.view(entailment=task.entailment)
        if names_available_graph(task, dataset.available):
            # The evaluation adds the available graphs to its store. All threads share that one, so it gets a copy.
            store = copy_of(store)
        return Answer(evaluate(store, task_for(dataset, task), dataset.available), dataset.tag)

    def take_apart(self, text: str) -> QueryUnits:
        """Return the units of a query. Raises QuerySyntaxError."""
        return take_apart(text)

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:  # noqa: ARG002 - the same
        """Read the answer of another endpoint. Raises EndpointFailed."""
        return read(remote)

    def tag(self) -> str:
        """Return the tag of the current version."""
        return self.dataset.tag

    def info(self) -> Mapping[str, Any]:
        """Return version, digest and number of quads of the dataset."""
        return self.dataset.info()

    def explain(self, why: ExplanationRequest) -> Answer:
        """Explain why a triple holds, as JSON. Raises NotFound."""
        return Answer(why.answer(self.dataset), self.dataset.tag)

    def extract(self, extract: GraphExtract) -> Answer:
        """Serialise one graph, its literals as they were written."""
        return Answer(extract.answer(self.dataset), self.dataset.tag)

    def validate(self, question: Question) -> bytes:
        """Validate documents on a copy of the dataset and return the report."""
        # Imported when it is needed: it brings the whole of shacl/, 0.1 s that a query on the command line is spared.
        from coopkg.dataset.document_validation import examine, private_copy  # noqa: PLC0415

        return examine(private_copy(self.dataset), None, question)

    def change(self, proposal: Proposal) -> Receipt:
        """Carry out a change on the dataset itself, without a gate and without a commit."""
        patch = compute_patch(self.dataset.store, proposal.change)
        update_closure(self.dataset, (*patch.added, *patch.removed))
        return Receipt(self.dataset.version, self.dataset.tag, patch.existed, changed=bool(patch.lines()))


class WorkerEngine(WorkerClient):
    """Evaluates in the workers of a dataset process, of the kinds that ``dataset.process`` gives them."""

    isolated = True

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        self.settings = settings

    def change(self, proposal: Proposal) -> Receipt:
        """Compute a change in a worker and have the dataset process commit it; a known key is not committed twice.

        Raises what ``changes.compute_patch`` raised, DoesNotConform, Stale where another version is expected,
        KeyReused, StorageExceeded, and Busy if other changes came first ``ATTEMPTS`` times.
        """
        # Before the tag is compared: a repeated request carries the If-Match of its first time, which no longer holds.
        if proposal.key:
            earlier = self.control(f"known {json.dumps({'note': proposal.note()})}")
            if earlier:
                return _receipt(earlier)
        # The commit checks this again. Here it saves computing a change that cannot be committed.
        if proposal.expected not in {"", self.tag()}:
            raise stale(self.tag())
        # Made here and not by the dataset process, so that a commit whose acknowledgement was lost can be asked for
        # again.
        identifier = str(uuid.uuid4())
        for _ in range(ATTEMPTS):
            frame = self.request("change", proposal.change.as_json())
            version, existed = int(frame.facts["version"]), bool(frame.facts["existed"])
            # Without a difference there is no commit, and the version stays.
            if not frame.body:
                return Receipt(version, self.tag(), existed, changed=False)
            note = {"version": version, "id": identifier, "note": proposal.note()}
            # Empty if another change was committed meanwhile: then this one is computed and validated anew, since two
            # changes that conform alone need not conform together.
            commit = self._commit(f"commit {json.dumps(note)}\n{frame.body.decode()}")
            if commit:
                receipt, facts = _receipt(commit, existed=existed), frame.facts
                return replace(receipt, notes=tuple(facts["notes"]), warnings=tuple(facts["warnings"]))
        raise Busy("Other changes kept coming first; come back in a moment.")

    def validate(self, question: Question) -> bytes:
        """Validate documents in a worker and return the report. Raises what ``document_validation.examine`` raises."""
        return self.request("validate", question.as_json()).body

    def explain(self, why: ExplanationRequest) -> Answer:
        """Explain why a triple holds, as JSON. Raises NotFound, and as ``ask``."""
        frame = self.request("why", vars(why))
        return Answer(frame.body, str(frame.facts["tag"]))

    def extract(self, extract: GraphExtract) -> Answer:
        """Serialise one graph in a worker, its literals as they were written. Raises as ``ask``."""
        frame = self.request("extract", vars(extract))
        return Answer(frame.body, str(frame.facts["tag"]))

    def _commit(self, question: str) -> dict[str, Any]:
        """Send a patch to be committed; return the commit, empty where the version is not current any more.

        If the dataset process dies meanwhile, the next one is asked: it finds the id in its log. Raises Busy where that
        is not possible.
        """
        deadline = time.monotonic() + self.settings.deadline_seconds
        while True:
            try:
                return self.control(question, self.settings.deadline_seconds)
            except Busy:
                # Without a journal no id outlives the process, and asking again could make the change twice.
                if self.settings.home is None or time.monotonic() > deadline:
                    raise Busy(
                        "Whether the change was made is not known; ask again with its Idempotency-Key."
                    ) from None
                time.sleep(_PAUSE)


def _receipt(commit: dict[str, Any], *, existed: bool = True) -> Receipt:
    return Receipt(int(commit["version"]), str(commit["tag"]), existed, commit=str(commit["id"]))
