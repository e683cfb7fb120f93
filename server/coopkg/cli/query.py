"""``coopkg query``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from coopkg.cli.options import dataset_options, emit, read_argument, settings_from
from coopkg.cli.tables import as_table
from coopkg.endpoint import SHAPES, choose_format
from coopkg.engine.evaluate import Task, evaluate
from coopkg.entailment import load_entailed
from coopkg.errors import UsageError
from coopkg.examples import with_examples
from coopkg.federation.local import LocalDataset
from coopkg.federation.opening import open_federation
from coopkg.federation.reading import is_federated
from coopkg.federation.report import notes
from coopkg.files import find_published
from coopkg.results import Shape, formats_for
from coopkg.sparql.admission import FORMS, admit
from coopkg.vocab import prefixes


@click.command("query")
@click.argument("query")
@click.option(
    "-f", "--format", "name", help="table, json, xml, csv, tsv; ttl, nt, jsonld, rdf. Default: table or tsv, ttl."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file; format by suffix."
)
@click.option("--exit-status", is_flag=True, help="Exit with 1 when an ASK query answers false.")
@dataset_options
def command(query: str, name: str | None, output: Path | None, *, exit_status: bool, **options: object) -> None:
    """Ask QUERY: SPARQL text, @FILE, or - for standard input."""
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
    task = Task(text, fmt, settings.base, prefixes=names)
    dataset = with_examples(load_entailed(settings), find_published(settings.published))
    if federation is not None and is_federated(text):
        found = federation.run(task, LocalDataset(dataset))
        answer = found.body
        for note in notes(found.sources):
            click.echo(f"coopkg: {note}", err=True)
    else:
        answer = evaluate(dataset.view(entailment=True), task, dataset.beside)
    emit(as_table(answer, names) if name == "table" and shape is not Shape.GRAPH else answer, output)
    if exit_status and shape is Shape.BOOLEAN and b"true" not in answer:
        raise SystemExit(1)


def _default(shape: Shape) -> str:
    if shape is Shape.GRAPH:
        return "ttl"
    return "table" if sys.stdout.isatty() else "tsv"
