"""A running server, its snapshot files, and what somebody does to its data directory meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import BASE, free_port, run_coopkg
from coopkg.dataset import tokens
from coopkg.dataset.commit_log import CommitLog, read_dataset
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.journal_index import INDEX, REMOVALS
from processor_time import PATIENCE, eventually
from running import Answer, Running, made
from small_home import SmallHome, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

UPDATE = {"Content_Type": "application/sparql-update"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def make(**environment: str) -> Running:
        started.append(made(tmp_path / "home", **{"COOPKG_WORKERS": "1", **environment}))
        return started[-1]

    yield make
    for running in started:
        if running.process is not None and running.process.poll() is None:
            running.kill()


def add(running: Running, number: int) -> Answer:
    return running.add(f"<{BASE}id/topic/t{number}> <http://e/p> {number}.10 .", Idempotency_Key=f"k{number}")


def has_open(pid: int, path: Path) -> bool:
    """Say whether a process has a file open."""
    return any(entry.samefile(path) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.exists())


def snapshot_versions(running: Running) -> list[int]:
    return sorted(int(path.name.partition("-")[2]) for path in running.home.glob("snapshot-*[0-9]"))


def assert_all_is_known(running: Running, first: Answer, last: int) -> None:
    """See that every version is listed and shown, what was removed is gone, and a repeated request is known."""
    assert running.ask("GET", "/ready").value["version"] == last
    listed = running.ask("GET", "/changes", Accept="application/json").value
    assert [change["version"] for change in listed["changes"]] == list(range(last, 1, -1))
    for version in range(2, last + 1):
        assert running.ask("GET", f"/changes/{version}", Accept="application/json").value["version"] == version
    assert running.ask("GET", "/id/topic/t0.ttl").value["version"] == 3
    assert running.ask("GET", "/id/topic/t1.ttl").status == 200
    assert add(running, 0).value == first.value
    assert running.ask("GET", "/ready").value["version"] == last
    assert running.ask("GET", "/", Accept="text/html").status == 200


def test_a_start_from_a_snapshot_file_knows_everything(own: Callable[..., Running]) -> None:
    running = own()
    first = add(running, 0)
    gone = f"DELETE WHERE {{ GRAPH ?g {{ <{BASE}id/topic/t0> ?p ?o }} }}"
    assert running.ask("POST", "/update", gone, **UPDATE).status == 200
    assert add(running, 1).value["version"] == 4
    assert snapshot_versions(running) == []
    running.stop()
    compacted = run_coopkg("compact", "--home", str(running.home), "--alignments", "none")
    assert (compacted.returncode, compacted.stdout) == (0, "")
    assert f"{running.home / 'snapshot-4'}: version 4, " in compacted.stderr
    assert snapshot_versions(running) == [4]
    running.start()
    refused = run_coopkg("compact", "--home", str(running.home), "--alignments", "none")
    assert (refused.returncode, "Another coopkg has the data directory" in refused.stderr) == (1, True)
    assert_all_is_known(running, first, 4)
    assert add(running, 2).value["version"] == 5
    running.stop()
    for name in (END, INDEX, REMOVALS, "snapshot-4"):  # as an earlier version has left it
        (running.home / name).unlink()
    running.start()
    assert_all_is_known(running, first, 5)
    running.stop()
    assert {END, INDEX, REMOVALS} <= {path.name for path in running.home.iterdir()}
    log = run_coopkg("log", "--home", str(running.home), "--json").stdout.splitlines()
    assert [json.loads(line)["version"] for line in log] == [5, 4, 3, 2]


def test_a_running_server_writes_a_file_after_so_many_commits(own: Callable[..., Running]) -> None:
    running = own()
    for number in range(3):
        add(running, number)
    running.stop()
    running.environment["COOPKG_SNAPSHOT_COMMITS"] = "1"
    running.start()
    quads = running.ask("GET", "/status?format=json").value["triples"]
    wanted = quads // 100  # more commits than that, so that a file is due
    for number in range(3, wanted + 1):
        assert add(running, number).status == 201
    deadline = time.monotonic() + PATIENCE
    while not snapshot_versions(running) and time.monotonic() < deadline:
        add(running, 10_000)
        time.sleep(0.05)
    assert snapshot_versions(running) != []
    running.stop()


@pytest.mark.parametrize("deed", ["removed", "replaced", "cut"])
def test_a_journal_that_is_gone_stops_writes_and_nothing_else(own: Callable[..., Running], deed: str) -> None:
    running = own(COOPKG_WORKERS="2")
    add(running, 1)
    journal, aside = running.home / NAME, running.home / "aside"
    # One that has not opened the journal yet would find none, and have no history.
    assert eventually(lambda: sum(has_open(pid, journal) for pid in running.web_processes()) == 2)
    whole = journal.read_bytes()
    if deed == "cut":
        journal.write_bytes(whole[: len(whole) // 2])
    else:
        journal.rename(aside)
        if deed == "replaced":
            journal.write_bytes(whole)
    for _ in range(2):
        found = add(running, 2)
        assert (found.status, found.value["type"].rpartition("#")[2]) == (507, "storage-exceeded")
        assert f"The journal was {deed}" in found.value["detail"]
        assert str(running.home) not in found.body.decode()
    for path in ("", "id/topic/t1", "catalog", "status", "id/topic/never"):
        for accept in ("text/html", "*/*"):
            page = running.ask("GET", f"/{path}", Accept=accept)
            assert page.status == (404 if path.endswith("never") else 200), (path, accept)
    assert running.rows(f"SELECT ?o {{ <{BASE}id/topic/t1> ?p ?o }}") == [["1.1"]]
    for path in ("/changes/2", "/changes"):
        shown = running.ask("GET", path, Accept="application/json")
        assert shown.status == (500 if deed == "cut" else 200)
        assert ("does not have version 2 any more" in shown.body.decode()) == (deed == "cut")
        assert str(running.home) not in shown.body.decode()
    if deed == "cut":
        journal.write_bytes(whole)
    else:
        aside.rename(journal)
    deadline = time.monotonic() + PATIENCE
    while (found := add(running, 2)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found.status == 201
    running.stop()
    running.start()
    assert running.ask("GET", "/ready").value["version"] == 3
    running.stop()


@pytest.mark.parametrize("data", [None, b"", b"nonsense"])
def test_a_web_process_that_is_started_again_serves_all_but_the_history(
    own: Callable[..., Running], data: bytes | None
) -> None:
    running = own()
    add(running, 1)
    journal = running.home / NAME
    journal.unlink() if data is None else journal.write_bytes(data)
    (before,) = running.web_processes()
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    status = 0
    while status != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
        with contextlib.suppress(OSError, http.client.HTTPException):
            status = running.ask("GET", "/id/topic/t1.ttl").status
    assert running.web_processes() != [before]
    assert running.ask("GET", "/", Accept="text/html").status == 200
    for path in ("/changes", "/changes/2"):
        found = running.ask("GET", path, Accept="application/json")
        assert (found.status, "does not have version 2 any more" in found.value["detail"]) == (500, True)
    assert add(running, 2).status == 507


def test_a_dataset_process_does_not_begin_anew_where_the_journal_is_gone(own: Callable[..., Running]) -> None:
    running = own()
    add(running, 1)
    journal, aside = running.home / NAME, running.home / "aside"
    journal.rename(aside)
    os.kill(running.dataset_process(), signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while "journal.end beside it" not in running.log.read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert f"{journal} is missing, and journal.end beside it" in running.log.read_text(encoding="utf-8")
    assert not journal.exists()
    aside.rename(journal)
    while (found := add(running, 2)).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (found.status, found.value["version"]) == (201, 3)
    running.stop()


def test_nothing_acknowledged_is_lost_by_kill_9_while_files_are_written(tmp_path: Path) -> None:
    """On a small graph, of which a snapshot file is due after every three commits."""
    chance = random.Random(int(os.environ.get("COOPKG_SEED", "20261130")))  # noqa: S311 - a test's own
    small = SmallHome(tmp_path)
    small.publish()
    running = made(
        small.home, COOPKG_PUBLISHED=str(small.settings.published), COOPKG_SNAPSHOT_COMMITS="3", COOPKG_WORKERS="1",
        COOPKG_FEDERATION=os.devnull,
    )  # fmt: skip
    acknowledged: list[int] = []
    try:
        for round_ in range(int(os.environ.get("COOPKG_ROUNDS", "5"))):
            with ThreadPoolExecutor(1) as thread:
                numbers = range(round_ * 100, round_ * 100 + 30)
                writing = thread.submit(lambda: [n for n in numbers if add(running, n).status == 201])  # noqa: B023
                time.sleep(chance.random())
                os.kill(running.dataset_process(), signal.SIGKILL)
                acknowledged += writing.result()
            found = {row[0].rpartition("/t")[2] for row in running.rows("SELECT ?s { ?s <http://e/p> ?o }")}
            assert {str(number) for number in acknowledged} <= found
        version = running.ask("GET", "/ready").value["version"]
        assert len(acknowledged) > 20
        running.stop()
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()
    with closing(CommitLog.open(small.settings)) as log:
        assert log.snapshot is not None
        assert log.dataset.version == version
        assert state(log.dataset) == state(read_dataset(small.settings, replay=True))


def test_tokens_that_others_can_read_are_refused_without_their_path(own: Callable[..., Running]) -> None:
    running = own()
    path = running.home / tokens.NAME
    for spoil in (lambda: path.chmod(0o640), lambda: path.write_text("nonsense\n"), lambda: path.write_bytes(b"\xff")):
        whole = path.read_bytes()
        spoil()
        found = add(running, 1)
        assert (found.status, "file of tokens cannot be used" in found.value["detail"]) == (403, True)
        assert str(running.home) not in found.body.decode()
        assert running.ask("GET", "/changes", Accept="application/json").status == 200
        path.write_bytes(whole)
        path.chmod(0o600)
    assert add(running, 1).status == 201
    running.stop()
    path.chmod(0o604)
    command = ["serve", "--bind", f"127.0.0.1:{free_port()}", "--home", str(running.home), "--alignments", "none"]
    refused = run_coopkg(*command)
    assert refused.returncode == 3
    assert refused.stderr == f"coopkg: {path} is open to other users (mode 604); make its mode 600.\n"
