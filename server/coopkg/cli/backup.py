"""``coopkg backup``."""

from __future__ import annotations

from pathlib import Path

import click

from coopkg.cli.log import history_of
from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.dataset.backup import back_up


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@home_option()
@dataset_options
def command(file: Path, home: Path, **options: object) -> None:
    """Write journal and tokens into FILE, with a manifest of their SHA-256. The server may go on writing."""
    history_of(home)  # refuses a directory without a journal
    manifest = back_up(settings_from(home=home, **options), home, file)
    click.echo(f"{file}: version {manifest['version']}, dataset {manifest['dataset']}", err=True)
