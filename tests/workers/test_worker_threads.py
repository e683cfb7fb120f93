"""The threads that a worker evaluates in, one after the other."""

from __future__ import annotations

import subprocess
import sys


def test_the_stack_of_a_thread_is_free_before_the_next_begins() -> None:
    """A thread that has next to no processor time left, beside a process that wants all of it."""
    script = """
import os, signal, threading
from coopkg.workers.sandbox import STACK_BYTES, confine
from coopkg.workers.worker import await_end

def mapped():
    seen.append(int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGESIZE"))
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

threading.stack_size(STACK_BYTES)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
busy = os.fork()
while busy == 0:
    pass
confine()
seen = []
for _ in range(100):
    thread = threading.Thread(target=mapped)
    thread.start()
    await_end(thread)
os.kill(busy, signal.SIGKILL)
print(max(seen) - min(seen) < STACK_BYTES)
"""
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "True\n"
