"""What travels on the Unix sockets between web processes, workers and dataset process.

A request is one datagram on the workers' common socket; whichever worker is idle receives it. What is too large for a
datagram travels as a descriptor of a memory file. Answers and notices are frames on streams to the worker's own socket:
each names the request that it belongs to.
"""

from __future__ import annotations

import array
import json
import mmap
import os
import socket
import struct
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = struct.Struct("<cQIQ")
_REQUEST: Final = struct.Struct("<IQdd")
CHUNK: Final = 64 * 1024
LARGEST_DATAGRAM: Final = 96 * 1024
WORKERS: Final = "workers"
CONTROL: Final = "control"


def process_socket(process: int) -> str:
    """Return the name of the socket on which a web process takes frames."""
    return f"process-{process}"


class Kind(Enum):
    """What a frame carries."""

    ANSWER = b"A"
    """From a worker: facts, and the body of the answer."""
    ERROR = b"X"
    """From a worker: class, detail and members of the error that the evaluation raised."""
    STARTED = b"S"
    """From the dataset process: the evaluation has begun, and has become heavy."""
    DIED = b"D"
    """From the dataset process: the worker ended before it answered, and why."""


@dataclass(frozen=True)
class Frame:
    """A whole frame; ``number`` is the request's, as its worker counts them."""

    kind: Kind
    number: int
    facts: dict[str, Any]
    body: bytes = b""


def send(sock: socket.socket, frame: Frame) -> None:
    """Send one frame. Raises OSError where the other side is gone."""
    facts = json.dumps(frame.facts).encode()
    head = _HEAD.pack(frame.kind.value, frame.number, len(facts), len(frame.body)) + facts
    if len(frame.body) <= CHUNK:
        sock.sendall(head + frame.body)
    else:
        sock.sendall(head)
        sock.sendall(frame.body)


class Buffer:
    """Collects bytes as they arrive and gives the frames that are whole."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._need = _HEAD.size

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; return the frames that they complete."""
        self._parts.append(data)
        self._have += len(data)
        if self._have < self._need:
            return
        whole = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        start, self._need = 0, _HEAD.size
        while len(whole) - start >= _HEAD.size:
            mark, number, facts, body = _HEAD.unpack_from(whole, start)
            middle = start + _HEAD.size + facts
            if len(whole) < middle + body:
                self._need = middle + body - start
                break
            yield Frame(
                Kind(mark), number, json.loads(whole[start + _HEAD.size : middle]), whole[middle : middle + body]
            )
            start = middle + body
        self._parts = [whole[start:]] if start < len(whole) else []
        self._have = len(whole) - start


@dataclass(frozen=True)
class Request:
    """A request to a worker, from the web process with the pid ``process``, which counts its requests.

    ``deadline`` is in seconds of evaluation, ``expires`` the monotonic second after which nobody waits for a worker.
    """

    process: int
    number: int
    deadline: float
    expires: float
    payload: bytes

    def post(self, sock: socket.socket) -> None:
        """Send it as one datagram. Raises BlockingIOError where the queue is full, OSError where it is gone."""
        head = _REQUEST.pack(self.process, self.number, self.deadline, self.expires)
        if len(self.payload) <= LARGEST_DATAGRAM:
            sock.send(head + self.payload)
            return
        memory = os.memfd_create("request", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(self.payload)
            socket.send_fds(sock, [head], [memory])
        finally:
            os.close(memory)


class RequestSocket:
    """The workers' common socket, as one worker sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray(_REQUEST.size + LARGEST_DATAGRAM)
        self._room = socket.CMSG_SPACE(array.array("i").itemsize)

    def receive(self) -> Request | None:
        """Wait for the next request; None when the dataset process has shut the socket and nothing is left in it."""
        size, ancillary, _, _ = self._sock.recvmsg_into([self._buffer], self._room)
        if not size:
            return None
        process, number, deadline, expires = _REQUEST.unpack_from(self._buffer)
        payload = _content(ancillary) if ancillary else bytes(self._buffer[_REQUEST.size : size])
        return Request(process, number, deadline, expires, payload)


def _content(ancillary: list[tuple[int, int, bytes]]) -> bytes:
    """Read the memory file that came with a datagram."""
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    memory = descriptors[0]
    try:
        with mmap.mmap(memory, 0, access=mmap.ACCESS_READ) as content:
            return content[:]
    finally:
        os.close(memory)
