"""The web workers' side of the readers: ask a task, get the whole answer, or learn why there is none."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from coopkg import errors
from coopkg.engine import frames, wire
from coopkg.engine.keeper import CONTROL, READERS
from coopkg.errors import (
    Busy,
    CoopkgError,
    DeadlineExceeded,
    EngineFault,
    MemoryExceeded,
    QueryTooComplex,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.engine.evaluate import Task
    from coopkg.settings import Settings

_GRACE: Final = 2.0
"""Seconds beyond the deadline after which a silent reader counts as lost."""


class ReaderPool:
    """Hands tasks to the keeper's readers, a connection each."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._places = threading.BoundedSemaphore(settings.queue_length)

    def ask(self, task: Task, deadline: float | None = None) -> bytes:
        """Give the whole answer.

        Raises what the evaluation raised, Busy where the queue is full or the keeper away, DeadlineExceeded,
        MemoryExceeded or QueryTooComplex where the reader was ended.
        """
        seconds = min(deadline or self.settings.deadline_seconds, self.settings.deadline_seconds)
        if not self._places.acquire(blocking=False):
            raise Busy("Too many queries are waiting; come back in a moment.")
        try:
            with self._connect(READERS) as connection:
                return self._converse(connection, task, seconds)
        finally:
            self._places.release()

    def info(self) -> dict[str, Any]:
        """Give version, digest and number of quads of the dataset. Raises Busy while there is no keeper."""
        return self._ask_keeper("info")

    @contextmanager
    def _connect(self, name: str) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.settings.queue_seconds)
            try:
                connection.connect(str(self.folder / name))
            except OSError:
                raise Busy("The dataset is being loaded; come back in a moment.") from None
            yield connection

    def _converse(self, connection: socket.socket, task: Task, seconds: float) -> bytes:
        try:
            frames.send_json(connection, frames.Kind.REQUEST, wire.encode(task, seconds))
            started = frames.receive(connection)
        except TimeoutError:
            raise Busy("No reader was free in time; come back in a moment.") from None
        except OSError:
            started = None
        if started is None:
            raise Busy("The reader was replaced; come back in a moment.")
        pid = int(frames.load(started[1])["pid"])
        connection.settimeout(seconds + _GRACE)
        chunks: list[bytes] = []
        try:
            while (frame := frames.receive(connection)) is not None:
                kind, payload = frame
                if kind is frames.Kind.ERROR:
                    raise _rebuild(frames.load(payload))
                if kind is frames.Kind.END:
                    return b"".join(chunks)
                chunks.append(payload)
        except TimeoutError:
            os.kill(pid, 9)
            raise self._deadline(seconds) from None
        raise self._died(pid, seconds)

    def _died(self, pid: int, seconds: float) -> CoopkgError:
        for _ in range(50):
            cause = self._ask_keeper(str(pid))["cause"]
            if cause != "alive":
                break
            time.sleep(0.01)
        match cause:
            case "deadline":
                return self._deadline(seconds)
            case "memory":
                return MemoryExceeded("The evaluation wanted more memory than a reader may have; ask for less.")
            case "busy":
                return Busy("Too many long evaluations are running; come back in a moment.")
            case "crash":
                return QueryTooComplex("The query is too complex for the engine; make it smaller or less nested.")
            case _:
                return EngineFault("The reader ended without an answer.")

    @staticmethod
    def _deadline(seconds: float) -> CoopkgError:
        return DeadlineExceeded(f"The evaluation took longer than {seconds:g} s and was ended.", bound=seconds)

    def _ask_keeper(self, question: str) -> dict[str, Any]:
        with self._connect(CONTROL) as connection:
            try:
                connection.sendall(question.encode())
                answer = connection.recv(4096)
            except OSError:
                answer = b""
        if not answer:
            raise Busy("The dataset is being loaded; come back in a moment.")
        value: dict[str, Any] = json.loads(answer)
        return value


def _rebuild(value: dict[str, Any]) -> CoopkgError:
    """Give the error that a reader raised, of the same class."""
    cls = getattr(errors, str(value["error"]), EngineFault)
    error: CoopkgError = CoopkgError.__new__(cls)
    CoopkgError.__init__(error, value["detail"], **value["members"])
    return error
