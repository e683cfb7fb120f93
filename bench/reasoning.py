"""What reasoning costs, in one run: the closure beside owlrl and reasonable, and single changes in a large graph."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import pyoxigraph as ox

from bench.generate import batches
from bench.report import machine, write_into
from bench.validation import parsed
from coopkg.dataset.consistency import contradictions
from coopkg.dataset.entailment import update_closure, with_closure
from coopkg.dataset.store import Dataset, load_dataset
from coopkg.rdf.namespaces import DEFAULT_BASE, INFERRED
from coopkg.reasoning.axioms import axiom_quads
from coopkg.reasoning.closure import Closure
from coopkg.reasoning.owl_terms import owl
from coopkg.reasoning.reference_implementation import owlrl_closure
from coopkg.reasoning.rule_compiler import compile_rules
from coopkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
BEGIN: Final = "<!-- reasoning figures: written by make bench-reasoning -->"
END: Final = "<!-- end of reasoning figures -->"
GRAPH: Final = ox.NamedNode(DEFAULT_BASE + INFERRED)
GENERATED: Final = ox.NamedNode(f"{DEFAULT_BASE}graph/generated")
CHANGES: Final = 25
RUNS: Final = 3
TIMES_FASTER: Final = 100
INSERT_MS: Final = 5
DELETE_MS: Final = 100


@dataclass(frozen=True)
class Row:
    """A closure: what worked it out, of how many triples, in how many seconds, and how many triples came to them."""

    what: str
    triples: int
    seconds: float
    derived: int


def clock(act: Callable[[], Value]) -> tuple[float, Value]:
    """Return the processor seconds that something takes, and what it gives: others use this machine as well."""
    gc.collect()
    started = time.process_time()
    value = act()
    return time.process_time() - started, value


def stored(count: int, *, chains: bool = True) -> tuple[ox.Store, list[list[ox.Quad]]]:
    """Return a store with the published data and as many generated triples, and projects that are left out of it."""
    store = load_dataset(Settings()).store
    kept, new = [], []
    for index, batch in enumerate(batches(count)):
        (new if len(new) < CHANGES and index % max(1, count // 1000) == 1 else kept).append(batch)
    store.bulk_extend(_quads(line for batch in kept for line in batch))
    if not chains:
        for quad in list(store.quads_for_pattern(None, owl("propertyChainAxiom"), None, None)):
            store.remove(quad)
    return store, [_quads(batch) for batch in new]


def _quads(lines: Any) -> list[ox.Quad]:  # noqa: ANN401 - lines of N-Triples
    return [ox.Quad(q.subject, q.predicate, q.object, GENERATED) for q in parsed(lines)]


def ours(count: int, *, chains: bool = True) -> Row:
    """Work out the closure, from a store into the store, rules compiled anew: the best of some runs."""
    store, _ = stored(count, chains=chains)
    size, best, derived = len(store), float("inf"), 0
    for _ in range(RUNS):
        store.clear_graph(GRAPH)
        seconds, _ = clock(lambda: Closure(store, compile_rules(axiom_quads(store, GRAPH)), GRAPH).compute())
        best, derived = min(best, seconds), len(store) - size
    return Row(f"coopkg{'' if chains else ', no property chains'}", size, best, derived)


def by_owlrl(count: int) -> Row:
    """Let owlrl work out the closure; what it derives counts with its noise."""
    click.echo(f"owlrl, {count} generated triples", err=True)
    store, _ = stored(count)
    facts = [(q.subject, q.predicate, q.object) for q in store]
    seconds, closure = clock(lambda: owlrl_closure(facts))
    return Row("owlrl", len(facts), seconds, len(closure) - len(set(facts)))


def by_reasonable(count: int) -> Row | None:
    """Let reasonable work out the closure, its loading not counted: the best of some runs. None if it is not there."""
    try:
        import reasonable  # type: ignore[import-not-found]  # noqa: PLC0415 - no dependency of the project
    except ImportError:
        click.echo("reasonable is not installed here", err=True)
        return None
    store, _ = stored(count, chains=False)
    best, derived, size = float("inf"), 0, len(store)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.ttl"
        path.write_bytes(ox.serialize((q.triple for q in store), format=ox.RdfFormat.N_TRIPLES) or b"")
        for _ in range(RUNS):
            reasoner = reasonable.PyReasoner()
            reasoner.load_file(str(path))
            seconds, closure = clock(reasoner.reason)
            best, derived = min(best, seconds), len(closure) - size
    return Row("reasonable", size, best, derived)


def changes(count: int) -> list[tuple[str, float, float]]:
    """Return median and worst milliseconds to follow up one project that is put in, and one that is taken out."""
    click.echo(f"single changes in {count} triples", err=True)
    store, projects = stored(count)
    dataset = with_closure(Dataset(store, DEFAULT_BASE, 1, "", (), regime="owl-rl", merged=True))
    put, taken, checked = [], [], []
    for project in projects:
        store.extend(project)
        seconds, (came, difference) = clock(lambda p=project: update_closure(dataset, p))
        put.append(seconds)
        checked.append(clock(lambda c=came, d=difference: contradictions(dataset, (*c, *d.added)))[0])
        for quad in project:
            store.remove(quad)
        taken.append(clock(lambda p=project: update_closure(dataset, p))[0])
    return [
        ("one project put in", *_milliseconds(put)),
        ("its contradictions looked for", *_milliseconds(checked)),
        ("one project taken out", *_milliseconds(taken)),
    ]


def _milliseconds(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds) * 1000, max(seconds) * 1000


def markdown(rows: list[Row], single: list[tuple[str, float, float]]) -> str:
    """Return the figures as tables, with what was aimed at."""
    peer, whole = rows[0], next(row for row in rows if row.what == "coopkg")
    scaled = peer.seconds / peer.triples * whole.triples
    times = scaled / whole.seconds
    verdict = _met(times >= TIMES_FASTER)
    lines = [
        "; ".join([*(f"{name} {machine()[name]}" for name in ("processor", "memory", "Python")), "processor time."]),
        "",
        "| closure | triples | seconds | derived |",
        "|---|--:|--:|--:|",
        *(f"| {row.what} | {row.triples:,} | {row.seconds:.2f} | {row.derived:,} |" for row in rows),
        "",
        f"owlrl scaled to as many triples takes {times:,.0f} times as long (aim: {TIMES_FASTER} times): {verdict}.",
    ]
    compared = {row.what: row for row in rows[2:]}
    if "reasonable" in compared:
        other, same = compared["reasonable"], compared["coopkg, no property chains"]
        verdict = _met(same.seconds <= other.seconds)
        lines.append(f"reasonable takes {other.seconds / same.seconds:.1f} times as long (aim: not less): {verdict}.")
    lines += ["", "| one change in that graph | median, ms | worst, ms |", "|---|--:|--:|"]
    lines += [f"| {what} | {median:.2f} | {worst:.2f} |" for what, median, worst in single]
    put, taken = single[0][1], single[2][1]
    verdicts = (_met(put < INSERT_MS), _met(taken < DELETE_MS))
    lines += ["", f"Aims: in under {INSERT_MS} ms: {verdicts[0]}; out under {DELETE_MS} ms: {verdicts[1]}."]
    return "\n".join(lines)


def _met(yes: bool) -> str:  # noqa: FBT001 - what it says is its argument
    return "met" if yes else "missed"


@click.command()
@click.option("--triples", default=100_000, show_default=True, help="Generated triples in the large graph.")
@click.option("--small", default=10_000, show_default=True, help="Those in the graph that owlrl is given.")
@click.option("--page", type=click.Path(path_type=Path), help="The page whose figures are to be written anew.")
def main(triples: int, small: int, page: Path | None) -> None:
    """Measure reasoning, and print the figures."""
    single = changes(triples)
    click.echo(f"coopkg, {triples} generated triples", err=True)
    rows = [ours(triples), ours(triples, chains=False)]
    other = by_reasonable(triples)
    rows = [by_owlrl(small), *rows, *([other] if other else [])]
    tables = markdown(rows, single)
    click.echo(tables)
    if page is not None:
        write_into(page, tables, BEGIN, END)


if __name__ == "__main__":
    main()
