"""Frames on the Unix sockets between web workers, readers and keeper: a kind, a length, a payload.

A conversation is one request frame, a ``started`` frame when a reader has taken it up, and then either an error frame,
or body frames and an end frame. A conversation that ends without an end or error frame means that the reader died.
"""

from __future__ import annotations

import json
import struct
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

_HEAD: Final = struct.Struct(">cI")
CHUNK: Final = 256 * 1024


class Kind(Enum):
    """What a frame carries."""

    REQUEST = b"Q"
    STARTED = b"S"
    BODY = b"B"
    END = b"E"
    ERROR = b"X"


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """Give one frame as bytes."""
    return _HEAD.pack(kind.value, len(payload)) + payload


def send(sock: socket.socket, kind: Kind, payload: bytes = b"") -> None:
    """Send one frame."""
    sock.sendall(pack(kind, payload))


class Buffer:
    """Collects bytes as they arrive and gives the frames that are whole."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Take bytes; give the frames that they complete."""
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            mark, length = _HEAD.unpack_from(self._bytes)
            end = _HEAD.size + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[_HEAD.size : end])
            del self._bytes[:end]
            yield Kind(mark), payload


def send_json(sock: socket.socket, kind: Kind, value: object) -> None:
    """Send one frame of JSON."""
    send(sock, kind, json.dumps(value).encode())


def receive(sock: socket.socket) -> tuple[Kind, bytes] | None:
    """Give the next frame, or None where the other side has closed, even in the middle of a frame."""
    head = _exactly(sock, _HEAD.size)
    if head is None:
        return None
    mark, length = _HEAD.unpack(head)
    payload = _exactly(sock, length)
    return None if payload is None else (Kind(mark), payload)


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        try:
            part = sock.recv(min(size, CHUNK))
        except ConnectionResetError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def load(payload: bytes) -> dict[str, Any]:
    """Read the JSON object of a frame."""
    value = json.loads(payload)
    if not isinstance(value, dict):
        raise TypeError("a frame's JSON is an object")
    return value
