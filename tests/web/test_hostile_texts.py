"""Long and twisted texts cost the worker that reads them, and nobody else: no web process, no other client."""

from __future__ import annotations

import threading
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from conftest import start_server, stop
from http_client import connection, get
from processor_time import processor_seconds, server_process, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LENGTH = 200_000
TEXTS = {
    "dashes": "SELECT * {" + "a-" * (LENGTH // 2),
    "dots": "SELECT * { ?s ?p " + "a." * (LENGTH // 2),
    "brackets": "SELECT * { ?s ?p <" + ")" * LENGTH + "> } #",
    "quotes": 'SELECT * { ?s ?p "' + '\\"' * (LENGTH // 2),
    "languages": 'SELECT * { ?s ?p "x"@' + "a-" * (LENGTH // 2),
    "lines": "\n" * LENGTH + "SELECT * { ?s ?p ?o } LIMIT 1",
    "comments": "#defaultView:\n# " * (LENGTH // 16) + "ASK {}",
    "numbers": "SELECT * { ?s ?p " + "1." * (LENGTH // 2),
    "words": "SELECT * { " + "FILTR " * (LENGTH // 6),
    "SERVICE": "SELECT * { # " + "SERVICE " * (LENGTH // 8),
}


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    process, address = start_server()
    yield address
    stop(process)


@pytest.mark.parametrize("accept", ["application/sparql-results+json", "text/html"])
def test_a_hostile_text_costs_no_web_process(running: str, accept: str) -> None:
    """Reading one costs a worker up to seconds; a web process hands it on, which is work of some milliseconds."""
    pids = tree(server_process(running))
    web = [pid for pid in pids if b"web_process" in command(pid)]
    assert len(web) == 2
    before = sum(map(processor_seconds, web))
    statuses: list[int] = []

    def send(text: str) -> None:
        wire = connection(running)
        wire.request("POST", "/sparql", text.encode(), {"Content-Type": "application/sparql-query", "Accept": accept})
        statuses.append(wire.getresponse().status)
        wire.close()

    threads = [threading.Thread(target=send, args=(text,)) for text in TEXTS.values()]
    for thread in threads:
        thread.start()
    healthy = []
    while any(thread.is_alive() for thread in threads):
        healthy.append(get(f"{running}health")[0])
    assert set(healthy) == {200}
    assert set(statuses) <= {200, 400, 503, 504}
    # 2 MB of text in all. What it costs to take that from the socket and to make pages of problems stays far below.
    assert sum(map(processor_seconds, web)) - before < 0.15 * len(TEXTS) + 0.01 * len(healthy)


def command(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - a file of the kernel
        return file.read()


def test_what_was_read_once_is_known_by_its_text_alone(running: str) -> None:
    """The second time no worker reads it: the tag is known before anything is evaluated."""
    query = urllib.parse.quote("SELECT ?s { ?s ?p ?o } LIMIT 3 # once")
    _, headers, _ = get(f"{running}sparql?query={query}")
    for _ in range(6):  # whichever web process answers
        status, again, _ = get(f"{running}sparql?query={query}", **{"If-None-Match": headers["etag"]})
        assert (status, again["etag"]) == (304, headers["etag"])


@pytest.mark.parametrize(("accept", "status"), [("text/csv", 200), ("text/turtle", 406), ("text/html", 200)])
def test_the_format_follows_the_form_that_the_worker_finds(running: str, accept: str, status: int) -> None:
    query = urllib.parse.quote(f"SELECT ?s {{ ?s ?p ?o }} LIMIT 2 # {accept}")
    for _ in range(3):
        assert get(f"{running}sparql?query={query}", Accept=accept)[0] == status
