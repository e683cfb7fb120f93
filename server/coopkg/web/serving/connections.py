"""Connections: which requests are read at all, how many connections there may be, and how a response goes out in time.

aiohttp parses HTTP/1.1 strictly: no Host or two, two lengths, a length beside a transfer coding, a bare LF and a folded
field are 400 each. What it leaves to the application stands here: statuses for what is too long, bounds on connections,
and a deadline for clients that do not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import struct
import sys
import traceback
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote, unquote_to_bytes

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http_exceptions import LineTooLong, PayloadEncodingError

from coopkg.answers.http.protocol import PATH_SAFE, HttpRequest, HttpResponse
from coopkg.answers.http.rate_limit import OWN, network
from coopkg.errors import EngineFault, HeaderTooLarge, MalformedRequest, TargetTooLong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from aiohttp import StreamReader
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http_parser import RawRequestMessage

    from coopkg.errors import CoopkgError

LONGEST_TARGET: Final = 64 * 1024
"""Bytes of a request target (414 beyond): some clients send their queries by GET, whatever their length."""
LONGEST_FIELD: Final = 8 * 1024
"""Bytes of the value of a header field (431 beyond)."""
MOST_FIELDS: Final = 100
"""Header fields of a request (431 beyond)."""
IDLE_SECONDS: Final = 20.0
"""How long a connection may be open without a whole request header: at its beginning, and between two requests."""
MOST_CONNECTIONS: Final = 900
"""Connections of a web process; a process may usually have 1,024 descriptors, which sockets of workers take too."""
MOST_OF_A_CLIENT: Final = 200
"""Connections of one client to a web process; browsers open six at most, an aggressive crawler some dozens."""
LINGER_SECONDS: Final = 2.0
"""How long what still arrives of a refused body is read and dropped, so that its sender sees the refusal (RFC 9112,
section 9.6): to close at once would reset the connection, and take the answer away."""
BLOCK: Final = 256 * 1024
"""Bytes of a response that are handed over at a time: more would lie in memory while a slow client reads."""
SERVER: Final = "coopkg"
"""The ``Server`` field: the software, and nothing of its version for those who look for a hole."""
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9._~!$&'()*+,;=%-]*+)(?::[0-9]*+)?")
_QUERY_SAFE: Final = "".join(chr(code) for code in range(0x21, 0x7F))


class ConnectionServer(web.Server):
    """Makes a ``Connection`` for each client, within the bounds on their number."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        refuse: Callable[[CoopkgError], HttpResponse],
    ) -> None:
        super().__init__(
            self._handle,
            request_factory=self._begin,
            handler_cancellation=True,  # when a client leaves, the work for it ends
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=LONGEST_TARGET,
            max_field_size=LONGEST_FIELD,
            max_headers=MOST_FIELDS,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,  # the bound on a body is on the bytes that arrive; a coded one is refused
        )
        self.handler = handler
        self.refuse = refuse
        self.clients: Counter[str] = Counter()
        self._accepting: set[asyncio.Task[object]] = set()

    def accept(self, listener: socket.socket) -> None:
        """Take one connection from the socket that all web processes share, if another has not taken it.

        One at a time: an event loop's own server takes all that wait, so that with eight clients that connect at once,
        all were served by one process and none by the other.
        """
        try:
            taken, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptor is left; the connection waits in the kernel
            print(f"coopkg: a connection could not be accepted: {error.strerror}", file=sys.stderr)  # noqa: T201
            return
        taken.setblocking(False)  # noqa: FBT003 - the name of the method says it
        task = self._loop.create_task(self._loop.connect_accepted_socket(self, taken))
        self._accepting.add(task)  # the loop itself holds no reference that lasts
        task.add_done_callback(self._accepting.discard)

    def _begin(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        if isinstance(protocol, Connection):
            protocol.arriving = payload
        return web.BaseRequest(message, payload, protocol, writer, task, self._loop)

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.handler(incoming)
        finally:
            if isinstance(incoming.protocol, Connection):
                incoming.protocol.arriving = None

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


class Connection(web.RequestHandler):
    """One client's connection."""

    arriving: StreamReader | None = None
    """The body of the request that is being answered."""
    _client: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, unless there are too many, of all clients or of this one."""
        address = transport.get_extra_info("peername")
        client = network(str(address[0])) if address else ""
        manager = self._server()
        clients = manager.clients
        many = clients.total() >= MOST_CONNECTIONS
        if many or (client not in OWN and clients[client] >= MOST_OF_A_CLIENT):
            transport.abort()  # type: ignore[attr-defined]
            return
        self._client = client
        clients[client] += 1
        # Writing waits until all has been handed to the kernel: what a client does not read lies in no buffer of ours.
        transport.set_write_buffer_limits(high=0)  # type: ignore[attr-defined]
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection, and cancel what is done for its client."""
        if self._client is None:
            return  # it was refused, and aiohttp never knew of it
        clients = self._server().clients
        clients[self._client] -= 1
        if not clients[self._client]:
            del clients[self._client]  # a client that left must not stay in memory
        self._client = None
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio.Protocol may return True
        """Treat a client that has shut its side in the middle of a body as one whose body is cut off, and tell it so.

        Where the request was whole, it counts as gone, as with other servers: a closed connection looks the same.
        """
        # The request whose body is arriving is the last one, which waits its turn where others came before it.
        content = self._messages[-1][1] if self._messages else self.arriving
        if content is None or content.is_eof():
            return None
        content.set_exception(PayloadEncodingError("its body was cut off"))
        return True  # leaves the connection open for the answer

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that is none, or that the handler failed to answer, and close after it."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another response was sent already")
        if status >= 500:
            traceback.print_exception(exc, file=sys.stderr)
        answer = self._server().refuse(_refusal(status, exc, message))
        response = web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)
        response.headers["Server"] = SERVER
        response.force_close()
        return response

    def _server(self) -> ConnectionServer:
        manager = self._manager
        if not isinstance(manager, ConnectionServer):
            raise TypeError("a connection belongs to the server that made it")
        return manager


