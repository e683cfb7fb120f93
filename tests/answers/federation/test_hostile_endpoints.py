"""Whatever an endpoint does, there is a clear problem within its budget, and the server is none the worse for it."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from conftest import start_server, stop
from coopkg.answers.federation import document_client
from coopkg.answers.federation.circuit_breaker import FAILURES, Health
from coopkg.answers.federation.endpoint_client import Budget, EndpointClient
from coopkg.answers.federation.http_exchange import Request, exchange
from coopkg.errors import EndpointFailed, EndpointTimeout, NotFetched
from endpoints import endpoint
from hostile_endpoint import JSON, Received, Stranger, framed, in_turn, reply, solutions
from processor_time import PATIENCE, processor_seconds

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from email.message import Message

    from hostile_endpoint import Answer

pytestmark = pytest.mark.slow

SECONDS: Final = 2.0
BYTES: Final = 2_000_000
ROWS: Final = 1000


def hang(sock: socket.socket, _request: Received) -> None:
    sock.recv(1)


def drip(sock: socket.socket, _request: Received) -> None:
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n".encode())
    for byte in solutions({"s": "http://e/s"}) * 100:
        sock.sendall(bytes([byte]))
        time.sleep(0.05)


def drip_header(sock: socket.socket, _request: Received) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        sock.sendall(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def stream(sock: socket.socket, _request: Received) -> None:
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n".encode() + b'{"head":{"vars":["s"]},"results":')
    while True:
        sock.sendall(b" " * 65536)


def break_off(sock: socket.socket, _request: Received) -> None:
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: 5000\r\n\r\n".encode() + b'{"head":')


def break_off_chunked(sock: socket.socket, _request: Received) -> None:
    sock.sendall(
        f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + b'8\r\n{"head":\r\n'
    )


def break_off_unframed(sock: socket.socket, _request: Received) -> None:
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n".encode() + solutions({"s": "http://e/s"})[:-9])


def no_http(sock: socket.socket, _request: Received) -> None:
    sock.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


TRIPLE: Final = b'{"type":"triple","value":{"subject":'
NESTED: Final = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":' + TRIPLE * 20_000
BOMB: Final = gzip.compress(b" " * 200_000_000, 9)
LAUGHS: Final = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/></head><results><result>'
    b'<binding name="s"><literal>&b;</literal></binding></result></results></sparql>'
)
XML: Final = "application/sparql-results+xml"
SOME: Final = solutions({"s": "http://e/s"})
LENGTH: Final = f"Content-Length: {len(SOME)}"
CHUNKED: Final = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SOME), SOME)
CUT_XML: Final = (
    b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/></head>'
    b'<results><result><binding name="s"><literal>1</literal></binding></result>'
)
MANY: Final = solutions(*({"s": f"http://e/{number}"} for number in range(ROWS)))
BEHAVIOURS: Final[dict[str, tuple[Answer, int, str]]] = {
    "hangs": (hang, 504, "timeout"),
    "drips": (drip, 504, "timeout"),
    "drips its header": (drip_header, 504, "timeout"),
    "streams forever": (stream, 502, "too-large"),
    "gzip bomb": (reply(BOMB, headers={"Content-Encoding": "gzip"}), 502, "too-large"),
    "gzip that is none": (reply(solutions(), headers={"Content-Encoding": "gzip"}), 502, "coding"),
    "a coding not asked for": (reply(solutions(), headers={"Content-Encoding": "br"}), 502, "coding"),
    "dies midway": (break_off, 502, "broken-off"),
    "dies midway, chunked": (break_off_chunked, 502, "broken-off"),
    "dies midway, unframed": (break_off_unframed, 502, "malformed"),
    "no HTTP": (no_http, 502, "malformed"),
    "nested": (reply(NESTED), 502, "malformed"),
    "a string without an end": (reply(b'{"head":{"vars":["s"]},"results":"' + b'\\"' * 900_000), 502, "malformed"),
    "nested brackets": (reply(b"[" * 500_000), 502, "malformed"),
    "entities": (reply(LAUGHS, kind=XML), 502, "malformed"),
    "entities in lower case": (reply(LAUGHS.replace(b"<!DOCTYPE", b"<!doctype"), kind=XML), 502, "malformed"),
    "deep XML": (reply(b"<a>" * 100_000, kind=XML), 502, "malformed"),
    "XML that ends early, unframed": (framed(CUT_XML, f"Content-Type: {XML}"), 502, "malformed"),
    "two lengths": (framed(SOME, f"Content-Type: {JSON}", LENGTH, "Content-Length: 1"), 502, "malformed"),
    "two lengths in one field": (framed(SOME, f"Content-Type: {JSON}", f"{LENGTH}, 1"), 502, "malformed"),
    "a length below zero": (framed(SOME, f"Content-Type: {JSON}", "Content-Length: -1"), 502, "malformed"),
    "a length with a sign": (framed(SOME, f"Content-Type: {JSON}", "Content-Length: +9"), 502, "malformed"),
    "a length beside chunks": (
        framed(CHUNKED, f"Content-Type: {JSON}", LENGTH, "Transfer-Encoding: chunked"),
        502,
        "malformed",
    ),
    "another transfer coding": (framed(CHUNKED, f"Content-Type: {JSON}", "Transfer-Encoding: x"), 502, "malformed"),
    "chunks twice": (
        framed(CHUNKED, f"Content-Type: {JSON}", *["Transfer-Encoding: chunked"] * 2),
        502,
        "malformed",
    ),
    "two media types": (framed(SOME, f"Content-Type: {XML}", f"Content-Type: {JSON}", LENGTH), 502, "malformed"),
    "two codings": (framed(SOME, f"Content-Type: {JSON}", LENGTH, *["Content-Encoding: gzip"] * 2), 502, "coding"),
    "a line that is no field": (framed(SOME, f"Content-Type: {JSON}", "nothing", LENGTH), 502, "malformed"),
    "a blank before the colon": (framed(SOME, f"Content-Type: {JSON}", "Content-Length : 9"), 502, "malformed"),
    "gzip behind gzip": (reply(gzip.compress(SOME) * 2, headers={"Content-Encoding": "gzip"}), 502, "coding"),
    "an ASK answer": (reply(b'{"head":{},"boolean":true}'), 502, "malformed"),
    "an empty body": (reply(b""), 502, "malformed"),
    "bytes that are no text": (reply(b"\xff\xfe\x00"), 502, "malformed"),
    "an IRI that would end the query": (reply(solutions({"s": "http://e/> } evil {<"})), 502, "malformed"),
    "HTML": (reply(b"<html>", kind="text/html"), 502, "media-type"),
    "Turtle": (reply(b"<a> <b> <c> .", kind="text/turtle"), 502, "media-type"),
    "no media type": (reply(solutions(), kind=""), 502, "media-type"),
    "too many rows": (reply(MANY), 502, "too-many-rows"),
    "a part": (reply(solutions(), status=206), 502, "incomplete"),
    "a cut answer": (reply(solutions(), headers={"X-SPARQL-MaxRows": "10000"}), 502, "incomplete"),
    "a query it rejects": (reply(b"no", status=400), 502, "rejected"),
    "an error": (reply(b"no", status=500), 502, "unavailable"),
    "an error, and another time": (reply(b"no", status=503, headers={"Retry-After": "60"}), 502, "unavailable"),
}


@dataclass
class Serving:
    """A server of ours with one endpoint, which is a stranger."""

    address: str
    stranger: Stranger
    pid: int

    def ask(self, query: str, accept: str = "application/json") -> tuple[int, Message, bytes]:
        url = f"{self.address}sparql?{urllib.parse.urlencode({'query': query})}"
        request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310 - the same
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Stranger(reply(solutions())) as stranger:
        file: Path = tmp_path_factory.mktemp("federation") / "federation.toml"
        file.write_text(
            f'[far]\nendpoint = "{stranger.address}"\ntitle = "far"\nholds = "tests"\nlicence = "none"\n'
            f"private = true\n[far.limits]\nseconds = {SECONDS}\nbytes = {BYTES}\nrows = {ROWS}\n",
            encoding="utf-8",
        )
        process, address = start_server("--federation", str(file))
        yield Serving(address, stranger, process.pid)
        assert stop(process) == 0


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_clear_problem_within_the_budget(name: str, serving: Serving) -> None:
    answer, status, reason = BEHAVIOURS[name]
    serving.stranger.answer = answer
    """What hangs or drips would do so for longer than the query may take; the reason says whose time ran out."""
    before = processor_seconds(serving.pid)
    got, headers, body = serving.ask(f"SELECT * {{ SERVICE <far> {{ ?s ?p {json.dumps(name)} }} }}")
    assert processor_seconds(serving.pid) - before < 5 * SECONDS
    problem = json.loads(body)
    reset_breaker(serving)
    assert (got, problem["endpoint"], problem["reason"]) == (status, "far", reason)
    assert headers["Content-Type"] == "application/problem+json"
    assert "far" in problem["detail"]
    assert serving.ask("ASK { ?s ?p ?o }")[2] == b'{"head":{},"boolean":true}'


def reset_breaker(serving: Serving) -> None:
    serving.stranger.answer = reply(solutions())
    for _ in range(2):
        status, _, _ = serving.ask("SELECT * { SERVICE <far> { ?s a ?reset } }")
        if status == 200:
            return
    raise AssertionError("the breaker stays open after one failure")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_of_an_endpoint_reaches_the_canary(status: int, serving: Serving) -> None:
    with Stranger(reply(solutions())) as canary:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
            target = canary.address.replace("127.0.0.1", host)
            serving.stranger.answer = reply(b"", status=status, headers={"Location": target})
            got, _, body = serving.ask(f"SELECT * {{ SERVICE <far> {{ ?s ?p {json.dumps(target)} }} }}")
            assert (got, json.loads(body)["reason"]) == (502, "forbidden-address")
            reset_breaker(serving)
        assert canary.requests == []


def test_memory_stays_bounded(serving: Serving) -> None:
    before = memory_bytes(serving.pid)
    for answer in (stream, BEHAVIOURS["gzip bomb"][0], BEHAVIOURS["nested"][0]):
        serving.stranger.answer = answer
        assert serving.ask("SELECT * { SERVICE <far> { ?s ?p ?o } }")[0] == 502
        reset_breaker(serving)
    assert memory_bytes(serving.pid) - before < 100_000_000


def test_an_answer_that_ends_its_reader_is_the_endpoints_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = "x" * 30_000
    many = json.dumps(
        {
            "head": {"vars": ["s"]},
            "results": {"bindings": [{"s": {"type": "literal", "value": f"{long}{n}"}} for n in range(800)]},
        }
    ).encode()
    with Stranger(reply(many)) as stranger:
        file = tmp_path / "federation.toml"
        file.write_text(
            f'[far]\nendpoint = "{stranger.address}"\ntitle = "far"\nholds = "tests"\nlicence = "none"\n'
            f"private = true\n[far.limits]\nbytes = {2 * len(many)}\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("COOPKG_READER_MEMORY_BYTES", str(64 * 1024 * 1024))
        process, address = start_server("--scratch", "--federation", str(file))
        small = Serving(address, stranger, process.pid)
        got, _, body = small.ask("SELECT * { SERVICE <far> { ?s ?p ?o } }")
        problem = json.loads(body)
        assert (got, problem["endpoint"], problem["reason"]) == (502, "far", "malformed")
        assert "ends whoever reads it" in problem["detail"]
        assert small.ask("ASK {}")[0] == 200
        assert stop(process) == 0


def test_silent_is_visible_in_the_header_and_on_the_page(serving: Serving) -> None:
    serving.stranger.answer = reply(b"no", status=400)
    query = "SELECT * { VALUES ?x { 1 } SERVICE SILENT <far> { ?s ?p ?o } }"
    status, headers, body = serving.ask(query)
    assert status == 200
    assert [set(row) for row in json.loads(body)["results"]["bindings"]] == [{"x"}]
    assert headers["Federation-Sources"].startswith('"far";rows=0;requests=1;kept=0;ms=')
    assert headers["Federation-Sources"].endswith(";missing=rejected")
    assert headers["Cache-Control"] == "no-store"
    assert "ETag" not in headers
    assert b"Nothing from far is in this answer: it rejects the query." in serving.ask(query, "text/html")[2]


def test_an_endpoint_that_is_not_listed_is_refused_and_named(serving: Serving) -> None:
    status, _, body = serving.ask("SELECT * { SERVICE <http://elsewhere.example/> { ?s ?p ?o } }")
    problem = json.loads(body)
    assert (status, problem["endpoint"], problem["allowed"]) == (403, "http://elsewhere.example/", ["far"])
    status, headers, _ = serving.ask("SELECT * { SERVICE SILENT <http://elsewhere.example/> { ?s ?p ?o } }")
    assert status == 200
    assert headers["Federation-Sources"].endswith(";missing=not-allowed")


def test_syntax_errors_have_their_place_and_cost_no_request(serving: Serving) -> None:
    asked = len(serving.stranger.requests)
    status, _, body = serving.ask("SELECT * {\n  SERVICE <far> {\n    ?s ?p } }")
    assert status == 400
    assert (json.loads(body)["line"], len(serving.stranger.requests)) == (3, asked)


def memory_bytes(pid: int) -> int:
    """Give the memory of a server's processes, what they share counted once (PSS)."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    lines = (Path(f"/proc/{each}/smaps_rollup").read_text() for each in found)
    return sum(int(re.search(r"^Pss: +([0-9]+)", text, re.MULTILINE)[1]) for text in lines) * 1024  # type: ignore[index]


