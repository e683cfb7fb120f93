"""``coopkg queries``."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.recorded_answers import FOLDER, Recorded
from coopkg.answers.query_examples import with_examples
from coopkg.answers.saved_queries import find_query, load_queries
from coopkg.answers.saved_query_runs import run_query, same_answer
from coopkg.answers.sparql_endpoint import SHAPES, choose_format
from coopkg.cli.options import dataset_options, emit, settings_from
from coopkg.cli.progress import say, stage
from coopkg.cli.style import table
from coopkg.cli.tables import as_table
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import find_published
from coopkg.errors import UsageError
from coopkg.rdf.formats import formats_for
from coopkg.rdf.namespaces import LANGUAGES, prefixes


def _names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the saved queries that begin with ``incomplete``, for completion by the shell."""
    slugs = sorted(path.stem for path in find_published(None).queries())
    return [CompletionItem(name) for name in slugs if name.startswith(incomplete)]


@click.group("queries")
def command() -> None:
    """List, show, run and test the saved queries."""


@command.command("list")
@click.option("--lang", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@dataset_options
def list_queries(lang: str, **options: object) -> None:
    """List the saved queries: name, tab, summary."""
    settings = settings_from(**options)
    for query in load_queries(find_published(settings.published), settings.base).values():
        click.echo(f"{query.slug}\t{query.summary[lang]}")


@command.command("show")
@click.argument("slug", shell_complete=_names)
@dataset_options
def show(slug: str, **options: object) -> None:
    """Print the text of a saved query."""
    settings = settings_from(**options)
    emit(find_query(load_queries(find_published(settings.published), settings.base), slug).text)


@command.command("run")
@click.argument("slug", shell_complete=_names)
@click.option("-p", "--param", "pairs", multiple=True, metavar="NAME=VALUE", help="Bind a parameter.")
@click.option("-f", "--format", "name", help="table, json, xml, csv, tsv; ttl, nt, jsonld, rdf.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
@dataset_options
def run(slug: str, pairs: tuple[str, ...], name: str | None, output: Path | None, **options: object) -> None:
    """Run a saved query."""
    settings = settings_from(**options)
    saved = find_query(load_queries(find_published(settings.published), settings.base), slug)
    malformed = [pair for pair in pairs if "=" not in pair]
    if malformed:
        raise UsageError(f"A parameter is given as NAME=VALUE, not {malformed[0]!r}.")
    values = dict(pair.split("=", 1) for pair in pairs)
    graph = SHAPES[saved.form].value == "graph"
    name = name or ("ttl" if graph else "table" if sys.stdout.isatty() else "tsv")
    fmt = formats_for(SHAPES[saved.form])[0] if name == "table" else choose_format(None, name, SHAPES[saved.form])
    published = find_published(settings.published)
    federation = open_federation(settings, published) if saved.federated else None
    with stage("loading the graph"):
        dataset = with_examples(load_with_closure(settings), published)
    with stage("evaluating"):
        answer = run_query(dataset, saved, values, fmt, federation)
    emit(table(as_table(answer, prefixes(settings.base))) if name == "table" and not graph else answer, output)


@command.command("test")
@click.argument("slugs", nargs=-1, shell_complete=_names)
@click.option("--update", is_flag=True, help="Write the present answers as the expected ones.")
@dataset_options
def test(slugs: tuple[str, ...], *, update: bool, **options: object) -> None:
    """Compare the answers of the saved queries with the expected ones in queries/expected/.

    Federated queries get the recorded answers in queries/recorded/, and make no requests.
    """
    settings = settings_from(**options)
    published = find_published(settings.published)
    recorded = Recorded(published.root / FOLDER)
    federation = open_federation(replace(settings, federation=None), published, transport=recorded)
    saved = load_queries(published, settings.base)
    with stage("loading the graph"):
        dataset = with_examples(load_with_closure(settings), published)
    failed = 0
    for slug in slugs or sorted(saved):
        query = find_query(saved, slug)
        expected = published.root / "queries" / "expected" / f"{slug}.{'ttl' if query.format.name == 'ttl' else 'srj'}"
        started = time.perf_counter()
        actual = run_query(dataset, query, {}, query.format, federation)
        milliseconds = (time.perf_counter() - started) * 1000
        if update:
            expected.write_bytes(actual)
        passed = expected.is_file() and same_answer(query, actual, expected.read_bytes())
        failed += not passed
        note = "" if expected.is_file() else " - there is no expected answer"
        click.echo(f"{'ok  ' if passed else 'FAIL'} {slug} ({milliseconds:.1f} ms){note}")
    say(f"{len(slugs or saved) - failed} passed, {failed} failed")
    if failed:
        raise SystemExit(1)
