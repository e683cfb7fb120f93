"""``coopkg export``."""

from __future__ import annotations

from pathlib import Path

import click

from coopkg.cli.fmt import declared_prefixes
from coopkg.cli.log import history_of
from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.cli.progress import say, stage, steps
from coopkg.dataset.commit_log import read_dataset, read_seed
from coopkg.dataset.export import accepted_facts, with_accepted_facts
from coopkg.dataset.published_files import find_published
from coopkg.rdf.canonical_turtle import canonical_turtle


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@home_option()
@dataset_options
def command(folder: Path | None, home: Path, **options: object) -> None:
    """Write the published files that accepted facts change, and new ones, into FOLDER (default: their own)."""
    settings = settings_from(home=home, **options)
    published = find_published(settings.published)
    history_of(home)  # refuses a directory without a journal
    with stage("loading the graph"):
        facts = accepted_facts(read_seed(settings), read_dataset(settings))
    for document in steps(with_accepted_facts(published, facts, settings.base), "writing"):
        if document.changed:
            target = (folder or published.root) / document.name
            target.parent.mkdir(parents=True, exist_ok=True)
            declared = declared_prefixes(document.data.decode())
            target.write_text(canonical_turtle(document, declared), encoding="utf-8")
            new = "" if (published.root / document.name).exists() else " (new: list it in data/catalog.ttl)"
            say(f"{target}: written{new}")
    if facts.unnameable:
        say(f"{facts.unnameable} facts about blank nodes of published files cannot be exported")
