"""Which of the requests that wait in a web process go to the workers next: light clients first, and few of heavy ones.

The workers take requests in the order in which they come, so a web process posts no more than there may be workers, two
of a client, and keeps the others back. Clients that have used much processor time lately wait behind those that have
not, and have a sixth of the workers together until their work counts as heavy, from when on it takes turns
(``fair_turns``).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from coopkg.workers.fair_turns import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

HOT_AFTER: Final = 3.0
"""Processor seconds in the last minute from which a client is one that has used much: thirty heavy queries."""
MOST_OF_A_CLIENT: Final = 2
"""Requests of one client that are with the workers before they count as heavy."""
NOBODY: Final = 0
"""The number of all clients that are not limited."""


class _Waiting(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def client(self) -> int: ...


W = TypeVar("W", bound=_Waiting)


@dataclass
class _Posted:
    client: int
    hot: bool
    until: float


@dataclass
class Posting:
    """The requests that are with the workers, ``window`` of them at most, and what each client has used."""

    window: int
    clock: Callable[[], float] = time.monotonic
    usage: Usage = field(default_factory=Usage)
    _posted: dict[int, _Posted] = field(default_factory=dict)

    def charge(self, client: int, seconds: float) -> None:
        """Count processor seconds for a client."""
        self.usage.add(client, seconds, self.clock())

    def next(self, waiting: list[W]) -> W | None:
        """Return the request that goes next, None where none may go now."""
        if not waiting or len(self._posted) >= self.window:
            return None
        now = self.clock()
        held = Counter(posted.client for posted in self._posted.values())
        free = [each for each in waiting if each.client == NOBODY or held[each.client] < MOST_OF_A_CLIENT]
        if not free:
            return None
        used = {each.client: self.usage.of(each.client, now) for each in free}
        first = min(free, key=lambda each: (used[each.client] > HOT_AFTER, used[each.client] // 1, each.number))
        hot = used[first.client] > HOT_AFTER
        if hot and sum(posted.hot for posted in self._posted.values()) >= max(1, self.window // 6):
            return None
        return first

    def post(self, request: W, until: float) -> bool:
        """Record that a request goes to the workers; it counts as there until that time at the latest.

        Returns whether its client has used much.
        """
        hot = self.usage.of(request.client, self.clock()) > HOT_AFTER
        self._posted[request.number] = _Posted(request.client, hot, until)
        return hot

    def done(self, number: int) -> None:
        """Record that a request is with no worker any more, or has one for itself."""
        self._posted.pop(number, None)

    def forget(self) -> None:
        """Forget requests of which nothing was heard for longer than can be: their worker died with its process."""
        now = self.clock()
        self._posted = {number: posted for number, posted in self._posted.items() if posted.until > now}

    def clear(self) -> None:
        """Record that nothing is with the workers: there are others."""
        self._posted.clear()
