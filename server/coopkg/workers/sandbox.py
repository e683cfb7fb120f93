"""What the kernel takes away from a worker before it touches a byte that a user sent.

pyoxigraph has no deadline, no cancellation and no memory cap, its SERVICE makes requests and cannot be switched off,
and queries of a few kilobytes overflow its stack. So each of these is bounded from outside, for the whole process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import time
from pathlib import Path
from typing import Final

from coopkg.errors import NotConfined, SystemUnsupported
from coopkg.workers.syscall_filter import refuse_system_calls

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
PR_SET_PDEATHSIG: Final = 1
M_ARENA_MAX: Final = -8
MORE_LIKELY_ENDED: Final = 800
"""``oom_score_adj``, of at most 1,000: a worker is disposable, and what it evaluates is what grows."""
STACK_BYTES: Final = 256 * 1024 * 1024
"""The stack of an evaluation: 8 MiB end at 2,195 nested braces, and this is far beyond what admission lets through."""


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    # Python's library has no prctl. The setting is not inherited, so that each fork has to ask for it.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def confine() -> bool:
    """Take the network, other programs and other processes away from this process; False where neither way is allowed.

    Two guards against requests that a query makes the engine send, should one get past admission: an empty network
    namespace, and a filter of system calls. Containers as Docker starts them refuse the first and allow the second.
    """
    alone = _leave_network()  # before the filter, beside which nothing new is asked of the kernel
    return refuse_system_calls() or alone


def _leave_network() -> bool:
    """Move this process into an empty network namespace; False where the kernel does not allow it."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Root may leave at once; anybody else needs a user namespace of their own, which some systems forbid.
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def require_system() -> None:
    """Check that the system has what the processes of a server use. Raises SystemUnsupported, with what it lacks."""
    needed = (
        (os, ("memfd_create", "posix_fallocate")),
        (socket, ("SOCK_NONBLOCK", "send_fds")),
        (select, ("epoll",)),
        (ctypes.CDLL(None), ("prctl", "unshare", "mallopt")),
    )
    lacking = [name for module, names in needed for name in names if not hasattr(module, name)]
    if lacking:
        raise SystemUnsupported(f"The server needs Linux: this system lacks {', '.join(lacking)}.")


def require_confinement() -> None:
    """Try in a child process whether workers can be confined here. Raises NotConfined."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if confine() else 1)
    _, status = os.waitpid(pid, 0)
    if status:
        raise NotConfined(
            "Neither an empty network namespace nor a filter of system calls is allowed here, so a query that found a "
            "hole could reach the network. Start the server elsewhere, or with --unconfined."
        )


def prefer_to_end() -> None:
    """Have the kernel end this process rather than another of ours where the machine's memory runs out."""
    with contextlib.suppress(OSError):  # a system without /proc has no such preference
        Path("/proc/self/oom_score_adj").write_text(str(MORE_LIKELY_ENDED), encoding="ascii")


def limit_resources(memory_bytes: int) -> None:
    """Cap this process: ``memory_bytes`` beyond what it maps now, no file to write, no core, few descriptors."""
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)  # an arena a thread would take 128 MiB of the cap for nothing
    # The cap is on addresses (RLIMIT_AS), the only bound on memory that the kernel keeps for one process; so the
    # dataset, which was mapped before the fork, and the stack of the evaluating thread come on top.
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a file of the kernel
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    cap = mapped + STACK_BYTES + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # A core of a process that maps the dataset would be as large as that, and workers that abort are nothing unusual.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A worker needs its request socket, standard error, a memory file and 16 streams to web processes.
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def set_deadline(seconds: float) -> None:
    """Have the kernel end this process after ``seconds``; 0 lifts the deadline.

    SIGALRM must have its default action: a Python handler would wait until the native call returns, and one with an
    alarm of 0.3 s had not run after 8 s.
    """
    signal.setitimer(signal.ITIMER_REAL, seconds)


class ProcessorTime:
    """The second guard against endless work: a cap on processor time, which is moved on for each request.

    It also holds where the timer is not set, and ends with SIGXCPU, which counts as a deadline too.
    """

    def __init__(self) -> None:
        self._moved = -1.0
        self._allowed = 0.0

    def allow(self, seconds: float) -> None:
        """Allow this process about ``seconds`` more of processor time."""
        now = time.monotonic()
        # At most once a second, unless a request may take longer than the last: a system call less for a light query.
        if now - self._moved > 1 or seconds > self._allowed:
            self._moved, self._allowed = now, seconds
            used = sum(os.times()[:2])
            # Whole seconds, and only the soft limit: an unprivileged process could not raise a hard one again.
            resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 3, resource.RLIM_INFINITY))
