"""Writes snapshot files while changes go on: in a forked child, which has the version as it was when it was forked."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Final

from coopkg.errors import CoopkgError
from coopkg.workers.dataset_process import die_with

if TYPE_CHECKING:
    from coopkg.dataset.commit_log import CommitLog
    from coopkg.dataset.journal_format import Place

_DONE: Final = b"1"
_TOLD: Final = b"0"
"""What a child sends that has failed, and has said why."""
_NICENESS: Final = 10


class SnapshotWriter:
    """Has snapshot files written of a commit log, one at a time; if one cannot be written, there is none."""

    def __init__(self, log: CommitLog) -> None:
        self._log = log
        self._pipe: int | None = None
        self._place: Place | None = None
        self._failed: Place | None = None

    def begin_if_due(self) -> None:
        """Begin to write a snapshot file of the current version, if one is due and none is being written.

        After one that could not be written the next is due when as much again has been committed. Raises nothing: a
        commit must not fail because of it.
        """
        if self.running() or not self._log.snapshot_due(self._failed):
            return
        try:
            self._fork()
        except OSError as error:
            self._failed = self._place
            _say(error.strerror or str(error))

    def running(self) -> bool:
        """Tell whether a child is writing; take in what became of one that has ended."""
        if self._pipe is None:
            return False
        try:
            answer = os.read(self._pipe, 1)
        except BlockingIOError:
            return True
        os.close(self._pipe)
        self._pipe = None
        if answer == _DONE:
            self._log.snapshot, self._failed = self._place, None
        else:
            self._failed = self._place
            if answer != _TOLD:
                _say("its writer was killed")
        return False

    def _fork(self) -> None:
        # A child has this version whatever is committed meanwhile: the store is in memory. Threads of this process
        # could hold locks that would stay locked in it; there is none (``workers.dataset_process``).
        self._place, self._log.quads = self._log.place, self._log.dataset.count()
        parent, (read, write) = os.getpid(), os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(read)
            os.close(write)
            raise
        if pid == 0:
            self._write(parent, write)
        os.close(write)
        os.set_blocking(read, False)
        self._pipe = read

    def _write(self, parent: int, pipe: int) -> None:
        """Write the snapshot file in a process that was just forked; never returns.

        The sockets of the dataset process stay open in it for so long; it ends when that does.
        """
        try:
            die_with(parent)
            # The wake-up descriptor is shared, and what a signal does to the dataset process is not for this one.
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
            self._log.write_snapshot()
            os.write(pipe, _DONE)
        except CoopkgError as error:
            _say(error.detail)
            os.write(pipe, _TOLD)
        except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as a second dataset process
            traceback.print_exc()
        finally:
            # Without the cleaning up of a usual exit, which would run the dataset process's handlers.
            os._exit(0)


def _say(reason: str) -> None:
    print(f"coopkg: no snapshot file was written, and nothing else is wrong: {reason}", file=sys.stderr, flush=True)  # noqa: T201
