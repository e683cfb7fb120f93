"""A reader: a disposable process, forked from the keeper with one version of the dataset, that evaluates queries.

It takes one connection at a time. The evaluation runs in a thread with a stack that deep nesting does not exhaust,
while the main thread watches the client: when that goes away the process ends, and the keeper forks another.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from coopkg.engine import changes, confine, frames, wire
from coopkg.engine.evaluate import evaluate
from coopkg.errors import CoopkgError, EngineFault, MemoryExceeded

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from coopkg.store import Dataset

HEAVY_AFTER: Final = 0.1
"""Seconds after which an evaluation counts as heavy: it yields the processor, and its place among the light ones."""


def run(dataset: Dataset, listener: socket.socket, control: socket.socket, memory_bytes: int) -> None:
    """Serve tasks until told to end by a signal; never returns."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine.die_with_parent()
    isolated = confine.leave_network()
    confine.limit_resources(memory_bytes)
    threading.stack_size(confine.STACK_BYTES)
    control.sendall(b"n" if isolated else b"N")
    evaluator = _Evaluator()
    retirement = _Retirement()
    while not retirement.due:
        retirement.idle = True
        connection, _ = listener.accept()
        retirement.idle = False
        with connection:
            spent = _serve(dataset, evaluator, connection, control)
        if spent:
            break
    os._exit(0)


class _Retirement:
    """Takes the keeper's notice that the version has passed: at once while idle, else after the task at hand."""

    def __init__(self) -> None:
        self.idle = False
        self.due = False
        signal.signal(signal.SIGUSR1, self._notice)

    def _notice(self, _number: int, _frame: object) -> None:
        if self.idle:
            os._exit(0)
        self.due = True


def _serve(dataset: Dataset, evaluator: _Evaluator, connection: socket.socket, control: socket.socket) -> bool:
    """Serve one task; say whether the reader is spent: by a task that became heavy, or a change to its store."""
    frame = frames.receive(connection)
    if frame is None:
        return False
    value = frames.load(frame[1])
    confine.set_deadline(float(value["deadline"]))
    frames.send_json(connection, frames.Kind.STARTED, {"pid": os.getpid()})
    evaluator.start(_job(dataset, value))
    heavy = _watch(connection, control, evaluator.done)
    confine.set_deadline(0)
    _reply(connection, evaluator.outcome)
    return heavy or "change" in value


def _job(dataset: Dataset, value: dict[str, Any]) -> Callable[[], Outcome]:
    if "change" in value:
        change = changes.from_json(value["change"])

        def work_out() -> Outcome:
            patch = changes.work_out(dataset.store, change)
            return Outcome(patch.lines().encode(), {"version": dataset.version, "existed": patch.existed})

        return work_out
    return lambda: Outcome(evaluate(dataset.store, wire.decode(value["task"])), {"tag": dataset.tag})


@dataclass(frozen=True)
class Outcome:
    """What a job gave: the body, and what else the end frame says."""

    body: bytes
    facts: dict[str, Any]


class _Evaluator:
    """The one thread that evaluates; it lives as long as the reader, since its stack takes most of the memory cap."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], Outcome]] = SimpleQueue()
        self.outcome: Outcome | CoopkgError = EngineFault("Nothing has been evaluated yet.")
        self.done, self._signal = os.pipe()
        threading.Thread(target=self._run, daemon=True, name="evaluator").start()

    def start(self, job: Callable[[], Outcome]) -> None:
        """Begin to evaluate; ``done`` becomes readable when there is an outcome."""
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            self.outcome = _outcome(self._jobs.get())
            os.write(self._signal, b".")


def _outcome(job: Callable[[], Outcome]) -> Outcome | CoopkgError:
    try:
        return job()
    except CoopkgError as error:
        return error
    except MemoryError:
        return MemoryExceeded("The evaluation wanted more memory than it may have.")


def _watch(connection: socket.socket, control: socket.socket, done: int) -> bool:
    """Wait for the evaluation; end the process if the client goes away. Say whether the evaluation became heavy."""
    poll = select.poll()
    poll.register(done, select.POLLIN)
    poll.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    started = time.monotonic()
    heavy = False
    while True:
        wait = None if heavy else max(0.0, HEAVY_AFTER - (time.monotonic() - started)) * 1000
        ready = dict(poll.poll(wait))
        if done in ready:
            os.read(done, 1)
            return heavy
        if ready:
            os._exit(0)
        if not heavy:
            heavy = True
            os.nice(10)
            control.sendall(b"h")


def _reply(connection: socket.socket, answer: Outcome | CoopkgError) -> None:
    try:
        if isinstance(answer, CoopkgError):
            value = {"error": type(answer).__name__, "detail": answer.detail, "members": answer.members}
            frames.send_json(connection, frames.Kind.ERROR, value)
            return
        for start in range(0, len(answer.body), frames.CHUNK):
            frames.send(connection, frames.Kind.BODY, answer.body[start : start + frames.CHUNK])
        frames.send_json(connection, frames.Kind.END, {"bytes": len(answer.body), **answer.facts})
    except (BrokenPipeError, ConnectionResetError):
        print("a client went away before its answer", file=sys.stderr)  # noqa: T201
