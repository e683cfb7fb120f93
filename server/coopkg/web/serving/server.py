"""``serve``: everything that must hold before a server's processes are started, and their supervisor."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coopkg.answers.federation.configuration import open_federation
from coopkg.dataset.data_directory import lock_data_directory
from coopkg.dataset.published_files import find_published
from coopkg.errors import PortInUse
from coopkg.web.serving.environment import COUNTERS, SOCKETS
from coopkg.web.serving.service_manager import ServiceManager
from coopkg.web.serving.supervisor import Supervisor
from coopkg.workers.sandbox import require_confinement, require_system

if TYPE_CHECKING:
    from coopkg.settings import Settings


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve until a signal ends it, and return the exit code.

    Raises SystemUnsupported, PortInUse, NotConfined, and what ``lock_data_directory`` and ``open_federation`` raise,
    before anything is started.
    """
    require_system()
    # The lock comes first: two servers on one journal would each overwrite what the other has acknowledged.
    if settings.home is not None:
        lock_data_directory(settings.home)
    if not settings.unconfined:
        require_confinement()
    open_federation(settings, find_published(settings.published))  # a web process would find a broken list too late
    with _listen(host, port) as listener:
        # mkdtemp makes the folder for this user alone (0700): its sockets are how workers are asked, past all of HTTP.
        folder = Path(tempfile.mkdtemp(prefix="coopkg-"))
        try:
            counters = folder / "counters"
            counters.mkdir()
            manager = ServiceManager(os.environ)
            # The processes read their settings from the environment, so that options reach them as well.
            os.environ.update({**settings.environment(), SOCKETS: str(folder), COUNTERS: str(counters)})
            where = f"{settings.base} on http://{f'[{host}]' if ':' in host else host}:{port}/"
            return Supervisor(folder, listener, settings.workers, where, manager).run(check=not settings.scratch)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _listen(host: str, port: int) -> socket.socket:
    """Return the listening socket, which all web processes share. Raises PortInUse."""
    # Bound before anything is loaded: an address in use is reported at once, and clients are told to wait meanwhile.
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise PortInUse(f"Cannot serve on {host}:{port}: {error.strerror or error}.") from None
