"""What the kernel takes away from a worker before it touches a byte that a user sent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from typing import Final

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_PDEATHSIG: Final = 1
M_ARENA_MAX: Final = -8
STACK_BYTES: Final = 256 * 1024 * 1024


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_network() -> bool:
    """Move this process into an empty network namespace; False where the kernel does not allow it."""
    libc = ctypes.CDLL(None, use_errno=True)
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def limit_resources(memory_bytes: int) -> None:
    """Cap this process: ``memory_bytes`` beyond what it maps now, no file to write, no core, few descriptors."""
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)  # an arena a thread would take 128 MiB of the cap for nothing
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a file of the kernel
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    cap = mapped + STACK_BYTES + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def set_deadline(seconds: float) -> None:
    """Have the kernel end this process after that long; 0 lifts the deadline.

    SIGALRM must have its default action: a handler of Python's would wait until the native call returns.
    """
    signal.setitimer(signal.ITIMER_REAL, seconds)


class ProcessorTime:
    """The second guard: a cap on processor time, moved on as it is used, so that no work gets much beyond its share."""

    def __init__(self) -> None:
        self._moved = -1.0
        self._allowed = 0.0

    def allow(self, seconds: float) -> None:
        """Allow that many more seconds, give or take one."""
        now = time.monotonic()
        if now - self._moved > 1 or seconds > self._allowed:
            self._moved, self._allowed = now, seconds
            used = sum(os.times()[:2])
            resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 3, resource.RLIM_INFINITY))
