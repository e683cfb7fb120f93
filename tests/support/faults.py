"""Faults of the disk, and sudden ends, at the n-th call that changes something on it.

An act runs in a forked child, so that it can be killed. What it acknowledges is heard by the parent, as a client hears
it: before the end or never.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS: Final = (
    "open", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "unlink", "remove", "rmdir",
)  # fmt: skip
"""The calls of ``os`` that change something on the disk; ``open`` counts where it is for writing."""
MODES: Final = ("once", "full", "kill", "torn")
"""One call fails; it and all later ones fail; the process is killed before it; a write is done by half, then a kill."""
_DAMPED: Final = frozenset({"unlink", "remove", "rmdir", "ftruncate"})
"""Calls that a full disk does not refuse."""


@dataclass
class Faults:
    """Counts the calls, and lets the n-th fail in a mode; without a mode none fails."""

    number: int
    mode: str = ""
    count: int = 0
    real: dict[str, Any] = field(default_factory=dict)

    def arm(self) -> None:
        """Put itself in the place of the calls, in this process, until it ends."""
        for name in CALLS:
            self.real[name] = getattr(os, name)
            setattr(os, name, self._replaced(name))

    def _replaced(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the call takes
            flags = arguments[1] if name == "open" and len(arguments) > 1 else os.O_RDWR
            if flags & (os.O_WRONLY | os.O_RDWR):
                self.count += 1
                self._strike(name, arguments)
            return self.real[name](*arguments, **options)

        return call

    def _strike(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.count < self.number:
            return
        hit = self.count == self.number
        if hit and self.mode == "torn" and name in {"write", "pwrite"}:
            descriptor, data, *rest = arguments
            self.real[name](descriptor, bytes(data)[: len(data) // 2], *rest)
        if hit and self.mode in {"kill", "torn"}:
            os.kill(os.getpid(), signal.SIGKILL)
        if (hit and self.mode == "once") or (self.mode == "full" and name not in _DAMPED):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True)
class Outcome:
    """What a child acknowledged before its end, whether it came to its end by itself, and the calls that it made."""

    acknowledged: list[str]
    ended: bool
    calls: int
    said: str


Say = Callable[[str], None]
"""Acknowledges a line."""
Act = Callable[[Say, Callable[[], None]], None]
"""What is carried out: it is given what acknowledges, and what begins the faults."""


def carried_out(act: Act, number: int, mode: str) -> Outcome:
    """Carry an act out in a child, with a fault at that call."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        faults, real_write = Faults(number, mode), os.write
        try:
            act(lambda line: _void(real_write(write, f"+{line}\n".encode())), faults.arm)
        except Exception:  # noqa: BLE001 - the child has no other way to say it
            real_write(write, "".join(f"!{line}\n" for line in traceback.format_exc().splitlines()).encode())
        finally:
            real_write(write, f"={faults.count}\n".encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as lines:
        found = lines.read().splitlines()
    os.waitpid(pid, 0)
    calls = [int(line[1:]) for line in found if line.startswith("=")]
    said = "\n".join(line[1:] for line in found if line.startswith("!"))
    return Outcome([line[1:] for line in found if line.startswith("+")], bool(calls), sum(calls), said)


def _void(_: object) -> None:
    """Do nothing."""


def points(act: Act, reset: Callable[[], None]) -> Iterator[tuple[str, int, Outcome]]:
    """Carry an act out with a fault at each of its calls, in each mode, each time anew; give what came of it."""
    reset()
    calls = carried_out(act, 0, "").calls
    assert calls
    for mode in MODES:
        number = 0
        while number < calls + 100:  # an act that mends something makes more calls
            number += 1
            reset()
            outcome = carried_out(act, number, mode)
            yield mode, number, outcome
            if outcome.ended and outcome.calls < number:
                break


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep standard error away, here and in children."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
