"""``coopkg validate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from coopkg.cli.options import emit
from coopkg.errors import InputUnreadable, UsageError
from coopkg.files import Published, find_published
from coopkg.shacl.report import Report, Severity, as_json, as_turtle, human
from coopkg.shacl.validate import published_documents, read_shapes, validate_documents
from coopkg.terms import Document, format_of
from coopkg.vocab import DEFAULT_BASE, LANGUAGES, prefixes


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-s", "--shapes", multiple=True, type=click.Path(path_type=Path), help="Shapes file; default: the published ones."
)
@click.option(
    "-f", "--format", "name", type=click.Choice(["human", "json", "turtle"]), default="human", show_default=True
)
@click.option(
    "--against",
    type=click.Choice(["dataset", "nothing"]),
    default="dataset",
    show_default=True,
    help="Merge FILES into the published graph, or look at them alone with the ontology.",
)
@click.option("--fail-on", type=click.Choice(["violation", "warning", "info"]), default="violation", show_default=True)
@click.option("--lang", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@click.option(
    "--published", type=click.Path(path_type=Path), metavar="DIR", help="The folder with the published files."
)
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    files: tuple[Path, ...], shapes: tuple[Path, ...], name: str, against: str, fail_on: str, lang: str,
    published: Path | None,
) -> None:  # fmt: skip
    """Validate FILES (- for standard input), or without any the published graph. Exit code 1: does not conform."""
    root = find_published(published)
    documents = [*_background(root, against, files), *(_read(path) for path in files)]
    report = validate_documents(documents, read_shapes(list(shapes) or root.shapes()))
    emit(_face(report, name, lang))
    if report.refused_at(Severity[fail_on.upper()]):
        raise SystemExit(1)


def _background(root: Published, against: str, files: tuple[Path, ...]) -> list[Document]:
    if against == "nothing" and not files:
        raise UsageError("--against nothing needs files to look at.")
    documents = published_documents(root)
    return [d for d in documents if against == "dataset" or d.name.startswith("ontology/")]


def _read(path: Path) -> Document:
    if str(path) == "-":
        return Document("-", sys.stdin.buffer.read(), base=DEFAULT_BASE)
    try:
        return Document(str(path), path.read_bytes(), format_of(path.name), base=DEFAULT_BASE)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}.") from None


def _face(report: Report, name: str, language: str) -> str:
    if name == "json":
        return as_json(report, language) + "\n"
    return as_turtle(report, prefixes()) if name == "turtle" else human(report, prefixes(), language) + "\n"
