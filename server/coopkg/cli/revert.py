"""``coopkg revert``."""

from __future__ import annotations

import getpass
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from coopkg.answers.opening import check_published
from coopkg.cli.log import commit_of, history_of
from coopkg.cli.options import dataset_options, emit, home_option, settings_from
from coopkg.dataset.changes import PATCH, Change, compute_patch
from coopkg.dataset.commit_log import CommitLog, read_dataset
from coopkg.dataset.data_directory import lock_data_directory
from coopkg.dataset.proposals import Proposal
from coopkg.errors import Forbidden, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.settings import Settings


@click.command("revert")
@click.argument("version", type=int)
@click.option("--server", metavar="URL", help="Have a running server do it; the token is read from COOPKG_TOKEN.")
# Hidden: on the command line a secret is visible to every process, and stays in the history of the shell.
@click.option("--token", envvar="COOPKG_TOKEN", hidden=True)
@click.option("-m", "--message", default="", help="Why. Default: Revert version VERSION.")
@click.option("--author", default="", help="The author of the commit, without a server. Default: your user name.")
@home_option(required=False)
@dataset_options
def command(version: int, server: str | None, token: str | None, message: str, author: str, **options: object) -> None:
    """Undo the commit that made VERSION by a new commit, and print the version that it makes."""
    message = message or f"Revert version {version}"
    if server is not None:
        emit(f"{_ask_server(server, token or '', version, message)}\n")
        return
    settings = settings_from(**options)
    if settings.home is None:
        raise UsageError("Name the data directory by --home, or a running server by --server.")
    emit(f"{_revert(settings, settings.home, version, message, author or getpass.getuser())}\n")


def _revert(settings: Settings, home: Path, version: int, message: str, author: str) -> int:
    """Commit the inverse of a commit and return the new version, or the current one where nothing is left to undo.

    Raises DoesNotConform where the result violates a shape, HomeInUse, NotFound.
    """
    lock_data_directory(home)
    change = Change(PATCH, commit_of(history_of(home), version).inverse(), settings.base)
    proposed = read_dataset(settings)
    rows = compute_patch(proposed.store, change, proposed.lexical_forms).lines()
    if not rows:
        return proposed.version
    check_published(settings, replace(proposed, version=proposed.version + 1))
    # The directory is locked since before the dataset was read, so nobody else can have committed meanwhile.
    log = CommitLog.open(settings)
    commit = log.commit(proposed.version, Proposal(change, author, message).note(), str(uuid.uuid4()), rows)
    return log.dataset.version if commit is None else commit.version


def _ask_server(server: str, token: str, version: int, message: str) -> int:
    address = f"{server.rstrip('/')}/changes/{version}/revert?{urllib.parse.urlencode({'message': message})}"
    if not address.startswith(("http://", "https://")):
        raise UsageError(f"--server takes an http or https address, not {server!r}.")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = urllib.request.Request(address, data=b"", headers=headers, method="POST")  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - checked above
            return int(json.load(response)["version"])
    except urllib.error.HTTPError as error:
        with error:
            problem = json.load(error)
        raise Forbidden(f"The server refuses: {problem['detail']}") from None
