"""The scoreboard: what each worker is doing, in memory shared with the dataset process, so that looking is free.

There are no locks: each field has one writer, and what is read while it is being written is right at the next look,
0.05 s later.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coopkg.workers.wire import Request

SLOTS: Final = 256
"""Workers that can be alive at once: those of the current version, heavy ones, and the last of older versions."""
MOST_WORKERS: Final = 3
"""How many times ``readers`` there may be workers whose work is not heavy, or not known to be."""
_SLOT: Final = struct.Struct("<IQdddQIB3x")
_WORK: Final = struct.Struct("<IQdddQ")
_THREAD: Final = struct.Struct("<I")
_HEAVY: Final = _WORK.size + _THREAD.size


@dataclass(frozen=True)
class Work:
    """A request under evaluation: the web process's pid, its number there, and the monotonic second it was begun.

    ``used`` are the processor seconds that the worker had used before. ``deadline`` is in seconds from then on,
    ``client`` the number of whoever asked.
    """

    process: int
    number: int
    begun: float
    used: float
    deadline: float
    client: int


class Scoreboard:
    """A table with a slot for each worker, mapped before they are forked."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, SLOTS * _SLOT.size)  # anonymous and shared: a fork has the same pages, not a copy

    def slot(self, index: int) -> Slot:
        """Return a slot, cleared of what its last worker left there."""
        slot = Slot(self._map, index * _SLOT.size)
        slot.clear()
        slot.thread = 0
        slot.heavy = False
        return slot


class Slot:
    """One worker's slot: the worker writes its work there, the dataset process whether that has become heavy."""

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._map = memory
        self._start = start

    def begin(self, request: Request) -> None:
        """Record that the worker begins to evaluate a request now."""
        now, used = time.monotonic(), time.process_time()
        values = request.process, request.number, now, used, request.deadline, request.client
        _WORK.pack_into(self._map, self._start, *values)

    def clear(self) -> None:
        """Record that the worker has no work."""
        _WORK.pack_into(self._map, self._start, 0, 0, 0.0, 0.0, 0.0, 0)

    @property
    def work(self) -> Work | None:
        """The request under evaluation, or None; no process has the pid 0, so that it can stand for none."""
        process, *others = _WORK.unpack_from(self._map, self._start)
        return Work(process, *others) if process else None

    @property
    def thread(self) -> int:
        """The thread that evaluates, as the kernel numbers it; 0 before there is one."""
        number: int = _THREAD.unpack_from(self._map, self._start + _WORK.size)[0]
        return number

    @thread.setter
    def thread(self, value: int) -> None:
        _THREAD.pack_into(self._map, self._start + _WORK.size, value)

    @property
    def heavy(self) -> bool:
        """Whether the dataset process counts the work as heavy."""
        return bool(self._map[self._start + _HEAVY])

    @heavy.setter
    def heavy(self, value: bool) -> None:
        self._map[self._start + _HEAVY] = value
