"""A server over a data directory of its own, as tests talk to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conftest import ROOT, free_port, wait_until_ready
from coopkg.dataset import tokens
from processor_time import PATIENCE

TURTLE: Final = "text/turtle"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


@dataclass
class Running:
    """A server over a data directory of its own; what it says goes to a file, which never fills up as a pipe does."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    process: subprocess.Popen[str] | None = None
    address: str = ""

    @property
    def log(self) -> Path:
        return self.home.with_name(f"{self.home.name}.log")

    def start(self) -> Running:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/"
        command = [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}", "--home", str(self.home)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "server"),
            "COOPKG_ALIGNMENTS": "none",
            **self.environment,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, text=True, cwd=ROOT, env=environment)
        wait_until_ready(self.process, self.address)
        return self

    def token(self, name: str = "Ann", *scopes: str, expires: str | None = None) -> str:
        return tokens.add_token(self.home / tokens.NAME, name, frozenset(scopes or {"admin"}), tokens.expiry(expires))

    def stop(self) -> str:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(timeout=PATIENCE) == 0
        return self.log.read_text(encoding="utf-8")

    def children(self) -> list[int]:
        """Give the child processes, whichever thread started them."""
        assert self.process is not None
        files = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]

    def dataset_process(self) -> int:
        """Give the dataset process, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for pid in self.children():
                with contextlib.suppress(OSError):
                    if b"coopkg.dataset.process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        return pid
            time.sleep(0.01)
        raise AssertionError("there is no dataset process")

    def web_processes(self) -> list[int]:
        """Give the web processes."""
        found = []
        for pid in self.children():
            with contextlib.suppress(OSError):
                if b"web_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def kill(self) -> None:
        """End all of it by SIGKILL."""
        assert self.process is not None
        everybody = self.children()
        self.process.kill()
        for pid in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        parts = urllib.parse.urlsplit(self.address)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            sent.setdefault("Authorization", f"Bearer {self.secret}")
        data = body.encode() if isinstance(body, str) else body
        with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)) as wire:
            wire.request(method, path, data, sent)
            response = wire.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def add(self, text: str, query: str = "", **headers: str) -> Answer:
        return self.ask("POST", f"/facts{query}", text, **{"Content_Type": TURTLE, **headers})

    def rows(self, query: str) -> list[list[str]]:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.ask("GET", f"/sparql?{urllib.parse.urlencode({'query': query})}", Accept="text/csv")
            if found.status != 503 or time.monotonic() > deadline:
                break
            time.sleep(0.1)  # the dataset process is being started again
        assert found.status == 200, found.body
        return [line.split(",") for line in found.body.decode().split("\r\n")[1:-1]]


def made(home: Path, **environment: str) -> Running:
    home.mkdir(parents=True, exist_ok=True)
    running = Running(home, environment)
    running.secret = running.token()
    return running.start()
