"""``coopkg show``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from coopkg.cli.log import commit_of, history_of
from coopkg.cli.options import emit, home_option
from coopkg.dataset.provenance import provenance, summary
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import serialize_turtle

if TYPE_CHECKING:
    from pathlib import Path


@click.command("show")
@click.argument("version", type=int)
@click.option(
    "-f", "--format", "name", type=click.Choice(["patch", "json", "turtle"]), default="patch", show_default=True
)
@home_option()
def command(version: int, name: str, home: Path) -> None:
    """Show the commit that made VERSION: as RDF Patch, as JSON, or its provenance in Turtle."""
    history = history_of(home)
    record = commit_of(history, version)
    if name == "json":
        emit(json.dumps({**summary(record), "rows": record.rows.split("\n")}, ensure_ascii=False) + "\n")
    elif name == "turtle":
        base = history.head.base
        emit(serialize_turtle(provenance(record, base), prefixes(base)))
    else:
        emit(record.text())
