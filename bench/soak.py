"""A server under everything at once for minutes: memory, descriptors and threads of its processes must level off.

Lookups, writes with a token, and the hostile clients of ``bench.hostile``, all at a moderate pace.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

import click

from bench.hostile import HOSTILE, Field, attack, look_up
from bench.processes import free_port, memory_of, running, tree, wait_for
from coopkg.dataset import tokens

EVERY: Final = 30.0
"""Seconds between two looks at the processes."""


def write(place: Field, token: str, number: int) -> None:
    """Put a small graph, again and again, and take it away."""
    path = f"/graphs?graph=http%3A%2F%2F127.0.0.1%3A8000%2Fgraph%2Fsoak-{number}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/n-triples"}
    while not place.ending.is_set():
        for method, body in (
            ("PUT", f'<http://example.org/{time.time()}> <http://example.org/p> "x" .\n'),
            ("DELETE", ""),
        ):
            wire = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
            with contextlib.closing(wire), contextlib.suppress(OSError):
                wire.request(method, path, body, headers)
                response = wire.getresponse()
                response.read()
                place.hostile[f"{method} {response.status}"] += 1
            place.ending.wait(0.5)


def look(pid: int) -> str:
    """Describe the processes of a server: memory (PSS, MB), descriptors and threads of each kind, and their number."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for each in tree(pid):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{each}/cmdline").read_bytes()
            kind = "web" if b"web_process" in command else "supervisor" if each == pid else "dataset"
            threads = len(list(Path(f"/proc/{each}/task").iterdir()))
            descriptors = len(list(Path(f"/proc/{each}/fd").iterdir()))
            found.setdefault(kind, []).append((memory_of(each) >> 20, descriptors, threads))
    # The dataset process is the first of those that have its name; its workers come after it.
    parts = [f"{kind} {values[0]} ({len(values)})" for kind, values in sorted(found.items())]
    total = sum(memory for values in found.values() for memory, _, _ in values)
    most = max(descriptors for values in found.values() for _, descriptors, _ in values)
    return f"total {total} MB, most descriptors {most}; " + ", ".join(parts)


@click.command()
@click.option("--minutes", default=20.0, show_default=True)
def main(minutes: float) -> None:
    """Run the soak and print what the processes hold, every half minute."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        token = tokens.add_token(home / tokens.NAME, "soak", frozenset({"graphs"}), tokens.expiry(None))
        command = [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}", "--home", home]
        with running(command, Path(folder) / "log", {"COOPKG_FEDERATION": os.devnull}) as pid:
            wait_for(f"http://127.0.0.1:{port}/ready", pid, 120)
            place = Field(port)
            works = [threading.Thread(target=look_up, args=(place, number)) for number in range(4)]
            works += [
                threading.Thread(target=attack, args=(place, act, number)) for number, act in enumerate(HOSTILE[2:])
            ]
            works += [threading.Thread(target=write, args=(place, token, number)) for number in range(2)]
            for work in works:
                work.start()
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                click.echo(f"{60 * minutes - (until - time.monotonic()):.0f} s: {look(pid)}")
                time.sleep(EVERY)
            place.ending.set()
            for work in works:
                work.join(90)
            time.sleep(5)
            click.echo(f"at rest: {look(pid)}")
            click.echo(f"lookups {dict(place.statuses)}; others {dict(Counter(place.hostile))}")


if __name__ == "__main__":
    main()
