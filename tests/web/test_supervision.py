"""A server heals: whichever of its processes is killed or stopped is replaced, and all end with the supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from conftest import NOBODY, ROOT, free_port, start_server, stop, wait_until_ready
from coopkg.web.serving.service_manager import ServiceManager
from coopkg.workers.liveness import HUNG_AFTER
from http_client import get
from processor_time import PATIENCE, eventually, server_process, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LOOKUP = "sparql?query=SELECT%20%2A%20%7B%20%3Chttp%3A%2F%2F127.0.0.1%3A8000%2Fid%2Fcountry%2FBY%3E%20%3Fp%20%3Fo%20%7D"


@pytest.fixture
def running() -> Iterator[str]:
    process, address = start_server()
    yield address
    process.kill()
    process.communicate()


def processes(address: str) -> dict[str, list[int]]:
    """Give the processes of a server by their kind; a worker is forked from the dataset process, and has its name."""
    found: dict[str, list[int]] = {"supervisor": [server_process(address)], "web": [], "dataset": [], "worker": []}
    for pid in tree(found["supervisor"][0])[1:]:
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            parent = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[1])
            if b"web_process" in command:
                found["web"].append(pid)
            elif b"coopkg.dataset.process" in command:
                found["dataset" if parent == found["supervisor"][0] else "worker"].append(pid)
    return found


def gone(pid: int) -> bool:
    """Say whether a process has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("Z")
    return True


def well(address: str) -> bool:
    """Say whether health and a lookup are answered; a connection that a process took with it counts as no."""
    with contextlib.suppress(OSError):
        healthy, (status, _, body) = get(f"{address}health")[0] == 200, get(f"{address}{LOOKUP}")
        return healthy and status == 200 and b"Belarus" in body
    return False


def refused(address: str) -> bool:
    """Say whether nobody listens at the address."""
    where = urlsplit(address)
    try:
        socket.create_connection((where.hostname or "", where.port or 0), timeout=10).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("kind", ["web", "dataset", "worker"])
def test_a_process_that_dies_or_hangs_is_replaced(running: str, kind: str, number: signal.Signals) -> None:
    for victim in processes(running)[kind]:
        os.kill(victim, number)
        assert eventually(lambda pid=victim: gone(pid))  # type: ignore[misc]
    assert eventually(lambda: len(processes(running)["web"]) == 2)
    assert eventually(lambda: well(running))
    assert all(well(running) for _ in range(5))


def test_everything_ends_with_the_supervisor(running: str) -> None:
    found = processes(running)
    os.kill(found["supervisor"][0], signal.SIGKILL)
    assert eventually(lambda: all(gone(pid) for kind in ("web", "dataset", "worker") for pid in found[kind]))
    assert eventually(lambda: refused(running))  # what closes last may still reset a connection that it had taken


def test_health_tells_of_a_dataset_process_that_gives_no_sign_of_life(running: str) -> None:
    found = processes(running)
    os.kill(found["supervisor"][0], signal.SIGSTOP)  # else it would have replaced the other before anybody asks
    try:
        os.kill(found["dataset"][0], signal.SIGSTOP)
        assert eventually(lambda: get(f"{running}health")[0] == 503)
        assert eventually(lambda: set(json.loads(get(f"{running}health")[2])["silent"]) == set(SILENT))
    finally:
        os.kill(found["supervisor"][0], signal.SIGCONT)
    assert eventually(lambda: well(running))


SILENT = ("supervisor", "dataset_process")


def test_clients_are_told_to_wait_while_the_dataset_is_loaded() -> None:
    """The address is taken at once, and whoever asks too early hears so, and when to come back."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    environment = {**os.environ, "COOPKG_FEDERATION": str(NOBODY), "PYTHONPATH": str(ROOT / "server")}
    command = [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    early: list[tuple[int, str | None]] = []

    def waits() -> bool:
        with contextlib.suppress(OSError):
            status, headers, _ = get(f"{address}ready")
            early.append((status, headers.get("retry-after")))
            return True
        return False

    try:
        assert eventually(waits)
        assert early == [(503, "1")]
        assert get(f"{address}health")[0] == 200
        wait_until_ready(process, address)
        assert well(address)
    finally:
        assert stop(process) == 0


def test_a_service_manager_is_told_of_readiness_and_keeps_a_watchdog(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    told: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(PATIENCE)
        before = dict(os.environ)
        os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="500000")
        try:
            process, _ = start_server()
        finally:
            os.environ.clear()
            os.environ.update(before)
        while not any(b"WATCHDOG=1" in line for line in told[1:]) or not any(b"READY=1" in line for line in told):
            told.append(manager.recv(4096))
        assert stop(process) == 0
        while b"STOPPING=1" not in told[-1]:
            told.append(manager.recv(4096))


def test_a_service_manager_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    """What it has missed it is told once it reads again: the last of each."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.setblocking(False)  # noqa: FBT003 - the name of the method says it
        server = ServiceManager({"NOTIFY_SOCKET": path})
        for number in range(2000):  # more than wait in any system's socket
            server.tell(f"STATUS={number}")
        server.tell("READY=1", "STATUS=serving")
        told: list[bytes] = []
        for _ in range(2):
            with contextlib.suppress(BlockingIOError):
                while True:
                    told.append(manager.recv(4096))
            server.keep_alive()
    assert told[0] == b"STATUS=0"
    assert len(told) < 2000
    assert sorted(told[-1].split(b"\n")) == [b"READY=1", b"STATUS=serving"]


def test_without_a_service_manager_nothing_is_told() -> None:
    environment: dict[str, str] = {}
    ServiceManager(environment).tell("READY=1")
    assert environment == {}


def test_a_server_that_is_told_to_end_finishes_what_it_answers(running: str) -> None:
    """The query takes seconds; the signal comes in the middle of it."""
    answers: list[int] = []
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(STRLEN(CONCAT(STR(?c), STR(?f))) > 3) } # once"

    def ask() -> None:
        answers.append(get(f"{running}sparql?timeout=20&query={query.replace(' ', '%20').replace('#', '%23')}")[0])

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)  # so that it is under evaluation, which no test can see from outside
    os.kill(server_process(running), signal.SIGTERM)
    asking.join(PATIENCE)
    assert answers
    assert answers[0] in {200, 503}  # whole, or an error that says so: never a connection that is cut off


def test_a_hung_process_is_noticed_soon() -> None:
    assert HUNG_AFTER < 10
