"""Two parts of the floor that need no HTTP: a call of the engine in this process, and a round trip over a socket."""

from __future__ import annotations

import io
import os
import socket
import statistics
import sys
import time
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from bench.processes import cpu_seconds, running
from bench.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ANSWER: Final = 64 * 1024


def load(path: Path) -> ox.Store:
    """Return a store in memory with the N-Quads of that file."""
    store = ox.Store()
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_QUADS)
    return store


def answer(store: ox.Store, query: str) -> bytes:
    """Return the answer of the engine itself, as SPARQL results in JSON, over the union of all graphs."""
    solutions = store.query(query, use_default_graph_as_union=True)
    if not isinstance(solutions, ox.QuerySolutions):
        raise TypeError("answer() takes a SELECT query")
    body = io.BytesIO()
    solutions.serialize(body, ox.QueryResultsFormat.JSON)
    return body.getvalue()


def engine(store: ox.Store, queries: Callable[[], str], seconds: float) -> Sample:
    """Measure calls of the engine, one after another."""

    def call() -> None:
        answer(store, queries())

    return _measure(call, seconds, time.process_time)


def round_trip(request: bytes, reply: bytes, log: Path, seconds: float) -> Sample:
    """Measure round trips over a Unix socket to another process, which answers each request; CPU is that of both."""
    mine, theirs = socket.socketpair()
    os.set_inheritable(theirs.fileno(), True)  # noqa: FBT003 - the name of the function says it
    command = [sys.executable, "-m", "bench.floor", str(theirs.fileno()), str(len(request)), str(len(reply))]
    with mine, theirs, running(command, log, {}, pass_fds=(theirs.fileno(),)) as pid:

        def call() -> None:
            mine.sendall(request)
            _take(mine, len(reply))

        call()
        return _measure(call, seconds, lambda: time.process_time() + cpu_seconds(pid))


def _measure(call: Callable[[], None], seconds: float, cpu: Callable[[], float]) -> Sample:
    times: list[float] = []
    cpu_before, before = cpu(), time.perf_counter()
    last, until = before, before + seconds
    while last < until:
        call()
        now = time.perf_counter()
        times.append(now - last)
        last = now
    quantiles = statistics.quantiles(times, n=100)
    return Sample(len(times), last - before, quantiles[49], quantiles[98], (cpu() - cpu_before) / len(times))


def _take(connection: socket.socket, size: int) -> bool:
    """Take that many bytes; say whether they came."""
    while size > 0:
        data = connection.recv(_ANSWER)
        if not data:
            return False
        size -= len(data)
    return True


def main() -> None:
    """Answer requests on an inherited socket: its descriptor, the size of a request and of an answer are arguments."""
    descriptor, size, reply = map(int, sys.argv[1:])
    body = bytes(reply)
    with socket.socket(fileno=descriptor) as connection:
        while _take(connection, size):
            connection.sendall(body)


if __name__ == "__main__":
    main()
