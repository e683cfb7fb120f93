"""The web process's connection to the workers: posts requests and receives the frames that answer them.

Everything here runs in one event loop. Sockets are read in its callbacks, so that a request costs one datagram out, one
wake-up in, and no task of its own. A connection, an ``accept`` and a hand-over between threads for every query cost
more than the query itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import socket
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from coopkg.errors import Busy
from coopkg.workers.cancellations import Cancellations
from coopkg.workers.posting import NOBODY, Posting
from coopkg.workers.wire import CHUNK, CONTROL, WORKERS, Buffer, Frame, Kind, Request, control_message, process_socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRACE: Final = 2.0
"""Seconds beyond the deadline after which a silent worker counts as lost; the kernel has long ended it by then."""
_REMEMBERED: Final = 4096
"""Requests of clients that went away, until it is told what they cost."""
SWEEP: Final = 0.1
"""Seconds between two sweeps for requests that have waited for too long: one timer for all, not one for each."""


@lru_cache(maxsize=4096)
def client_number(client: str) -> int:
    """Return the number that stands for a client on the way to the workers."""
    return int.from_bytes(hashlib.blake2b(client.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class Lost(Exception):
    """The worker ended before it answered; ``cause`` is the word in which the dataset process reports why."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass
class _Call:
    """A request that runs or waits, and the future of its answer."""

    request: Request
    future: asyncio.Future[Frame]
    overdue: float
    """The monotonic second at which waiting ends: for a free worker first, for the answer once evaluation has begun."""
    client: str = ""
    begun: bool = False


@dataclass
class _Incoming:
    """A stream from a worker or, where it carries ``notices``, from the dataset process.

    The end of the latter's stream is the end of the process: no need to ask, and no use, for a process that is being
    ended still takes connections for a moment (2 ms after SIGKILL one was accepted).
    """

    buffer: Buffer
    notices: bool = False


