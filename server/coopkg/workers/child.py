"""A worker as the dataset process that forked it sees it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coopkg.workers.scoreboard import Slot, Work

_TICKS: Final = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second, the unit of processor time in /proc: 100 on every Linux of today, so 10 ms each."""


@dataclass
class Child:
    """A forked worker.

    ``stderr`` is the read end of the pipe that its standard error goes to, ``output`` the last bytes of that. ``cause``
    is set where the dataset process itself ends the worker. ``watched`` is the work that was last looked at, with the
    processor seconds that the worker had used by then.
    """

    pid: int
    index: int
    slot: Slot
    stderr: int
    version: int
    cause: str | None = None
    watched: tuple[Work, float] | None = None
    output: bytearray = field(default_factory=bytearray)

    def watch(self, work: Work) -> bool:
        """Begin to watch a piece of work; False if it is watched already."""
        if self.watched is not None and self.watched[0] == work:
            return False
        self.watched = (work, processor_seconds(self.pid))
        return True

    def used(self) -> float:
        """Return the processor seconds that the worker has used since its work was first watched."""
        return 0.0 if self.watched is None else processor_seconds(self.pid) - self.watched[1]


def processor_seconds(pid: int) -> float:
    """Return the processor seconds that a process has used, all its threads together (proc(5), utime and stime).

    Raises OSError where there is no such process; one that has ended is there until its parent has waited for it.
    """
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = text.rpartition(")")[2].split()  # behind the command's name, which may hold blanks and brackets itself
    return (int(fields[11]) + int(fields[12])) / _TICKS
