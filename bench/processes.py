"""Servers as process trees: started, waited for, measured through ``/proc``, and always ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it, itself first."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, user and system, of a process tree: of its processes, and of those that they have buried."""
    return sum(sum(map(int, fields[11:15])) for each in tree(pid) if (fields := _stat(each))) / _TICK


@dataclass(frozen=True)
class Clock:
    """A moment: the time, and the CPU time that this process tree and the whole machine have used until then."""

    time: float
    own: float
    all: float

    @classmethod
    def now(cls) -> Clock:
        """Return this moment."""
        fields = [int(f) for f in (_PROC / "stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]]
        idle = fields[3] + fields[4]
        return cls(time.monotonic(), cpu_seconds(os.getpid()), (sum(fields) - idle) / _TICK)

    def others_since(self, before: Clock) -> float:
        """Return the share of the machine that was taken from this process tree since then, by whomever."""
        cores = os.cpu_count() or 1
        taken = (self.all - before.all) - (self.own - before.own)
        return max(0.0, taken / (cores * (self.time - before.time)))


def memory_bytes(pid: int) -> int:
    """Return the memory of a process tree, what its processes share counted once (PSS)."""
    return sum(memory_of(each) for each in tree(pid))


def isolated(pid: int) -> bool:
    """Return whether a process of the tree has left our network namespace."""
    own = _PROC.joinpath("self/ns/net").readlink()
    return any(_namespace(each) not in {None, own} for each in tree(pid))


def _namespace(pid: int) -> Path | None:
    with contextlib.suppress(OSError):
        return (_PROC / f"{pid}/ns/net").readlink()
    return None


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` from the third on (state, parent, ...); none if the process is gone."""
    with contextlib.suppress(OSError):
        return (_PROC / f"{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return []


def memory_of(pid: int) -> int:
    """Return the memory of a process, what it shares with others counted in proportion (PSS); 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in (_PROC / f"{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> Iterator[int]:
    """Run a server and give its process id; at the end it and all that descend from it are ended."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env={**os.environ, **environment}, pass_fds=tuple(pass_fds),
        )  # fmt: skip
    try:
        yield process.pid
    finally:
        descendants = tree(process.pid)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        for pid in descendants[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()


def wait_for(url: str, pid: int, seconds: float) -> bytes:
    """Return the body of the first 200 from there.

    Raises TimeoutError, or ChildProcessError if the server ends first.
    """
    until = time.monotonic() + seconds
    request = urllib.request.Request(url, headers={"Accept": "application/sparql-results+json"})  # noqa: S310 - http
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return _body(request)
        if (fields := _stat(pid)) == [] or fields[0] == "Z":
            raise ChildProcessError("the server ended before it answered")
        time.sleep(0.05)
    raise TimeoutError(f"no answer within {seconds:g} s")


def _body(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - http to our own server
        body: bytes = response.read()
        return body


def send(url: str, data: Path, seconds: float) -> None:
    """Send N-Quads to the store of a server. Raises URLError where it does not take them."""
    with data.open("rb") as body:
        headers = {"Content-Type": "application/n-quads", "Content-Length": str(data.stat().st_size)}
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - http to our own server
        urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310 - the same


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