class Connection:
    """Posts requests to whichever worker is idle, and hands each caller the frame that answers its request."""

    def __init__(self, folder: Path, queue_seconds: float, workers: int, charge: Callable[[str, float], None]) -> None:
        self.folder = folder
        self.charge = charge
        self.posting = Posting(workers)
        self._waiting: dict[int, Request] = {}
        self.queue_seconds = queue_seconds
        self.process = os.getpid()
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._calls: dict[int, _Call] = {}
        self._cancellations = Cancellations(folder, self.process, create=True)
        self._left: OrderedDict[int, str] = OrderedDict()
        self._unsent: deque[Request] = deque()
        self._out: socket.socket | None = None
        self._sweeping = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        path = folder / process_socket(self.process)
        path.unlink(missing_ok=True)  # pids are reused, and an ended process leaves its socket in the folder
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._loop.add_reader(self._listener, self._accept)

    def __len__(self) -> int:
        """Return the number of requests that run or wait."""
        return len(self._calls)

    def of(self, client: str) -> int:
        """Return the number of requests of a client that run or wait."""
        return sum(call.client == client for call in self._calls.values())

    async def ask(self, payload: bytes, deadline: float, client: str = "") -> Frame:
        """Post a request of a client and return the frame that answers it, of kind ANSWER or ERROR.

        Cancelling the task cancels the request. Raises Busy where no worker took it up in time or there is no dataset
        process, and Lost where the worker ended.
        """
        number = next(self._numbers)
        expires = time.monotonic() + self.queue_seconds
        request = Request(self.process, number, deadline, expires, client_number(client) if client else NOBODY, payload)
        call = _Call(request, self._loop.create_future(), expires, client)
        self._calls[number] = call
        self._waiting[number] = request
        try:
            self._post_next()
            self._sweep_soon()
            return await call.future
        except asyncio.CancelledError:
            # The client has gone away. The engine has no cancellation, so the worker is ended, if there is one.
            if number not in self._waiting:
                self._cancel(number)
                self._leave(number, client)
            raise
        finally:
            self._waiting.pop(number, None)
            del self._calls[number]

    def _post_next(self) -> None:
        """Hand waiting requests to the workers, as many as may be with them."""
        while (request := self.posting.next(list(self._waiting.values()))) is not None:
            del self._waiting[request.number]
            low = self.posting.post(request, request.expires + request.deadline + GRACE)
            try:
                self._post(replace(request, low=low))
            except Busy as busy:
                self.posting.done(request.number)
                call = self._calls.get(request.number)
                if call is not None and not call.future.done():
                    call.future.set_exception(busy)

    def _post(self, request: Request) -> None:
        if self._unsent:  # no request overtakes those that wait already
            self._unsent.append(request)
            return
        try:
            self._send(request)
        except BlockingIOError:
            # The kernel's queue of the socket is full. To wait in line here keeps the event loop free.
            self._unsent.append(request)
            if self._out is not None:
                self._loop.add_writer(self._out, self._drain)

    def _drain(self) -> None:
        """Send the waiting requests as far as the socket's queue has room, except those that nobody waits for."""
        try:
            while self._unsent:
                if self._unsent[0].number in self._calls:
                    self._send(self._unsent[0])
                else:
                    self.posting.done(self._unsent[0].number)
                self._unsent.popleft()
        except BlockingIOError:
            return
        except Busy as busy:
            self.fail_all(busy)
        if self._out is not None:
            self._loop.remove_writer(self._out)

    def _send(self, request: Request) -> None:
        """Send one request; connect anew where the workers of a version have been replaced. Raises Busy."""
        # Twice: a new version has a new socket under the same name, so that the connected one may be dead by now.
        for _ in range(2):
            try:
                if self._out is None:
                    self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                    self._out.connect(str(self.folder / WORKERS))
                request.post(self._out)
            except BlockingIOError:
                raise
            except OSError:
                self._disconnect()
            else:
                return
        raise Busy("The dataset is being loaded; come back in a moment.")

    def _disconnect(self) -> None:
        if self._out is not None:
            self._loop.remove_writer(self._out)
            self._out.close()
            self._out = None
        if self._unsent:
            # The writer callback that would have drained them went with the socket. Not at once, but from the loop:
            # the drain may be what called this.
            self._loop.call_soon(self._drain)

    def _accept(self) -> None:
        try:
            stream, _ = self._listener.accept()
        except BlockingIOError:
            return
        stream.setblocking(False)  # noqa: FBT003 - the name of the method says it
        incoming = _Incoming(Buffer())
        self._loop.add_reader(stream, lambda: self._take(stream, incoming))

    def _take(self, stream: socket.socket, incoming: _Incoming) -> None:
        try:
            data = stream.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(stream)
            stream.close()
            if incoming.notices:
                self.fail_all(Busy("The dataset is being loaded; come back in a moment."))
            else:  # of a worker's end the dataset process sends notice, unless it is gone as well
                self._check_dataset_process()
            return
        for frame in incoming.buffer.feed(data):
            incoming.notices |= frame.kind in {Kind.STARTED, Kind.HEAVY, Kind.DIED}
            self._deliver(frame)

    def _deliver(self, frame: Frame) -> None:
        call = self._calls.get(frame.number)
        if "seconds" in frame.facts:
            client = call.client if call is not None else self._left.pop(frame.number, "")
            seconds = float(frame.facts["seconds"])
            self.charge(client, seconds)
            if client:
                self.posting.charge(client_number(client), seconds)
        if frame.kind is not Kind.STARTED:  # its worker is free again, or another one has taken the place of that
            self.posting.done(frame.number)
            self._post_next()
        if frame.kind in {Kind.SKIPPED, Kind.HEAVY}:
            return
        if call is None or call.future.done():  # cancelled or overdue in the meantime
            return
        if frame.kind is Kind.STARTED:
            # The wait for a free worker is over; from here on it is the evaluation that must end in time. Light ones
            # are not announced: they are over before a notice would arrive.
            call.begun = True
            call.overdue = time.monotonic() + call.request.deadline + GRACE
        elif frame.kind is Kind.DIED:
            call.future.set_exception(Lost(str(frame.facts["cause"])))
        else:
            call.future.set_result(frame)

    def _leave(self, number: int, client: str) -> None:
        """Remember whose request it was that nobody waits for any more: what is done for it counts all the same."""
        self._left[number] = client
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def _check_dataset_process(self) -> None:
        """Fail all requests at once if the dataset process is gone, for its workers end with it."""
        if not self._calls:
            return
        # Connecting is enough: the dataset process takes an empty message for such a probe and does not answer it.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
            try:
                probe.connect(str(self.folder / CONTROL))
            except BlockingIOError:  # it listens, and its backlog is full
                return
            except OSError:
                self.fail_all(Busy("The dataset is being loaded; come back in a moment."))

    def fail_all(self, error: Busy) -> None:
        """End the wait of all requests that run or wait, with that error."""
        self._unsent.clear()
        self._waiting.clear()
        self.posting.clear()
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(error)

    def _sweep_soon(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        now = time.monotonic()
        # A done future is not taken out of the table here but by its own task, so that the table keeps its size.
        for number, call in self._calls.items():
            if call.overdue < now and not call.future.done():
                if self._waiting.pop(number, None) is None:
                    self._cancel(number)
                error = Lost("silent") if call.begun else Busy("No worker was free in time; come back in a moment.")
                call.future.set_exception(error)
        self.posting.forget()
        self._post_next()
        self._sweeping = False
        if self._calls:  # the timer stops while nothing waits
            self._sweep_soon()

    def _cancel(self, number: int) -> None:
        """Ask the dataset process to end the work on a request, without waiting for an answer."""
        self._cancellations.add(number)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as control:
            try:
                control.connect(str(self.folder / CONTROL))
                control.send(control_message(f"cancel {self.process} {number}"))
            except OSError:  # no dataset process, no work: and what goes on nevertheless has its deadline
                return
