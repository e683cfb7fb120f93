"""The health of each endpoint: a circuit breaker, and the last result for the page that shows it.

All web processes share it through one small file for each endpoint, which is replaced atomically. Two that write at
once lose a count, which only lets one more request through.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FAILURES: Final = 5
"""Failures in a row that open the breaker."""
PAUSE: Final = 30.0
"""Seconds for which it stays open; then one request may try, and a failure opens it again."""


@dataclass(frozen=True)
class State:
    """The health of an endpoint. Times are seconds since the epoch, 0 for never; latency is in seconds.

    ``ok`` is None until the endpoint was asked; ``failures`` counts those in a row, ``reason`` is the last one's.
    """

    checked: float = 0.0
    ok: bool | None = None
    latency: float = 0.0
    reason: str = ""
    failures: int = 0
    closed_until: float = 0.0

    def breaker(self, now: float) -> str:
        """Return the state of the circuit breaker: ``closed`` admits requests, ``open`` none, ``half-open`` one."""
        if self.failures < FAILURES:
            return "closed"
        return "open" if now < self.closed_until else "half-open"


class Health:
    """The states of all endpoints, in a folder that the web processes share, or in memory alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()

    def state(self, alias: str) -> State:
        """Return the state of an endpoint; the initial one where none is recorded."""
        if self.folder is not None:
            # A missing or damaged file must not stop queries: the breaker is then closed, as it is at the start.
            try:
                return State(**json.loads(self._path(self.folder, alias).read_bytes()))
            except (OSError, ValueError, TypeError):
                return State()
        return self._states.get(alias, State())

    def admits(self, alias: str) -> bool:
        """Check whether a request may be sent; a half-open breaker opens again behind the one that it admits."""
        with self._lock:
            state = self.state(alias)
            if state.breaker(time.time()) == "half-open":
                # Before the answer is known: other requests must not follow the first one to an endpoint that is down.
                self._write(alias, replace(state, closed_until=time.time() + PAUSE))
        return state.breaker(time.time()) != "open"

    def succeeded(self, alias: str, latency: float) -> None:
        """Record an answer and the seconds that it took; the breaker closes."""
        with self._lock:
            self._write(alias, State(time.time(), ok=True, latency=latency))

    def failed(self, alias: str, reason: str) -> None:
        """Record a failure and its reason; the breaker opens at the ``FAILURES``-th in a row."""
        with self._lock:
            before = self.state(alias)
            failures = before.failures + 1
            until = time.time() + PAUSE if failures >= FAILURES else 0.0
            self._write(alias, State(time.time(), False, before.latency, reason, failures, until))  # noqa: FBT003

    def _write(self, alias: str, state: State) -> None:
        self._states[alias] = state
        if self.folder is not None:
            path = self._path(self.folder, alias)
            # Renamed into place, so that no process reads half a file; not flushed, for it may be lost with the
            # machine.
            new = path.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(asdict(state)), encoding="utf-8")
            new.replace(path)

    @staticmethod
    def _path(folder: Path, alias: str) -> Path:
        return folder / f"endpoint-{alias}.json"
