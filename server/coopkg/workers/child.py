"""A worker as the dataset process that forked it sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coopkg.workers.liveness import processor_seconds

if TYPE_CHECKING:
    from coopkg.workers.scoreboard import Slot, Work


@dataclass
class Child:
    """A forked worker.

    ``stderr`` is the read end of the pipe that its standard error goes to, ``output`` the last bytes of that. ``cause``
    is set where the dataset process itself ends the worker, ``paused`` where it has stopped it until its turn comes.
    ``watched`` is the work that was last looked at, with the processor seconds that the worker had used by then;
    ``counted`` are those that have been counted for the client since.
    """

    pid: int
    index: int
    slot: Slot
    stderr: int
    version: int
    cause: str | None = None
    paused: bool = False
    watched: tuple[Work, float] | None = None
    counted: float = 0.0
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
