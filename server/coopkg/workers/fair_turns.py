"""Whose turn it is: which of the heavy evaluations run and which wait, so that no client keeps others from theirs.

The shortest so far goes first (a multilevel feedback queue: what a job will need shows in what it has used), and among
those that have used about as much, the one whose client has used least in the last minute. What waits is stopped, with
all that it has computed, and goes on where it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS: Final = (1.0, 5.0)
"""Processor seconds between the levels: an evaluation of up to one second goes before one of up to five."""
FORGET_SECONDS: Final = 60.0
"""The time in which what a client has used counts for an e-th part less."""
_REMEMBERED: Final = 4096
_NOTHING: Final = 0.01


@dataclass(frozen=True)
class Evaluation:
    """A heavy evaluation: which it is, whose, the processor seconds that it has used, and when it was begun."""

    key: int
    client: int
    used: float
    begun: float


class Usage:
    """The processor seconds of each client in the last minute, as an average that forgets exponentially."""

    def __init__(self) -> None:
        self._used: dict[int, tuple[float, float]] = {}

    def add(self, client: int, seconds: float, now: float) -> None:
        """Count processor seconds for a client."""
        if len(self._used) >= _REMEMBERED:
            self._used = {c: u for c, u in self._used.items() if self.of(c, now) > _NOTHING}
        self._used[client] = (self.of(client, now) + seconds, now)

    def of(self, client: int, now: float) -> float:
        """Return what a client has used."""
        used, then = self._used.get(client, (0.0, now))
        return used * math.exp((then - now) / FORGET_SECONDS)


def in_turn(evaluations: Sequence[Evaluation], usage: Usage, now: float) -> list[int]:
    """Return the keys of the evaluations in the order of their turns."""

    def rank(each: Evaluation) -> tuple[int, int, float]:
        level = sum(each.used > bound for bound in LEVELS)
        # Whole seconds, so that two clients take turns of a second and not of every tick.
        return level, int(usage.of(each.client, now)), each.begun

    return [each.key for each in sorted(evaluations, key=rank)]


def one_too_many(evaluations: Sequence[Evaluation], usage: Usage, now: float) -> int:
    """Return the key of the evaluation to end where there are too many: the latest of the client with most of them."""
    counts: dict[int, int] = {}
    for each in evaluations:
        counts[each.client] = counts.get(each.client, 0) + 1
    return max(evaluations, key=lambda e: (counts[e.client], usage.of(e.client, now), e.begun)).key
