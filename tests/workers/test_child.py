"""What the dataset process measures of a worker: processor time, not time on the clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coopkg.workers.child import Child
from coopkg.workers.liveness import processor_seconds
from coopkg.workers.scoreboard import Scoreboard, Work
from processor_time import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

SPIN = "while True: pass"


@pytest.fixture
def spinning() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", SPIN]) as process:
        yield process.pid
        process.kill()


def child(pid: int) -> Child:
    return Child(pid, 0, Scoreboard().slot(0), 0, 1)


def work_of(pid: int, number: int = 1) -> Work:
    return Work(1, number, 0.0, processor_seconds(pid), 30.0, 0)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def test_a_process_that_is_stopped_uses_none_and_one_that_works_uses_some(spinning: int) -> None:
    worker = child(spinning)
    os.kill(spinning, signal.SIGSTOP)
    assert eventually(lambda: state(spinning) == "T")
    work = work_of(spinning)
    time.sleep(0.3)  # long enough on the clock to be heavy; no time spent here can make it so
    assert worker.used(work) == 0
    os.kill(spinning, signal.SIGCONT)
    assert eventually(lambda: worker.used(work) > 0.1)


def test_the_next_piece_of_work_is_measured_and_announced_anew(spinning: int) -> None:
    worker, first = child(spinning), work_of(spinning)
    assert worker.announce(first)
    assert not worker.announce(first)
    assert eventually(lambda: worker.used(first) > 0.1)
    second = work_of(spinning, 2)
    assert worker.announce(second)
    assert worker.used(second) < worker.used(first)


def test_one_that_has_ended_is_measured_until_somebody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    assert eventually(lambda: state(process.pid) == "Z")
    assert processor_seconds(process.pid) >= 0
    process.wait()
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's own
        processor_seconds(process.pid)
