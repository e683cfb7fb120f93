"""Eight clients of light lookups, alone and beside ten hostile ones: how much later their answers come, if all do.

Hostile are: clients that ask for cross products without pause, send bodies byte by byte, go away before their answers,
send long twisted texts, and hardly read large answers. Each client has an address of its own on loopback, since the
server gives each client its turn. Lookups are new to the server each time and paced, so that no rate limit refuses one.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import multiprocessing
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bench.processes import free_port, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

LOOKUP: Final = "SELECT ?p ?o {{ <http://127.0.0.1:8000/id/country/{code}> ?p ?o }} LIMIT {limit} # {number}"
CODES: Final = ("BY", "RU", "CN", "IN", "KZ", "UZ", "VN", "TR", "DE", "PL")
CROSS: Final = "SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }} # {number}"
LARGE: Final = "SELECT * {{ ?s ?p ?o . ?a ?b ?c }} LIMIT 100000 # {number}"
TWISTED: Final = (
    "SELECT * {" + "a-" * 100_000,
    "SELECT * { ?s ?p " + "a." * 100_000,
    "{" * 3_000,
    "SELECT * { # " + "SERVICE " * 20_000,
)
PAUSE: Final = 0.2
"""Seconds between two lookups of a client."""


@dataclass
class Field:
    """What the clients share: where to go, until when, and what they saw."""

    port: int
    ending: threading.Event = field(default_factory=threading.Event)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    hostile: Counter[str] = field(default_factory=Counter)

    def get(self, source: str, query: str, **parameters: str) -> int:
        """Ask a query from an address of loopback and give the status."""
        path = "/sparql?" + urllib.parse.urlencode({"query": query, **parameters})
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        with contextlib.closing(wire):
            wire.request("GET", path)
            response = wire.getresponse()
            response.read()
            return response.status

    def connect(self, source: str) -> socket.socket:
        """Open a connection from an address of loopback."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(source, 0))


def look_up(place: Field, number: int) -> None:
    """Ask light lookups at a pace, and record how long each took."""
    chance = random.Random(number)  # noqa: S311 - no secret
    while not place.ending.is_set():
        query = LOOKUP.format(code=chance.choice(CODES), limit=chance.randint(1, 20), number=next(place.numbers))
        began = time.perf_counter()
        try:
            status = place.get(f"127.0.1.{number + 1}", query)
        except OSError:
            status = 0
        place.seconds.append(time.perf_counter() - began)
        place.statuses[status] += 1
        place.ending.wait(PAUSE)


def demand(place: Field, source: str) -> None:
    """Ask for cross products."""
    place.hostile[f"cross {place.get(source, CROSS.format(number=next(place.numbers)))}"] += 1


def drip(place: Field, source: str) -> None:
    """Send a body byte by byte."""
    with place.connect(source) as client:
        client.sendall(
            b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 99\r\n\r\n"
        )
        for _ in range(90):
            if place.ending.wait(0.2):
                return
            client.sendall(b"S")
    place.hostile["drip"] += 1


def leave(place: Field, source: str) -> None:
    """Ask and go away, many times."""
    for pause in (0.0, 0.001, 0.01, 0.15):
        path = "/sparql?" + urllib.parse.urlencode({"query": CROSS.format(number=next(place.numbers))})
        with place.connect(source) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            place.ending.wait(pause)
    place.hostile["left"] += 4
    place.ending.wait(0.05)


def twist(place: Field, source: str) -> None:
    """Send a long twisted text by POST."""
    wire = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60, source_address=(source, 0))
    with contextlib.closing(wire):
        text = TWISTED[next(place.numbers) % len(TWISTED)]
        wire.request("POST", "/sparql", text, {"Content-Type": "application/sparql-query"})
        response = wire.getresponse()
        response.read()
        place.hostile[f"twisted {response.status}"] += 1


def sip(place: Field, source: str) -> None:
    """Ask for a large answer, and hardly read it."""
    path = "/sparql?" + urllib.parse.urlencode({"query": LARGE.format(number=next(place.numbers))})
    with place.connect(source) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for _ in range(50):
            if place.ending.wait(0.2) or not client.recv(512):
                break
    place.hostile["sipped"] += 1


HOSTILE: Final[tuple[Callable[[Field, str], None], ...]] = (
    demand,
    demand,
    demand,
    drip,
    drip,
    leave,
    leave,
    twist,
    twist,
    sip,
)


def attack(place: Field, act: Callable[[Field, str], None], number: int) -> None:
    """Do one hostile thing again and again."""
    while not place.ending.is_set():
        try:
            act(place, f"127.0.2.{number + 1}")
        except OSError:
            place.hostile["cut off"] += 1
            place.ending.wait(0.05)


def attackers(port: int, seconds: float, connection: Connection) -> None:
    """Be hostile for so many seconds, in a process of its own: one interpreter would have its lookups wait for it."""
    place = Field(port)
    threads = [threading.Thread(target=attack, args=(place, act, number)) for number, act in enumerate(HOSTILE)]
    for thread in threads:
        thread.start()
    place.ending.wait(seconds)
    place.ending.set()
    for thread in threads:
        thread.join(90)
    connection.send(dict(place.hostile))


def measure(port: int, seconds: float, *, hostile: bool) -> Field:
    """Run the lookups for so many seconds, beside the hostile clients or alone."""
    place = Field(port)
    ours, theirs = multiprocessing.Pipe()
    attacking = multiprocessing.get_context("spawn").Process(target=attackers, args=(port, seconds, theirs))
    if hostile:
        attacking.start()
    threads = [threading.Thread(target=look_up, args=(place, number)) for number in range(8)]
    for thread in threads:
        thread.start()
    place.ending.wait(seconds)
    place.ending.set()
    for thread in threads:
        thread.join(90)
    if hostile:
        place.hostile.update(ours.recv())
        attacking.join(90)
    return place


def p95(seconds: list[float]) -> float:
    """Return the time, in milliseconds, within which 95 of 100 answers came."""
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def main() -> None:
    """Alternate the two, and print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running(command, Path(folder) / "log", {"COOPKG_FEDERATION": os.devnull}) as pid,
    ):
        wait_for(f"http://127.0.0.1:{port}/ready", pid, 120)
        ratios = []
        for _ in range(options.rounds):
            idle = measure(port, options.seconds, hostile=False)
            beside = measure(port, options.seconds, hostile=True)
            ratios.append(p95(beside.seconds) / p95(idle.seconds))
            click.echo(json.dumps({
                "idle_p95_ms": round(p95(idle.seconds), 1), "beside_p95_ms": round(p95(beside.seconds), 1),
                "ratio": round(ratios[-1], 2), "idle": dict(idle.statuses), "beside": dict(beside.statuses),
                "hostile": dict(beside.hostile),
            }))  # fmt: skip
        click.echo(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
