"""The commit log: the versions of the dataset, one after another, as the journal records them."""

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
"""Commits whose ids and idempotency keys are recognised when a request is repeated."""


@dataclass(frozen=True)
class Commit:
    """A commit as it is reported to the client: the version that it made, that version's tag, and the commit's id."""

    version: int
    tag: str
    id: str
    request: str = ""


class CommitLog:
    """The current version of the dataset, and the only way to the next; without a journal it is lost at exit."""

    def __init__(self, dataset: Dataset, journal: Journal | None = None, records: tuple[Record, ...] = ()) -> None:
        self.dataset = dataset
        self.journal = journal
        self.commits: OrderedDict[tuple[str, ...], Commit] = OrderedDict()
        for record in records:
            self.dataset = replayed(self.dataset, record)
            self._remember(record)

    @classmethod
    def open(cls, settings: Settings, available: Iterable[ox.Quad] = ()) -> CommitLog:
        """Load the published files and replay the journal on them; report on standard error what was dropped.

        ``available`` are the quads of graphs that queries may name, besides those of the dataset (sd:availableGraphs).
        Raises what ``load_dataset`` and ``Journal.open`` raise, and UsageError where the journal has another base IRI.
        """
        dataset = with_canonical_blank_nodes(load_dataset(settings)).with_available_graphs(available)
        if settings.home is None:
            return cls(_with_query_view(with_closure(dataset, axiomatic=settings.scratch)))
        journal, records, dropped = Journal.open(settings.home / NAME, Head(dataset.digest, dataset.base))
        if dropped:
            _say(f"{journal.path}: dropped {dropped} bytes of a record that was never finished")
        check_head(journal.head, settings)
        if journal.head.seed != dataset.digest:
            idle = idle_rows(dataset, records)
            _say(f"the published files have changed since the journal was begun; {idle} of its rows do nothing now")
        log = cls(dataset, journal, tuple(records))
        # The closure is computed once, over the result of the whole journal, and not maintained commit by commit.
        log.dataset = _with_query_view(with_closure(log.dataset))
        return log

    def commit(self, version: int, note: dict[str, str], identifier: str, rows: str) -> Commit | None:
        """Make the next version from patch rows, once the journal has them, and return the commit.

        ``version`` is the one that the rows were computed from; None is returned where it is no longer the current one.
        A commit that is known by its id or key is returned as it was made. Raises Stale where ``note`` expects another
        version, KeyReused, StorageExceeded, and EngineFault for rows that are no patch; nothing is changed then.
        """
        # A web process asks again with the same id when the dataset process has died under its first question, and a
        # client with the same key: both must get the commit that was made, not a second one.
        earlier = self.known(note, identifier)
        if earlier is not None:
            return earlier
        if note["expected"] not in {"", self.dataset.tag}:
            raise stale(self.dataset.tag)
        if version != self.dataset.version:
            return None
        # Before the journal has them: a record that cannot be replayed would keep the server from starting.
        _check(rows)
        record = Record(
            version + 1, identifier, "", now(), note["author"], rows,
            message=note["message"], source=note["source"], key=note["key"], request=note["request"],
        )  # fmt: skip
        # On the disk first, then visible: no query may see a fact that a power failure could take away.
        if self.journal is not None:
            record = self.journal.append(record)
        self.dataset = replayed(self.dataset, record)
        return self._remember(record)

    def known(self, note: dict[str, str], identifier: str = "") -> Commit | None:
        """Return the commit with that id, or with that author's key. Raises KeyReused if that was another request."""
        commit = self.commits.get((identifier,))
        if commit is None and note["key"]:
            # Keys are separate for each author, so that nobody can learn of, or block, a key of somebody else.
            commit = self.commits.get((note["author"], note["key"]))
            if commit is not None and commit.request != note["request"]:
                raise KeyReused("That Idempotency-Key came before with another request; use a new one.")
        return commit

    def _remember(self, record: Record) -> Commit:
        commit = Commit(self.dataset.version, self.dataset.tag, record.id, record.request)
        self.commits[(record.id,)] = commit
        if record.key:
            self.commits[record.author, record.key] = commit
        while len(self.commits) > 2 * REMEMBERED:  # one entry by id, one by key
            self.commits.popitem(last=False)
        return commit


def stale(tag: str) -> Stale:
    """Build the error for a proposal that expects another version than the current one, whose tag is ``tag``."""
    return Stale(f'The graph is at version "{tag}" now; look at it again before you change it.', current=tag)


def check_head(head: Head, settings: Settings) -> None:
    """Refuse a journal whose rows were written with another base IRI, by raising UsageError."""
    if head.base != settings.base:
        raise UsageError(f"The journal in {settings.home} was written with --base {head.base}, not {settings.base}.")


def replayed(dataset: Dataset, record: Record) -> Dataset:
    """Apply a commit to the dataset's store, and return the version that it makes."""
    added, removed = changes.apply_lines(dataset.store, record.rows, dataset.lexical_forms)
    update_closure(dataset, (*added, *removed))
    # Chained over all versions: a number can come again after a journal was truncated or restored from a backup, a
    # digest of the same number cannot, unless the content is the same. Entity tags are made from it.
    digest = hashlib.sha256(f"{dataset.digest} {record.digest or record.id}".encode()).hexdigest()
    return replace(dataset, version=dataset.version + 1, digest=digest)


def read_dataset(settings: Settings, version: int | None = None) -> Dataset:
    """Load the published files and the journal's commits, up to ``version`` if given, without opening it for writing.

    Nothing is inferred. Raises what ``load_dataset`` raises, DatasetBroken for a damaged journal, and UsageError where
    it has another base IRI.
    """
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
    """Load the published files, their blank nodes with canonical labels: version 1, without any commit."""
    return with_canonical_blank_nodes(load_dataset(settings))


def canonical_digest(store: ox.Store) -> str:
    """Compute the SHA-256 of the dataset's canonical N-Quads (RDFC-1.0), which other software computes too."""
    dataset = ox.Dataset(store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad} .\n" for quad in dataset)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def with_canonical_blank_nodes(dataset: Dataset) -> Dataset:
    """Label the blank nodes of the published files by RDFC-1.0, in place, and return the dataset.

    The parser invents labels anew each time that it reads a file; rows of a journal must name the same node after a
    restart.
    """
    stored = [q for q in dataset.store if any(isinstance(term, ox.BlankNode) for term in (q.subject, q.object))]
    written = list(dataset.lexical_forms.restored(stored))
    labelled = ox.Dataset(written)
    labelled.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    dataset.lexical_forms.remove(written)
    for quad in stored:
        dataset.store.remove(quad)
    dataset.lexical_forms.add(labelled, dataset.store)
    dataset.store.extend(labelled)
    return dataset


def idle_rows(dataset: Dataset, records: list[Record]) -> int:
    """Count the rows that would change nothing: they add a fact that is already asserted, or remove one that is not."""
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
    """Check on an empty store that the rows can be applied. Raises EngineFault."""
    try:
        changes.apply_lines(ox.Store(), rows)
    except (SyntaxError, ValueError, KeyError) as error:
        raise EngineFault(f"The change gives facts that cannot be written down: {error}.") from None


def _say(sentence: str) -> None:
    print(f"coopkg: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


def _with_query_view(dataset: Dataset) -> Dataset:
    """Return the dataset with the store that queries use built already: workers that are forked later then share it."""
    dataset.view(entailment=True)
    return dataset


def commit_as_json(commit: Commit | None) -> dict[str, Any]:
    """Return a commit as the dataset process sends it; an empty object for None."""
    return {} if commit is None else vars(commit)
