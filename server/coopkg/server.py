"""The running server: granian's workers, each with the front and the application."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from coopkg.app import create_app
from coopkg.front import Front
from coopkg.service import check_published, open_service
from coopkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it. Raises what ``check_published`` raises, before anything listens."""
    from granian import Granian  # noqa: PLC0415 - only a server needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    check_published(settings)
    open_service(settings)
    os.environ.update(settings.environment())
    print(f"coopkg: serving {settings.base} on http://{host}:{port}/", file=sys.stderr, flush=True)  # noqa: T201
    Granian(
        "coopkg.server:build",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=2,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=5,
    ).serve()


def build(environment: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - granian calls whatever this gives
    """Give a worker's RSGI application over the settings in the environment."""
    settings = Settings.from_environment(dict(environment or os.environ))
    return Front(create_app(settings), settings)
