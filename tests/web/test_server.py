"""The running server, as real processes on real sockets."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import signal
import socket
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from conftest import run_coopkg, start_server, stop
from coopkg.settings import Settings
from http_client import connection, get
from processor_time import comes_to_rest, eventually, processor_seconds, server_process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SLOW = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 99\r\n\r\nSEL"
COMMISSIONS = """
PREFIX coop: <http://127.0.0.1:8000/ontology#>
PREFIX period: <http://127.0.0.1:8000/id/period/>
SELECT ?code WHERE {
  ?session a coop:CommissionSession ; coop:hasReferencePeriod period:year-2018 ; coop:hasParty/coop:isoAlpha2 ?code
  FILTER(?code != "BY")
} ORDER BY ?code
"""


def test_the_ten_countries_of_2018(server: str) -> None:
    status, headers, body = get(f"{server}sparql?query={urllib.parse.quote(COMMISSIONS)}", Accept="text/csv")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.reader(io.StringIO(body.decode())))
    assert [row[0] for row in rows[1:]] == ["AM", "AZ", "CN", "CU", "ID", "IN", "KZ", "PK", "SK", "UA"]


def test_head_has_the_length_of_get(server: str) -> None:
    lengths = []
    with closing(connection(server)) as wire:
        for method in ("GET", "HEAD"):
            wire.request(method, "/queries/commission-sessions-by-year.csv")
            response = wire.getresponse()
            lengths.append(response.headers["content-length"])
            assert bool(response.read()) is (method == "GET")
    assert lengths[0] == lengths[1]


def test_a_body_beyond_the_limit_is_413_with_and_without_a_length(server: str) -> None:
    limit = json.loads(get(f"{server}limits")[2])["body_bytes"]
    for headers, body in (
        ({"Content-Length": str(limit + 1)}, b""),
        ({"Transfer-Encoding": "chunked"}, b"100000\r\n" + b"x" * 0x100000 + b"\r\n"),
    ):
        with closing(connection(server)) as wire:
            wire.putrequest("POST", "/sparql")
            for name, value in {"Content-Type": "application/sparql-query", **headers}.items():
                wire.putheader(name, value)
            wire.endheaders()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(limit // 0x100000 + 2 if body else 0):
                    wire.send(body)
            assert wire.getresponse().status == 413


def test_slow_senders_do_not_stall_others(server: str) -> None:
    host = urllib.parse.urlsplit(server)
    slow = []
    try:
        for _ in range(200):
            sock = socket.create_connection((str(host.hostname), host.port or 80))
            sock.sendall(SLOW)
            slow.append(sock)
        assert get(f"{server}health")[0] == 200
        assert get(f"{server}sparql?query=ASK%7B%7D")[0] == 200
    finally:
        for sock in slow:
            sock.close()


def test_work_stops_when_the_client_leaves(server: str) -> None:
    """It comes to rest long before the processor time that the deadline of the query would have let it use."""
    host = urllib.parse.urlsplit(server)
    pid = server_process(server)
    before = processor_seconds(pid)
    query = urllib.parse.quote("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    with socket.create_connection((str(host.hostname), host.port or 80)) as sock:
        sock.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert eventually(lambda: processor_seconds(pid) - before > 0.5)  # the evaluation has begun
    assert comes_to_rest(pid)
    assert processor_seconds(pid) - before < Settings().deadline_seconds / 3


def test_a_port_in_use_is_one_sentence(server: str) -> None:
    result = run_coopkg("serve", "--bind", urllib.parse.urlsplit(server).netloc)
    assert (result.returncode, "in use" in result.stderr, "Traceback" in result.stderr) == (1, True, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero(number: signal.Signals) -> None:
    process, _ = start_server()
    assert stop(process, number) == 0


@pytest.mark.parametrize("path", ["id/country/%2542Y", "id/%D0%91%D0%B5%D0%BB", "%ff", "id/country/%EF%BF%BD"])
def test_a_path_is_decoded_once_whatever_is_in_it(server: str, path: str) -> None:
    status, _, body = get(f"{server}{path}", Accept="text/html")
    assert status in {400, 404}  # the last two are no IRI
    encoded = path.replace("%ff", "%EF%BF%BD")  # bytes that are not UTF-8 are characters that nobody knows
    assert f'href="/{encoded}?lang=ru"'.encode() in body


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT x:1 HTTP/1.1"])
def test_a_request_without_a_path_is_answered_as_any_other(server: str, line: bytes) -> None:
    parts = urllib.parse.urlsplit(server)
    with socket.create_connection((str(parts.hostname), parts.port), timeout=20) as client:
        client.sendall(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        status = int(client.makefile("rb").readline().split()[1])
    assert status < 500


def test_counters_have_their_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a full disk ends each worker with its first request (SIGBUS)."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process, address = start_server()
    try:
        assert b"coopkg_requests_total" in get(f"{address}metrics")[2]
        files = [path.stat() for path in tmp_path.glob("*/counters/*.db")]
        assert len(files) >= 2
        assert all(found.st_blocks * 512 >= found.st_size for found in files)
    finally:
        stop(process)
