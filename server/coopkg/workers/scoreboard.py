"""The scoreboard: what each worker is doing, in memory shared with the dataset process, so that reading is free."""

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
    """A request under evaluation: the web process's pid, its number there, and the monotonic second it was begun."""

    process: int
    number: int
    begun: float


class Scoreboard:
    """A table with a slot for each worker, mapped before they are forked."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, SLOTS * _SLOT.size)

    def slot(self, index: int) -> Slot:
        """Return one slot, emptied."""
        found = Slot(self._map, index * _SLOT.size)
        found.clear()
        found.heavy = found.networked = False
        return found


class Slot:
    """One worker's slot: the worker writes its work there, the dataset process whether that has become heavy."""

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._map = memory
        self._start = start

    def begin(self, process: int, number: int) -> None:
        """Say that the request is taken up now."""
        _WORK.pack_into(self._map, self._start, process, number, time.monotonic())

    def clear(self) -> None:
        """Say that there is no work."""
        _WORK.pack_into(self._map, self._start, 0, 0, 0.0)

    @property
    def work(self) -> Work | None:
        """What the worker is at work on."""
        process, number, begun = _WORK.unpack_from(self._map, self._start)
        return Work(process, number, begun) if process else None

    @property
    def heavy(self) -> bool:
        """Whether the dataset process holds the work for heavy."""
        return bool(self._map[self._start + _HEAVY])

    @heavy.setter
    def heavy(self, value: bool) -> None:
        self._map[self._start + _HEAVY] = value

    @property
    def networked(self) -> bool:
        """Whether the kernel did not let the worker leave the network."""
        return bool(self._map[self._start + _NETWORKED])

    @networked.setter
    def networked(self, value: bool) -> None:
        self._map[self._start + _NETWORKED] = value
