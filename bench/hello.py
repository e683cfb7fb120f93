"""The least that the front's own HTTP server can do: a handler that says hello, in processes that share a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import uvloop
from aiohttp import web


async def _hello(_request: web.BaseRequest) -> web.StreamResponse:
    """Answer any request with five bytes."""
    return web.Response(text="hello")


async def _serve(listener: socket.socket) -> None:
    await asyncio.get_running_loop().create_server(web.Server(_hello, access_log=None), sock=listener)
    await asyncio.Event().wait()


def main() -> None:
    """Serve on the port, with as many processes as the two arguments say."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    children = []
    for _ in range(int(sys.argv[2])):
        pid = os.fork()
        if pid == 0:
            uvloop.run(_serve(listener))
        children.append(pid)

    def stop(_number: int, _frame: object) -> None:
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
