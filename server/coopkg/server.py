"""The running server: granian in front of the application."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from coopkg.app import create_app
from coopkg.front import Front

if TYPE_CHECKING:
    from coopkg.settings import Settings


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until interrupted. Raises what ``create_app`` raises, before anything listens."""
    import asyncio  # noqa: PLC0415 - only a server needs these

    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.server.embed import Server  # noqa: PLC0415

    app = create_app(settings)
    front = Front(app, settings)
    server = Server(front, address=host, port=port, interface=Interfaces.RSGI, websockets=False, log_enabled=False)
    print(f"coopkg: serving {settings.base} on http://{host}:{port}/", file=sys.stderr, flush=True)  # noqa: T201

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        await server.serve()

    asyncio.run(run())