def fetch(
    stranger: Stranger, fetcher: EndpointClient | None = None, query: str = "SELECT * {}", seconds: float = PATIENCE
) -> bytes:
    far = endpoint("far", stranger.address)
    return (fetcher or EndpointClient(Health())).fetch(far, query, Budget(far, time.monotonic() + seconds)).body


def test_repeated_fields_keep_all_values_in_order() -> None:
    lines = (f"Content-Type: {JSON}", LENGTH, "X-Some: a", "x-some: b, c", "X-SOME: d", LENGTH, "Date: 1", "Date: 2")
    with Stranger(framed(SOME, *lines)) as stranger:
        request = Request("GET", endpoint("far", stranger.address).target)
        deadline = time.monotonic() + PATIENCE
        found = exchange(request, "127.0.0.1", deadline, BYTES, ssl.create_default_context())
    assert (found.headers["x-some"], found.headers["date"]) == ("a, b, c, d", "1, 2")
    assert (found.headers["content-length"], found.body) == (str(len(SOME)), SOME)


@pytest.mark.parametrize("lines", [[LENGTH], ["Transfer-Encoding: chunked"], ["Transfer-Encoding: Chunked"]])
def test_a_body_that_is_cut_off_anywhere_is_no_answer(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopkg.answers.federation.endpoint_client.ATTEMPTS", 1)
    whole = SOME if lines == [LENGTH] else CHUNKED
    end = len(whole) if lines == [LENGTH] else len(whole) - len(b"\r\n\r\n")  # the last chunk has begun, and is empty
    for length in range(0, end, 7):
        with (
            Stranger(framed(whole[:length], f"Content-Type: {JSON}", *lines)) as stranger,
            pytest.raises(EndpointFailed, match="broke off"),
        ):
            fetch(stranger)


@pytest.mark.parametrize("age", ["9" * 5000, "-1", "x", "1, 2"])
def test_an_age_that_is_none_does_no_harm(age: str) -> None:
    lines = (f"Content-Type: {JSON}", LENGTH, "Cache-Control: max-age=60", "Cache-Control: public", f"Age: {age}")
    with Stranger(framed(SOME, *lines)) as stranger:
        assert fetch(stranger) == SOME


def test_a_document_of_another_server_is_whole_or_refused() -> None:
    data = b"<http://e/a> <http://e/b> 1 ."
    types, length = ("Content-Type: text/turtle", "Content-Type: text/turtle"), f"Content-Length: {len(data)}"
    with Stranger(framed(data, *types, length)) as stranger:
        assert document_client.fetch(stranger.address).data == data
        for lines in ((length, "Content-Length: 5"), ("Content-Length: x",), (length, "Transfer-Encoding: chunked")):
            stranger.answer = framed(data, *types, *lines)
            with pytest.raises(NotFetched):
                document_client.fetch(stranger.address)
        stranger.answer = framed(data[:9], *types, length)
        with pytest.raises(NotFetched, match="broke off"):
            document_client.fetch(stranger.address)


def test_what_failed_for_a_moment_is_asked_again() -> None:
    busy = reply(b"", status=503, headers={"Retry-After": "0"})
    with Stranger(in_turn(busy, break_off, reply(solutions()))) as stranger:
        assert fetch(stranger) == solutions()
        assert len(stranger.requests) == 3


def test_retry_after_is_waited_for() -> None:
    with Stranger(in_turn(reply(b"", status=429, headers={"Retry-After": "1"}), reply(solutions()))) as stranger:
        began = time.monotonic()
        assert fetch(stranger) == solutions()
        assert time.monotonic() - began >= 1


def test_a_rejected_query_is_not_asked_again() -> None:
    with Stranger(reply(b"no", status=400)) as stranger:
        with pytest.raises(EndpointFailed, match="rejects"):
            fetch(stranger)
        assert len(stranger.requests) == 1


def test_the_breaker_opens_and_lets_one_through_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    health = Health(tmp_path)
    with Stranger(no_http) as stranger:
        for _ in range(FAILURES):
            with pytest.raises(EndpointFailed):
                fetch(stranger, EndpointClient(health))
        with pytest.raises(EndpointFailed, match="left alone"):
            fetch(stranger, EndpointClient(Health(tmp_path)))  # as another worker sees it
        assert len(stranger.requests) == FAILURES
        later = time.time() + 31
        monkeypatch.setattr(time, "time", lambda: later)
        assert health.state("far").breaker(later) == "half-open"
        stranger.answer = reply(solutions())
        assert fetch(stranger, EndpointClient(health)) == solutions()
        assert health.state("far").breaker(later) == "closed"


def test_fresh_answers_are_kept_and_stale_ones_validated() -> None:
    with Stranger(reply(solutions(), headers={"Cache-Control": "max-age=60"})) as stranger:
        fetcher = EndpointClient(Health())
        assert fetch(stranger, fetcher) == fetch(stranger, fetcher) == solutions()
        assert len(stranger.requests) == 1
        stranger.answer = reply(solutions(), headers={"Cache-Control": "no-cache", "ETag": '"1"'})
        fetch(stranger, fetcher, "SELECT ?b {}")
        stranger.answer = reply(b"", status=304)
        assert fetch(stranger, fetcher, "SELECT ?b {}") == solutions()
        assert stranger.requests[-1].headers["if-none-match"] == '"1"'
        stranger.answer = reply(solutions(), headers={"Cache-Control": "no-store", "ETag": '"1"'})
        for _ in range(2):
            fetch(stranger, fetcher, "SELECT ?c {}")
        assert "if-none-match" not in stranger.requests[-1].headers


def test_a_long_query_goes_by_form_and_says_what_it_accepts() -> None:
    with Stranger(reply(solutions())) as stranger:
        long = f"SELECT * {{}} # {'x' * 3000}"
        fetch(stranger, query=long)
        request = stranger.requests[0]
        assert (request.method, request.query) == ("POST", long)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert "cookie" not in request.headers


def test_budgets_end_a_query() -> None:
    with Stranger(reply(solutions())) as stranger:
        far = endpoint("far", stranger.address, {"requests": 2, "bytes": 2 * len(solutions())})
        budget = Budget(far, time.monotonic() + PATIENCE)
        fetcher = EndpointClient(Health())
        for number in range(2):
            fetcher.fetch(far, f"ASK {{}} # {number}", budget)
        with pytest.raises(EndpointFailed, match="2 requests"):
            fetcher.fetch(far, "ASK {} # 3", budget)
        with pytest.raises(EndpointTimeout):
            fetcher.fetch(far, "ASK {} # 4", Budget(far, time.monotonic()))
