"""The journal: every commit in one append-only file, in the one process that appends to it.

The format is in ``journal_format``. Beside the file are ``journal.end``, which says where it ends, and the two files of
``journal_index``, by which readers find records.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from coopkg.dataset.durable_files import write_all, write_whole
from coopkg.dataset.history import History
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.journal_end import EndFile
from coopkg.dataset.journal_format import Head, Place, Record, file_of, framed
from coopkg.dataset.journal_index import IndexWriter
from coopkg.errors import CoopkgError, DatasetBroken, HomeInUse, StorageExceeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME: Final = "journal.rdfp"
_WAIT: Final = 5.0
"""Seconds to wait until a dataset process that was killed has released its lock on the file."""


class Journal:
    """The journal in the one process that appends to it.

    It is open, and locked, from the beginning. It takes records after ``replay``, which finds its end.
    """

    def __init__(self, path: Path, descriptor: int, history: History) -> None:
        self.path = path
        self.history = history
        self._descriptor = descriptor
        self._place = history.origin
        self._end = EndFile(path.with_name(END))
        self._index = IndexWriter(path.parent, history.head.id)
        self._failed = False
        self._end_behind = False
        self._indexed: Place | None = None
        self._complained = False

    @classmethod
    def open(cls, path: Path, head: Head) -> Journal:
        """Open a journal for appending, and create it with ``head`` where there is none.

        Raises DatasetBroken for one without a head that can be read, and where the file is missing though there was
        one; StorageExceeded; and HomeInUse while another process has it open.
        """
        if not path.exists():
            end = path.with_name(END)
            if end.exists():
                raise DatasetBroken(
                    f"{path} is missing, and {END} beside it says that there was one. Restore the folder from a"
                    f" backup; or remove {END}, to begin a new journal."
                )
            create(path, head)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            _lock(descriptor, path)
            return cls(path, descriptor, History(path))
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def head(self) -> Head:
        """The head of the journal."""
        return self.history.head

    @property
    def place(self) -> Place:
        """The place of the last record, or of the head while there is none."""
        return self._place

    def replay(self, apply: Callable[[Record], object], after: Place | None = None) -> int:
        """Give every record, or every one after a place that the journal ``has``, to ``apply``; then take new ones.

        Returns the number of bytes of an unfinished record that were dropped. Raises DatasetBroken for damage, and
        where records are missing that had been acknowledged; nothing is dropped then.
        """
        end = self._end.read()
        self._place = after or self.history.origin
        self._check_end(end)
        through = self._open_index()
        if self._place == self.history.origin:
            self._complete_index()  # now, so that each record can be added as it is read
        for record in self.history.records(self._place):
            self._place = record.place
            self._check_end(end)
            apply(record)
            self._index_record(record)
        if end is not None and end.version > self._place.version:
            raise DatasetBroken(
                f"{self.path} ends at version {self._place.version}, and {END} beside it says that version"
                f" {end.version} had been acknowledged: the journal was cut. Nothing was changed; restore the folder"
                f" from a backup. To go on without the missing commits, remove {END}."
            )
        dropped = os.fstat(self._descriptor).st_size - self._place.end
        if dropped:
            # Flushed before anything is appended: otherwise a power failure could leave the old bytes behind a new
            # record, and they would look like damage.
            os.ftruncate(self._descriptor, self._place.end)
            os.fsync(self._descriptor)
        self._end_behind = end != self._place
        self._write_end()
        if through > self._place.version:  # of commits that are not in the journal any more
            self._indexed = None
        self._complete_index()
        return dropped

    def _check_end(self, end: Place | None) -> None:
        """Check that the record that was acknowledged last is the one that stands there."""
        if end is not None and end.version == self._place.version and end != self._place:
            raise DatasetBroken(
                f"{self.path} has another record of version {end.version} than {END} beside it: they do not belong"
                f" together. Nothing was changed; restore the folder from a backup. To take the journal as it is,"
                f" remove {END}."
            )

    def append(self, record: Record) -> Record:
        """Append a commit, flush it to the disk, and return it with its version, predecessor, digest and place.

        Raises StorageExceeded where the disk is full or fails, and where the file is not what this process has written:
        then nothing was changed.
        """
        self._check_file()
        if self._end_behind and not self._write_end():
            raise StorageExceeded(f"{END} cannot be written. Nothing was changed.")
        record = replace(record, version=self._place.version + 1, previous=self._place.id)
        data, digest = framed(record.payload())
        try:
            write_all(self._descriptor, data)
            # The folder need not be flushed here: its entry does not change when the file grows.
            os.fsync(self._descriptor)
        except OSError as error:
            self._take_back()
            raise StorageExceeded(f"The journal cannot be written: {error.strerror}. Nothing was changed.") from None
        record = replace(record, digest=digest, start=self._place.end, end=self._place.end + len(data))
        self._place = record.place
        # If this fails the commit stands nevertheless, since the record is on the disk; but no other one is made until
        # the file says so.
        self._end_behind = True
        self._write_end()
        self._index_record(record)
        self._complete_index()
        return record

    def _check_file(self) -> None:
        """Check that the file is still the one at its path, and as long as this process has made it."""
        if self._failed:
            raise StorageExceeded("The journal could not be restored after a disk failure; restart the server.")
        mine = os.fstat(self._descriptor)
        try:
            there = self.path.stat()
        except OSError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            what = "removed" if there is None else "replaced"
        elif mine.st_size != self._place.end:
            what = "cut" if mine.st_size < self._place.end else "written to by something else"
        else:
            return
        raise StorageExceeded(
            f"The journal was {what} while the server runs, so nothing can be written; nothing was changed, and reads"
            " go on. Stop the server, and put the journal back or restore a backup."
        )

    def _take_back(self) -> None:
        """Cut off what was written of a frame; where even that fails, refuse every further commit of this process."""
        # After a failed fsync the kernel may drop the dirty pages and report success the next time, so the write is
        # never repeated: the file is cut back to the last record that is known to be on the disk.
        try:
            os.ftruncate(self._descriptor, self._place.end)
            os.fsync(self._descriptor)
        except OSError:
            self._failed = True

    def _write_end(self) -> bool:
        """Say in the file of the end where the journal ends, if it does not say so; return whether it does now."""
        if self._end_behind:
            try:
                self._end.write(self._place)
                self._end_behind = False
            except (OSError, StorageExceeded) as error:
                _say(f"{END} cannot be written ({_reason(error)}); until it can, no change is made")
        return not self._end_behind

    def flush_index(self) -> bool:
        """Flush the files by which records are found, and return whether they have all records."""
        try:
            self._index.flush()
        except OSError:
            return False
        return self._indexed == self._place

    def _open_index(self) -> int:
        """Open the files by which records are found, and return the last version that is in one of them."""
        try:
            complete, through = self._index.open()
            if complete >= self._place.version and self._index.holds(self._place):
                self._indexed = self._place
        except OSError as error:
            self._complain(error)
            return 0
        return through

    def _index_record(self, record: Record) -> None:
        """Add a record to the files by which records are found, if they have the one before it."""
        if self._indexed is not None and self._indexed.end == record.start:
            try:
                self._index.add(record)
                self._indexed = record.place
            except (OSError, CoopkgError) as error:
                self._complain(error)

    def _complete_index(self) -> None:
        """Add what the files by which records are found do not have, and make them anew where they cannot be used.

        Where that fails nothing is lost, and it is tried again after the next commit: readers look for what is missing
        in the journal.
        """
        try:
            if self._indexed is None:
                self._index.create()
                self._indexed = self.history.origin
            if self._indexed != self._place:
                for record in self.history.records(self._indexed):
                    self._index.add(record)
                    self._indexed = record.place
        except (OSError, StorageExceeded) as error:
            self._complain(error)
        except DatasetBroken as error:
            self._indexed = None
            self._complain(error)

    def _complain(self, error: OSError | CoopkgError) -> None:
        if not self._complained:  # once, not with each commit
            self._complained = True
            _say(f"records are looked for in the journal itself, which takes longer: {_reason(error)}")

    def close(self) -> None:
        """Close the files. In a forked process this leaves the parent's lock in place."""
        # ``flock`` belongs to the open file, which parent and child share, and ends with its last descriptor.
        os.close(self._descriptor)
        self.history.close()
        self._end.close()
        self._index.close()


def _reason(error: OSError | CoopkgError) -> str:
    return error.detail if isinstance(error, CoopkgError) else error.strerror or str(error)


def _say(sentence: str) -> None:
    print(f"coopkg: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


def _lock(descriptor: int, path: Path) -> None:
    """Lock the journal for this process. Raises HomeInUse if another one has it for longer than ``_WAIT`` seconds."""
    # The lock of a killed dataset process ends when the kernel has closed its files, those of a worker that it had just
    # forked included, so the next dataset process waits for a moment.
    deadline = time.monotonic() + _WAIT
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            raise HomeInUse(f"Another process writes to {path.parent}.")
        time.sleep(0.05)


def create(path: Path, head: Head) -> None:
    """Create a journal without commits, atomically. Raises StorageExceeded."""
    write_whole(path, file_of(head))
