"""One HTTP exchange with one address, ended at its deadline whatever the other side does, and bounded in size."""

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
"""Window bits that have zlib read the gzip format, whole."""


class ExchangeFailed(Exception):
    """No whole reply; ``reason`` is a word for it, and ``again`` says whether another attempt could do better."""

    def __init__(self, reason: str, detail: str, *, again: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.again = again


@dataclass(frozen=True)
class Request:
    """A request to a target: the method, what goes into the header beside Host, and the body."""

    method: str
    target: Target
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """A whole reply: header names in lower case, the body without its content coding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(http.client.HTTPConnection):
    """A connection to an address that has been looked at; the host's name is only told, never resolved again."""

    def __init__(self, target: Target, address: str, guard: _Guard, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port)
        self.default_port = {"http": 80, "https": 443}[target.scheme]  # Host names the port only where it is another
        self.target, self.address, self.guard, self.context = target, address, guard, context

    def connect(self) -> None:
        """Connect to the address; TLS is for the host's name, as is the certificate that it must show."""
        self.sock = socket.create_connection((self.address, self.port), self.guard.remaining())
        self.guard.watch(self.sock)
        if self.target.scheme == "https":
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.target.host)


class _Guard:
    """Shuts a socket at the deadline: a timeout of the socket's own begins anew with every byte that drips in."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.cut = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._shut)
        self._timer.daemon = True

    def remaining(self) -> float:
        """Return the seconds that are left, and a moment where there are none."""
        return max(0.001, self.deadline - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        """Take over the descriptor of a socket, for TLS hands the socket itself on to another object."""
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
    """Send a request to an address and give the whole reply. Raises ExchangeFailed.

    ``deadline`` is a monotonic second, ``cap`` the most bytes of the body, decoded.
    """
    with _Guard(deadline) as guard:
        connection = _Connection(request.target, address, guard, context)
        try:
            headers = {"User-Agent": "coopkg", "Accept-Encoding": "gzip", "Connection": "close", **request.headers}
            connection.request(request.method, request.target.path, request.body or None, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            body = _body(response, found.get("content-encoding", ""), cap)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _explained(error, cut=guard.cut or time.monotonic() >= deadline) from None
        finally:
            connection.close()
        if guard.cut:  # what came before the socket was shut may look like a whole reply
            raise ExchangeFailed("timeout", "it did not answer in time")
        return Reply(response.status, found, body)


def _explained(error: Exception, *, cut: bool) -> ExchangeFailed:
    if cut or isinstance(error, TimeoutError):
        return ExchangeFailed("timeout", "it did not answer in time")
    if isinstance(error, ssl.SSLError):
        return ExchangeFailed("tls", f"TLS failed: {getattr(error, 'verify_message', '') or error.reason}")
    if isinstance(error, ConnectionRefusedError):
        return ExchangeFailed("refused", "it refuses connections", again=True)
    if isinstance(error, http.client.IncompleteRead | ConnectionError | http.client.RemoteDisconnected):
        return ExchangeFailed("broken-off", "it broke off before its answer was whole", again=True)
    if isinstance(error, OSError):
        return ExchangeFailed("unreachable", f"it cannot be reached: {error.strerror or error}", again=True)
    return ExchangeFailed("malformed", "it answered in no HTTP that can be read")


def _body(response: http.client.HTTPResponse, coding: str, cap: int) -> bytes:
    """Read the body to its end. Raises ExchangeFailed past the cap, and what reading raises."""
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
            if max(size, received) > cap:
                raise ExchangeFailed("too-large", f"its answer is longer than {cap} bytes")
    if response.length or (decoder is not None and parts and not decoder.eof):
        raise ExchangeFailed("broken-off", "it broke off before its answer was whole", again=True)
    return b"".join(parts)


def _decoded(chunk: bytes, decoder: zlib._Decompress | None, room: int) -> list[bytes]:
    """Return what a chunk holds, at most a byte more than there is room for, however much it would unpack to."""
    if decoder is None:
        return [chunk]
    try:
        return [decoder.decompress(chunk, room + 1)]
    except zlib.error:
        raise ExchangeFailed("coding", "its gzip cannot be read") from None
