"""Endpoints that behave in ways of their own: a socket server whose every byte a test decides."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from io import BufferedReader

    Answer = Callable[[socket.socket, "Received"], None]

JSON = "application/sparql-results+json"


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> str:
        text = self.body.decode() if self.method == "POST" else urlsplit(self.path).query
        return parse_qs(text)["query"][0]


def solutions(*rows: Mapping[str, str], names: tuple[str, ...] = ("s",)) -> bytes:
    """Give solutions whose terms are IRIs, as JSON."""
    bindings = [{name: {"type": "uri", "value": value} for name, value in row.items()} for row in rows]
    return json.dumps({"head": {"vars": names}, "results": {"bindings": bindings}}).encode()


def reply(body: bytes, status: int = 200, kind: str = JSON, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with that body."""
    given = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}

    def answer(sock: socket.socket, _request: Received) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        sock.sendall(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body)

    return answer


def framed(body: bytes, *lines: str) -> Answer:
    """Answer with those lines of a header, whatever they say, and that body."""
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *lines))

    def answer(sock: socket.socket, _request: Received) -> None:
        sock.sendall(f"{head}\r\n".encode("latin-1") + body)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Answer one request after another, and all after the last one as that."""
    left = list(answers)

    def answer(sock: socket.socket, request: Received) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(sock, request)

    return answer


@dataclass
class Stranger:
    """A server on loopback that answers every request as ``answer`` does, and remembers what it was asked."""

    answer: Answer
    requests: list[Received] = field(default_factory=list)
    wrap: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            if self.wrap is not None:
                client = self.wrap.wrap_socket(client, server_side=True)
            with client, client.makefile("rb") as stream:
                request = _receive(stream)
                if request is not None:
                    self.requests.append(request)
                    self.answer(client, request)


def _receive(stream: BufferedReader) -> Received | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (text := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Received(line[0], line[1], headers, stream.read(int(headers.get("content-length", "0"))))
