"""What a start costs after many commits, beside one after none: processor time, time, and the memory of each process.

The commits are written into a journal as a server would write them, but all at once. Each adds three facts and removes
those of the one before it, so that the graph has the same size whatever their number. The home then has what a server
leaves behind that was ended just before it would have written its next snapshot file.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bench.processes import cpu_seconds, free_port, memory_of, running, tree, wait_for
from bench.report import Ratio, machine, write_into
from coopkg.dataset.commit_log import CommitLog
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.journal_format import Head, Record, file_of, framed, now
from coopkg.dataset.store import empty_dataset
from coopkg.dataset.tokens import NAME as TOKENS
from coopkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN: Final = "<!-- start figures: written by make bench-starts -->"
END_OF_FIGURES: Final = "<!-- end of start figures -->"
COUNTS: Final = (0, 20_000, 50_000)
RUNS: Final = 3
PATIENCE: Final = 600.0
START_TIMES: Final = 2.0
MEMORY_TIMES: Final = 1.2


def records(count: int, graph: str) -> Iterator[Record]:
    """Yield as many commits, not yet chained: each adds a thing and removes the one before it."""
    for number in range(count):
        rows = [f"A {row}" for row in _thing(number, graph)]
        rows += [f"D {row}" for row in _thing(number - 1, graph)] if number else []
        message, key, request = f"Thing {number} takes the place of another", f"key-{number}", f"{number:064}"
        yield Record(0, str(uuid.uuid4()), "", now(), "Ann", "\n".join(rows), message, key=key, request=request)


def _thing(number: int, graph: str) -> list[str]:
    subject = f"<http://example.org/thing/{number}>"
    return [
        f'{subject} <http://example.org/number> "{number}"^^<http://www.w3.org/2001/XMLSchema#integer> <{graph}> .',
        f'{subject} <http://example.org/name> "thing number {number}"@en <{graph}> .',
        f"{subject} <http://example.org/before> <http://example.org/thing/{number - 1}> <{graph}> .",
    ]


def write_commits(settings: Settings, count: int, tail: int) -> None:
    """Make a data directory with ``count`` commits, the last ``tail`` of them after its newest snapshot file."""
    home = settings.home or Path()
    empty = empty_dataset(settings)
    head = Head(empty.digest, settings.base)
    version, previous, journal = 1, head.id, home / NAME
    written = 0
    with journal.open("wb") as file:
        file.write(file_of(head))
        for record in records(count, f"{settings.base}graph/contributions"):
            if written == count - tail:
                file.flush()
                _snapshot(settings)
            version += 1
            chained = replace(record, version=version, previous=previous)
            file.write(framed(chained.payload())[0])
            previous, written = record.id, written + 1
    # The rest was appended behind its back.
    (home / END).unlink(missing_ok=True)
    journal.chmod(0o600)


def _snapshot(settings: Settings) -> None:
    log = CommitLog.open(replace(settings, entailment="none"))
    log.write_snapshot()
    log.close()


@dataclass(frozen=True)
class Start:
    """What a start took, in seconds, and the memory of each kind of process then, in bytes (PSS)."""

    what: str
    cpu: float
    wall: float
    memory: dict[str, int]


def start(home: Path, commits: int) -> Start:
    """Start a server over a data directory, ask some pages, and measure it."""
    port = free_port()
    command = [sys.executable, "-m", "coopkg", "serve", "--bind", f"127.0.0.1:{port}", "--home", home]
    environment = {"COOPKG_ALIGNMENTS": "none", "COOPKG_FEDERATION": os.devnull}
    began = time.monotonic()
    with running(command, home.with_name(f"{home.name}.log"), environment) as pid:
        wait_for(f"http://127.0.0.1:{port}/ready", pid, PATIENCE)
        cpu, wall = cpu_seconds(pid), time.monotonic() - began
        for path in ("", "changes", "id/country/BY", "id/topic/never", f"changes/{max(commits // 2, 1)}") * 4:
            _visit(f"http://127.0.0.1:{port}/{path}")
        memory: dict[str, list[int]] = {}
        for each in tree(pid):
            memory.setdefault(_kind(each, pid), []).append(memory_of(each))
        return Start(f"{commits:,}", cpu, wall, {kind: max(sizes) for kind, sizes in memory.items()})


def _visit(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=60).close()  # noqa: S310 - http to our own server
    except urllib.error.HTTPError as error:
        error.close()


def _kind(pid: int, server: int) -> str:
    """Name the kind of a process of a server."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    command, parent = Path(f"/proc/{pid}/cmdline").read_bytes(), int(fields[1])
    if pid == server:
        return "supervisor"
    if b"coopkg.dataset.process" in command:
        return "dataset process" if parent == server else "worker"
    return "web process"


