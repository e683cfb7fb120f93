"""``coopkg serve``."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import click

from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.errors import PortInUse, UsageError
from coopkg.web.server import serve


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
def command(bind: str, **options: object) -> None:
    """Serve the published graph over HTTP until interrupted."""
    host, port = _address(bind)
    settings = settings_from(**options)
    if settings.scratch and not ipaddress.ip_address(socket.gethostbyname(host)).is_loopback:
        raise UsageError("--scratch serves on loopback only: anybody may write to it.")
    serve(settings, host, port)


def _address(bind: str) -> tuple[str, int]:
    """Parse HOST:PORT and check that the port is free. Raises UsageError, PortInUse."""
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--bind takes HOST:PORT, not {bind!r}.")
    host = host.strip("[]")
    # Tried here, before the dataset is loaded, so that an address in use is reported at once and not after a long
    # start.
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except OSError as error:
        raise PortInUse(f"Cannot serve on {bind}: {error.strerror or error}.") from None
    return host, int(port)
