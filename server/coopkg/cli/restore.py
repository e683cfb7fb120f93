"""``coopkg restore``."""

from __future__ import annotations

from pathlib import Path

import click

from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.dataset.backup import restore


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@home_option()
@dataset_options
def command(file: Path, home: Path, **options: object) -> None:
    """Restore the backup in FILE into an empty data directory, and check that the dataset is the same."""
    manifest, same = restore(settings_from(home=home, **options), home, file)
    click.echo(f"{home}: version {manifest['version']}, dataset {manifest['dataset']}", err=True)
    if not same:
        click.echo("the published files have changed since the backup was made, so the dataset differs", err=True)
