"""The messages on the Unix sockets between web processes, workers and dataset process.

A request is one datagram on the workers' common socket; whichever worker is idle receives it, so that the kernel is the
queue and nothing has to choose. What is too large for a datagram travels as a descriptor of a memory file. Answers and
notices are frames on streams to the web process's own socket: each names the request that it belongs to.
"""

from __future__ import annotations

import array
import json
import mmap
import os
import select
import socket
import struct
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LENGTH: Final = struct.Struct("<Q")
_HEAD: Final = struct.Struct("<cQIQ")
"""The head of a frame: kind, number of the request, bytes of the facts, bytes of the body."""
_REQUEST: Final = struct.Struct("<IQddQ?")
"""The head of a request: process, number, deadline, expires, client, low."""
CHUNK: Final = 64 * 1024
"""Bytes that are received at once, and up to which a body is copied behind its head to be sent with it."""
LARGEST_DATAGRAM: Final = 96 * 1024
"""Bytes of a payload that travels in the datagram; a socket's send buffer (net.core.wmem_default) is about 208 KiB."""
WORKERS: Final = "workers"
CONTROL: Final = "control"


def process_socket(process: int) -> str:
    """Return the file name of the socket on which a web process receives frames."""
    return f"process-{process}"


def control_message(text: str) -> bytes:
    """Write a control command, or its answer, as it is sent: its length in bytes, then its text in UTF-8."""
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def control_text(data: bytes) -> str:
    """Return the text of a control message that was sent whole; "" for an empty message, and for one that was cut off.

    A process that is killed while it sends ends its stream just as one that has finished. Without the length a patch
    that was cut behind a row would be committed as if it were the whole.
    """
    if len(data) < _LENGTH.size or _LENGTH.unpack_from(data)[0] != len(data) - _LENGTH.size:
        return ""
    return data[_LENGTH.size :].decode()


class Kind(Enum):
    """What a frame carries."""

    ANSWER = b"A"
    """From a worker: facts, and the body of the answer."""
    ERROR = b"X"
    """From a worker: class, detail and members of the error that the evaluation raised."""
    STARTED = b"S"
    """From the dataset process: the evaluation has begun, and is not done at once."""
    SKIPPED = b"K"
    """From a worker: nobody waits for the request any more, and nothing was done."""
    HEAVY = b"H"
    """From the dataset process: the evaluation counts as heavy, and another worker takes its worker's place."""
    DIED = b"D"
    """From the dataset process: the worker ended before it answered, and why."""


@dataclass(frozen=True)
class Frame:
    """A whole frame; ``number`` is the request's, as its web process counts them."""

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
    """Collects bytes as they arrive and yields the frames that are whole."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._need = _HEAD.size

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes of the stream and yield the frames that they complete."""
        self._parts.append(data)
        self._have += len(data)
        # Parts are joined only once a frame is whole: to join at each arrival would copy a large body again and again.
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
    ``client`` is a number that stands for whoever asked: the dataset process gives clients their turns by it. One that
    is ``low`` yields the processor to others from its beginning.
    """

    process: int
    number: int
    deadline: float
    expires: float
    client: int
    payload: bytes
    low: bool = False

    def post(self, sock: socket.socket) -> None:
        """Send one datagram. Raises BlockingIOError where the queue is full, OSError where there is no socket."""
        head = _REQUEST.pack(self.process, self.number, self.deadline, self.expires, self.client, self.low)
        if len(self.payload) <= LARGEST_DATAGRAM:
            sock.send(head + self.payload)
            return
        # The datagram holds the file once it is sent, so that there is nothing to clean up, whoever dies.
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
        self._ancillary_size = socket.CMSG_SPACE(array.array("i").itemsize)  # one descriptor

    def receive(self) -> Request | None:
        """Wait for the next request; None when the dataset process has shut the socket and nothing is left in it."""
        size, ancillary, _, _ = self._sock.recvmsg_into([self._buffer], self._ancillary_size)
        if not size:
            return None
        process, number, deadline, expires, client, low = _REQUEST.unpack_from(self._buffer)
        payload = _content(ancillary) if ancillary else bytes(self._buffer[_REQUEST.size : size])
        return Request(process, number, deadline, expires, client, payload, low)


def move_requests(source: socket.socket, target: Path) -> None:
    """Post all requests that wait at a socket anew, at the one of that name; ``source`` must be shut for senders.

    As many as fit into the other one's queue within a second: the others stay where they are. Never raises, since a
    version is half published meanwhile; whoever waits for a request that is lost is told that no worker was free.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(str(target))
        sender.settimeout(1)
        while select.select([], [sender], [], 1)[1]:
            try:
                head, descriptors, _, _ = socket.recv_fds(
                    source, _REQUEST.size + LARGEST_DATAGRAM, 1, socket.MSG_DONTWAIT
                )
            except BlockingIOError:
                return
            if not head:  # nothing is left in a socket that is shut
                return
            try:
                socket.send_fds(sender, [head], descriptors)
            except OSError:  # others have filled the queue in the meantime
                return
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)


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
