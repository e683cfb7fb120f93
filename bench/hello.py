"""The least that the front's own HTTP server can do: an RSGI application that says hello."""

from __future__ import annotations

import sys
from typing import Any


async def app(_scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
    """Answer any request with five bytes."""
    protocol.response_str(200, [("content-type", "text/plain")], "hello")


def main() -> None:
    """Serve on the port, with as many workers as the two arguments say, started as ``coopkg serve`` starts its own."""
    from granian import Granian  # noqa: PLC0415 - only the main process needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    Granian(
        "bench.hello:app",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        workers=int(sys.argv[2]),
        websockets=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
