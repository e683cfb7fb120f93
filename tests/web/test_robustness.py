"""Hostile requests against a running server: a status that fits, in bounded time, and nobody else notices."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import resource
import signal
import socket
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from conftest import ROOT, start_server, stop
from coopkg.answers.saved_queries import load_queries
from coopkg.dataset.published_files import find_published
from processor_time import comes_to_rest, processor_seconds, server_process, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

QUERY: Final = "application/sparql-query"
TRIPLE: Final = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
DEADLINE: Final = 2.0
SEED: Final = int(os.environ.get("COOPKG_SEED", "20261122"))
GROWTH: Final = 48 * 1024 * 1024
"""Bytes by which a worker may have grown: its answer cache and the admission caches are filled by the soak."""
ROUNDS: Final = int(os.environ.get("COOPKG_MUTATIONS", "600"))


UNREACHABLE: Final = (
    '[{0}]\nendpoint = "http://127.0.0.1:9/{0}"\nprivate = true\ntitle = "x"\nholds = "x"\nlicence = "x"\n'
)
"""An endpoint that nobody serves, so that SERVICE is carried out as far as that."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    listed = tmp_path_factory.mktemp("federation") / "federation.toml"
    listed.write_text("".join(UNREACHABLE.format(alias) for alias in ("eu", "cordis")), encoding="utf-8")
    os.environ["COOPKG_FEDERATION"] = str(listed)
    os.environ["COOPKG_DEADLINE_SECONDS"] = str(DEADLINE)
    os.environ["COOPKG_READER_MEMORY_BYTES"] = str(256 * 1024 * 1024)
    os.environ["COOPKG_ANSWER_BYTES"] = str(4 * 1024 * 1024)
    process, found = start_server()
    for name in ("COOPKG_FEDERATION", "COOPKG_DEADLINE_SECONDS", "COOPKG_READER_MEMORY_BYTES", "COOPKG_ANSWER_BYTES"):
        del os.environ[name]
    yield found
    assert stop(process) == 0


def ask(
    address: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    parts = urllib.parse.urlsplit(address)
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)) as wire:
        wire.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = wire.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()


