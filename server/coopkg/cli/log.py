"""``coopkg log``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from coopkg.cli.options import emit, home_option
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.provenance import summary
from coopkg.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.journal_format import Record


@click.command("log")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@home_option()
def command(home: Path, *, as_json: bool) -> None:
    """List the commits, the newest first: version, time, author, rows added and removed, message."""
    for record in history_of(home).newest_first():
        if as_json:
            emit(json.dumps(summary(record), ensure_ascii=False) + "\n")
            continue
        size = f"+{record.count('A')} -{record.count('D')}"
        message = " ".join(record.message.split())
        emit(f"{record.version}\t{record.time}\t{record.author}\t{size}\t{message}\n")


def history_of(home: Path) -> History:
    """Return the history of a data directory. Raises NotFound where it has no journal, DatasetBroken."""
    if not (home / NAME).exists():
        raise NotFound(f"There is no journal in {home}.")
    return History(home / NAME)


def commit_of(history: History, version: int) -> Record:
    """Return the commit that made a version. Raises NotFound."""
    record = history.record(version)
    if record is None:
        raise NotFound(f"No commit made version {version}; there are versions 2 to {history.last().version}.")
    return record
