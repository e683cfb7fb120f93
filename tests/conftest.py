"""What many tests need: the published dataset, a real server, and the shared material where it is present."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from coopkg.answers.federation.circuit_breaker import Health
from coopkg.answers.federation.endpoints import read_endpoints
from coopkg.answers.federation.executor import Federation
from coopkg.answers.federation.recorded_answers import FOLDER, Recorded
from coopkg.answers.opening import open_service
from coopkg.answers.query_examples import with_examples
from coopkg.dataset.engine import LocalEngine
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import Published, find_published
from coopkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from coopkg.answers.service import Service
    from coopkg.dataset.store import Dataset

ROOT: Final = Path(__file__).resolve().parent.parent
BASE: Final = Settings().base
NOBODY: Final = Path(os.devnull)
"""A list of no endpoints: tests make no request beyond this machine."""


@pytest.fixture(scope="session")
def published() -> Published:
    return find_published()


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return with_examples(load_with_closure(Settings()), find_published())


def recorded() -> Federation:
    """Give the published endpoints, whose answers are those that are recorded: no request is made."""
    endpoints = read_endpoints(find_published().path("federation.toml"))
    return Federation(endpoints, Settings().base, Recorded(find_published().root / FOLDER), Health(), 30)


def opened(dataset: Dataset) -> Service:
    """Give a service over a dataset in this process, with recorded endpoints."""
    return replace(open_service(Settings(federation=NOBODY), LocalEngine(dataset)), federation=recorded())


@pytest.fixture(scope="session")
def service(dataset: Dataset) -> Service:
    return opened(dataset)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the source article and other people's data, which never enters the repository."""
    folder = Path(os.environ.get("COOPKG_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set COOPKG_SHARED to the folder with source/, domain/, w3c/, federation/")
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_coopkg(*arguments: str, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "coopkg", *arguments],
        input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
    )  # fmt: skip


def start_server(*arguments: str, cwd: Path = ROOT) -> tuple[subprocess.Popen[str], str]:
    """Start a server of our own on a free port and wait until it is ready; give the process and its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}", *arguments],
        stderr=subprocess.PIPE, text=True, cwd=cwd,
        env={"COOPKG_FEDERATION": str(NOBODY), **os.environ, "PYTHONPATH": str(ROOT / "server")},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    wait_until_ready(process, address)
    return process, address


def wait_until_ready(process: subprocess.Popen[str], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}ready", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the server did not start: {process.communicate()[1]}")


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """End a server by a signal and give its exit code."""
    process.send_signal(number)
    try:
        return process.wait(timeout=60)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    process, address = start_server()
    yield address
    assert stop(process) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; one for a module, since its event loop must not stay behind."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox of Chromium refuses to run as root
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()