def post(address: str, query: str | bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    body = query.encode("utf-8", "surrogatepass") if isinstance(query, str) else query
    return ask(address, "POST", "/sparql", body, Content_Type=headers.pop("kind", QUERY), **headers)


@pytest.fixture
def served(address: str) -> Iterator[str]:
    """The server; after each attack it is healthy and a benign query is right."""
    yield address
    assert ask(address, "GET", "/health")[0] == 200
    status, _, body = post(address, "SELECT (1 + 1 AS ?two) {}", Accept="text/csv")
    assert (status, body) == (200, b"two\r\n2\r\n")


@contextlib.contextmanager
def bounded(address: str, seconds: float) -> Iterator[None]:
    """Bound the processor time of the server and of all its workers, past and present."""
    pid = server_process(address)
    before = processor_seconds(pid)
    yield
    assert processor_seconds(pid) - before < seconds


def assert_problem(found: tuple[int, dict[str, str], bytes]) -> None:
    status, headers, body = found
    document = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert set(document) >= {"type", "title", "status", "detail"}
    assert not re.search(r"Traceback|site-packages|\.py\b|/home/|" + re.escape(str(ROOT)), body.decode())


NESTED = {
    "braces": lambda n: "SELECT * " + "{" * n,
    "closed braces": lambda n: "SELECT * " + "{" * n + "}" * n,
    "brackets": lambda n: "SELECT * { FILTER(" + "(" * n + "1" + ")" * n + ") }",
    "not": lambda n: "SELECT * { FILTER(" + "!" * n + "1) }",
    "sums": lambda n: "SELECT * { FILTER(" + "1+" * n + "1) }",
    "lists": lambda n: "SELECT * { ?s ?p " + "(" * n + "1" + ")" * n + " }",
    "blank nodes": lambda n: "SELECT * { ?s ?p " + "[ ?p " * n + "1" + "]" * n + " }",
    "paths": lambda n: "SELECT * { ?s " + "(" * n + "<http://e/p>" + ")" * n + " ?o }",
    "sequence": lambda n: "SELECT * { ?s " + "/".join(["<http://e/p>"] * n) + " ?o }",
    "sub-selects": lambda n: "SELECT * { " + "{ SELECT * { " * n + "} }" * n + " }",
    "exists": lambda n: "SELECT * { " + "FILTER EXISTS { " * n + "}" * n + " }",
    "optionals": lambda n: "SELECT * { " + "OPTIONAL { ?s ?p ?o } " * n + " }",
    "unions": lambda n: "SELECT * { {}" + " UNION {}" * n + " }",
    "filters": lambda n: "SELECT * { " + "FILTER(?x = 1) " * n + " }",
    "binds": lambda n: "SELECT * { " + " ".join(f"BIND(1 AS ?x{i})" for i in range(n)) + " }",
    "patterns": lambda n: "SELECT * { " + " ".join(f"?s <http://e/{i}> ?o{i} ." for i in range(n)) + " }",
    "strings": lambda n: "SELECT * { ?s ?p " + "'" * n + " }",
}


@pytest.mark.parametrize("depth", [100, 3_000, 20_000])
@pytest.mark.parametrize("shape", NESTED)
def test_nesting_and_length(served: str, shape: str, depth: int) -> None:
    with bounded(served, 3 * DEADLINE):
        found = post(served, NESTED[shape](depth))
    assert found[0] in {200, 400, 413, 504, 507}
    if found[0] != 200:
        assert_problem(found)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT (COUNT(*) AS ?n) {{ {TRIPLE} }}",
        f"SELECT DISTINCT ?a ?d ?g {{ {TRIPLE} }}",
        f"SELECT ?b (COUNT(*) AS ?n) {{ {TRIPLE} }} GROUP BY ?b",
        f"SELECT * {{ {TRIPLE} }} ORDER BY ?c LIMIT 1",
        f"SELECT * {{ {TRIPLE} }}",
        f"CONSTRUCT {{ ?a ?e ?i }} {{ {TRIPLE} }}",
        "SELECT ?x { ?a (<http://e/p>|!<http://e/p>)* ?b . ?b (<http://e/p>|!<http://e/p>)* ?x }",
    ],
)
def test_a_runaway_is_an_error_in_time_and_never_a_partial_answer(served: str, query: str) -> None:
    with bounded(served, 3 * DEADLINE):
        found = post(served, query)
        assert comes_to_rest(server_process(served))
    assert found[0] in {413, 503, 504, 507}
    assert_problem(found)


def test_string_bombs(served: str) -> None:
    replace = "SELECT (REPLACE(REPLACE(REPLACE(REPLACE(?x,'.',?x),'.',?x),'.',?x),'.',?x) AS ?y) { BIND('%s' AS ?x) }"
    assert post(served, replace % ("x" * 200))[0] in {413, 504, 507}
    assert post(served, 'SELECT * { FILTER(REGEX("' + "a" * 40 + '!", "^(a+)+$")) }')[0] == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\x00", QUERY, 400),
        (b"\xef\xbb\xbfASK {}", QUERY, 400),
        (b"ASK { ?s ?p '\xed\xa0\x80' }", QUERY, 400),
        (b"ASK { ?s ?p '\\uD800' }", QUERY, 400),
        (b"\xff\xfe", QUERY, 400),
        (b"", QUERY, 400),
        ("ASK { ?s ?p 'é' }".encode("latin-1"), QUERY, 400),
        (b"ASK {}", "application/sparql-query; charset=latin-1", 415),
        (b"ASK {}", "text/html", 415),
        (b"query=ASK{}&query=ASK{}", "application/x-www-form-urlencoded", 400),
        (b"query=ASK{}&update=x", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 2000, "application/x-www-form-urlencoded", 400),
    ],
)
def test_broken_bodies(served: str, body: bytes, kind: str, status: int) -> None:
    found = post(served, body, kind=kind)
    assert found[0] == status
    assert_problem(found)


