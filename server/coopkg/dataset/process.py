"""``python -m coopkg.dataset.process FOLDER PARENT``: the dataset process over the settings in the environment.

It owns the current version and its journal. A change is in the journal, on the disk, before workers evaluate over it
and before it is acknowledged.
"""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coopkg.dataset import changes, document_validation, validation_questions
from coopkg.dataset.commit_log import CommitLog, commit_as_json
from coopkg.dataset.consistency import contradictions, inferred_excess
from coopkg.dataset.entailment import ExplanationRequest, update_closure
from coopkg.dataset.graph_extract import GraphExtract
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.licences import check_contribution, open_licences
from coopkg.dataset.published_files import find_published
from coopkg.dataset.similar_names import similar_names
from coopkg.dataset.snapshot_writer import SnapshotWriter
from coopkg.dataset.stored_violations import set_apart
from coopkg.errors import CoopkgError
from coopkg.rdf.terms import read_nquads
from coopkg.settings import Settings
from coopkg.shacl.gate import advice, open_gate, refuse
from coopkg.shacl.report_formats.json_format import as_note
from coopkg.shacl.store_graph import StoreGraph
from coopkg.workers.dataset_process import DatasetProcess, die_with
from coopkg.workers.liveness import report_progress
from coopkg.workers.tasks import Outcome, TaskKind

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.terms import Quad
    from coopkg.shacl.gate import Gate
    from coopkg.shacl.licences import Licences

AVAILABLE_GRAPHS: Final = "available-graphs.nq"
"""The file in the process's folder with the quads of the available graphs (sd:availableGraphs)."""


@dataclass(frozen=True)
class LoggedDataset:
    """A dataset with its commit log; ``gate`` is the validation that a change must pass, if any."""

    log: CommitLog
    gate: Gate | None = None
    licences: Licences | None = None
    history: History | None = None
    snapshots: SnapshotWriter | None = None

    @property
    def snapshot(self) -> Dataset:
        """The current version."""
        return self.log.dataset

    def kinds(self) -> dict[str, TaskKind]:
        """Return the kinds of tasks besides queries, over the current version: those that ``WorkerEngine`` requests."""
        dataset = self.snapshot

        def validate(payload: dict[str, Any]) -> Outcome:
            question = validation_questions.from_json(payload)
            report = document_validation.examine(dataset, self.gate, question, self.licences, self.history)
            return Outcome(report, {"tag": dataset.tag})

        def change(payload: dict[str, Any]) -> Outcome:
            return compute_change(dataset, self.gate, changes.from_json(payload), self.licences, self.history)

        return {
            "change": TaskKind(change, spoils=True),
            "validate": TaskKind(validate, spoils=True),
            "extract": TaskKind(lambda payload: Outcome(GraphExtract(**payload).answer(dataset), {"tag": dataset.tag})),
            "why": TaskKind(
                lambda payload: Outcome(ExplanationRequest(**payload).answer(dataset), {"tag": dataset.tag})
            ),
        }

    def control(self, command: str, note: dict[str, Any], body: str) -> dict[str, Any]:
        """Answer ``known`` or ``commit`` with a commit as JSON, empty where there is none. Raises as CommitLog."""
        if command == "known":
            return commit_as_json(self.log.known(note["note"]))
        commit = self.log.commit(int(note["version"]), note["note"], note["id"], body)
        if self.snapshots is not None:
            self.snapshots.begin_if_due()
        return commit_as_json(commit)

    def info(self) -> dict[str, Any]:
        """Return version, digest, tag and number of quads of the current version."""
        return self.snapshot.info()

    def release(self) -> None:
        """Close the journal in a worker: it belongs to the dataset process alone."""
        # The lock is the open file's, which parent and child share: a worker that kept it open could keep the journal
        # locked after the dataset process has died.
        if self.log.journal is not None:
            self.log.journal.close()


def compute_change(
    dataset: Dataset,
    gate: Gate | None,
    change: changes.Change,
    licences: Licences | None = None,
    history: History | None = None,
) -> Outcome:
    """Carry out a change on this worker's own copy of the dataset, check the result, and return the patch.

    Raises what ``changes.compute_patch`` raises, and DoesNotConform.
    """
    store, lexical_forms = dataset.store, dataset.lexical_forms
    patch = changes.compute_patch(store, change, lexical_forms)
    # The dataset process repeats this when it commits. Here the kernel bounds time and memory, so a change whose
    # closure is too large ends a worker and not the dataset process.
    added, inferred = update_closure(dataset, (*patch.added, *patch.removed))
    notes: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    if gate is not None:
        graph = StoreGraph(store, lexical_forms)
        report = gate.check(graph, patch.added, patch.removed)
        report = report.and_(contradictions(dataset, (*added, *inferred.added)))
        report = report.and_(inferred_excess(dataset, gate.shapes, inferred.added))
        report = report.and_(similar_names(store, dataset.names, patch.added, dataset.base))
        if licences is not None and change.contribution:
            report = report.and_(check_contribution(licences, store, graph, patch.added))
        report = set_apart(report, gate.shapes, dataset, (patch.added, patch.removed), history)
        refuse(report, gate.shapes, graph, patch.sources)
        notes = [as_note(note) for note in report.notes]
        warnings = advice(report, gate.shapes, graph, patch.sources)
    facts = {"version": dataset.version, "existed": patch.existed, "notes": notes, "warnings": warnings}
    return Outcome(patch.lines().encode(), facts)


def _gate(settings: Settings, dataset: Dataset) -> Gate | None:
    """Return the gate of a server that takes writes, after a check of the dataset; None where nothing is written.

    Raises DoesNotConform where the published files and the journal together violate a shape.
    """
    if settings.home is None or settings.scratch:
        return None
    gate = open_gate(find_published(settings.published).shapes(), settings.base)
    graph = StoreGraph(dataset.store, dataset.lexical_forms)
    gate.index.measure(graph)
    dataset.names.build(dataset.store)
    if dataset.version > 1:  # version 1, the published files, has been validated before this process was started
        refuse(gate.check_all(graph).and_(contradictions(dataset)), gate.shapes, graph)
    return gate


def _history(settings: Settings) -> History | None:
    """Open the journal a second time: workers close the one that the log appends to, and read where data come from."""
    path = None if settings.home is None or settings.scratch else settings.home / NAME
    return History(path, NAME) if path is not None and path.exists() else None


def _available_graphs(path: Path) -> list[Quad]:
    """Read the quads of the available graphs, from the file that the process which started this one has written."""
    return read_nquads(path.read_bytes()) if path.exists() else []


def main() -> None:
    """Run until a signal ends it; the arguments are the folder of the sockets and the process id of the parent."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    die_with(parent)
    settings, began = Settings.from_environment(), time.monotonic()
    try:
        log = CommitLog.open(
            settings, _available_graphs(folder / AVAILABLE_GRAPHS), report=partial(report_progress, folder)
        )
        report_progress(folder, "validating")
        snapshots = SnapshotWriter(log)
        gate = _gate(settings, log.dataset)
        licences = None if gate is None else open_licences(find_published(settings.published), settings.base)
        owner = LoggedDataset(log, gate, licences, _history(settings), snapshots)
    except CoopkgError as error:
        print(f"coopkg: {error.detail}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
    gc.collect()
    # A collection writes into the header of every object that it visits, and so copies the pages that forked workers
    # share with this process. Frozen objects are not visited.
    gc.freeze()
    snapshots.begin_if_due()  # after a start that has replayed much, the next one should not have to
    DatasetProcess(owner, settings, folder, time.monotonic() - began).run()


if __name__ == "__main__":
    main()
