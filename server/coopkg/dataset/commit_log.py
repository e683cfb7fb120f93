"""The ledger: the versions of the dataset, one after another, as the journal keeps them."""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset import changes
from coopkg.dataset.entailment import update_closure, with_closure
from coopkg.dataset.journal import NAME, Head, History, Journal, Record, now
from coopkg.dataset.store import load_dataset
from coopkg.errors import EngineFault, KeyReused, Stale, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.dataset.store import Dataset
    from coopkg.settings import Settings

REMEMBERED: Final = 10_000
"""Commits whose idempotency keys are known."""


@dataclass(frozen=True)
class Commit:
    """A commit as it is told to those who asked for it: the version that it made, its tag, its id."""

    version: int
    tag: str
    id: str
    request: str = ""


class CommitLog:
    """The current version of the dataset, and the one way to the next. Without a journal it forgets."""

    def __init__(self, dataset: Dataset, journal: Journal | None = None, records: tuple[Record, ...] = ()) -> None:
        self.dataset = dataset
        self.journal = journal
        self.commits: OrderedDict[tuple[str, ...], Commit] = OrderedDict()
        for record in records:
            self.dataset = replayed(self.dataset, record)
            self._remember(record)

    @classmethod
    def open(cls, settings: Settings, available: Iterable[ox.Quad] = ()) -> CommitLog:
        """Load the published files and replay the journal on them; say on standard error what was dropped.

        ``available`` are the quads of named graphs that are available beside the dataset.

        Raises what ``load_dataset`` and ``Journal.open`` raise, and UsageError where the journal has another base IRI.
        """
        dataset = with_canonical_blank_nodes(load_dataset(settings)).with_available_graphs(available)
        if settings.home is None:
            return cls(_shown(with_closure(dataset, axiomatic=settings.scratch)))
        journal, records, dropped = Journal.open(settings.home / NAME, Head(dataset.digest, dataset.base))
        if dropped:
            _say(f"{journal.path}: dropped {dropped} bytes of a record that was never finished")
        check_head(journal.head, settings)
        if journal.head.seed != dataset.digest:
            idle = idle_rows(dataset, records)
            _say(f"the published files have changed since the journal was begun; {idle} of its rows do nothing now")
        ledger = cls(dataset, journal, tuple(records))
        ledger.dataset = _shown(with_closure(ledger.dataset))  # once, over what the whole journal has made
        return ledger

    def commit(self, version: int, note: dict[str, str], identifier: str, rows: str) -> Commit | None:
        """Make the next version, once the journal has it; None where ``version`` is no longer the current one.

        A commit that is known by its id or key is given as it was. Raises Stale where another version is expected,
        KeyReused, StorageExceeded, and EngineFault for rows that are no patch; in all cases nothing was changed.
        """
        found = self.known(note, identifier)
        if found is not None:
            return found
        if note["expected"] not in {"", self.dataset.tag}:
            raise stale(self.dataset.tag)
        if version != self.dataset.version:
            return None
        _check(rows)
        record = Record(
            version + 1, identifier, "", now(), note["author"], rows,
            message=note["message"], source=note["source"], key=note["key"], request=note["request"],
        )  # fmt: skip
        if self.journal is not None:
            record = self.journal.append(record)
        self.dataset = replayed(self.dataset, record)
        return self._remember(record)

    def known(self, note: dict[str, str], identifier: str = "") -> Commit | None:
        """Return the commit with that id, or with that author's key. Raises KeyReused if that was another request."""
        found = self.commits.get((identifier,))
        if found is None and note["key"]:
            found = self.commits.get((note["author"], note["key"]))
            if found is not None and found.request != note["request"]:
                raise KeyReused("That Idempotency-Key came before with another request; use a new one.")
        return found

    def _remember(self, record: Record) -> Commit:
        commit = Commit(self.dataset.version, self.dataset.tag, record.id, record.request)
        self.commits[(record.id,)] = commit
        if record.key:
            self.commits[record.author, record.key] = commit
        while len(self.commits) > 2 * REMEMBERED:  # one entry by id, one by key
            self.commits.popitem(last=False)
        return commit


def stale(tag: str) -> Stale:
    """Build the error for a proposal that was made to another version."""
    return Stale(f'The graph is at version "{tag}" now; look at it again before you change it.', current=tag)


def check_head(head: Head, settings: Settings) -> None:
    """Refuse a journal whose rows have another base IRI. Raises UsageError."""
    if head.base != settings.base:
        raise UsageError(f"The journal in {settings.home} was written with --base {head.base}, not {settings.base}.")


def replayed(dataset: Dataset, record: Record) -> Dataset:
    """Apply a commit to the dataset's store.

    Return the version that it makes, whose digest stands for all before it.
    """
    added, removed = changes.apply_lines(dataset.store, record.rows, dataset.lexical_forms)
    update_closure(dataset, (*added, *removed))
    digest = hashlib.sha256(f"{dataset.digest} {record.digest or record.id}".encode()).hexdigest()
    return replace(dataset, version=dataset.version + 1, digest=digest)


def read_dataset(settings: Settings, version: int | None = None) -> Dataset:
    """Load the published files and what the journal has, up to a version, for somebody who only reads."""
    if settings.home is None or not (settings.home / NAME).exists():
        return read_seed(settings)
    history = History(settings.home / NAME)
    check_head(history.head, settings)
    dataset = read_seed(settings)
    for record in history.refresh():
        if version is None or record.version <= version:
            dataset = replayed(dataset, record)
    return dataset


def read_seed(settings: Settings) -> Dataset:
    """Load the published files, their blank nodes with labels that last."""
    return with_canonical_blank_nodes(load_dataset(settings))


def canonical_digest(store: ox.Store) -> str:
    """Return the SHA-256 of the dataset's canonical N-Quads (RDFC-1.0), which other software computes alike."""
    dataset = ox.Dataset(store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad} .\n" for quad in dataset)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def with_canonical_blank_nodes(dataset: Dataset) -> Dataset:
    """Label the blank nodes of the published files by RDFC-1.0, so that rows of a journal name them tomorrow too."""
    found = [q for q in dataset.store if any(isinstance(term, ox.BlankNode) for term in (q.subject, q.object))]
    written = list(dataset.lexical_forms.restored(found))
    labelled = ox.Dataset(written)
    labelled.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    dataset.lexical_forms.remove(written)
    for quad in found:
        dataset.store.remove(quad)
    dataset.lexical_forms.add(labelled, dataset.store)
    dataset.store.extend(labelled)
    return dataset


def idle_rows(dataset: Dataset, records: list[Record]) -> int:
    """Count the rows that would do nothing: added facts that are there already, removed ones that are not."""
    store = ox.Store()
    store.bulk_extend(dataset.store)
    idle = 0
    for record in records:
        for row in record.rows.split("\n"):
            before = len(store)
            changes.apply_lines(store, row)
            idle += row[:2] in {"A ", "D "} and len(store) == before
    return idle


def _check(rows: str) -> None:
    """See that the rows can be applied before the journal has them. Raises EngineFault."""
    try:
        changes.apply_lines(ox.Store(), rows)
    except (SyntaxError, ValueError, KeyError) as error:
        raise EngineFault(f"The change gives facts that cannot be written down: {error}.") from None


def _say(sentence: str) -> None:
    print(f"coopkg: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


def _shown(dataset: Dataset) -> Dataset:
    """Return the dataset with what queries see made already, for all workers that will be forked."""
    dataset.view(entailment=True)
    return dataset


def commit_as_json(commit: Commit | None) -> dict[str, Any]:
    """Return a commit as the dataset process tells it."""
    return {} if commit is None else vars(commit)
