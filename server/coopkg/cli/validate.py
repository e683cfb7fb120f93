"""``coopkg validate``."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from coopkg.cli.options import emit, settings_from
from coopkg.cli.progress import say, stage, steps
from coopkg.cli.style import report
from coopkg.dataset.licences import check_contributed
from coopkg.dataset.published_files import FOLDERS, Published, find_published, moving
from coopkg.dataset.validation import ENGINES, OURS, published_documents, validate_sources
from coopkg.errors import CoopkgError, InputUnreadable, RdfSyntaxError, UsageError
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.namespaces import DEFAULT_BASE, LANGUAGES
from coopkg.rdf.terms import Document, format_of, without_mark
from coopkg.shacl import text_edits
from coopkg.shacl.documents import Source, read, read_facts
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.report import Edit, Report, Severity, SyntaxIssue
from coopkg.shacl.report_formats import NAMES, report_format
from coopkg.shacl.report_formats.outcome import ReportView, report_prefixes
from coopkg.shacl.report_formats.text import unreadable
from coopkg.shacl.syntax_errors import syntax_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NOT_CONFORMING: Final = 1
UNREADABLE: Final = 3
_STANDARD_INPUT: Final = Path("-")
_PAUSE: Final = 0.3
"""Seconds between two checks of the watched files."""
_FORMATS: Final = {f.name: f.rdf for f in GRAPH_FORMATS if f.rdf}


@dataclass(frozen=True)
class Job:
    """A validation: files against shapes, together with the published graph, with the ontology or by themselves."""

    files: tuple[Path, ...]
    shapes: tuple[Path, ...]
    against: str
    with_ontology: bool
    root: Published
    input_format: str | None
    language: str
    fail_on: Severity
    engine: str
    base: str

    def view(self) -> ReportView:
        """Validate and return the outcome. Raises InputUnreadable where a file or the shapes cannot be read at all."""
        own = [self._read(path) for path in self.files]
        documents = [*self._background(), *own]
        texts = {d.name: d.data.decode("utf-8", errors="replace") for d in own or documents}
        # As the server reads them: what is sent to it may have reifiers, published files are taken as they are.
        sent = set() if self.shapes else {d.name for d in own if not self._is_published(Path(d.name))}
        sources, issues, more = _sources(documents, sent)
        if issues:
            return ReportView(
                Report(()), report_prefixes((), self.base), self.language, texts, self.fail_on, issues, more
            )
        own_sources = [s for s in sources if s.document in own] if own else None
        brought = [read(Document(str(path), path.read_bytes())) for path in self.shapes]
        shapes = [] if brought else shapes_quads(self.root.shapes(), self.base)
        with stage("validating"):
            closed = self.against == "dataset" and not brought
            contributions = [s for s in own_sources or () if closed and not self._is_published(Path(s.name))]
            outcome = validate_sources(
                sources, shapes, own_sources, engine=self.engine, brought=brought, base=self.base,
                further=check_contributed(sources, contributions, self.root, self.base) if contributions else None,
            )  # fmt: skip
        return ReportView(outcome, report_prefixes(own_sources or (), self.base), self.language, texts, self.fail_on)

    def _is_published(self, path: Path) -> bool:
        """Whether a file is one of the publisher's, and no contribution to what he publishes."""
        folders = [self.root.root.resolve() / folder for folder in FOLDERS]
        return path != _STANDARD_INPUT and any(path.resolve().is_relative_to(folder) for folder in folders)

    def _background(self) -> list[Document]:
        documents = published_documents(self.root, self.base)
        if self.against == "dataset":
            return documents
        return [d for d in documents if self.with_ontology and d.name.startswith("ontology/")]

    def _read(self, path: Path) -> Document:
        piped = path == _STANDARD_INPUT
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name the files in it.")
        fmt = _FORMATS[self.input_format] if self.input_format else format_of("-.ttl" if piped else path.name)
        try:
            data = sys.stdin.buffer.read() if piped else path.read_bytes()
        except OSError as error:
            raise InputUnreadable(f"{path}: {error.strerror}.") from None
        # A published file is read as the server reads it; any other one is taken at its word.
        published = not piped and path.resolve().is_relative_to(self.root.root.resolve())
        moved = moving(DEFAULT_BASE, self.base) if published else None
        return Document(str(path), without_mark(data), fmt, base=DEFAULT_BASE if published else self.base, moved=moved)


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-s", "--shapes", multiple=True, type=click.Path(path_type=Path), help="Shapes file; default: the published ones."
)
@click.option("-f", "--format", "name", type=click.Choice(sorted(NAMES)), default="human", show_default=True)
@click.option(
    "--input-format", type=click.Choice(list(_FORMATS)), help="Format of FILES; default: by suffix, Turtle from a pipe."
)
@click.option(
    "--against",
    type=click.Choice(["dataset", "nothing"]),
    default="dataset",
    show_default=True,
    help="Merge FILES into the published graph, or validate them by themselves.",
)
@click.option("--with-ontology", is_flag=True, help="With --against nothing: add the ontology to FILES.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=OURS,
    show_default=True,
    help="What evaluates the shapes; pySHACL is there to compare with.",
)
@click.option("--fail-on", type=click.Choice(["violation", "warning", "info"]), default="violation", show_default=True)
@click.option("--lang", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@click.option("--diff", is_flag=True, help="Print nothing but the quick fixes, as a unified diff.")
@click.option("--fix", is_flag=True, help="Write the quick fixes into the files, then validate again.")
@click.option("--watch", is_flag=True, help="Validate again whenever a file changes, until interrupted.")
@click.option(
    "--published", type=click.Path(path_type=Path), metavar="DIR", help="The folder with the published files."
)
@click.option("--base", metavar="IRI", help="The base IRI under which the graph is served.")
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    files: tuple[Path, ...], shapes: tuple[Path, ...], name: str, input_format: str | None, against: str,
    engine: str, fail_on: str, lang: str, published: Path | None, base: str | None,
    *, with_ontology: bool, diff: bool, fix: bool, watch: bool,
) -> None:  # fmt: skip
    """Validate FILES (- for standard input), or without any the published graph.

    Exit code 0: conforms; 1: does not conform; 2: invalid usage; 3: something could not be read, or nothing was looked
    at.
    """
    if against == "nothing" and not files:
        raise UsageError("--against nothing needs files to validate.")
    if (fix or watch) and _STANDARD_INPUT in files:
        raise UsageError("Standard input can neither be fixed in place nor watched.")
    if files.count(_STANDARD_INPUT) > 1:
        raise UsageError("Standard input can be read only once.")
    severity = Severity[fail_on.upper()]
    if with_ontology and against != "nothing":
        raise UsageError("The published graph has the ontology: --with-ontology is for --against nothing.")
    settings = settings_from(base=base, published=published)
    root = find_published(settings.published)
    job = Job(files, shapes, against, with_ontology, root, input_format, lang, severity, engine, settings.base)
    if watch:
        _watch(job, name, diff=diff, fix=fix)
    raise SystemExit(_run(job, name, diff=diff, fix=fix))


