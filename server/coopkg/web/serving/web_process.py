"""A web process: ``python -m coopkg.web.serving.web_process DESCRIPTOR PLACE PARENT``.

``DESCRIPTOR`` is the listening socket, ``PLACE`` that of its heartbeat; the environment has the settings. It listens
at once, and answers with 503 until the dataset is loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvloop

from coopkg.dataset.engine import WorkerEngine
from coopkg.errors import Busy, CoopkgError
from coopkg.settings import Settings
from coopkg.web.serving.environment import COUNTERS, SOCKETS
from coopkg.workers.dataset_process import die_with
from coopkg.workers.liveness import Heartbeats

if TYPE_CHECKING:
    from coopkg.web.serving.front import Application, Front

COUNTER_BYTES: Final = 256 * 1024
"""Of each of a process's files of counters: four times what all routes with all statuses take."""
BEAT_SECONDS: Final = 0.5
FINISH_SECONDS: Final = 5.0
"""How long requests that are being answered may take after the signal to end."""
_OPENING_PAUSE: Final = 0.05
"""Seconds between two looks at whether the dataset is loaded."""
MORE_LIKELY_ENDED: Final = 200
"""``oom_score_adj``: where memory runs out, a web process is ended before the dataset process, and after workers."""


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


async def run(listener: socket.socket, place: int) -> None:
    """Serve until SIGTERM, and finish then what is being answered."""
    folder = Path(os.environ[SOCKETS])
    settings = Settings.from_environment()
    # Imported here, once the environment says how processes share counters.
    from coopkg.web.serving.connections import ConnectionServer  # noqa: PLC0415
    from coopkg.web.serving.front import Front  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    engine = WorkerEngine(folder, settings)
    engine.attach(loop)
    front = Front(engine)
    connections = ConnectionServer(front.handle, front.refuse)
    listener.setblocking(False)  # noqa: FBT003 - the name of the method says it
    loop.add_reader(listener, connections.accept, listener)
    async with asyncio.TaskGroup() as tasks:  # where one fails the process ends: it must not go on listening
        lasting = [tasks.create_task(_beat(Heartbeats(folder), place)), tasks.create_task(_open(front))]
        await ending.wait()
        for task in lasting:
            task.cancel()
    loop.remove_reader(listener)
    connections.pre_shutdown()
    # What takes longer gets an answer that says so, not a connection that is cut off.
    loop.call_later(FINISH_SECONDS, engine.abandon, Busy("The server is being ended; come back in a moment."))
    await connections.shutdown(FINISH_SECONDS + 1)


async def _beat(heartbeats: Heartbeats, place: int) -> None:
    while True:
        heartbeats.beat(place)
        await asyncio.sleep(BEAT_SECONDS)


async def _open(front: Front) -> None:
    """Give the front its application once the dataset is loaded. Raises what ``open_service`` raises."""
    while not front.engine.tag():  # noqa: ASYNC110 - set by another process, in a file that this one maps
        await asyncio.sleep(_OPENING_PAUSE)
    loop = asyncio.get_running_loop()
    front.open(await loop.run_in_executor(None, _application, front.engine))
    gc.collect()
    gc.freeze()  # what is loaded by now stays, so that no collection looks at it again


def _application(engine: WorkerEngine) -> Application:
    """Open the service over the workers of an engine, and the pages over it. Raises what ``open_service`` raises."""
    # Imported here, as in ``run``.
    from coopkg.answers.http.routes import labels  # noqa: PLC0415
    from coopkg.answers.opening import open_service  # noqa: PLC0415
    from coopkg.web.app import create_app  # noqa: PLC0415
    from coopkg.web.parts.routes import routes_of  # noqa: PLC0415
    from coopkg.web.serving.front import Application  # noqa: PLC0415

    service = open_service(engine.settings, engine, engine.folder)
    pages = create_app(engine.settings, service)
    return Application(pages, service, labels(routes_of(pages)))


def main() -> None:
    """Run as the supervisor starts it."""
    descriptor, place, parent = map(int, sys.argv[1:])
    die_with(parent)  # else it would hold the port, and answer that all is well
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C is the supervisor's to decide on
    os_limits()
    reserve_counters(Path(os.environ[COUNTERS]))
    try:
        uvloop.run(run(socket.socket(fileno=descriptor), place))
    except* CoopkgError as group:
        for error in group.exceptions:
            print(f"coopkg: {error}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(1)


def os_limits() -> None:
    """Have the kernel end this process later than a worker where memory runs out, and give it all its descriptors."""
    with contextlib.suppress(OSError):  # a system without /proc has no such preference
        Path("/proc/self/oom_score_adj").write_text(str(MORE_LIKELY_ENDED), encoding="ascii")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
