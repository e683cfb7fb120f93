"""The running server: the keeper, granian's web workers, and the supervisor that replaces whichever dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coopkg.engine.keeper import BESIDE
from coopkg.engine.pool import ReaderPool
from coopkg.errors import Busy, EngineFault
from coopkg.examples import examples
from coopkg.federation.opening import open_federation
from coopkg.files import find_published
from coopkg.home import claim
from coopkg.queries import load_queries
from coopkg.service import check_published, open_service
from coopkg.settings import Settings
from coopkg.terms import in_graph, write_nquads
from coopkg.vocab import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKETS: Final = "COOPKG_SOCKETS"
"""The environment variable that tells a web worker where the keeper listens."""
"""The folder, beside the sockets, of the dumps that the web workers make."""
COUNTERS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that tells prometheus_client, when it is imported, where the workers share counters."""
COUNTER_BYTES: Final = 256 * 1024
"""Of each of a worker's files of counters: four times what all routes with all statuses take."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it. Raises what ``claim``, ``open_federation``, ``check_published`` raise, at once."""
    from granian import Granian  # noqa: PLC0415 - only a server needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    if settings.home is not None:
        claim(settings.home)
    open_federation(settings, find_published(settings.published))  # a worker would find a broken list too late
    if not settings.scratch:
        check_published(settings)
    folder = Path(tempfile.mkdtemp(prefix="coopkg-"))
    counters = folder / "counters"
    counters.mkdir()
    os.environ.update({**settings.environment(), SOCKETS: str(folder), COUNTERS: str(counters)})
    if not settings.scratch:
        published = find_published(settings.published)
        triples = examples(load_queries(published, settings.base).values(), settings.base)
        (folder / BESIDE).write_bytes(write_nquads(in_graph(triples, settings.base + EXAMPLES)))
    keeper = KeeperProcess(folder, settings)
    try:
        keeper.start()
        print(f"coopkg: serving {settings.base} on http://{host}:{port}/", file=sys.stderr, flush=True)  # noqa: T201
        Granian(
            "coopkg.server:build",
            factory=True,
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            workers=settings.workers,
            websockets=False,
            log_enabled=False,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=5,
        ).serve()
    finally:
        keeper.stop()
        shutil.rmtree(folder, ignore_errors=True)


class KeeperProcess:
    """The keeper as a child process; when it dies it is started again."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.pool = ReaderPool(folder, settings)
        self.stopping = False
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, wait until it answers, and watch over it. Raises EngineFault if it never answers."""
        self._launch()
        for _ in range(6000):
            try:
                self.pool.info()
                break
            except Busy:
                if self.process is not None and self.process.poll() is not None:
                    raise EngineFault("The keeper ended before it answered.") from None
                time.sleep(0.01)
        else:
            raise EngineFault("The keeper does not answer.")
        threading.Thread(target=self._watch, daemon=True, name="keeper-watch").start()

    def stop(self) -> None:
        """End it and its readers."""
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)

    def _launch(self) -> None:
        command = [sys.executable, "-m", "coopkg.engine.keeper", str(self.folder), str(os.getpid())]
        self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own module

    def _watch(self) -> None:
        while self.process is not None:
            code = self.process.wait()
            if self.stopping:
                return
            print(f"coopkg: the keeper ended ({code}) and is started again", file=sys.stderr, flush=True)  # noqa: T201
            time.sleep(0 if code < 0 else 1)  # one that refuses to start, for what it has said, is not hurried
            self._launch()
            time.sleep(0.2)


def reserve_counters(folder: Path) -> None:
    """Take the room on the disk for the counters of this worker, or have it count for itself where there is none.

    The counters are written through maps of files with holes. Where the disk has no block for such a hole the kernel
    ends the process (mmap(2), SIGBUS): a full disk would take every worker down with its first request.
    """
    try:
        for kind in ("counter", "histogram"):
            with (folder / f"{kind}_{os.getpid()}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, COUNTER_BYTES)
    except OSError as error:
        print(f"coopkg: a worker counts for itself alone: {error}", file=sys.stderr, flush=True)  # noqa: T201
        os.environ.pop(COUNTERS, None)


def build(environment: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - granian calls whatever this gives
    """Give a web worker's RSGI application over the settings in the environment.

    The web is imported here, in the worker alone, where the environment says how workers share their counters.
    """
    known = dict(environment or os.environ)
    reserve_counters(Path(known[COUNTERS]))
    from coopkg.app import create_app  # noqa: PLC0415
    from coopkg.front import Front  # noqa: PLC0415

    settings = Settings.from_environment(known)
    pool = ReaderPool(Path(known[SOCKETS]), settings)
    service = open_service(settings, pool, Path(known[SOCKETS]))
    return Front(create_app(settings, service), service, pool)