@pytest.mark.parametrize(
    "path", ["/..%2f..%2fetc%2fpasswd", "/id/%00", "/queries/..%2fshapes", "/static/../app.py", "/id/country/%0d%0aX:1"]
)
def test_odd_paths_are_not_found(served: str, path: str) -> None:
    status, headers, _ = ask(served, "GET", path)
    assert status in {400, 404}
    assert "x" not in headers


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "text/csv", "*/*;q=0", "image/png"])
def test_every_error_has_a_representation(served: str, accept: str) -> None:
    status, headers, body = post(served, "SELECT", Accept=accept)
    assert status in {400, 406}
    assert headers["x-content-type-options"] == "nosniff"
    assert body


SPELLINGS = [
    "SELECT * { SERVICE <%s> { ?s ?p ?o } }",
    "SELECT * { service silent <%s> { ?s ?p ?o } }",
    "SELECT * { SERVICE#x\n<%s> {} }",
    "PREFIX e: <%s> SELECT * { SERVICE e: {} }",
    "BASE <%s> SELECT * { SERVICE <> {} }",
    "SELECT * { BIND(<%s> AS ?e) SERVICE ?e {} }",
    "SELECT * FROM <%s> { ?s ?p ?o }",
    "SELECT * FROM NAMED <%s> { GRAPH ?g { ?s ?p ?o } }",
    "LOAD <%s>",
    "LOAD SILENT <%s> INTO GRAPH <http://e/g>",
    "DESCRIBE <%s>",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1"])
def test_a_canary_is_never_called(served: str, spelling: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.05)
        target = f"http://{host}:{canary.getsockname()[1]}/x"
        status, _, _ = post(served, spelling % target)
        assert status in {200, 400, 403}
        path = "/sparql?" + urllib.parse.urlencode({"query": "SELECT * { ?s ?p ?o }", "default-graph-uri": target})
        status, _, body = ask(served, "GET", path)
        assert (status, json.loads(body)["results"]["bindings"]) == (200, [])
        with pytest.raises(TimeoutError):
            canary.accept()


def test_files_are_no_graphs_and_no_oracle(served: str) -> None:
    paths = [f"/sparql?query=ASK%7B?s?p?o%7D&default-graph-uri=file://{name}" for name in ("/etc/passwd", "/etc/none")]
    answers = {ask(served, "GET", path)[2] for path in paths}
    assert len(answers) == 1


def test_half_open_and_slow_connections_leave_room_for_others(served: str) -> None:
    parts = urllib.parse.urlsplit(served)
    with contextlib.ExitStack() as stack:
        for index in range(100):
            sock = stack.enter_context(closing(socket.create_connection((str(parts.hostname), parts.port or 80))))
            if index % 2:
                sock.sendall(b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n")
        assert post(served, "ASK {}")[0] == 200


class Usage(NamedTuple):
    """What a process holds: open descriptors, and resident memory in bytes."""

    descriptors: int
    resident: int


def processes(address: str) -> dict[str, Usage]:
    """Give what the server's own processes hold: supervisor, web processes and dataset process, without the workers."""
    server = server_process(address)
    children = {pid: parent_of(pid) for pid in tree(server)}
    found: dict[str, Usage] = {}
    for pid in (server, *(child for child, parent in children.items() if parent == server)):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        found[str(pid)] = Usage(len(list(Path(f"/proc/{pid}/fd").iterdir())), pages * resource.getpagesize())
    return found


def parent_of(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[1])
    return 0


def mutate(text: str, chance: random.Random) -> str:
    pieces = [
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "'",
        '"',
        "\\",
        "?x",
        "SERVICE",
        "OPTIONAL",
        "UNION",
        "a",
        "\x00",
        "é",
        "#",
        "\ud800",
        "999999999999",
    ]
    characters = list(text)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(characters) + 1)
        match chance.randrange(4):
            case 0:
                characters.insert(at, chance.choice(pieces))
            case 1:
                del characters[at : at + chance.randint(1, 12)]
            case 2:
                other = chance.randrange(len(characters) + 1)
                characters[at:at] = characters[min(at, other) : max(at, other)][:400]
            case _:
                characters[at : at + 1] = [chance.choice(pieces)]
    return "".join(characters)


def test_mutated_queries_and_bodies_change_nothing(served: str) -> None:
    """A seeded stream of broken queries: no 5xx but 502 to 504 and 507, the same processes, the same descriptors."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    texts = [query.text for query in load_queries(find_published()).values()]
    for text in texts:  # warm, so that what is measured is growth
        post(served, text)
    before = processes(served)
    queries = [mutate(chance.choice(texts), chance) for _ in range(ROUNDS)]
    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(lambda query: post(served, query)[0], queries))
    assert {status for status in statuses if status >= 500} <= {502, 503, 504, 507}
    assert statuses.count(200) < len(statuses)
    after = processes(served)
    assert len(before) == 4
    assert set(after) == set(before)
    assert all(after[pid].descriptors - before[pid].descriptors < 20 for pid in before)
    assert all(after[pid].resident - before[pid].resident < GROWTH for pid in before)


def test_a_hasty_client_is_told_to_wait_and_others_are_not() -> None:
    """A thousand requests of one address: 429 with Retry-After past the budget; another address is served."""
    os.environ.update({"COOPKG_CLIENT_RATE": "20", "COOPKG_CLIENT_BURST": "100"})
    process, address = start_server()
    del os.environ["COOPKG_CLIENT_RATE"], os.environ["COOPKG_CLIENT_BURST"]
    try:
        hasty = [from_address(address, "127.0.0.2") for _ in range(400)]
        assert hasty[0][0] == 200
        refused = [headers for status, headers in hasty if status == 429]
        assert refused
        assert all(int(headers["retry-after"]) >= 1 for headers in refused)
        assert from_address(address, "127.0.0.3")[0] == 200
    finally:
        stop(process)


def from_address(address: str, source: str) -> tuple[int, dict[str, str]]:
    parts = urllib.parse.urlsplit(address)
    wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120, source_address=(source, 0))
    with closing(wire):
        wire.request("GET", "/sparql?query=ASK%7B%7D")
        response = wire.getresponse()
        response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}


def test_a_log_line_cannot_be_forged_and_counters_count() -> None:
    os.environ["COOPKG_LOG"] = "all"
    process, address = start_server()
    del os.environ["COOPKG_LOG"]
    ask(address, "GET", "/sparql?query=ASK%7B%7D%23%0d%0a%7B%22status%22:200%7D")
    ask(address, "GET", "/id/%0d%0aforged")
    status, _, body = ask(address, "GET", "/sparql?query=SELEC")
    counters = ask(address, "GET", "/metrics")[2].decode()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert status == 400
    assert json.loads(body)["queryId"] in {line["query"] for line in lines}
    assert all({"time", "method", "path", "query", "status", "bytes", "ms", "client"} == set(line) for line in lines)
    assert not [line for line in said.splitlines() if line.startswith("forged")]
    assert {line["client"] for line in lines} == {"127.0.0.0/24"}
    assert re.search(r'coopkg_requests_total\{route="sparql",status="400"\} 2\.0', counters)


@pytest.mark.parametrize(("asked", "status", "bound"), [("0.3", 504, 0.3), ("600", 504, DEADLINE), ("x", 400, None)])
def test_a_client_may_shorten_the_deadline_and_never_lengthen_it(
    served: str, asked: str, status: int, bound: float | None
) -> None:
    query = urllib.parse.quote(f"SELECT (COUNT(*) AS ?n) {{ {TRIPLE} }}")
    with bounded(served, 3 * DEADLINE):
        found = ask(served, "GET", f"/sparql?timeout={asked}&query={query}")
        assert comes_to_rest(server_process(served))
    assert (found[0], json.loads(found[2]).get("bound")) == (status, bound)
    assert_problem(found)
