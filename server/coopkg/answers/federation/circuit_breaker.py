"""How each endpoint does: a circuit breaker, and the last word on it for those who look.

All web processes share it through one small file an endpoint, replaced whole; the last to write is right enough.
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
"""Failures in a row after which an endpoint is left alone."""
PAUSE: Final = 30.0
"""Seconds for which it is; then one request may try, and one failure more leaves it alone again."""


@dataclass(frozen=True)
class State:
    """What is known of an endpoint. Times are seconds since the epoch, 0 for never; latency is in seconds."""

    checked: float = 0.0
    ok: bool | None = None
    latency: float = 0.0
    reason: str = ""
    failures: int = 0
    closed_until: float = 0.0

    def breaker(self, now: float) -> str:
        """Return the state of the circuit breaker: closed lets requests through, open does not, half-open lets one."""
        if self.failures < FAILURES:
            return "closed"
        return "open" if now < self.closed_until else "half-open"


class Health:
    """The states of all endpoints, in a folder that the workers share, or in memory alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()

    def state(self, alias: str) -> State:
        """Return what is known of an endpoint."""
        if self.folder is not None:
            try:
                return State(**json.loads(self._path(self.folder, alias).read_bytes()))
            except (OSError, ValueError, TypeError):
                return State()
        return self._states.get(alias, State())

    def admits(self, alias: str) -> bool:
        """Return whether an endpoint may be asked; a half-open breaker closes behind the one that it lets through."""
        with self._lock:
            state = self.state(alias)
            if state.breaker(time.time()) == "half-open":
                self._write(alias, replace(state, closed_until=time.time() + PAUSE))
        return state.breaker(time.time()) != "open"

    def succeeded(self, alias: str, latency: float) -> None:
        """Note an answer and the seconds that it took."""
        with self._lock:
            self._write(alias, State(time.time(), ok=True, latency=latency))

    def failed(self, alias: str, reason: str) -> None:
        """Note a failure and a word for it."""
        with self._lock:
            before = self.state(alias)
            failures = before.failures + 1
            until = time.time() + PAUSE if failures >= FAILURES else 0.0
            self._write(alias, State(time.time(), False, before.latency, reason, failures, until))  # noqa: FBT003

    def _write(self, alias: str, state: State) -> None:
        self._states[alias] = state
        if self.folder is not None:
            path = self._path(self.folder, alias)
            new = path.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(asdict(state)), encoding="utf-8")
            new.replace(path)

    @staticmethod
    def _path(folder: Path, alias: str) -> Path:
        return folder / f"endpoint-{alias}.json"
