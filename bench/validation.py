"""What validation costs, in one run: a whole pass beside pySHACL, one change in a large graph, and the write gate."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click
import pyoxigraph as ox
import pyshacl
import rdflib

from bench.generate import batches
from bench.report import machine, write_into
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation import published_documents
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.shacl.gate import Gate, open_gate
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coopkg.dataset.published_files import Published

Value = TypeVar("Value")
BEGIN: Final = "<!-- validation figures: written by make bench-validation -->"
END: Final = "<!-- end of validation figures -->"
CHANGES: Final = 25
ALONE: Final = 75
"""Triples below which a project comes without new bodies, sessions and agreements."""
SMALL: Final = 3_000
"""Generated triples beside the published graph, when it is that graph whose gate is measured."""


@dataclass(frozen=True)
class Row:
    """A figure: what was done, on how many triples, and how many seconds of processor time it took."""

    what: str
    triples: int
    seconds: float

    @property
    def per_triple(self) -> float:
        """Return microseconds a triple."""
        return self.seconds / self.triples * 1e6


def parsed(lines: Iterable[str]) -> list[ox.Quad]:
    """Return triples in N-Triples syntax without their dots as quads of the default graph."""
    text = "\n".join(f"{line} ." for line in lines).encode()
    return [ox.Quad(t.subject, t.predicate, t.object) for t in ox.parse(text, ox.RdfFormat.N_TRIPLES)]


def clock(act: Callable[[], Value]) -> tuple[float, Value]:
    """Return the seconds of processor time that something takes, and what it gives."""
    gc.collect()
    started = time.process_time()
    value = act()
    return time.process_time() - started, value


def whole_passes(published: Published, gate: Gate, base: list[ox.Quad], counts: Sequence[int]) -> list[Row]:
    """Validate published and generated data of several sizes whole, and the smallest by pySHACL as it comes."""
    rows: list[Row] = []
    validator = Validator(gate.shapes)
    for count in counts:
        quads = base + parsed(line for batch in batches(count) for line in batch)
        click.echo(f"whole pass over {len(quads)} triples", err=True)
        seconds, report = clock(lambda q=quads: validator.validate(q))
        rows.append(Row("coopkg, whole pass", len(quads), seconds))
        if report.results:
            raise SystemExit(f"The generated data do not conform: {report.results[0].message()}")
        if count == counts[0]:
            click.echo("the same by pySHACL", err=True)
            rows.insert(0, Row("pySHACL, rdflib in memory", len(quads), pyshacl_seconds(published, quads)))
    return rows


def pyshacl_seconds(published: Published, quads: list[ox.Quad]) -> float:
    """Return the seconds that pySHACL takes to validate, without loading."""
    data, shapes = rdflib.Graph(), rdflib.Graph()
    data.parse(data=ox.serialize((q.triple for q in quads), format=ox.RdfFormat.N_TRIPLES), format="nt")
    for path in published.shapes():
        shapes.parse(path, format="turtle")
    seconds, (conforms, _, _) = clock(lambda: pyshacl.validate(data, shacl_graph=shapes, inference="none"))
    if not conforms:
        raise SystemExit("pySHACL finds results in data that coopkg finds none in.")
    return seconds


def changes(gate: Gate, base: list[ox.Quad], count: int) -> list[tuple[str, float]]:
    """Return median milliseconds for the gate to look at one project put into a graph of that size, and taken out."""
    click.echo(f"single changes in {count} triples", err=True)
    kept, new = [], []
    for batch in batches(count):
        (new if len(new) < CHANGES and len(batch) < ALONE else kept).append(batch)
    quads = base + parsed(line for batch in kept for line in batch)
    graph = stored(quads)
    gate.index.measure(graph)
    projects = [parsed(batch) for batch in new]
    put, taken = [], []
    for project in projects:
        graph.lexical_forms.add(project, graph.store)
        graph.store.extend(project)
        put.append(checked(gate, graph, project, ()))
        graph.lexical_forms.remove(project)
        for quad in project:
            graph.store.remove(quad)
        taken.append(checked(gate, graph, (), project))
    size = f"{len(quads):,} triples"
    return [(f"one project put into {size}", median(put)), (f"one project taken out of {size}", median(taken))]


def stored(quads: list[ox.Quad]) -> StoreGraph:
    """Return a graph as a reader has it."""
    store, lexical_forms = ox.Store(), LexicalForms()
    lexical_forms.add(quads, store)
    store.bulk_extend(quads)
    return StoreGraph(store, lexical_forms)


def checked(gate: Gate, graph: StoreGraph, added: Sequence[ox.Quad], removed: Sequence[ox.Quad]) -> float:
    """Return the seconds of one look; a project taken out may leave others with less than they need."""
    return clock(lambda: gate.check(graph, added, removed))[0]


def median(seconds: list[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1000


def markdown(rows: list[Row], single: list[tuple[str, float]], constraints: int) -> str:
    """Return the figures as tables."""
    peer, largest = rows[0], rows[-1]
    ratio = peer.per_triple / largest.per_triple
    verdict = f"(aim: 200 times less, or under 20 s): {'met' if ratio >= 200 or largest.seconds < 20 else 'missed'}"
    about = f"{constraints} constraints."
    lines = [
        "; ".join([*(f"{name} {machine()[name]}" for name in ("processor", "memory", "Python")), about]),
        "",
        "| whole graph | triples | seconds of processor time | microseconds a triple |",
        "|---|--:|--:|--:|",
        *(f"| {r.what} | {r.triples:,} | {r.seconds:.2f} | {r.per_triple:,.1f} |" for r in rows),
        "",
        f"A triple of the largest graph costs {ratio:,.0f} times less than one of the smallest by pySHACL {verdict}.",
        "",
        "| one change | the gate's look, ms of processor time |",
        "|---|--:|",
        *(f"| {what} | {ms:.1f} |" for what, ms in single),
    ]
    return "\n".join(lines)


@click.command()
@click.option("--triples", "counts", multiple=True, type=int, default=(10_000, 100_000, 1_000_000), show_default=True)
@click.option("--page", type=click.Path(path_type=Path), help="The page whose figures are to be written anew.")
def main(counts: tuple[int, ...], page: Path | None) -> None:
    """Measure validation, and print the figures."""
    published = find_published()
    gate = open_gate(published.shapes(), DEFAULT_BASE)
    base = [quad for document in published_documents(published) for quad in document.quads()]
    single = [*changes(gate, base, SMALL), *changes(gate, base, counts[-1])]
    rows = whole_passes(published, gate, base, counts)
    constraints = sum(c.name != "property" for shape in gate.shapes.values() for c in shape.constraints)
    tables = markdown(rows, single, constraints)
    click.echo(tables)
    if page is not None:
        write_into(page, tables, BEGIN, END)


if __name__ == "__main__":
    main()
