"""Processor time, which a test may bound: a busy machine makes a wait longer, and this hardly."""

from __future__ import annotations

import contextlib
import os
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TICK: Final = os.sysconf("SC_CLK_TCK")
PATIENCE: Final = 60.0
"""Seconds that a test waits for what must come about. It says when to give up, not how long anything may take."""


def _fields(pid: int) -> list[str]:
    """Give the fields of /proc/PID/stat from the third on, which is the state; none where the process has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
    return []


def tree(pid: int) -> list[int]:
    """Give a process and all that descend from it, itself first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _fields(int(path.name)):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def processor_seconds(pid: int) -> float:
    """Give the processor time, user and system, of a process tree: of those alive, and of those it has waited for."""
    return sum(sum(map(int, fields[11:15])) for each in tree(pid) if (fields := _fields(each))) / TICK


def server_process(address: str) -> int:
    """Give the process of the server that was started with that address, which no other process descends from."""
    place = urllib.parse.urlsplit(address).netloc.encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if place in (path / "cmdline").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return next(pid for pid in found if int(_fields(pid)[1]) not in found)


def eventually(check: Callable[[], object]) -> bool:
    """Wait until that is true; False once patience is at its end."""
    deadline = time.monotonic() + PATIENCE
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(found)


def comes_to_rest(pid: int) -> bool:
    """Wait until a process tree has nothing to do any more; False if it keeps working."""

    def rests() -> bool:
        before = processor_seconds(pid)
        time.sleep(0.4)  # the length of the measurement
        return processor_seconds(pid) - before < 0.1

    return eventually(rests)


def least(work: Callable[[], object], repetitions: int = 3) -> float:
    """Give the processor time of the cheapest of several runs in this process: what disturbs one adds to it."""
    found = []
    for _ in range(repetitions):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found)


def growth(work: Callable[[int], object], size: int, times: int = 4) -> tuple[float, float]:
    """Give how the processor time grows as input of that size does so many times, and does so again.

    Linear work gives about ``times``, quadratic work its square; a bound of twice ``times`` tells them apart from 4 on.
    """
    first, second, third = (least(lambda n=n: work(n)) for n in (size, size * times, size * times**2))  # type: ignore[misc]
    return second / first, third / second
