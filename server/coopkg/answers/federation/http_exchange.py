"""One HTTP exchange with one address, ended at its deadline whatever the other side does, and bounded in size.

The client of the standard library is enough for it, and leaves the socket to us. Two things need that: a deadline that
a slow sender cannot prolong, and TLS for the host's name on a connection to an address of our choice.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from coopkg.answers.federation.addresses import Target

_CHUNK: Final = 64 * 1024
_GZIP: Final = 31
"""The ``wbits`` with which zlib expects the gzip format: 16 for its header and trailer, 15 for the window."""


_SINGLE: Final = ("content-length", "content-type", "location", "etag", "last-modified", "age", "retry-after")
"""Fields with one value that something here depends on: two that differ leave open which one holds."""


class AmbiguousHeaderError(http.client.HTTPException):
    """A header that says two things at once, or that ends before it says where the body ends."""


class ExchangeFailed(Exception):
    """No whole reply; ``reason`` is a word for it, and ``retryable`` says whether another attempt could succeed."""

    def __init__(self, reason: str, detail: str, *, retryable: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.retryable = retryable


@dataclass(frozen=True)
class Request:
    """A request to a target: the method, the header fields besides Host, and the body."""

    method: str
    target: Target
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """A whole reply: the status, the header as ``fields_of`` gives it, and the decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(http.client.HTTPConnection):
    """A connection to an address that has been checked; the host's name goes into Host and TLS, and is not resolved."""

    def __init__(self, target: Target, address: str, guard: _Guard, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port)
        # HTTPConnection assumes 80; with the scheme's own port Host has no port where the IRI has none.
        self.default_port = {"http": 80, "https": 443}[target.scheme]
        self.target, self.address, self.guard, self.context = target, address, guard, context

    def connect(self) -> None:
        """Connect to the address, and for https check the certificate against the host's name."""
        # Resolving the name again here would undo the check of its addresses: it may have another one by now
        # (rebinding).
        self.sock = socket.create_connection((self.address, self.port), self.guard.remaining())
        self.guard.watch(self.sock)
        if self.target.scheme == "https":
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.target.host)


