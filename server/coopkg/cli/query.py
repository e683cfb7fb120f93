"""``coopkg query``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.service_clauses import is_federated
from coopkg.answers.federation.source_report import notes
from coopkg.answers.query_examples import with_examples
from coopkg.answers.sparql_endpoint import SHAPES, choose_format
from coopkg.cli.options import dataset_options, emit, read_argument, settings_from
from coopkg.cli.progress import say, stage
from coopkg.cli.style import table
from coopkg.cli.tables import as_table
from coopkg.dataset.engine import LocalEngine
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import find_published
from coopkg.errors import UsageError
from coopkg.rdf.formats import Shape, first, formats_for
from coopkg.rdf.namespaces import prefixes
from coopkg.sparql.admission import FORMS, admit
from coopkg.workers.evaluation import answer
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from coopkg.answers.federation.executor import Federation
    from coopkg.dataset.store import Dataset


@click.command("query")
@click.argument("query")
@click.option(
    "-f", "--format", "name", help="table, json, xml, csv, tsv; ttl, nt, jsonld, rdf. Default: table or tsv, ttl."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file; format by suffix."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Write the first N rows or triples, and report if there are more.",
)
@click.option("--time", "timed", is_flag=True, help="Write to standard error how long loading and evaluating took.")
@click.option("--exit-status", is_flag=True, help="Exit with 1 when an ASK query answers false.")
@dataset_options
def command(  # noqa: PLR0913 - one parameter an option
    query: str, name: str | None, output: Path | None, limit: int | None, *, timed: bool, exit_status: bool,
    **options: object,
) -> None:  # fmt: skip
    """Evaluate QUERY: SPARQL text, @FILE, or - for standard input."""
    settings = settings_from(**options)
    text = read_argument(query)
    federation = open_federation(settings, find_published(settings.published))
    form = admit(text, service=federation is not None).form
    if form not in FORMS:
        raise UsageError("The text is no SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    shape = SHAPES[form]
    name = name or (output.suffix[1:] if output and output.suffix else None) or _default(shape)
    fmt = formats_for(shape)[0] if name == "table" else choose_format(None, name, shape)
    names = prefixes(settings.base)
    began = time.perf_counter()
    with stage("loading the graph"):
        dataset = with_examples(load_with_closure(settings), find_published(settings.published))
    loaded = time.perf_counter()
    evaluated_format = fmt if limit is None or shape is Shape.BOOLEAN else formats_for(shape)[0]
    with stage("evaluating"):
        answer = _answer(Task(text, evaluated_format, settings.base, prefixes=names), dataset, federation)
    evaluated = time.perf_counter()
    if limit is not None and shape is not Shape.BOOLEAN:
        # Cut here and not by LIMIT in the query, which could already have one, and would not show that there are more.
        answer, more = first(answer, evaluated_format, fmt, limit, names)
        if more:
            say(f"the first {limit} are written; there are more")
    written = table(as_table(answer, names)) if name == "table" and shape is not Shape.GRAPH else answer
    emit(written, output)
    if timed:
        click.echo(f"loading {loaded - began:.3f} s, evaluating {evaluated - loaded:.3f} s", err=True)
    if exit_status and shape is Shape.BOOLEAN and b"true" not in answer:
        raise SystemExit(1)


def _answer(task: Task, dataset: Dataset, federation: Federation | None) -> bytes:
    """Evaluate a task and return the answer; report on standard error the endpoints that it lacks."""
    if federation is None or not is_federated(task.text):
        return answer(dataset, task)
    federated_answer = federation.run(task, LocalEngine(dataset))
    for note in notes(federated_answer.sources):
        say(note)
    return federated_answer.body


def _default(shape: Shape) -> str:
    if shape is Shape.GRAPH:
        return "ttl"
    return "table" if sys.stdout.isatty() else "tsv"
