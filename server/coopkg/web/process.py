"""A web process: what granian runs in each of its workers, over settings and sockets that the environment names."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.opening import open_service
from coopkg.dataset.engine import WorkerEngine
from coopkg.settings import Settings
from coopkg.web.server import COUNTERS, SOCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTER_BYTES: Final = 256 * 1024
"""Of each of a process's files of counters: four times what all routes with all statuses take."""


def reserve_counters(folder: Path) -> None:
    """Take the room on the disk for the counters of this worker, or have it count for itself where there is none.

    The counters are written through maps of files with holes. Where the disk has no block for such a hole the kernel
    ends the process (mmap(2), SIGBUS): a full disk would take every web process down with its first request.
    """
    try:
        for kind in ("counter", "histogram"):
            with (folder / f"{kind}_{os.getpid()}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, COUNTER_BYTES)
    except OSError as error:
        print(f"coopkg: a web process counts for itself alone: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os.environ.pop(COUNTERS, None)


def build(environment: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - granian calls whatever this gives
    """Return a web process's RSGI application over the settings in the environment.

    The web is imported here, in the web process alone, where the environment says how processes share counters.
    """
    variables = dict(environment or os.environ)
    reserve_counters(Path(variables[COUNTERS]))
    from coopkg.web.app import create_app  # noqa: PLC0415
    from coopkg.web.rsgi import RsgiApplication  # noqa: PLC0415

    settings = Settings.from_environment(variables)
    pool = WorkerEngine(Path(variables[SOCKETS]), settings)
    service = open_service(settings, pool, Path(variables[SOCKETS]))
    return RsgiApplication(create_app(settings, service), service, pool)
