"""A join of local bindings with two endpoints: coopkg beside what pyoxigraph and rdflib make of the same SERVICE.

Each asks the same two ``oxigraph`` servers, in turn, in rounds; a figure is the median of the rounds.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pyoxigraph as ox

from bench.processes import free_port, running, send, wait_for
from bench.report import Ratio, machine, write_into
from bench.servers import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEGIN: Final = "<!-- federation figures: written by make bench-federation -->"
END: Final = "<!-- end of federation figures -->"
MOST_REQUESTS: Final = 12
FASTER: Final = 10.0
_ITEM: Final = "http://bench.example/item-{:07d}"
_QUERY: Final = """
PREFIX : <http://bench.example/>
SELECT ?item ?code ?label WHERE {{
  ?item a :Local .
  SERVICE <{one}> {{ ?item :code ?code }}
  SERVICE <{two}> {{ ?item :label ?label }}
}}
"""


@dataclass(frozen=True)
class Outcome:
    """What one round gave: rows (None if it was ended before it answered), seconds, requests where they are known."""

    rows: int | None
    seconds: float
    requests: int | None = None


@dataclass(frozen=True)
class Contender:
    """One who carries the query out."""

    name: str
    ask: Callable[[], Outcome]


def triples(count: int, predicate: str) -> bytes:
    """Return what an endpoint holds, as Turtle: one value for each of so many items."""
    lines = (f'<{_ITEM.format(i)}> <http://bench.example/{predicate}> "{predicate}-{i}" .' for i in range(count))
    return "\n".join(lines).encode()


def local(count: int, every: int) -> bytes:
    """Return what is held locally: so many of the items, spread out."""
    return "\n".join(f"<{_ITEM.format(i * every)}> a <http://bench.example/Local> ." for i in range(count)).encode()


def endpoints(stack: ExitStack, folder: Path, remote: int) -> list[str]:
    """Start the two endpoints; give their addresses."""
    found = []
    for predicate in ("code", "label"):
        port = free_port()
        command = (FOLDER / "oxigraph", "serve", "--bind", f"127.0.0.1:{port}")
        pid = stack.enter_context(running(command, folder / f"{predicate}.log", {}))
        wait_for(f"http://127.0.0.1:{port}/query?query=ASK%7B%7D", pid, 60)
        file = folder / f"{predicate}.ttl"
        file.write_bytes(triples(remote, predicate))
        send(f"http://127.0.0.1:{port}/store", file, 600)
        found.append(f"http://127.0.0.1:{port}/query")
    return found


def ours(stack: ExitStack, folder: Path, addresses: list[str], data: bytes) -> Contender:
    """Start a server of ours over the local data, which asks the endpoints; give it as a contender."""
    listed = folder / "federation.toml"
    listed.write_text(
        "\n".join(
            f'[{alias}]\nendpoint = "{address}"\nprivate = true\ntitle = "{alias}"\nholds = "x"\nlicence = "none"\n'
            for alias, address in zip(("one", "two"), addresses, strict=True)
        ),
        encoding="utf-8",
    )
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "coopkg", "serve", "--scratch", "--federation", listed, "--bind", base[7:])
    pid = stack.enter_context(running(command, folder / "coopkg.log", {}))
    wait_for(f"{base}/sparql?query=ASK%7B%7D", pid, 60)
    update = urllib.request.Request(  # noqa: S310 - our own server
        f"{base}/update", b"INSERT DATA { " + data + b" }", {"Content-Type": "application/sparql-update"}
    )
    urllib.request.urlopen(update, timeout=60).close()  # noqa: S310 - the same
    query = urllib.parse.urlencode({"query": _QUERY.format(one=addresses[0], two=addresses[1])}).encode()

    def ask() -> Outcome:
        began = time.perf_counter()
        with urllib.request.urlopen(f"{base}/sparql", query, timeout=300) as response:  # noqa: S310 - our own server
            rows = len(json.loads(response.read())["results"]["bindings"])
            made = re.findall(r";requests=([0-9]+)", response.headers["Federation-Sources"])
            return Outcome(rows, time.perf_counter() - began, sum(map(int, made)))

    return Contender("coopkg, over HTTP", ask)


_RDFLIB: Final = """
import sys, time, rdflib
graph = rdflib.Graph().parse(sys.argv[1], format="turtle")
began = time.perf_counter()
print(len(graph.query(sys.argv[2])), time.perf_counter() - began)
"""


def peers(folder: Path, addresses: list[str], data: bytes, patience: float) -> Iterator[Contender]:
    """Return the engines' own SERVICE; rdflib in a process that is ended when patience is."""
    query = _QUERY.format(one=addresses[0], two=addresses[1])
    store, file = ox.Store(), folder / "local.ttl"
    store.load(data, ox.RdfFormat.TURTLE)
    file.write_bytes(data)

    def by_pyoxigraph() -> Outcome:
        began = time.perf_counter()
        rows = sum(1 for _ in store.query(query))
        return Outcome(rows, time.perf_counter() - began)

    def by_rdflib() -> Outcome:
        command = [sys.executable, "-c", _RDFLIB, str(file), query]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=patience)  # noqa: S603
        except subprocess.TimeoutExpired:
            return Outcome(None, patience)
        rows, seconds = done.stdout.split()
        return Outcome(int(rows), float(seconds))

    yield Contender("pyoxigraph's own SERVICE", by_pyoxigraph)
    yield Contender("rdflib's own SERVICE", by_rdflib)