def _sources(
    documents: Sequence[Document], sent: Collection[str]
) -> tuple[list[Source], tuple[SyntaxIssue, ...], bool]:
    """Parse documents, those with a name in ``sent`` as facts that are sent to a server.

    Return them, every syntax error in all of them, and whether there are more errors.
    """
    sources: list[Source] = []
    issues: list[SyntaxIssue] = []
    more = False
    for document in steps(documents, "reading"):
        try:
            sources.append((read_facts if document.name in sent else read)(document))
        except RdfSyntaxError:
            document_issues, further = syntax_errors(document)
            issues += document_issues
            more |= further
    return sources, tuple(issues), more


def _run(job: Job, name: str, *, diff: bool, fix: bool) -> int:
    """Validate once and write the report; return the exit code."""
    view = job.view()
    if fix and _fix(job, view):
        view = job.view()
    if diff:
        emit("".join(text_edits.diff(file, text, _edits(view, file)) for file, text in view.texts.items()))
    else:
        _write(view, name)
    if not view.readable:
        return UNREADABLE
    if view.fails():
        return NOT_CONFORMING
    coverage = view.report.coverage
    if coverage and view.report.vacuous:
        click.echo(f"coopkg: {coverage.reason()}", err=True)
        return UNREADABLE
    return 0


def _write(view: ReportView, name: str) -> None:
    """Write the report to standard output, or the syntax errors where the documents could not be parsed.

    Those go to standard error, unless the format has a place for them.
    """
    chosen = report_format(name)
    if view.readable:
        emit(report(chosen.render(view)) if name == "human" else chosen.render(view))
    elif name == "human" or not chosen.syntax_errors:
        click.echo(report_format("human").render(view), err=True, nl=False)
    else:
        emit(chosen.render(view))
        click.echo(f"coopkg: {unreadable(view)}", err=True)


def _edits(view: ReportView, file: str) -> list[Edit]:
    fixes = [error.fix for error in view.syntax_errors] + [result.fix for result in view.report.results]
    return [edit for fix in fixes if fix for edit in fix.edits if edit.file == file]


def _fix(job: Job, view: ReportView) -> bool:
    """Write the quick fixes into their files; return whether there were any."""
    changed = False
    for file, text in view.texts.items():
        edits = _edits(view, file)
        if edits:
            path = Path(file) if job.files else job.root.path(file)
            path.write_bytes(text_edits.apply(text, edits).encode())
            count = len(text_edits.compatible(edits))
            say(f"{file}: {count} fix{'es' * (count != 1)} written")
            changed = True
    return changed


def _watch(job: Job, name: str, *, diff: bool, fix: bool) -> None:
    """Validate now and after every change of a file, until interrupted."""
    paths = [*(job.files or job.root.turtle()), *(job.shapes or job.root.shapes())]
    while True:
        stamps = _stamps(paths)
        try:
            code = _run(job, name, diff=diff, fix=fix)
            click.echo(f"-- {time.strftime('%H:%M:%S')}: exit code would be {code}; watching", err=True)
        except CoopkgError as error:
            click.echo(f"coopkg: {error.detail}", err=True)
        stamps = _stamps(paths) if fix else stamps  # our own fixes are no change to wait for
        while (latest := _stamps(paths)) == stamps:
            time.sleep(_PAUSE)
        while (settled := _settled(paths)) != latest:
            latest = settled


def _settled(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Return the stamps after a pause, since an editor may still be writing."""
    time.sleep(_PAUSE)
    return _stamps(paths)


def _stamps(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Return modification time and size of each file, None for a missing one."""

    def stamp(path: Path) -> tuple[int, int] | None:
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    return [stamp(path) for path in paths]
