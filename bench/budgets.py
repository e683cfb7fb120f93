"""What must not become slow, each within its budget: pages, searches, saved queries, a command, lookups under load.

What is a matter of processor time is told as a ratio to the *yardstick* of the same run: the engine writes the whole
published graph as SPARQL results in JSON. So a slower machine, or one that others use, measures both alike. What
somebody waits for is told in milliseconds. The exit code is 1 if a budget is not kept.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pyoxigraph as ox

from addresses import HTML, addresses
from bench.floor import answer
from bench.processes import free_port, running, wait_for
from bench.report import machine
from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.recorded_answers import FOLDER, Recorded
from coopkg.answers.opening import open_service
from coopkg.answers.saved_queries import load_queries
from coopkg.answers.saved_query_runs import run_query
from coopkg.answers.search import index
from coopkg.dataset.engine import LocalEngine
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import find_published
from coopkg.errors import Busy, DeadlineExceeded
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.settings import Settings
from coopkg.sparql.query_text import query_text
from coopkg.web.app import create_app
from coopkg.workers.tasks import Task
from dataset_process import SupervisedDataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopkg.answers.service import Service
    from coopkg.dataset.store import Dataset

WHOLE: Final = "SELECT * { ?s ?p ?o }"
LOOKUP: Final = query_text(
    "SELECT ?p ?o { [[country]] ?p ?o }", country=ox.NamedNode(f"{Settings().base}id/country/BY")
)
RUNAWAY: Final = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
WORDS: Final = ("belarus", "a", "проект", "shumilin program")
LOADED: Final = """
import sys
import pyoxigraph
store = pyoxigraph.Store()
for path in sys.argv[1:]:
    store.bulk_load(path=path, format=pyoxigraph.RdfFormat.TURTLE)
"""
"""The least that a command over the published graph could do: start, and have the engine load the files."""
PAINTED: Final = """
    new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
        .observe({type: "largest-contentful-paint", buffered: true}))
"""


@dataclass(frozen=True)
class Budget:
    """A figure and what it may be; None where it could not be measured."""

    what: str
    unit: str
    measured: float | None
    at_most: float

    @property
    def missed(self) -> bool:
        """Return whether it is more than allowed."""
        return self.measured is not None and self.measured > self.at_most

    def row(self) -> str:
        """Return a row of the table."""
        if self.measured is None:
            return f"| {self.what} | {self.unit} | - | {self.at_most:g} | not measured |"
        verdict = "missed" if self.missed else "kept"
        return f"| {self.what} | {self.unit} | {self.measured:.2f} | {self.at_most:g} | {verdict} |"


def least(work: Callable[[], object], rounds: int) -> float:
    """Return the processor seconds of the cheapest of several rounds: what disturbs one adds to it."""
    found = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found)


def in_process(service: Service, dataset: Dataset, rounds: int) -> Iterator[Budget]:
    """Yield what is worked out in this process: the most expensive page and saved query, and a search."""
    yardstick = least(lambda: answer(dataset.store, WHOLE), 3 * rounds)
    click.echo(f"yardstick: {yardstick * 1000:.1f} ms of processor time", err=True)

    app = create_app(service=service)
    client = app.test_client()
    pages = {path: least(lambda path=path: client.get(path, headers=HTML), rounds) for path in addresses(app)}
    path, seconds = max(pages.items(), key=lambda item: item[1])
    yield Budget(f"the costliest of {len(pages)} pages: {path}", "yardsticks", seconds / yardstick, 5)

    published = find_published()
    recorded = open_federation(Settings(), published, transport=Recorded(published.root / FOLDER))
    queries = {
        slug: least(lambda query=query: run_query(dataset, query, {}, query.format, recorded), rounds)
        for slug, query in load_queries(published).items()
    }
    slug, seconds = max(queries.items(), key=lambda item: item[1])
    yield Budget(f"the costliest of {len(queries)} saved queries: {slug}", "yardsticks", seconds / yardstick, 2)

    index(service)
    seconds = max(least(lambda word=word: index(service).find(word), rounds) for word in WORDS)
    yield Budget("the costliest search", "yardsticks", seconds / yardstick, 1)


def command(rounds: int) -> Budget:
    """Return what the start of a query at the command line costs, beside the load of the same files by the engine."""
    files = [str(path) for path in find_published().turtle()]

    def spent(words: list[str]) -> float:
        found = []
        for _ in range(rounds):
            before = os.times()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
            after = os.times()
            found.append(after.children_user + after.children_system - before.children_user - before.children_system)
        return min(found)

    ratio = spent(["-m", "coopkg", "query", "ASK {}"]) / spent(["-c", LOADED, *files])
    return Budget("coopkg query, beside loading the files", "times", ratio, 15)


def beside_runaways() -> Budget:
    """Return the 95th percentile of lookups while four queries that never end take all processors, in milliseconds."""
    settings = Settings(deadline_seconds=4.0, heavy_readers=4)
    os.environ.update(settings.environment())
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        supervisor = SupervisedDataset(Path(folder), settings)
        supervisor.start()

        def run_away() -> None:
            try:
                supervisor.engine.ask(Task(RUNAWAY, SOLUTION_FORMATS[0]))
            except (DeadlineExceeded, Busy):
                return

        try:
            runaways = [threading.Thread(target=run_away) for _ in range(4)]
            for thread in runaways:
                thread.start()
            while any(thread.is_alive() for thread in runaways):
                before = time.perf_counter()
                supervisor.engine.ask(Task(LOOKUP, SOLUTION_FORMATS[0]))
                times.append(time.perf_counter() - before)
        finally:
            supervisor.stop()
    return Budget(
        "lookups beside four runaways, 95th percentile", "ms", statistics.quantiles(times, n=20)[-1] * 1e3, 100
    )


def painted(rounds: int) -> Budget:
    """Return when the home page has its largest paint in Chromium; not measured without it."""
    what, unit, most = "largest paint of the home page", "ms", 1000
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only the tests' environment has it
    except ImportError:
        chromium = None
    if chromium is None:
        return Budget(what, unit, None, most)
    address = f"127.0.0.1:{free_port()}"
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox of Chromium refuses to run as root
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        words = (sys.executable, "-m", "coopkg", "serve", "--scratch", "--federation", os.devnull, "--bind", address)
        with running(words, Path(folder) / "coopkg.log", {}) as pid:
            wait_for(f"http://{address}/sparql?query=ASK%7B%7D", pid, 60)
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            found = []
            for _ in range(rounds):
                page = browser.new_page()
                page.goto(f"http://{address}/")
                found.append(page.evaluate(PAINTED))
                page.close()
            browser.close()
    return Budget(what, unit, statistics.median(found), most)


@click.command()
@click.option("--rounds", type=int, default=7, show_default=True, help="Repetitions, of which the least counts.")
def main(rounds: int) -> None:
    """Measure each budget, and print them; exit with 1 if one is not kept."""
    dataset = load_with_closure(Settings())
    service = open_service(Settings(federation=Path(os.devnull)), LocalEngine(dataset))
    budgets = [*in_process(service, dataset, rounds), command(rounds), beside_runaways(), painted(rounds)]
    on = machine()
    click.echo("; ".join(f"{name} {on[name]}" for name in ("processor", "Python", "pyoxigraph")) + ".\n")
    click.echo("| what | unit | measured | at most | |\n|---|---|--:|--:|---|")
    click.echo("\n".join(budget.row() for budget in budgets))
    sys.exit(any(budget.missed for budget in budgets))


if __name__ == "__main__":
    main()
