"""The web workers' side of the readers: ask a task, get the whole answer, or learn why there is none."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from coopkg import errors
from coopkg.engine import wire
from coopkg.engine.correspondent import Correspondent, Lost
from coopkg.engine.current import CurrentTag
from coopkg.engine.evaluate import Answer
from coopkg.engine.frames import CONTROL, Kind
from coopkg.engine.ledger import stale
from coopkg.engine.proposals import Proposal, Receipt
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

    from coopkg.engine.evaluate import Task
    from coopkg.engine.examine import Question
    from coopkg.engine.extract import Extract
    from coopkg.engine.frames import Frame
    from coopkg.entailment import Why
    from coopkg.settings import Settings

_PAUSE: Final = 0.1
"""Seconds between two questions to a keeper that was ended."""
_ATTEMPTS: Final = 5
"""How often a request is made again: its reader was ended for another's sake, or another change came first."""


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

    def change(self, proposal: Proposal) -> Receipt:
        """Work a change out in a reader and have the keeper publish it; one whose key is known is not made again.

        Raises what working it out raised, Stale where another version is expected, KeyReused, StorageExceeded, and Busy
        if other changes kept coming first.
        """
        if proposal.key:
            known = self._told(f"known {json.dumps({'note': proposal.note()})}")
            if known:
                return _receipt(known)
        if proposal.expected not in {"", self.tag()}:
            raise stale(self.tag())
        identifier = str(uuid.uuid4())
        for _ in range(_ATTEMPTS):
            asking = self._converse({"change": proposal.change.as_json()}, None)
            frame = asyncio.run_coroutine_threadsafe(asking, self._running_loop()).result()
            version, existed = int(frame.facts["version"]), bool(frame.facts["existed"])
            if not frame.body:
                return Receipt(version, self.tag(), existed, changed=False)
            note = {"version": version, "id": identifier, "note": proposal.note()}
            commit = self._commit(f"commit {json.dumps(note)}\n{frame.body.decode()}")
            if commit:
                return _receipt(commit, existed=existed)
        raise Busy("Other changes kept coming first; come back in a moment.")

    def validate(self, question: Question) -> bytes:
        """Examine documents in a reader and give the report. Raises what ``examine`` raises, and as ``ask``."""
        asking = self._converse({"validate": question.as_json()}, None)
        return asyncio.run_coroutine_threadsafe(asking, self._running_loop()).result().body

    def explain(self, why: Why) -> Answer:
        """Have a reader say why a triple holds. Raises NotFound, and as ``ask``."""
        asking = self._converse({"why": vars(why)}, None)
        frame = asyncio.run_coroutine_threadsafe(asking, self._running_loop()).result()
        return Answer(frame.body, str(frame.facts["tag"]))

    def extract(self, extract: Extract) -> Answer:
        """Have a reader write a graph down. Raises as ``ask``."""
        asking = self._converse({"extract": vars(extract)}, None)
        frame = asyncio.run_coroutine_threadsafe(asking, self._running_loop()).result()
        return Answer(frame.body, str(frame.facts["tag"]))

    def _commit(self, question: str) -> dict[str, Any]:
        """Hand a patch in. A keeper that is ended meanwhile is asked again: it knows by the id what it has done."""
        deadline = time.monotonic() + self.settings.deadline_seconds
        while True:
            try:
                return self._told(question, self.settings.deadline_seconds)
            except Busy:
                if self.settings.home is None or time.monotonic() > deadline:
                    raise Busy(
                        "Whether the change was made is not known; ask again with its Idempotency-Key."
                    ) from None
                time.sleep(_PAUSE)

    def _told(self, question: str, seconds: float | None = None) -> dict[str, Any]:
        """Give the keeper's answer. Raises the error that it tells of."""
        answer = self._ask_keeper(question, seconds)
        if "error" in answer:
            raise _rebuild(answer)
        return answer

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

    def _ask_keeper(self, question: str, seconds: float | None = None) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds or self.settings.queue_seconds)
            try:
                connection.connect(str(self.folder / CONTROL))
                connection.sendall(question.encode())
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            except OSError:
                answer = b""
        if not answer:
            raise Busy("The dataset is being loaded; come back in a moment.")
        value: dict[str, Any] = json.loads(answer)
        return value


def _receipt(commit: dict[str, Any], *, existed: bool = True) -> Receipt:
    return Receipt(int(commit["version"]), str(commit["tag"]), existed, commit=str(commit["id"]))


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
