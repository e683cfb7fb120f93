"""``coopkg token``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coopkg.cli.options import emit, home_option
from coopkg.dataset.tokens import NAME, SCOPES, add_token, expiry, read_tokens, revoke_token

if TYPE_CHECKING:
    from pathlib import Path


@click.group("token")
def command() -> None:
    """Make, list and revoke the tokens of those who may write."""


@command.command("add")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(list(SCOPES)), default=("facts",), show_default=True,
    help="What the token allows; may come again.",
)  # fmt: skip
@click.option("--expires", metavar="TIME", help="When it ends: 90d, 12h, 30m, or a date. Default: never.")
@home_option()
def add(name: str, scopes: tuple[str, ...], expires: str | None, home: Path) -> None:
    """Make a token for NAME, who stands as the author of what it writes, and print its secret: it is kept nowhere."""
    emit(add_token(home / NAME, name, frozenset(scopes), expiry(expires)) + "\n")


@command.command("list")
@home_option()
def list_tokens(home: Path) -> None:
    """List the tokens: name, scopes, when made, when they end."""
    rows = [(t.name, ",".join(sorted(t.scopes)), t.created, t.expires) for t in read_tokens(home / NAME)]
    emit("".join("\t".join(row) + "\n" for row in rows))


@command.command("revoke")
@click.argument("name")
@home_option()
def revoke(name: str, home: Path) -> None:
    """Take the token of NAME away, at once."""
    revoke_token(home / NAME, name)
