"""The web processes' side of the workers: hand over a task and receive the whole answer, or the error without it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

from coopkg import errors
from coopkg.errors import (
    Busy,
    CoopkgError,
    DeadlineExceeded,
    EngineFault,
    MemoryExceeded,
    QueryTooComplex,
)
from coopkg.sparql.query_units import QueryUnits
from coopkg.sparql.reading import Reading
from coopkg.workers import tasks
from coopkg.workers.connection import Connection, Lost
from coopkg.workers.remote_results import Table, unreadable
from coopkg.workers.scoreboard import MOST_WORKERS
from coopkg.workers.tasks import Answer, Query
from coopkg.workers.version_tag import CurrentTag
from coopkg.workers.wire import CONTROL, Kind, control_message, control_text

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.workers.remote_results import Remote
    from coopkg.workers.tasks import Task
    from coopkg.workers.wire import Frame

SHORTEST_DEADLINE: Final = 0.1
"""Seconds of the shortest deadline of an evaluation, whatever ``timeout`` says."""
ATTEMPTS: Final = 5
"""How often a request is made: its worker was ended because of another request, or another change was committed."""


CLIENT: ContextVar[str] = ContextVar("client", default="")
"""Whoever is being answered, an address or the name of a token: evaluations are counted for it, and take turns."""


class Budget(Protocol):
    """What each client may use of the processor."""

    def admit(self, client: str) -> None:
        """Raise TooManyRequests where a client has used what it may."""
        ...

    def charge(self, client: str, seconds: float) -> None:
        """Count processor seconds for a client."""
        ...

    def limits(self, client: str) -> bool:
        """Say whether a client is limited at all."""
        ...


class Unlimited:
    """The budget of a command line, which has one client."""

    def admit(self, client: str) -> None:
        """Admit anybody."""

    def charge(self, client: str, seconds: float) -> None:
        """Count nothing."""

    def limits(self, client: str) -> bool:  # noqa: ARG002 - the protocol's
        """Limit nobody."""
        return False


class QueueLimits(Protocol):
    """What bounds the requests of one web process."""

    @property
    def deadline_seconds(self) -> float:
        """The longest evaluation, in seconds."""
        ...

    @property
    def queue_seconds(self) -> float:
        """The longest wait for a free worker, in seconds."""
        ...

    @property
    def readers(self) -> int:
        """The number of workers that wait for light work."""
        ...

    @property
    def queue_length(self) -> int:
        """The most requests that run or wait at once."""
        ...


class WorkerClient:
    """Hands tasks to the workers, on the event loop that is attached, else on one in a thread of its own."""

    def __init__(self, folder: Path, limits: QueueLimits) -> None:
        self.folder = folder
        self.limits = limits
        self.budget: Budget = Unlimited()
        self._current = CurrentTag(folder)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: Connection | None = None
        self._starting = threading.Lock()

    def ask(self, task: Task | Query, deadline: float | None = None) -> Answer:
        """Return the whole answer to a task, or to a query that nobody has read yet. For threads without an event loop.

        ``deadline`` is in seconds.
        Raises what the evaluation raised, Busy where the queue is full or there is no dataset process,
        DeadlineExceeded, MemoryExceeded or QueryTooComplex where the worker was ended.
        """
        return asyncio.run_coroutine_threadsafe(self.ask_async(task, deadline), self._running_loop()).result()

    async def ask_async(self, task: Task | Query, deadline: float | None = None) -> Answer:
        """Return the whole answer without holding a thread; cancelling it ends the worker. Raises as ``ask``."""
        if isinstance(task, Query):
            frame = await self._converse({"query": tasks.encode_query(task)}, deadline)
            reading, evaluated = Reading(**frame.facts["reading"]), bool(frame.facts["evaluated"])
            return Answer(frame.body, str(frame.facts["tag"]), reading=reading, evaluated=evaluated)
        frame = await self._converse({"task": tasks.encode(task)}, deadline)
        return Answer(frame.body, str(frame.facts["tag"]))

    def take_apart(self, text: str) -> QueryUnits:
        """Return the units of a client's query, which a worker finds. Raises QuerySyntaxError, and as ``ask``."""
        return QueryUnits.from_json(json.loads(self.request("units", text).body))

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:
        """Have a worker parse the answer of another endpoint, whose bytes could end the process that parses them.

        Raises EndpointFailed, also for an answer that ends the worker; Busy and DeadlineExceeded as ``ask``.
        """
        try:
            frame = self.request("remote", remote.as_json(), deadline)
        except (QueryTooComplex, MemoryExceeded, EngineFault):
            # The body brought the worker down. That is the endpoint's fault, not the fault of the user's query.
            raise unreadable(remote.alias, "ends whoever reads it") from None
        return Table.of(frame.facts, frame.body.decode())

    def request(self, kind: str, payload: Any, deadline: float | None = None) -> Frame:  # noqa: ANN401 - JSON
        """Return the frame that answers a task of any kind. For threads, as ``ask``, and raises as ``ask``."""
        return asyncio.run_coroutine_threadsafe(
            self._converse({kind: payload}, deadline), self._running_loop()
        ).result()

    def tag(self) -> str:
        """Return the tag of the current version, from shared memory: it costs no request."""
        return self._current.get()

    def info(self) -> dict[str, Any]:
        """Fetch the state of the dataset process as a JSON object. Raises Busy while there is none."""
        return self.control("info")

    def control(self, question: str, seconds: float | None = None) -> dict[str, Any]:
        """Send a control command to the dataset process and return its answer, a JSON object.

        ``seconds`` bounds the wait; the default is ``queue_seconds``. Raises the error that the answer reports, and
        Busy where there is no answer.
        """
        answer = self._ask_dataset_process(question, seconds)
        if "error" in answer:
            raise _rebuild(answer)
        return answer

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use an event loop that runs already: a server with one of its own needs no second thread."""
        self._loop = loop

    def abandon(self, error: Busy) -> None:
        """End the wait of all requests that run or wait, with that error; on the event loop that is attached."""
        if self._connection is not None:
            self._connection.fail_all(error)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:  # two threads with the first two requests must not start a loop each
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon thread: it never ends by itself, and must not keep the process alive.
                threading.Thread(target=self._loop.run_forever, daemon=True, name="connection").start()
            return self._loop

    async def _converse(self, request: dict[str, Any], deadline: float | None) -> Frame:
        if self._connection is None:
            # Made here, not in the constructor: a connection belongs to the event loop that runs when it is made.
            self._connection = Connection(
                self.folder, self.limits.queue_seconds, MOST_WORKERS * self.limits.readers, self.budget.charge
            )
        client = CLIENT.get() if self.budget.limits(CLIENT.get()) else ""
        self.budget.admit(client)
        if len(self._connection) >= self.limits.queue_length:
            raise Busy("Too many queries are waiting; come back in a moment.")
        # Half of the places at most are one client's, so that its queries wait for each other and not others for them.
        if client and self._connection.of(client) * 2 >= self.limits.queue_length:
            raise Busy("Too many queries of this client are waiting; come back in a moment.")
        # A client may ask for a shorter deadline, never for a longer one. One that no evaluation can meet would cost a
        # worker each time, and forking another costs more than the evaluation that was ended.
        longest = self.limits.deadline_seconds
        seconds = max(min(deadline or longest, longest), min(SHORTEST_DEADLINE, longest))
        payload = json.dumps(request).encode()
        for _ in range(ATTEMPTS):
            try:
                frame = await self._connection.ask(payload, seconds, client)
            except Lost as lost:
                # "gone" is a worker that was ended to cancel a request, and took this one up in the moment before the
                # signal arrived. Nobody cancelled this one, so another worker may evaluate it.
                if lost.cause != "gone":
                    raise _explain(lost.cause, seconds) from None
                continue
            if frame.kind is Kind.ERROR:
                raise _rebuild(frame.facts)
            return frame
        raise Busy("The workers were replaced; come back in a moment.")

    def _ask_dataset_process(self, question: str, seconds: float | None = None) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds or self.limits.queue_seconds)
            try:
                connection.connect(str(self.folder / CONTROL))
                connection.sendall(control_message(question))
                # The end of the stream ends the message, in both directions: there is one question a connection.
                connection.shutdown(socket.SHUT_WR)
                answer = control_text(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
            except OSError:  # no process listens there, or it ended or was silent for too long
                answer = ""
        if not answer:
            raise Busy("The dataset is being loaded; come back in a moment.")
        value: dict[str, Any] = json.loads(answer)
        return value


def _explain(cause: str, seconds: float) -> CoopkgError:
    """Translate the cause of a worker's end into the error of the request that it was evaluating."""
    match cause:
        # A worker that is silent past its deadline was not ended by the timer: its process may be stopped.
        case "deadline" | "silent":
            return DeadlineExceeded(f"The evaluation took longer than {seconds:g} s and was ended.", bound=seconds)
        case "memory":
            return MemoryExceeded("The evaluation wanted more memory than a worker may have; ask for less.")
        case "busy":
            return Busy("Too many long evaluations are running; come back in a moment.")
        case "crash":
            # A panic of the engine, or a stack overflow: 2,195 nested braces are enough for a stack of 8 MiB.
            return QueryTooComplex("The query is too complex for the engine; make it smaller or less nested.")
        case _:
            return EngineFault("The worker ended without an answer.")


def _rebuild(value: dict[str, Any]) -> CoopkgError:
    """Rebuild the error that a worker raised, of the same class."""
    cls = getattr(errors, str(value["error"]), EngineFault)
    # The constructors of the classes differ. The detail and the members are what all of them come down to.
    error: CoopkgError = CoopkgError.__new__(cls)
    CoopkgError.__init__(error, value["detail"], **value["members"])
    return error
