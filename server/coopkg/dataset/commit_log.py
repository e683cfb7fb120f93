"""The commit log: the versions of the dataset, one after another, as the journal records them."""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset import changes, snapshot_files
from coopkg.dataset.entailment import update_closure, with_closure
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME, Journal
from coopkg.dataset.journal_format import Head, Record, now
from coopkg.dataset.snapshot_files import Snapshot
from coopkg.dataset.store import empty_dataset, load_dataset
from coopkg.errors import EngineFault, KeyReused, Stale, StorageExceeded, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from coopkg.dataset.journal_format import Place
    from coopkg.dataset.store import Dataset
    from coopkg.settings import Settings

_REPORTED: Final = 500
"""Commits that are replayed between two reports of progress."""
REMEMBERED: Final = 10_000
"""Commits whose ids and idempotency keys are recognised when a request is repeated."""


QUADS_PER_COMMIT: Final = 100
"""Quads that are loaded, with their closure, in ten times the time in which a commit of a few facts is replayed."""
SNAPSHOT_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the journal that a start may always replay, about a second's work, before a snapshot file is due."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as it is reported to the client: the version that it made, that version's tag, and the commit's id.

    ``request`` is the digest of the request that made it, ``author`` and ``key`` whose idempotency key it came with.
    """

    version: int
    tag: str
    id: str
    request: str = ""
    author: str = ""
    key: str = ""


class CommitLog:
    """The current version of the dataset, and the only way to the next; without a journal it is lost at exit."""

    def __init__(self, dataset: Dataset, journal: Journal | None = None, settings: Settings | None = None) -> None:
        self.dataset = dataset
        self.journal = journal
        self.settings = settings
        self.seed = dataset.digest
        self.commits: OrderedDict[str | tuple[str, str], Commit] = OrderedDict()
        self.snapshot: Place | None = None
        self.quads = 0
        """The number of quads at the last snapshot file: to count them takes as long as a commit, or much longer."""

    @classmethod
    def open(
        cls,
        settings: Settings,
        available: Iterable[ox.Quad] = (),
        *,
        replay: bool = False,
        report: Callable[[str], object] | None = None,
    ) -> CommitLog:
        """Load the newest snapshot file, or the published files, and replay the journal from there on.

        If it is to ``replay`` all of the journal, no snapshot file is used. What was dropped, and which file was not
        used, is reported on standard error. ``available`` are the quads of graphs that queries may name, besides those
        of the dataset (sd:availableGraphs). Raises what ``load_dataset``, ``Journal.open`` and ``Journal.replay``
        raise, UsageError where the journal has another base IRI, and StorageExceeded. Progress goes to ``report``.
        """
        report = report or _silent
        report("loading the published files")
        if settings.home is None:
            dataset = read_seed(settings).with_available_graphs(available)
            return cls(_with_query_view(with_closure(dataset, axiomatic=settings.scratch)))
        empty = empty_dataset(settings)
        try:
            journal = Journal.open(settings.home / NAME, Head(empty.digest, empty.base))
            try:
                check_head(journal.head, settings)
                return cls._replayed(settings, empty.with_available_graphs(available), journal, report, replay=replay)
            except BaseException:
                journal.close()
                raise
        except OSError as error:
            raise StorageExceeded(f"{error.filename or settings.home} cannot be used: {error.strerror}.") from None

    @classmethod
    def _replayed(
        cls, settings: Settings, empty: Dataset, journal: Journal, report: Callable[[str], object], *, replay: bool
    ) -> CommitLog:
        snapshot = None if replay else snapshot_files.newest(journal.path.parent, journal.history, empty)
        if snapshot is None:
            log = cls(read_seed(settings).with_available_graphs(empty.available.quads), journal, settings)
            if journal.head.seed != log.seed:
                idle = idle_rows(log.dataset, journal.history.records())
                _say(f"the published files have changed since the journal was begun; {idle} of its rows do nothing now")
        else:
            log = cls(snapshot.dataset, journal, settings)
            log.seed, log.snapshot = snapshot.seed, snapshot.place
            log._remember_all(snapshot)

        def replay_one(record: Record) -> None:
            log._replay(record)
            if record.version % _REPORTED == 0:
                report(f"replaying the journal: version {record.version}")

        dropped = journal.replay(replay_one, log.snapshot)
        if dropped:
            _say(f"{journal.path}: dropped {dropped} bytes of a record that was never finished")
        # The closure is computed once, over the result of the whole journal, and not maintained commit by commit.
        report(f"inferring, at version {log.dataset.version}")
        log.dataset = _with_query_view(with_closure(log.dataset))
        log.quads = log.dataset.count()
        return log

    @property
    def place(self) -> Place:
        """Return the place of the last commit in the journal. Raises UsageError where there is no journal."""
        if self.journal is None:
            raise UsageError("This dataset has no journal.")
        return self.journal.place

    def close(self) -> None:
        """Close the journal, if there is one."""
        if self.journal is not None:
            self.journal.close()

    def _replay(self, record: Record) -> None:
        self.dataset = replayed(self.dataset, record)
        self._remember(record)

    def snapshot_due(self, tried: Place | None = None) -> bool:
        """Tell whether a start would have so much of the journal to replay that a snapshot file should be written.

        ``tried`` is the place of one that could not be written, if any: it counts as the last one then.
        """
        if self.journal is None or self.settings is None:
            return False
        last = tried or self.snapshot or self.journal.history.origin
        commits, size = self.place.version - last.version, self.place.end - last.end
        # By commits, since each takes its time: a large dataset, whose file takes long to write, is loaded in the time
        # of many commits. And by their bytes, once they are more than the file's, so that large commits do not have
        # files written that are more than the journal itself.
        return commits >= max(self.settings.snapshot_commits, self.quads // QUADS_PER_COMMIT) or (
            size >= SNAPSHOT_BYTES and size >= snapshot_files.size(self.journal.path.parent, last.version)
        )

    def write_snapshot(self) -> Path | None:
        """Write a snapshot file of the current version, and return its path; None where there is no journal.

        Raises StorageExceeded; then there is no new file.
        """
        if self.journal is None:
            return None
        # Before the snapshot file says that everything up to its place is there.
        if not self.journal.flush_index():
            raise StorageExceeded("The index of the journal is not complete.")
        commits = list({commit.version: commit for commit in self.commits.values()}.values())
        rows = [[c.version, _digest_in(c.tag), c.id, c.request, c.author, c.key] for c in commits]
        snapshot = Snapshot(self.dataset, self.journal.place, self.seed, rows)
        path = snapshot_files.write(self.journal.path.parent, snapshot, self.journal.head.id)
        self.snapshot = snapshot.place
        return path

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
        commit = self.commits.get(identifier)
        if commit is None and note["key"]:
            # Keys are separate for each author, so that nobody can learn of, or block, a key of somebody else.
            commit = self.commits.get((note["author"], note["key"]))
            if commit is not None and commit.request != note["request"]:
                raise KeyReused("That Idempotency-Key came before with another request; use a new one.")
        return commit

    def _remember(self, record: Record) -> Commit:
        commit = Commit(
            self.dataset.version, self.dataset.tag, record.id, record.request, record.author if record.key else "",
            record.key,
        )  # fmt: skip
        self._keep(commit)
        return commit

    def _remember_all(self, snapshot: Snapshot) -> None:
        """Take over what a snapshot file remembers of commits; their tags name the regime that is in force now."""
        for version, digest, identifier, request, author, key in snapshot.commits:
            tag = replace(self.dataset, version=version, digest=digest).tag
            self._keep(Commit(version, tag, identifier, request, sys.intern(author), key))

    def _keep(self, commit: Commit) -> None:
        self.commits[commit.id] = commit
        if commit.key:
            self.commits[commit.author, commit.key] = commit
        while len(self.commits) > 2 * REMEMBERED:  # one entry by id, one by key
            self.commits.popitem(last=False)


def _digest_in(tag: str) -> str:
    """Return the beginning of the digest of a version, from its tag."""
    return tag.partition(".")[0].partition("-")[0]


def _silent(_progress: str) -> None:
    """Report progress to nobody."""


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
    if dataset.closure is not None or dataset.views:  # at start neither is there yet, and to look costs half the time
        update_closure(dataset, (*added, *removed))
    # Chained over all versions: a number can come again after a journal was truncated or restored from a backup, a
    # digest of the same number cannot, unless the content is the same. Entity tags are made from it.
    digest = hashlib.sha256(f"{dataset.digest} {record.digest or record.id}".encode()).hexdigest()
    return replace(dataset, version=dataset.version + 1, digest=digest)


def read_dataset(settings: Settings, version: int | None = None, *, replay: bool = False) -> Dataset:
    """Load the version of the last commit, or ``version``, without opening the journal for writing.

    It begins with a snapshot file, unless it is to ``replay`` the whole journal. Nothing is inferred. Raises what
    ``load_dataset`` raises, DatasetBroken for a damaged journal, and UsageError where it has another base IRI.
    """
    if settings.home is None or not (settings.home / NAME).exists():
        return read_seed(settings)
    with closing(History(settings.home / NAME)) as history:
        check_head(history.head, settings)
        snapshot = None if replay else snapshot_files.newest(settings.home, history, empty_dataset(settings), version)
        dataset = read_seed(settings) if snapshot is None else snapshot.dataset
        for record in history.records(None if snapshot is None else snapshot.place):
            if version is not None and record.version > version:
                break
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


def idle_rows(dataset: Dataset, records: Iterable[Record]) -> int:
    """Count the rows that would change nothing: they add a fact that is already asserted, or remove one that is not."""
    store = ox.Store()
    store.bulk_extend(dataset.store)
    idle = 0
    for record in records:
        added, removed = changes.apply_lines(store, record.rows)
        idle += record.count("A") + record.count("D") - len(added) - len(removed)
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
    return {} if commit is None else {"version": commit.version, "tag": commit.tag, "id": commit.id}
