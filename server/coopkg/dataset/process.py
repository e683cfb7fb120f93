"""``python -m coopkg.dataset.process FOLDER PARENT``: the dataset process over the settings in the environment.

It owns the current version and its journal. A change is in the journal, on the disk, before workers have it and before
whoever handed it in hears of it.
"""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coopkg.dataset import changes, document_validation, validation_questions
from coopkg.dataset.commit_log import CommitLog, commit_as_json
from coopkg.dataset.consistency import contradictions
from coopkg.dataset.entailment import ExplanationRequest, update_closure
from coopkg.dataset.graph_extract import GraphExtract
from coopkg.dataset.published_files import find_published
from coopkg.errors import CoopkgError
from coopkg.rdf.terms import read_nquads
from coopkg.settings import Settings
from coopkg.shacl.gate import open_gate, refuse
from coopkg.shacl.store_graph import StoreGraph
from coopkg.workers.dataset_process import DatasetProcess, die_with
from coopkg.workers.tasks import Outcome, TaskKind

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.terms import Quad
    from coopkg.shacl.gate import Gate

AVAILABLE_GRAPHS: Final = "available-graphs.nq"
"""The file in the process's folder with the named graphs that are served beside the facts."""


@dataclass(frozen=True)
class LoggedDataset:
    """The owner of a dataset with a commit log; ``gate`` is what a change must pass, None lets every change through."""

    log: CommitLog
    gate: Gate | None = None

    @property
    def snapshot(self) -> Dataset:
        """The current version."""
        return self.log.dataset

    def kinds(self) -> dict[str, TaskKind]:
        """Return the kinds of tasks over the current version besides queries: see ``dataset.engine.WorkerEngine``."""
        dataset = self.snapshot

        def validate(payload: dict[str, Any]) -> Outcome:
            question = validation_questions.from_json(payload)
            return Outcome(document_validation.examine(dataset, self.gate, question), {"tag": dataset.tag})

        return {
            "change": TaskKind(lambda payload: _work_out(dataset, self.gate, changes.from_json(payload)), spoils=True),
            "validate": TaskKind(validate, spoils=True),
            "extract": TaskKind(lambda payload: Outcome(GraphExtract(**payload).answer(dataset), {"tag": dataset.tag})),
            "why": TaskKind(
                lambda payload: Outcome(ExplanationRequest(**payload).answer(dataset), {"tag": dataset.tag})
            ),
        }

    def control(self, command: str, note: dict[str, Any], body: str) -> dict[str, Any]:
        """Return the commit that is known, or make the next version; empty where there is none. Raises as CommitLog."""
        if command == "known":
            return commit_as_json(self.log.known(note["note"]))
        return commit_as_json(self.log.commit(int(note["version"]), note["note"], note["id"], body))

    def info(self) -> dict[str, Any]:
        """Return version, digest, tag and number of quads of the current version."""
        return self.snapshot.info()

    def release(self) -> None:
        """Close the journal in a worker: its lock and its file are the dataset process's alone."""
        if self.log.journal is not None:
            self.log.journal.close()


def _work_out(dataset: Dataset, gate: Gate | None, change: changes.Change) -> Outcome:
    """Carry the change out on this worker's own copy of the dataset, and check the result against the gate.

    What follows from it is computed here first, where the kernel bounds time and memory.
    """
    store, lexical_forms = dataset.store, dataset.lexical_forms
    patch = changes.compute_patch(store, change, lexical_forms)
    came, inferred = update_closure(dataset, (*patch.added, *patch.removed))
    if gate is not None:
        graph = StoreGraph(store, lexical_forms)
        report = gate.check(graph, patch.added, patch.removed)
        report = report.and_(contradictions(dataset, (*came, *inferred.added)))
        refuse(report, gate.shapes, graph, patch.sources)
    return Outcome(patch.lines().encode(), {"version": dataset.version, "existed": patch.existed})


def _gate(settings: Settings, dataset: Dataset) -> Gate | None:
    """Return the gate of a server that takes writes, once what the journal made of the files has passed it."""
    if settings.home is None or settings.scratch:
        return None
    gate = open_gate(find_published(settings.published).shapes(), settings.base)
    graph = StoreGraph(dataset.store, dataset.lexical_forms)
    gate.index.measure(graph)
    if dataset.version > 1:
        refuse(gate.check_all(graph).and_(contradictions(dataset)), gate.shapes, graph)
    return gate


def _available_graphs(path: Path) -> list[Quad]:
    """Return the named graphs that whoever started this process left for it."""
    return read_nquads(path.read_bytes()) if path.exists() else []


def main() -> None:
    """Run until a signal ends it; the arguments are the folder of the sockets and the process id of the parent."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    die_with(parent)
    settings, began = Settings.from_environment(), time.monotonic()
    try:
        log = CommitLog.open(settings, _available_graphs(folder / AVAILABLE_GRAPHS))
        owner = LoggedDataset(log, _gate(settings, log.dataset))
    except CoopkgError as error:
        print(f"coopkg: {error.detail}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
    gc.collect()
    gc.freeze()  # what is loaded stays, so that no collection writes into the pages that workers share
    DatasetProcess(owner, settings, folder, time.monotonic() - began).run()


if __name__ == "__main__":
    main()