def measure(contenders: list[Contender], rounds: int, expected: int) -> dict[str, list[Outcome]]:
    """Return what the rounds gave; who was ended once is not asked again. Raises ClickException for a wrong answer."""
    found: dict[str, list[Outcome]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            if found[contender.name] and found[contender.name][-1].rows is None:
                continue
            outcome = contender.ask()
            found[contender.name].append(outcome)
            click.echo(f"round {number + 1}: {contender.name} {outcome.seconds:.3f} s", err=True)
            if outcome.rows not in {None, expected}:
                raise click.ClickException(f"{contender.name} gives {outcome.rows} rows, not {expected}")
    return found


def markdown(found: dict[str, list[Outcome]], plan: str) -> str:
    """Return the figures as tables."""
    medians = {name: statistics.median(outcome.seconds for outcome in each) for name, each in found.items()}
    mine, *others = found
    requests = max(outcome.requests or 0 for outcome in found[mine])
    ratios = [Ratio(f"{mine}: requests", float(requests), at_most=MOST_REQUESTS)]
    ratios += [Ratio(f"{name}: times as long", medians[name] / medians[mine], at_least=FASTER) for name in others]
    on = machine()
    about = "; ".join(f"{name} {on[name]}" for name in ("processor", "Python", "pyoxigraph", "oxigraph", "rdflib"))
    lines = [f"{plan} {about}.", "", "| who | median, s | requests |", "|---|--:|--:|"]
    for name, each in found.items():
        ended = "more than " if each[-1].rows is None else ""
        lines.append(f"| {name} | {ended}{medians[name]:.3f} | {requests if name == mine else '-'} |")
    lines += ["", "| compared | figure | aim |", "|---|--:|---|"]
    lines += [f"| {ratio.words} | {ratio.figure:.1f} | {ratio.verdict()} |" for ratio in ratios]
    return "\n".join(lines)


@click.command()
@click.option("--bindings", type=int, default=1000, show_default=True, help="Local bindings.")
@click.option("--remote", type=int, default=500_000, show_default=True, help="Triples that each endpoint holds.")
@click.option("--rounds", type=int, default=5, show_default=True)
@click.option("--patience", type=float, default=60.0, show_default=True, help="Seconds after which rdflib is ended.")
@click.option("--page", type=click.Path(path_type=Path), help="The page whose figures are to be written anew.")
def main(bindings: int, remote: int, rounds: int, patience: float, page: Path | None) -> None:
    """Measure a join over two endpoints, and print the figures."""
    data = local(bindings, remote // bindings)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        addresses = endpoints(stack, folder, remote)
        contenders = [ours(stack, folder, addresses, data), *peers(folder, addresses, data, patience)]
        found = measure(contenders, rounds, bindings)
    plan = f"{bindings:,} local bindings, two endpoints of {remote:,} triples each; medians of {rounds} rounds."
    tables = markdown(found, plan)
    click.echo(tables)
    if page is not None:
        write_into(page, tables, BEGIN, END)


if __name__ == "__main__":
    main()
