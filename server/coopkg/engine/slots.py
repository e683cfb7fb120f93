"""What each reader is at work on, in memory that the keeper shares with its readers: to look costs no message."""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from typing import Final

SLOTS: Final = 256
_SLOT: Final = struct.Struct("<IQdBB6x")
_WORK: Final = struct.Struct("<IQd")
_HEAVY: Final = _WORK.size
_NETWORKED: Final = _HEAVY + 1


@dataclass(frozen=True)
class Work:
    """A request under evaluation: the web worker's pid, its number there, and the monotonic second it was begun."""

    worker: int
    number: int
    begun: float


class Slots:
    """A table with a slot for each reader, mapped before they are forked."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, SLOTS * _SLOT.size)

    def slot(self, index: int) -> Slot:
        """Give one slot, emptied."""
        found = Slot(self._map, index * _SLOT.size)
        found.clear()
        found.heavy = found.networked = False
        return found


class Slot:
    """One reader's slot: the reader writes its work there, the keeper whether that has become heavy."""

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._map = memory
        self._start = start

    def begin(self, worker: int, number: int) -> None:
        """Say that the request is taken up now."""
        _WORK.pack_into(self._map, self._start, worker, number, time.monotonic())

    def clear(self) -> None:
        """Say that there is no work."""
        _WORK.pack_into(self._map, self._start, 0, 0, 0.0)

    @property
    def work(self) -> Work | None:
        """What the reader is at work on."""
        worker, number, begun = _WORK.unpack_from(self._map, self._start)
        return Work(worker, number, begun) if worker else None

    @property
    def heavy(self) -> bool:
        """Whether the keeper holds the work for heavy."""
        return bool(self._map[self._start + _HEAVY])

    @heavy.setter
    def heavy(self, value: bool) -> None:
        self._map[self._start + _HEAVY] = value

    @property
    def networked(self) -> bool:
        """Whether the kernel did not let the reader leave the network."""
        return bool(self._map[self._start + _NETWORKED])

    @networked.setter
    def networked(self, value: bool) -> None:
        self._map[self._start + _NETWORKED] = value
