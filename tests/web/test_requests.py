"""Requests as bytes on a socket: whole or not at all, strict about framing, bounded (RFC 9112, RFC 9110, RFC 9530)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import re
import resource
import socket
import struct
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import start_server, stop
from coopkg.web.serving.connections import LONGEST_FIELD, LONGEST_TARGET, MOST_FIELDS
from http_client import connection, get
from processor_time import PATIENCE, eventually, server_process, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

HOST = b"Host: x\r\n"
ASK = b"POST /sparql HTTP/1.1\r\n" + HOST + b"Content-Type: application/sparql-query\r\n"
CHUNKED = ASK + b"Transfer-Encoding: chunked\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n"
GRAPH = "http://example.org/g"
TRIPLES = {
    "small": b"<http://x/a> <http://x/b> <http://x/c> .\n<http://x/a> <http://x/b> <http://x/d> .\n",
    "large": b"".join(b'<http://x/t%d> <http://x/n> "n%d" .\n' % (n, n) for n in range(2000)),
}


@pytest.fixture(scope="module")
def scratch() -> Iterator[str]:
    """A server whose graphs anybody may write."""
    process, address = start_server("--scratch")
    yield address
    stop(process)


def place(address: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(address)
    return str(parts.hostname), parts.port or 80


def exchange(address: str, wire: bytes, *, half_close: bool = False) -> list[int]:
    """Send bytes, and give the statuses of the answers; the last has come when nothing follows for a moment."""
    with socket.create_connection(place(address), timeout=PATIENCE) as client:
        received = b""
        with contextlib.suppress(OSError):
            client.sendall(wire)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            while block := client.recv(65536):
                received += block
                client.settimeout(0.3)
    return [int(status) for status in re.findall(rb"HTTP/[12]\.[01] (\d\d\d) ", received)]


def digest(body: bytes) -> bytes:
    return b"Content-Digest: md5=:AA==:, sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()) + b":\r\n"


@pytest.mark.parametrize("wire", [
    ASK + b"Content-Length: 5\r\n\r\nASK{}",
    CHUNKED + b"5\r\nASK{}\r\n0\r\n\r\n",
    CHUNKED + b"3;name=value\r\nASK\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ASK + digest(b"ASK{}") + b"Content-Length: 5\r\n\r\nASK{}",
    ASK + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nASK{}",
    ASK + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nASK{}",
    b"GET /health HTTP/1.0\r\n\r\n",
    b"GET http://elsewhere/he%61lth HTTP/1.1\r\n" + HOST + b"\r\n",
    HEALTH + HOST + b"X-Note: \xe9\xff\r\n\r\n",
    HEALTH + HOST + b"X: 1\r\n" * (MOST_FIELDS - 1) + b"\r\n",
    b"GET /health?" + b"a" * (LONGEST_TARGET - 100) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"QUERY" + ASK[4:] + b"Content-Length: 5\r\n\r\nASK{}",
])  # fmt: skip
def test_a_whole_request_is_answered(server: str, wire: bytes) -> None:
    assert exchange(server, wire) == [200]


@pytest.mark.parametrize(("wire", "status"), [
    (CHUNKED + b"5\r\nASK{}\r\nZZ\r\n", 400),
    (CHUNKED + b"5\r\nASK{}XX\r\n0\r\n\r\n", 400),
    (CHUNKED + b"fffffffffffffffff\r\nASK{}\r\n0\r\n\r\n", 400),
    (CHUNKED + b"5\nASK{}\n0\n\n", 400),
    (ASK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nASK{}\r\n0\r\n\r\n", 400),
    (ASK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nASK{}\r\n0\r\n\r\n", 400),
    (ASK + b"Transfer-Encoding: xchunked\r\n\r\n5\r\nASK{}\r\n0\r\n\r\n", 400),
    (CHUNKED.replace(b"1.1", b"1.0") + b"5\r\nASK{}\r\n0\r\n\r\n", 400),
    (ASK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nASK{}", 400),
    (ASK + b"Content-Length: 5, 5\r\n\r\nASK{}", 400),
    (ASK + b"Content-Length: +5\r\n\r\nASK{}", 400),
    (ASK + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nASK{}", 400),
    (ASK + b"Content-Digest: sha-256=:AAAA:\r\nContent-Length: 5\r\n\r\nASK{}", 400),
    (ASK + b"Content-Digest: sha-256=AAAA\r\nContent-Length: 5\r\n\r\nASK{}", 400),
    (ASK + digest(b"ASK {}") + b"Content-Length: 5\r\n\r\nASK{}", 400),
    (HEALTH + HOST + b"X-A: a\r\n b\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\nHost: x\n\n", 400),
    (HEALTH + HOST + b"X-A : a\r\n\r\n", 400),
    (HEALTH + HOST + b"X-A: a\x00b\r\n\r\n", 400),
    (HEALTH + b"\r\n", 400),
    (HEALTH + HOST + b"Host: y\r\n\r\n", 400),
    (HEALTH + b"Host: a b/c\r\n\r\n", 400),
    (b"GET /health#part HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"GET /health HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, 400),
    (b"GET /health?" + b"a" * LONGEST_TARGET + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (HEALTH + HOST + b"X-A: " + b"a" * (LONGEST_FIELD + 1) + b"\r\n\r\n", 431),
    (HEALTH + HOST + b"X: 1\r\n" * MOST_FIELDS + b"\r\n", 431),
    (HEALTH + HOST + b"X: 1\r\n" * 10_000 + b"\r\n", 431),
])  # fmt: skip
def test_what_is_no_request_is_refused(server: str, wire: bytes, status: int) -> None:
    assert exchange(server, wire) == [status]


@pytest.mark.parametrize("wire", [
    HEALTH + HOST + b"Connection: close\r\n\r\n" + HEALTH + HOST + b"\r\n",
    HEALTH + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
])  # fmt: skip
def test_one_request_has_one_answer(server: str, wire: bytes) -> None:
    assert len(exchange(server, wire)) == 1


def test_requests_sent_ahead_are_answered_in_their_order(server: str) -> None:
    paths = [b"/limits", b"/sparql?query=ASK%7B%7D", b"/nowhere", b"/health"]
    wire = b"".join(b"GET %s HTTP/1.1\r\n" % path + HOST + b"\r\n" for path in paths)
    assert exchange(server, wire) == [200, 200, 404, 200]


def test_a_body_is_asked_for_only_where_it_would_be_read(server: str) -> None:
    expecting = ASK + b"Expect: 100-continue\r\n"
    assert exchange(server, expecting + b"Content-Length: 50000000\r\n\r\n") == [413]
    with socket.create_connection(place(server), timeout=PATIENCE) as client:
        client.sendall(expecting + b"Content-Length: 5\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ASK{}")
        assert client.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("framing", [b"Content-Length: 30000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_body_past_its_bound_gets_its_answer_and_not_a_reset(server: str, framing: bytes) -> None:
    block = b"a" * 65536 if framing.startswith(b"Content") else b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with socket.create_connection(place(server), timeout=PATIENCE) as client:
        client.sendall(ASK + framing)
        for _ in range(400):  # 26 MB, beyond the bound of 16
            client.sendall(block)
        assert client.recv(12) == b"HTTP/1.1 413"


def put(address: str, body: bytes) -> int:
    with contextlib.closing(connection(address)) as wire:
        wire.request("PUT", graph_path(), body, {"Content-Type": "application/n-triples"})
        response = wire.getresponse()
        response.read()
        return response.status


def graph_path() -> str:
    return f"/graphs?graph={urllib.parse.quote(GRAPH, safe='')}"


def triples(address: str) -> int:
    query = urllib.parse.quote(f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{GRAPH}> {{ ?s ?p ?o }} }}")
    answers: list[bytes] = []

    def counted() -> bool:
        status, _, body = get(f"{address}sparql?query={query}", Accept="text/csv")
        answers.append(body)
        return status == 200  # on a busy machine no worker may be free in time

    assert eventually(counted)
    return int(answers[-1].split()[-1])


def cut(address: str, wire: bytes, how: str) -> bytes:
    """Send the beginning of a request, die in one of three ways, and give what came back."""
    answer = b""
    with socket.create_connection(place(address), timeout=PATIENCE) as client:
        client.sendall(wire)
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half-close":
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(12)
    return answer


def upload(body: bytes, *, chunked: bool) -> tuple[bytes, bytes]:
    """Give the header and the body of a PUT as they go over the wire."""
    head = f"PUT {graph_path()} HTTP/1.1\r\nHost: x\r\nContent-Type: application/n-triples\r\n".encode()
    if not chunked:
        return head + b"Content-Length: %d\r\n\r\n" % len(body), body
    third = len(body) // 3
    parts = [body[start : start + third] for start in range(0, len(body), third)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head + b"Transfer-Encoding: chunked\r\n\r\n", coded + b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
@pytest.mark.parametrize("size", ["small", "large"])
def test_an_upload_that_was_cut_off_changes_nothing(scratch: str, size: str, how: str, chunked: bool) -> None:  # noqa: FBT001 - pytest gives it
    """At every byte of a small body, and at 200 of a large one, the graph keeps what it had."""
    kept = b"<http://x/kept> <http://x/p> <http://x/o> .\n" * 1
    assert put(scratch, kept) in {201, 204}
    head, body = upload(TRIPLES[size], chunked=chunked)
    end = len(body) - 1  # the whole of it is no cut; nor is a cut within what ends the chunks
    places = range(end) if size == "small" else random.Random(size + how).sample(range(end), 200)  # noqa: S311
    for at in places:
        assert cut(scratch, head + body[:at], how) == (b"HTTP/1.1 400" if how == "half-close" else b"")
        assert at % 50 or triples(scratch) == 1
    assert triples(scratch) == 1
    assert put(scratch, TRIPLES[size]) == 204
    assert triples(scratch) == TRIPLES[size].count(b"\n")


def test_a_slow_body_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPKG_BODY_SECONDS", "0.5")
    process, address = start_server("--scratch")
    try:
        assert exchange(address, ASK + b"Content-Length: 5\r\n\r\nASK") == [408]
    finally:
        stop(process)


LARGE = f"/sparql?query={urllib.parse.quote('SELECT * { ?s ?p ?o . ?a ?b ?c } LIMIT 50000')}"
"""An answer of 20 MB."""


def test_clients_that_do_not_read_hold_no_memory() -> None:
    """Nine answers of 20 MB each, of which nobody reads more than the beginning."""
    process, address = start_server()
    readers: list[socket.socket] = []
    try:
        web = web_processes(address)
        assert len(web) == 2
        idle = sum(map(resident, web))
        readers += (slow_reader(address, f"{LARGE}%23{number}") for number in range(9))
        assert eventually(lambda: sum(map(resident, web)) < idle + 50)
        assert sum(map(connections, web)) == len(readers)
    finally:
        for reader in readers:
            reader.close()
        stop(process)


def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPKG_WRITE_SECONDS", "1")
    process, address = start_server()
    try:
        with slow_reader(address, LARGE):
            assert eventually(lambda: not any(map(connections, web_processes(address))))
    finally:
        stop(process)


def test_an_answer_that_finds_no_room_is_refused_and_the_next_is_given() -> None:
    """A limit on the size of files stands for a disk that is full."""
    process, address = start_server()
    try:
        web = web_processes(address)
        for size, status in ((100_000, 507), (resource.RLIM_INFINITY, 200)):
            for pid in web:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            found, headers, body = get(f"{address}{LARGE[1:]}%23{size}")
            assert (found, int(headers["content-length"])) == (status, len(body))
            assert status == 200 or b"no room" in body
        assert web_processes(address) == web
    finally:
        stop(process)


def slow_reader(address: str, target: str) -> socket.socket:
    """Ask for an answer, and read no more of it than its status."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(PATIENCE)
    reader.connect(place(address))
    reader.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader


