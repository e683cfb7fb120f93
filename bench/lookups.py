"""Point lookups over HTTP: coopkg beside other SPARQL servers, and beside the floor, in one run."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
import signal
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bench import floor
from bench.generate import PROJECT, write, write_published
from bench.load import Lookups
from bench.processes import Clock, memory_bytes
from bench.report import CACHED, ENGINE, HELLO, ROUND_TRIP, UNCACHED, machine, markdown, write_into
from bench.sample import Sample, Summary
from bench.servers import PEERS, Server, Started, servers, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

QUERY: Final = f"SELECT ?property ?value WHERE {{ <{PROJECT}%s> ?property ?value }}"
FIRST: Final = QUERY % "0000000"
CLIENTS: Final = (1, 8)
CACHE_SHARE: Final = 8
"""The cache holds so small a share of all answers that each has left it long before its subject comes round again."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    triples: int
    rounds: int
    seconds: int
    workers: int
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """What is measured in each round: how to take a sample, with how many clients, and the samples taken."""

    name: str
    take: Callable[[int, int], Sample]
    clients: tuple[int, ...] = CLIENTS
    samples: dict[int, list[Sample]] = field(default_factory=dict)

    def sample(self, seconds: int) -> None:
        """Take and keep one sample for each number of clients."""
        for clients in self.clients:
            self.samples.setdefault(clients, []).append(self.take(clients, seconds))

    def summary(self) -> dict[str, dict[str, float]]:
        """Return the medians by number of clients."""
        return {str(clients): dataclasses.asdict(Summary.of(samples)) for clients, samples in self.samples.items()}


def run(plan: Plan, work: Path) -> dict[str, Any]:
    """Measure everything in turn, as often as there are rounds; return the figures as a JSON object."""
    data, published = work / "data.nq", work / "published"
    projects = write(data, plan.triples)
    write_published(published, plan.triples)
    store = floor.load(data)
    expected = floor.answer(store, FIRST)
    wanted = servers(data, published, plan.workers, projects * len(expected) // CACHE_SHARE)
    with ExitStack() as stack:
        started = _start(wanted, plan.without, stack, work, expected)
        turns = itertools.count()
        measurements = [
            Measurement(
                ENGINE, lambda _, s: floor.engine(store, lambda: QUERY % f"{next(turns) % projects:07}", s), (1,)
            ),
            Measurement(ROUND_TRIP, lambda _, s: floor.round_trip(FIRST.encode(), expected, work / "log", s), (1,)),
            *_lookups(started, projects),
        ]
        before = Clock.now()
        _measure(measurements, plan)
        return {
            "machine": machine(),
            "others": Clock.now().others_since(before),
            "plan": {**dataclasses.asdict(plan), "projects": projects, "query": QUERY, "answer_bytes": len(expected)},
            "servers": {server.name: _facts(server) for server in started},
            "figures": {m.name: m.summary() for m in measurements},
            "samples": {
                m.name: {c: list(map(dataclasses.asdict, s)) for c, s in m.samples.items()} for m in measurements
            },
        }


def _start(
    wanted: Iterable[Server], without: Sequence[str], stack: ExitStack, work: Path, expected: bytes
) -> list[Started]:
    """Start them. Raises ClickException unless each gives the answer that the engine itself gives."""
    started = [start(server, FIRST, stack, work) for server in wanted if PEERS.get(server.name) not in without]
    for server in started:
        if server.name != HELLO and _solutions(server.answer) != _solutions(expected):
            raise click.ClickException(f"{server.name} gives another answer than the engine: {server.answer[:500]!r}")
    return started


def _solutions(body: bytes) -> list[str]:
    """Return the solutions of an answer in an order of their own, to compare those of two servers."""
    return sorted(json.dumps(row, sort_keys=True) for row in json.loads(body)["results"]["bindings"])


def _lookups(started: Sequence[Started], projects: int) -> Iterable[Measurement]:
    """Return a measurement for each server, and for coopkg a second, of one subject, whose answer it keeps."""
    for server in started:
        if server.name == UNCACHED:
            yield Measurement(CACHED, Lookups(server, QUERY, 1).take)
        yield Measurement(server.name, Lookups(server, QUERY, projects).take)


def _measure(measurements: Sequence[Measurement], plan: Plan) -> None:
    for measurement in measurements:
        measurement.take(measurement.clients[-1], 1)  # what runs for the first time is not what is measured
    for turn in range(plan.rounds):
        click.echo(f"round {turn + 1} of {plan.rounds}", err=True)
        for measurement in measurements:
            measurement.sample(plan.seconds)


def _facts(server: Started) -> dict[str, Any]:
    return {
        "seconds": server.seconds, "memory": server.memory, "memory_after": memory_bytes(server.pid),
        "isolated": server.isolated,
    }  # fmt: skip


@click.command()
@click.option("--triples", default=1_000_000, show_default=True, help="How many triples every server loads.")
@click.option("--rounds", default=5, show_default=True, help="How often everything is measured in turn.")
@click.option("--seconds", default=4, show_default=True, help="How long one measurement lasts.")
@click.option("--workers", default=2, show_default=True, help="Web processes of coopkg and of the bare server.")
@click.option("--without", multiple=True, type=click.Choice(sorted(PEERS.values())), help="Leave a peer out.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write all figures there, as JSON.")
@click.option("--page", type=click.Path(path_type=Path, exists=True), help="Put the tables into that page.")
def main(target: Path | None, page: Path | None, **plan: Any) -> None:  # noqa: ANN401 - the options are the fields of Plan
    """Measure point lookups at coopkg, at its peers and at the floor; print Markdown."""
    if shutil.which("wrk") is None:
        raise click.ClickException("The load generator wrk is missing: apt install wrk.")
    signal.signal(signal.SIGTERM, _stop)
    here = str(Path(__file__).parent.parent)  # the processes that are started find this package there
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), here]))
    with tempfile.TemporaryDirectory(prefix="coopkg-bench-") as work:
        found = run(Plan(**plan), Path(work))
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    tables = markdown(found)
    if page:
        write_into(page, tables)
    click.echo(tables)


def _stop(_number: int, _frame: object) -> None:
    """End as an error would, so that the servers are ended too."""
    raise SystemExit(143)


if __name__ == "__main__":
    main()
