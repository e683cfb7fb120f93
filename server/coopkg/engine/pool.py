"""The web workers' side of the readers: ask a task, get the whole answer, or learn why there is none."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopkg import errors
from coopkg.engine import frames, wire
from coopkg.engine.current import CurrentTag
from coopkg.engine.evaluate import Answer
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

    from coopkg.engine.changes import Change
    from coopkg.engine.evaluate import Task
    from coopkg.settings import Settings

_GRACE: Final = 2.0
"""Seconds beyond the deadline after which a silent reader counts as lost."""


_ATTEMPTS: Final = 5
"""How often a request is handed over anew when the reader that took it was retired, or another change came first."""


@dataclass(frozen=True)
class Receipt:
    """What became of a change: the version that has it, whether its graph was there before, whether it did anything."""

    version: int
    existed: bool
    changed: bool


class ReaderPool:
    """Hands tasks to the keeper's readers, a connection each."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._current = CurrentTag(folder)
        self._places = threading.BoundedSemaphore(settings.queue_length)

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        """Give the whole answer.

        Raises what the evaluation raised, Busy where the queue is full or the keeper away, DeadlineExceeded,
        MemoryExceeded or QueryTooComplex where the reader was ended.
        """
        body, facts = self._run({"task": wire.encode(task)}, deadline)
        return Answer(body, str(facts["tag"]))

    async def ask_async(self, task: Task) -> Answer:
        """Give the whole answer without holding a thread; to cancel it ends the reader's work. Raises as ``ask``."""
        seconds = self.settings.deadline_seconds
        request = json.dumps({"task": wire.encode(task), "deadline": seconds}).encode()
        if not self._places.acquire(blocking=False):
            raise Busy("Too many queries are waiting; come back in a moment.")
        try:
            for _ in range(_ATTEMPTS):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
                    found = await self._converse(connection, frames.pack(frames.Kind.REQUEST, request), seconds)
                if found is not None:
                    return found
            raise Busy("The readers were replaced; come back in a moment.")
        finally:
            self._places.release()

    async def _converse(self, connection: socket.socket, request: bytes, seconds: float) -> Answer | None:
        """Hold one conversation; None where the reader was replaced before it took the request up."""
        loop = asyncio.get_running_loop()
        buffer = frames.Buffer()
        chunks: list[bytes] = []
        pid: int | None = None
        wait = self.settings.queue_seconds
        try:
            connection.connect(str(self.folder / READERS))
            await loop.sock_sendall(connection, request)
            while data := await asyncio.wait_for(loop.sock_recv(connection, frames.CHUNK), wait):
                for kind, payload in buffer.feed(data):
                    if kind is frames.Kind.STARTED:
                        pid, wait = int(frames.load(payload)["pid"]), seconds + _GRACE
                    elif kind is frames.Kind.ERROR:
                        raise _rebuild(frames.load(payload))
                    elif kind is frames.Kind.END:
                        return Answer(b"".join(chunks), str(frames.load(payload)["tag"]))
                    else:
                        chunks.append(payload)
        except TimeoutError:
            raise self._silent(pid, seconds) from None
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            raise Busy("The dataset is being loaded, or too many queries wait; come back in a moment.") from None
        except OSError:
            pass
        if pid is None:
            return None
        raise await loop.run_in_executor(None, self._died, pid, seconds)

    def _silent(self, pid: int | None, seconds: float) -> CoopkgError:
        """Give the error for a reader that said nothing in time; one that took the request up is ended."""
        if pid is None:
            return Busy("No reader was free in time; come back in a moment.")
        os.kill(pid, signal.SIGKILL)
        return self._deadline(seconds)

    def change(self, change: Change) -> Receipt:
        """Work a change out in a reader and have the keeper publish it.

        Raises what working it out raised, and Busy if other changes kept coming first.
        """
        for _ in range(_ATTEMPTS):
            lines, facts = self._run({"change": change.as_json()}, None)
            if not lines:
                return Receipt(int(facts["version"]), bool(facts["existed"]), changed=False)
            answer = self._ask_keeper(f"commit {facts['version']}\n{lines.decode()}")
            if answer["committed"]:
                return Receipt(int(answer["version"]), bool(facts["existed"]), changed=True)
        raise Busy("Other changes kept coming first; come back in a moment.")

    def _run(self, request: dict[str, Any], deadline: float | None) -> tuple[bytes, dict[str, Any]]:
        seconds = min(deadline or self.settings.deadline_seconds, self.settings.deadline_seconds)
        if not self._places.acquire(blocking=False):
            raise Busy("Too many queries are waiting; come back in a moment.")
        try:
            for _ in range(_ATTEMPTS):
                with self._connect(READERS) as connection:
                    pid = self._begin(connection, {**request, "deadline": seconds})
                    if pid is not None:
                        return self._finish(connection, pid, seconds)
            raise Busy("The readers were replaced; come back in a moment.")
        finally:
            self._places.release()

    def tag(self) -> str:
        """Give the tag of the current version, without asking anybody."""
        return self._current.get()

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

    @staticmethod
    def _begin(connection: socket.socket, request: dict[str, Any]) -> int | None:
        """Hand a request over; give the reader's pid, or None where it was replaced before it took the request up."""
        try:
            frames.send_json(connection, frames.Kind.REQUEST, request)
            started = frames.receive(connection)
        except TimeoutError:
            raise Busy("No reader was free in time; come back in a moment.") from None
        except OSError:
            return None
        return None if started is None else int(frames.load(started[1])["pid"])

    def _finish(self, connection: socket.socket, pid: int, seconds: float) -> tuple[bytes, dict[str, Any]]:
        connection.settimeout(seconds + _GRACE)
        chunks: list[bytes] = []
        try:
            while (frame := frames.receive(connection)) is not None:
                kind, payload = frame
                if kind is frames.Kind.ERROR:
                    raise _rebuild(frames.load(payload))
                if kind is frames.Kind.END:
                    return b"".join(chunks), frames.load(payload)
                chunks.append(payload)
        except TimeoutError:
            raise self._silent(pid, seconds) from None
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
                connection.shutdown(socket.SHUT_WR)
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
