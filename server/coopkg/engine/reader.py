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
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from coopkg.engine import confine, frames, wire
from coopkg.engine.evaluate import evaluate
from coopkg.errors import CoopkgError, EngineFault, MemoryExceeded

if TYPE_CHECKING:
    import socket

    from coopkg.engine.evaluate import Task
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
    evaluator = _Evaluator(dataset)
    while True:
        connection, _ = listener.accept()
        with connection:
            heavy = _serve(evaluator, connection, control)
        if heavy:
            os._exit(0)


def _serve(evaluator: _Evaluator, connection: socket.socket, control: socket.socket) -> bool:
    """Serve one task; say whether it became heavy."""
    frame = frames.receive(connection)
    if frame is None:
        return False
    task, deadline = wire.decode(frames.load(frame[1]))
    confine.set_deadline(deadline)
    frames.send_json(connection, frames.Kind.STARTED, {"pid": os.getpid()})
    evaluator.start(task)
    heavy = _watch(connection, control, evaluator.done)
    confine.set_deadline(0)
    _reply(connection, evaluator.outcome)
    return heavy


class _Evaluator:
    """The one thread that evaluates; it lives as long as the reader, since its stack takes most of the memory cap."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self.outcome: bytes | CoopkgError = EngineFault("Nothing has been evaluated yet.")
        self.done, self._signal = os.pipe()
        threading.Thread(target=self._run, daemon=True, name="evaluator").start()

    def start(self, task: Task) -> None:
        """Begin to evaluate; ``done`` becomes readable when there is an outcome."""
        self._tasks.put(task)

    def _run(self) -> None:
        while True:
            self.outcome = self._evaluate(self._tasks.get())
            os.write(self._signal, b".")

    def _evaluate(self, task: Task) -> bytes | CoopkgError:
        try:
            return evaluate(self._dataset.store, task)
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


def _reply(connection: socket.socket, answer: bytes | CoopkgError) -> None:
    try:
        if isinstance(answer, CoopkgError):
            value = {"error": type(answer).__name__, "detail": answer.detail, "members": answer.members}
            frames.send_json(connection, frames.Kind.ERROR, value)
            return
        for start in range(0, len(answer), frames.CHUNK):
            frames.send(connection, frames.Kind.BODY, answer[start : start + frames.CHUNK])
        frames.send_json(connection, frames.Kind.END, {"bytes": len(answer)})
    except (BrokenPipeError, ConnectionResetError):
        print("a client went away before its answer", file=sys.stderr)  # noqa: T201