def _refusal(status: int, exc: BaseException | None, message: str | None) -> CoopkgError:
    if isinstance(exc, LineTooLong):
        if LONGEST_TARGET in exc.args or str(LONGEST_TARGET) in exc.args:
            return TargetTooLong(f"The address is longer than {LONGEST_TARGET} bytes.", bound=LONGEST_TARGET)
        return HeaderTooLarge(f"A header field is longer than {LONGEST_FIELD} bytes.", bound=LONGEST_FIELD)
    if status >= 500:
        return EngineFault("The server failed to answer; its log says why.")
    if message is not None and message.startswith("Too many headers"):
        return HeaderTooLarge(f"There are more than {MOST_FIELDS} header fields.", bound=MOST_FIELDS)
    reason = (message or "").partition("\n")[0].rstrip(" .:")  # the rest shows the bytes that it stumbled over
    return MalformedRequest(f"This is no HTTP/1.1 request: {reason or 'it cannot be parsed'}.")


def request_of(incoming: web.BaseRequest) -> HttpRequest:
    """Return a request without its body. Raises MalformedRequest for a target, or framing, that HTTP/1.1 has not."""
    _check(incoming)
    target = incoming.raw_path.encode("utf-8", "surrogateescape")  # as aiohttp decoded it: these are the bytes sent
    if target[:7].lower() == b"http://" or target[:8].lower() == b"https://":
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]  # the absolute form; Host says whose it is
    path, _, query = target.partition(b"?")
    if b"#" in target:
        raise MalformedRequest("The address has a fragment, which is no part of a request.")
    # Bytes that are not UTF-8 become U+FFFD, which no address of ours has. Escapes are written alike, so that one
    # address has one form.
    text = unquote_to_bytes(path).decode("utf-8", "replace")
    path_text = quote(text, safe=PATH_SAFE)
    return HttpRequest(
        incoming.method,
        path_text if path_text.startswith("/") else f"/{path_text}",  # OPTIONS and CONNECT may come without one
        quote(query, safe=_QUERY_SAFE),
        _fields(incoming),
    )


def _check(incoming: web.BaseRequest) -> None:
    """Refuse what aiohttp lets through and RFC 9112 does not. Raises MalformedRequest."""
    if incoming.version not in {HttpVersion10, HttpVersion11}:
        raise MalformedRequest("HTTP/1.1 is spoken here.")
    if _HOST.fullmatch(incoming.headers.get("Host", "")) is None:  # section 3.2
        raise MalformedRequest("The Host is no name or address, perhaps with a port.")
    codings = incoming.headers.getall("Transfer-Encoding", ())
    # Another coding than chunked would have to be undone; and HTTP/1.0, which has none, must be answered as if it were
    # a forgery (section 6.1): a proxy in front may have seen a request that ends elsewhere.
    if codings and (codings != ["chunked"] or incoming.version == HttpVersion10):
        raise MalformedRequest("A Transfer-Encoding other than chunked is not read, and none with HTTP/1.0.")


def _fields(incoming: web.BaseRequest) -> Mapping[str, str]:
    """Return the header fields by name in lower case, the values of a repeated one in their order (RFC 9110, 5.3).

    Fields that may not be repeated, such as Content-Type, are refused by aiohttp before.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in incoming.raw_headers:
        # Latin-1 decodes any byte, and is what WSGI expects (PEP 3333).
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joint = "; " if name == "cookie" else ", "  # RFC 9113, section 8.2.3
        found[name] = f"{found[name]}{joint}{value}" if name in found else value
    return found


async def respond(
    incoming: web.BaseRequest,
    response: HttpResponse,
    write_seconds: float,
    *,
    close: bool = False,
    spooled: BinaryIO | None = None,
) -> web.StreamResponse:
    """Send a whole response, its body from ``spooled`` if given; to HEAD only its header fields, as GET has them.

    A client that does not read a block, or what is left, within ``write_seconds`` is disconnected.
    """
    out = web.StreamResponse(status=response.status)
    for name, value in response.headers.items():
        if name.lower() != "content-length":
            out.headers.add(name, value)
    out.headers["Server"] = SERVER
    if close:
        out.force_close()
    length = response.length if spooled is None else spooled.seek(0, os.SEEK_END)
    empty = incoming.method == "HEAD" or response.status in {204, 304}
    if not empty or response.status in {200, 206}:
        out.content_length = length
    first, last = (0, length) if response.path is None else response.span
    file = spooled if spooled is not None or response.path is None or empty else response.path.open("rb")
    with file or contextlib.nullcontext():
        try:
            if empty or file is None:
                async with asyncio.timeout(write_seconds):
                    await out.prepare(incoming)
                    await out.write_eof(b"" if empty else response.body)
            else:
                await out.prepare(incoming)
                for block in _blocks(file, first, last):
                    async with asyncio.timeout(write_seconds):
                        await out.write(block)
                await out.write_eof()
        except TimeoutError:
            _reset(incoming)
    return out


def _blocks(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes of a file from one place to before another."""
    file.seek(first)
    while first < last and (block := file.read(min(BLOCK, last - first))):
        first += len(block)
        yield block


def _reset(incoming: web.BaseRequest) -> None:
    """End a connection at once, with what the kernel still holds for it."""
    transport = incoming.transport
    if transport is None:
        return
    with_linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, with_linger)
    transport.abort()