class _Guard:
    """Shuts down a socket at the deadline, from a thread of its own."""

    # A timeout of the socket begins anew with each byte that arrives, so that a peer which sends one byte now and then
    # would never be too late.

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.cut = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._shut)
        self._timer.daemon = True

    def remaining(self) -> float:
        """Return the seconds that are left, 0.001 at least, since a timeout of 0 would make the socket non-blocking."""
        return max(0.001, self.deadline - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        """Start the timer for a socket."""
        # A descriptor of its own: wrapping a socket in TLS detaches the first object, and after ``close`` the number of
        # the descriptor may belong to another connection, which must not be shut down.
        sock.settimeout(self.remaining())
        self._socket = sock.dup()
        self._timer.start()

    def _shut(self) -> None:
        self.cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()


def exchange(request: Request, address: str, deadline: float, cap: int, context: ssl.SSLContext) -> Reply:
    """Send a request to an address and return the whole reply. Raises ExchangeFailed.

    ``deadline`` is a time of the monotonic clock, in seconds; ``cap`` is the most bytes of the body, decoded.
    """
    with _Guard(deadline) as guard:
        connection = _Connection(request.target, address, guard, context)
        try:
            headers = {"User-Agent": "coopkg", "Accept-Encoding": "gzip", "Connection": "close", **request.headers}
            connection.request(request.method, request.target.path, request.body or None, headers)
            response = connection.getresponse()
            reply_headers = fields_of(response)
            body = _body(response, reply_headers.get("content-encoding", ""), cap)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _explained(error, cut=guard.cut or time.monotonic() >= deadline) from None
        finally:
            connection.close()
        # A body without a length ends with the connection, so one that was cut by the guard looks whole.
        if guard.cut:
            raise ExchangeFailed("timeout", "it did not answer in time")
        return Reply(response.status, reply_headers, body)


def fields_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Return the header fields of a response by name in lower case, with all values in order (RFC 9110, section 5.3).

    Raises AmbiguousHeaderError where fields contradict each other, or where the body's end can be read in two ways
    (RFC 9112, section 6.3): it could be taken for whole before it is.
    """
    # Lines that are no fields end the header for the library, and what it takes for a body there is never sent as one.
    if response.headers.defects or response.headers.get_payload():
        raise AmbiguousHeaderError("the header has lines that are no fields")
    values: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        values.setdefault(name.lower(), []).append(value.strip())
    for name in _SINGLE:
        found = values.get(name, [])
        if len(set(found)) > 1:
            raise AmbiguousHeaderError(f"the header has several values of {name}")
        del found[1:]
    length, coding = values.get("content-length", []), values.get("transfer-encoding", [])
    if coding and (length or response.version < 11 or [value.lower() for value in coding] != ["chunked"]):
        raise AmbiguousHeaderError("the body has two lengths, or is in a transfer coding that was not asked for")
    # The library takes what is no number for no length, and so the end of the connection for the end of the body.
    if length and not (length[0].isascii() and length[0].isdigit()):
        raise AmbiguousHeaderError("the length of the body is no number")
    return {name: ", ".join(found) for name, found in values.items()}


def _explained(error: Exception, *, cut: bool) -> ExchangeFailed:
    if cut or isinstance(error, TimeoutError):
        return ExchangeFailed("timeout", "it did not answer in time")
    if isinstance(error, ssl.SSLError):
        return ExchangeFailed("tls", f"TLS failed: {getattr(error, 'verify_message', '') or error.reason}")
    if isinstance(error, ConnectionRefusedError):
        return ExchangeFailed("refused", "it refuses connections", retryable=True)
    if isinstance(error, http.client.IncompleteRead | ConnectionError | http.client.RemoteDisconnected):
        return ExchangeFailed("broken-off", "it broke off before its answer was whole", retryable=True)
    if isinstance(error, OSError):
        return ExchangeFailed("unreachable", f"it cannot be reached: {error.strerror or error}", retryable=True)
    return ExchangeFailed("malformed", "it answered in no HTTP that can be read")


def _body(response: http.client.HTTPResponse, coding: str, cap: int) -> bytes:
    """Read and decode the body to its end. Raises ExchangeFailed, also past the cap, and what reading raises."""
    if coding.lower() not in {"", "identity", "gzip", "x-gzip"}:
        raise ExchangeFailed("coding", f"it answered in the content coding {coding[:40]!r}, which was not asked for")
    decoder = zlib.decompressobj(_GZIP) if "gzip" in coding.lower() else None
    parts: list[bytes] = []
    size = received = 0
    while chunk := response.read1(_CHUNK):
        received += len(chunk)
        for part in _decoded(chunk, decoder, cap - size):
            parts.append(part)
            size += len(part)
            if max(size, received) > cap:  # received too: bytes behind the gzip stream add nothing to the size
                raise ExchangeFailed("too-large", f"its answer is longer than {cap} bytes")
    if decoder is not None and decoder.unused_data:
        raise ExchangeFailed("coding", "its gzip goes on behind its end")
    if response.length or (decoder is not None and parts and not decoder.eof):
        raise ExchangeFailed("broken-off", "it broke off before its answer was whole", retryable=True)
    return b"".join(parts)


def _decoded(chunk: bytes, decoder: zlib._Decompress | None, room: int) -> list[bytes]:
    """Decode a chunk, to one byte more than ``room`` at most, which is enough to see that the cap is exceeded."""
    # Gzip can unpack to a thousand times its size, so the bound is set before unpacking and not checked after it.
    if decoder is None:
        return [chunk]
    try:
        return [decoder.decompress(chunk, room + 1)]
    except zlib.error:
        raise ExchangeFailed("coding", "its gzip cannot be read") from None
