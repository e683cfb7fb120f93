"""The web workers' side of the readers: ask a task, get the whole answer, or learn why there is none."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopkg import errors
from coopkg.engine import wire
from coopkg.engine.correspondent import Correspondent, Lost
from coopkg.engine.current import CurrentTag
from coopkg.engine.evaluate import Answer
from coopkg.engine.frames import CONTROL, Kind
from coopkg.errors import (
    Busy,
    CoopkgError,
    DeadlineExceeded,
    EngineFault,
    MemoryExceeded,
    QueryTooComplex,
)

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.engine.changes import Change
    from coopkg.engine.evaluate import Task
    from coopkg.engine.frames import Frame
    from coopkg.settings import Settings

_ATTEMPTS: Final = 5
"""How often a request is made again: its reader was ended for another's sake, or another change came first."""


@dataclass(frozen=True)
class Receipt:
    """What became of a change: the version that has it, whether its graph was there before, whether it did anything."""

    version: int
    existed: bool
    changed: bool


class ReaderPool:
    """Hands tasks to the keeper's readers. Its event loop is the one it is first asked in, else one of its own."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._current = CurrentTag(folder)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._correspondent: Correspondent | None = None
        self._starting = threading.Lock()

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        """Give the whole answer, asked from a thread that runs no event loop.

        Raises what the evaluation raised, Busy where the queue is full or the keeper away, DeadlineExceeded,
        MemoryExceeded or QueryTooComplex where the reader was ended.
        """
        return asyncio.run_coroutine_threadsafe(self.ask_async(task, deadline), self._running_loop()).result()

    async def ask_async(self, task: Task, deadline: float | None = None) -> Answer:
        """Give the whole answer without holding a thread; to cancel it ends the reader's work. Raises as ``ask``."""
        frame = await self._converse({"task": wire.encode(task)}, deadline)
        return Answer(frame.body, str(frame.facts["tag"]))

    def change(self, change: Change) -> Receipt:
        """Work a change out in a reader and have the keeper publish it.

        Raises what working it out raised, and Busy if other changes kept coming first.
        """
        for _ in range(_ATTEMPTS):
            asking = self._converse({"change": change.as_json()}, None)
            frame = asyncio.run_coroutine_threadsafe(asking, self._running_loop()).result()
            version, existed = int(frame.facts["version"]), bool(frame.facts["existed"])
            if not frame.body:
                return Receipt(version, existed, changed=False)
            answer = self._ask_keeper(f"commit {version}\n{frame.body.decode()}")
            if answer["committed"]:
                return Receipt(int(answer["version"]), existed, changed=True)
        raise Busy("Other changes kept coming first; come back in a moment.")

    def tag(self) -> str:
        """Give the tag of the current version, without asking anybody."""
        return self._current.get()

    def info(self) -> dict[str, Any]:
        """Give version, digest and number of quads of the dataset. Raises Busy while there is no keeper."""
        return self._ask_keeper("info")

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use that event loop, which runs."""
        self._loop = loop

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, daemon=True, name="correspondent").start()
            return self._loop

    async def _converse(self, request: dict[str, Any], deadline: float | None) -> Frame:
        if self._correspondent is None:
            self._correspondent = Correspondent(self.folder, self.settings.queue_seconds)
        if len(self._correspondent) >= self.settings.queue_length:
            raise Busy("Too many queries are waiting; come back in a moment.")
        seconds = min(deadline or self.settings.deadline_seconds, self.settings.deadline_seconds)
        payload = json.dumps(request).encode()
        for _ in range(_ATTEMPTS):
            try:
                frame = await self._correspondent.ask(payload, seconds)
            except Lost as lost:
                if lost.cause != "gone":
                    raise _explain(lost.cause, seconds) from None
                continue
            if frame.kind is Kind.ERROR:
                raise _rebuild(frame.facts)
            return frame
        raise Busy("The readers were replaced; come back in a moment.")

    def _ask_keeper(self, question: str) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.settings.queue_seconds)
            try:
                connection.connect(str(self.folder / CONTROL))
                connection.sendall(question.encode())
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(4096)
            except OSError:
                answer = b""
        if not answer:
            raise Busy("The dataset is being loaded; come back in a moment.")
        value: dict[str, Any] = json.loads(answer)
        return value


def _explain(cause: str, seconds: float) -> CoopkgError:
    """Give the error for a reader that ended before it answered."""
    match cause:
        case "deadline" | "silent":
            return DeadlineExceeded(f"The evaluation took longer than {seconds:g} s and was ended.", bound=seconds)
        case "memory":
            return MemoryExceeded("The evaluation wanted more memory than a reader may have; ask for less.")
        case "busy":
            return Busy("Too many long evaluations are running; come back in a moment.")
        case "crash":
            return QueryTooComplex("The query is too complex for the engine; make it smaller or less nested.")
        case _:
            return EngineFault("The reader ended without an answer.")


def _rebuild(value: dict[str, Any]) -> CoopkgError:
    """Give the error that a reader raised, of the same class."""
    cls = getattr(errors, str(value["error"]), EngineFault)
    error: CoopkgError = CoopkgError.__new__(cls)
    CoopkgError.__init__(error, value["detail"], **value["members"])
    return error
