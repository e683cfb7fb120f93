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
    ``announced`` is the last work whose web process was told that it has begun, ``counted`` the processor seconds of
    heavy work that have been counted for its client.
    """

    pid: int
    index: int
    slot: Slot
    stderr: int
    version: int
    cause: str | None = None
    paused: bool = False
    announced: Work | None = None
    counted: float = 0.0
    output: bytearray = field(default_factory=bytearray)

    def used(self, work: Work) -> float:
        """Return the processor seconds that the worker has used for a piece of work."""
        return processor_seconds(self.pid) - work.used

    def announce(self, work: Work) -> bool:
        """Take a piece of work as announced; False where it is already."""
        announced, self.announced = self.announced, work
        return announced != work