def web_processes(address: str) -> list[int]:
    """Give the web processes of a server."""
    return [pid for pid in tree(server_process(address)) if b"web_process" in command(pid)]


def command(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
        return file.read()
    return b""


def resident(pid: int) -> int:
    """Give the memory of a process that is its own, in MiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
        return sum(int(line.split()[1]) for line in file if line.startswith("Private")) // 1024


def connections(pid: int) -> int:
    """Give the number of connections that a process has to clients: TCP sockets beside the one that listens."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(entry.readlink()))
    with open("/proc/net/tcp", encoding="ascii") as file:  # noqa: PTH123
        rows = [line.split() for line in file][1:]
    return sum(f"socket:[{row[9]}]" in inodes and row[3] == "01" for row in rows)


def test_repeated_fields_keep_all_their_values(server: str) -> None:
    """The last of several Accept fields does not win, and no page is kept for a visitor of another language."""
    query = "/sparql?query=ASK%7B%3Fs%20%3Fp%20%3Fo%7D"
    with socket.create_connection(place(server), timeout=PATIENCE) as client:
        client.sendall(f"GET {query} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\nAccept: text/html;q=0.1\r\n"
                       "Connection: close\r\n\r\n".encode())  # fmt: skip
        answer = client.makefile("rb").read()
    assert b"Content-Type: text/csv" in answer


def test_a_kept_page_is_in_the_language_of_its_visitor(server: str) -> None:
    query = f"{server}sparql?query={urllib.parse.quote('ASK { ?s ?p ?o } # page')}"
    for language in ("en", "ru", "be") * 5:  # more often than there are web processes
        status, headers, body = get(query, Accept="text/html", **{"Accept-Language": language})
        assert (status, headers["content-language"]) == (200, language)
        assert f'<html lang="{language}"'.encode() in body
        assert "accept-language" in headers["vary"].lower()


def test_an_idle_connection_takes_nothing_from_others(server: str) -> None:
    idle = [socket.create_connection(place(server)) for _ in range(300)]
    try:
        assert json.loads(get(f"{server}health")[2])["status"] == "ok"
    finally:
        for client in idle:
            client.close()
