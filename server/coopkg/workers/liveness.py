"""What the processes of a server tell each other of themselves: a heartbeat each, and how far loading has come.

The heartbeats stand in a file that all processes map, so that neither beating nor looking costs a request.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SUPERVISOR: Final = 0
DATASET: Final = 1
WEB: Final = 2
"""Places of heartbeats; the web processes have the places from ``WEB`` on."""
PLACES: Final = 1024
HUNG_AFTER: Final = 6.0
"""Seconds without a heartbeat and without processor time after which a process counts as hung."""
_PROCESS_CLOCK: Final = 2
"""The lower three bits of such a clock's number: CPUCLOCK_SCHED, of a process (linux/posix-timers.h)."""
_FILE: Final = "heartbeats"
_PROGRESS: Final = "progress"
_BEAT: Final = struct.Struct("<d")


class Heartbeats:
    """The monotonic second of each process's last heartbeat; 0 before the first."""

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        size = PLACES * _BEAT.size
        if os.fstat(descriptor).st_size < size:
            # No file with holes: on a full disk a write into one ends the process (mmap(2), SIGBUS).
            os.posix_fallocate(descriptor, 0, size)
        self._map = mmap.mmap(descriptor, size)
        os.close(descriptor)  # the mapping stays

    def beat(self, place: int) -> None:
        """Record that the process at that place is alive."""
        _BEAT.pack_into(self._map, place * _BEAT.size, time.monotonic())

    def last(self, place: int) -> float:
        """Return the monotonic second of the last heartbeat at that place; 0 where there was none."""
        (second,) = _BEAT.unpack_from(self._map, place * _BEAT.size)
        return float(second)

    def silent(self, place: int) -> float:
        """Return for how many seconds that process has given no heartbeat; 0 where it has not given its first."""
        last = self.last(place)
        return time.monotonic() - last if last else 0.0


def report_progress(folder: Path, text: str) -> None:
    """Tell the other processes how far the loading of the dataset has come."""
    path = folder / _PROGRESS
    new = path.with_name(f"{_PROGRESS}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.rename(path)


def read_progress(folder: Path) -> str:
    """Return how far the loading of the dataset has come; empty where nothing has been told."""
    try:
        return (folder / _PROGRESS).read_text(encoding="utf-8")
    except OSError:
        return ""


def processor_seconds(pid: int) -> float:
    """Return the processor seconds that a process has used, all its threads together.

    Raises OSError where there is no such process; one that has ended is there until its parent has waited for it.
    """
    # The clock of a process (clock_getcpuclockid(3)), in nanoseconds; /proc counts in ticks of 10 ms.
    return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
