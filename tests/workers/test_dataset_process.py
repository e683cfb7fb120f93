"""How the dataset process keeps its workers, over a dataset of nothing: what waits, what yields, what it costs."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tiny_owner
from coopkg.errors import CoopkgError
from coopkg.settings import Settings
from coopkg.workers.client import WorkerClient
from coopkg.workers.scoreboard import MOST_WORKERS
from coopkg.workers.wire import move_requests
from coopkg.workers.worker import NICENESS
from processor_time import PATIENCE, eventually, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@contextmanager
def serving(folder: Path, readers: int = 1, *, before: tuple[str, ...] = ()) -> Iterator[WorkerClient]:
    command = [*before, sys.executable, str(Path(tiny_owner.__file__)), str(folder), str(readers)]
    # A client that believes in more workers than there are: what it posts waits in their socket.
    settings = Settings(readers=4 * readers, queue_seconds=PATIENCE / 2, deadline_seconds=10 * PATIENCE)
    client = WorkerClient(folder, settings)
    with subprocess.Popen(command) as process:
        try:
            assert eventually(lambda: answers(client))
            yield client
        finally:
            process.terminate()


def answers(client: WorkerClient) -> bool:
    try:
        return bool(client.info())
    except CoopkgError:
        return False


def ask(client: WorkerClient, kind: str, payload: object = None) -> dict[str, Any]:
    return client.request(kind, payload).facts


def in_background(client: WorkerClient, kind: str, payload: object) -> None:
    def run() -> None:
        with contextlib.suppress(CoopkgError):  # the process is ended before it has done that
            ask(client, kind, payload)

    threading.Thread(target=run, daemon=True).start()


def test_what_waits_behind_long_work_is_done_by_the_workers_of_the_next_version(tmp_path: Path) -> None:
    """The old ones have work without end, and nobody is forked beside them once their version is past."""
    with serving(tmp_path) as client:
        found: list[dict[str, Any]] = []
        for _ in range(MOST_WORKERS):
            in_background(client, "hush", 10 * PATIENCE)
        assert eventually(lambda: len(client.info()["busy"]) == MOST_WORKERS)
        for _ in range(5):
            threading.Thread(target=lambda: found.append(ask(client, "place")), daemon=True).start()
        time.sleep(0.2)
        assert not found
        client.control("publish {}")
        assert eventually(lambda: len(found) == 5)
        assert {each["version"] for each in found} == {2}


def test_a_request_with_a_memory_file_is_moved_as_well(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        for _ in range(MOST_WORKERS):
            in_background(client, "hush", 10 * PATIENCE)
        assert eventually(lambda: len(client.info()["busy"]) == MOST_WORKERS)
        found: list[dict[str, Any]] = []
        threading.Thread(target=lambda: found.append(ask(client, "place", "x" * 200_000)), daemon=True).start()
        time.sleep(0.2)
        client.control("publish {}")
        assert eventually(lambda: [each["version"] for each in found] == [2])


def test_work_that_takes_a_while_yields_the_processor_and_its_worker_does_not_end(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        first = ask(client, "place")
        assert first["nice"] == 0
        middling = [ask(client, "burn", 0.06) for _ in range(5)]
        assert NICENESS in {each["nice"] for each in middling}
        after = [ask(client, "place") for _ in range(20)]
        assert {each["nice"] for each in after} == {0}
        workers = {each["pid"] for each in (first, *middling, *after)}
        assert len(workers) <= MOST_WORKERS
        assert workers <= set(client.info()["workers"])


def test_a_worker_that_says_nothing_more_costs_the_dataset_process_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        in_background(client, "hush", 10 * PATIENCE)
        assert eventually(lambda: bool(client.info()["busy"]))
        pid = client.info()["pid"]
        before = processor_seconds(pid)
        time.sleep(2)
        assert processor_seconds(pid) - before < 0.6


def test_a_server_of_low_priority_keeps_its_threads(tmp_path: Path) -> None:
    """Its threads have that priority from the beginning: it is no sign of work that has yielded."""
    with serving(tmp_path, before=("nice", "-n", "5")) as client:
        found = [ask(client, "place") for _ in range(20)]
        assert {each["nice"] for each in found} == {5}
        assert len({each["thread"] for each in found}) <= MOST_WORKERS


def test_requests_that_find_no_room_do_not_stop_a_version_from_being_published(tmp_path: Path) -> None:
    source, target = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    with source, target, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for sock, name in ((source, "old"), (target, "new")):
            sock.bind(str(tmp_path / name))
        sender.setblocking(False)  # noqa: FBT003 - the name of the method says it
        for name in ("old", "new"):
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.sendto(b"request", str(tmp_path / name))
        source.shutdown(socket.SHUT_RD)
        move_requests(source, tmp_path / "new")
