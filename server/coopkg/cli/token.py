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
    """Add, list and revoke the tokens that allow writes."""


@command.command("add")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(list(SCOPES)), default=("facts",), show_default=True,
    help="What the token allows; may be repeated.",
)  # fmt: skip
@click.option("--expires", metavar="TIME", help="When it expires: after 90d, 12h or 30m, or on a date. Default: never.")
@home_option()
def add(name: str, scopes: tuple[str, ...], expires: str | None, home: Path) -> None:
    """Add a token for NAME, the author of what it writes, and print its secret, which is stored nowhere."""
    emit(add_token(home / NAME, name, frozenset(scopes), expiry(expires)) + "\n")


@command.command("list")
@home_option()
def list_tokens(home: Path) -> None:
    """List the tokens: name, scopes, when created, when they expire."""
    rows = [(t.name, ",".join(sorted(t.scopes)), t.created, t.expires) for t in read_tokens(home / NAME)]
    emit("".join("\t".join(row) + "\n" for row in rows))


@command.command("revoke")
@click.argument("name")
@home_option()
def revoke(name: str, home: Path) -> None:
    """Revoke the token of NAME, with immediate effect."""
    revoke_token(home / NAME, name)
