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


def work_of(number: int, begun: float = 0.0) -> Work:
    return Work(1, number, begun, 30.0, 0)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def test_a_process_that_is_stopped_uses_none_and_one_that_works_uses_some(spinning: int) -> None:
    worker, work = child(spinning), work_of(1, time.monotonic())
    os.kill(spinning, signal.SIGSTOP)
    assert eventually(lambda: state(spinning) == "T")
    assert worker.watch(work)
    time.sleep(0.3)  # long enough on the clock to be heavy; no time spent here can make it so
    assert worker.used() == 0
    os.kill(spinning, signal.SIGCONT)
    assert eventually(lambda: worker.used() > 0.1)


def test_the_next_piece_of_work_is_measured_anew(spinning: int) -> None:
    worker = child(spinning)
    assert worker.used() == 0
    assert worker.watch(work_of(1))
    assert not worker.watch(work_of(1))
    assert eventually(lambda: worker.used() > 0.1)
    before = worker.used()
    assert worker.watch(work_of(2))
    assert worker.used() < before


def test_a_name_with_brackets_and_blanks_does_not_shift_the_fields() -> None:
    code = f"open('/proc/self/comm', 'w').write('a) R (b 9 9'); print(flush=True)\n{SPIN}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert eventually(lambda: processor_seconds(process.pid) > 0.05)
        assert processor_seconds(process.pid) < 600
        process.kill()


def test_one_that_has_ended_is_measured_until_somebody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    assert eventually(lambda: state(process.pid) == "Z")
    assert processor_seconds(process.pid) >= 0
    process.wait()
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's own
        processor_seconds(process.pid)
