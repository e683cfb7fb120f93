"""``coopkg serve``."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import click

from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.errors import UsageError
from coopkg.web.serving.server import serve


@click.command("serve")
@click.option(
    "--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="The address to serve on."
)
@click.option(
    "--scratch", is_flag=True, default=None, help="Serve an empty, ungated dataset with open writes, on loopback."
)
@click.option(
    "--sources",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder with the source documents as text, from which pages quote passages.",
)
@home_option(required=False)
@dataset_options
@click.pass_context
def command(context: click.Context, /, bind: str, **options: object) -> None:
    """Serve the published graph over HTTP until interrupted."""
    host, port = _address(bind)
    settings = settings_from(**options)
    if settings.scratch and not ipaddress.ip_address(socket.gethostbyname(host)).is_loopback:
        raise UsageError("--scratch serves on loopback only: anybody may write to it.")
    context.exit(serve(settings, host, port))


def _address(bind: str) -> tuple[str, int]:
    """Parse HOST:PORT. Raises UsageError."""
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--bind takes HOST:PORT, not {bind!r}.")
    return host.strip("[]"), int(port)
