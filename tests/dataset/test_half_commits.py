"""A web process that dies while it hands a change in: nothing half-received is ever done."""

from __future__ import annotations

import json
import os
import random
import socket
from typing import TYPE_CHECKING

import pytest

from coopkg.dataset.changes import POST, Change
from coopkg.dataset.proposals import Proposal
from coopkg.settings import Settings
from coopkg.workers.wire import CONTROL, control_message, control_text
from dataset_process import SupervisedDataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

ROWS = "\n".join(
    f"A <http://e/{n}> <http://e/p> <http://e/o> <http://127.0.0.1:8000/graph/contributions> ." for n in range(40)
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    settings = Settings(home=tmp_path / "home", alignments="none")
    (tmp_path / "home").mkdir()
    (tmp_path / "sockets").mkdir()
    before = dict(os.environ)
    os.environ.update(settings.environment())
    process = SupervisedDataset(tmp_path / "sockets", settings)
    process.start()
    yield tmp_path / "sockets"
    process.stop()
    os.environ.clear()
    os.environ.update(before)


def send(folder: Path, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(folder / CONTROL))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def info(folder: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads(control_text(send(folder, control_message("info"))))
    return value


def test_a_commit_that_was_cut_off_anywhere_is_not_made(folder: Path) -> None:
    note = {"version": 1, "id": "half", "note": Proposal(Change(POST), "Ann").note()}
    whole = control_message(f"commit {json.dumps(note)}\n{ROWS}")
    begun = info(folder)
    behind_rows = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    anywhere = random.Random(20261130).sample(range(len(whole)), 60)  # noqa: S311 - no secret
    for cut in {0, 1, 7, 8, 9, len(whole) - 1, *behind_rows, *(row - 1 for row in behind_rows), *anywhere}:
        assert send(folder, whole[:cut]) == b""
    for more in (b".", b"\nA <http://e/x> <http://e/p> <http://e/o> ."):
        assert send(folder, whole + more) == b""
    after = info(folder)
    assert (after["version"], after["tag"], after["pid"]) == (begun["version"], begun["tag"], begun["pid"])
    assert json.loads(control_text(send(folder, whole)))["version"] == 2
    assert info(folder)["quads"] == int(str(begun["quads"])) + 40


def test_a_message_is_read_as_it_was_written() -> None:
    for text in ("info", "", "commit {}\nA <x:é> \u2028 .", "x" * 100_000):
        assert control_text(control_message(text)) == text
    assert control_text(control_message("info")[:-1]) == ""
    assert control_text(control_message("info") + b" ") == ""