def markdown(starts: list[Start]) -> str:
    """Return the figures as tables, with what was aimed at."""
    kinds = ["supervisor", "web process", "dataset process", "worker"]
    lines = [
        "; ".join(f"{name} {machine()[name]}" for name in ("processor", "memory", "Python")) + ".",
        "",
        f"| commits | processor time, s | time, s | {', MB | '.join(kinds)}, MB |",
        f"|--:|--:|--:|{'--:|' * len(kinds)}",
    ]
    for each in starts:
        sizes = " | ".join(f"{each.memory.get(kind, 0) / 1e6:.1f}" for kind in kinds)
        lines.append(f"| {each.what} | {each.cpu:.2f} | {each.wall:.2f} | {sizes} |")
    first, last = starts[0], starts[-2]
    ratios = [Ratio("processor time of a start", last.cpu / first.cpu, at_most=START_TIMES)]
    ratios += [
        Ratio(f"memory of a {kind}", last.memory[kind] / first.memory[kind], at_most=MEMORY_TIMES) for kind in kinds
    ]
    lines += ["", f"| after {last.what} commits, beside {first.what} | times | aim |", "|---|--:|---|"]
    lines += [f"| {ratio.words} | {ratio.figure:.2f} | {ratio.verdict()} |" for ratio in ratios]
    return "\n".join(lines)


def measured(folder: Path, commits: int) -> Start:
    """Make a data directory with so many commits and start a server over it some times; return the medians."""
    home = folder / f"home-{commits}"
    home.mkdir()
    settings = Settings(home=home, alignments="none")
    if commits:
        click.echo(f"writing {commits:,} commits", err=True)
        write_commits(settings, commits, settings.snapshot_commits - 1)
    click.echo(f"starting after {commits:,} commits", err=True)
    found = [start(home, commits) for _ in range(RUNS)]
    memory = {kind: int(statistics.median(each.memory[kind] for each in found)) for kind in found[0].memory}
    return Start(
        found[0].what,
        statistics.median(each.cpu for each in found),
        statistics.median(each.wall for each in found),
        memory,
    )


def replayed(folder: Path, commits: int) -> Start:
    """Start a server over such a directory as it was before there were snapshot files: all is replayed."""
    home, last = folder / "journal-alone", folder / f"home-{commits}"
    home.mkdir()
    for name in (NAME, TOKENS):
        if (last / name).exists():
            shutil.copy(last / name, home / name)
    click.echo(f"starting after {commits:,} commits from the journal alone", err=True)
    return replace(start(home, commits), what=f"{commits:,}, journal alone")


@click.command()
@click.option("--page", type=click.Path(path_type=Path), help="The page whose figures are to be written anew.")
@click.option("--commits", type=int, multiple=True, default=COUNTS, show_default=True, help="How many commits.")
def main(page: Path | None, commits: tuple[int, ...]) -> None:
    """Measure starts, and print the figures."""
    folder = Path(tempfile.mkdtemp(prefix="coopkg-starts-"))
    try:
        starts = [measured(folder, count) for count in commits]
        tables = markdown([*starts, replayed(folder, commits[-1])])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    click.echo(tables)
    if page is not None:
        write_into(page, tables, BEGIN, END_OF_FIGURES)


if __name__ == "__main__":
    main()
