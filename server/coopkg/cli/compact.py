"""``coopkg compact``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from coopkg.cli.log import history_of
from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.cli.progress import stage
from coopkg.dataset.commit_log import CommitLog
from coopkg.dataset.data_directory import lock_data_directory

if TYPE_CHECKING:
    from pathlib import Path


@click.command("compact")
@home_option()
@dataset_options
def command(home: Path, **options: object) -> None:
    """Check the whole journal, and write a snapshot file of its last version, from which the next start goes on.

    Nothing is removed from the journal. A running server writes such files itself, so its directory is refused.
    """
    history_of(home)  # refuses a directory without a journal
    lock_data_directory(home)
    # Nothing need be inferred for it.
    settings = replace(settings_from(home=home, **options), entailment="none")
    with stage("replaying the journal"), closing(CommitLog.open(settings, replay=True)) as log:
        path = log.write_snapshot()
    click.echo(f"{path}: version {log.dataset.version}, {log.dataset.count()} quads", err=True)
