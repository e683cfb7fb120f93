"""``coopkg fmt``."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from coopkg.cli.options import emit
from coopkg.cli.progress import say
from coopkg.dataset.published_files import find_published
from coopkg.rdf.canonical_turtle import canonical_turtle
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.rdf.terms import Document


@click.command("fmt")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file is not in canonical form.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option(
    "--published", type=click.Path(path_type=Path), metavar="DIR", help="The folder with the published files."
)
def command(files: tuple[Path, ...], published: Path | None, *, check: bool, diff: bool) -> None:
    """Write FILES (default: every published Turtle file) in canonical form: one fact a line, sorted."""
    paths = [p for f in files for p in (sorted(f.rglob("*.ttl")) if f.is_dir() else [f])] or list(
        find_published(published).turtle()
    )
    changed = 0
    for path in paths:
        document = Document(str(path), path.read_bytes(), base=DEFAULT_BASE)
        before = document.text()
        after = canonical_turtle(document, declared_prefixes(before))
        if before == after:
            continue
        changed += 1
        if diff:
            lines = difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), str(path), f"{path} (canonical)"
            )
            emit("".join(lines))
        if check or diff:
            click.echo(f"{path}: not in canonical form", err=True)
        else:
            path.write_text(after, encoding="utf-8")
            say(f"{path}: written")
    if changed and (check or diff):
        raise SystemExit(1)


def declared_prefixes(text: str) -> dict[str, str]:
    """Return the prefixes of the project and those that a file declares besides, sorted by name."""
    import re  # noqa: PLC0415

    declarations = re.findall(r"^\s*(?:@prefix|PREFIX)\s+([\w.\-]*):\s*<([^>]*)>", text, re.MULTILINE)
    return dict(sorted((prefixes() | {name: iri for name, iri in declarations if ":" in iri}).items()))
