"""The running server: the dataset process, granian's web processes, and the supervisor that replaces whichever dies."""

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
from typing import TYPE_CHECKING, Final

from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.opening import check_published
from coopkg.answers.query_examples import examples
from coopkg.answers.saved_queries import load_queries
from coopkg.dataset.data_directory import lock_data_directory
from coopkg.dataset.engine import WorkerEngine
from coopkg.dataset.process import AVAILABLE_GRAPHS
from coopkg.dataset.published_files import find_published
from coopkg.errors import Busy, EngineFault
from coopkg.rdf.namespaces import EXAMPLES
from coopkg.rdf.terms import in_graph, write_nquads

if TYPE_CHECKING:
    from coopkg.settings import Settings

SOCKETS: Final = "COOPKG_SOCKETS"
"""The environment variable that tells a web process where the dataset process listens."""
COUNTERS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that tells prometheus_client, when it is imported, where the workers share counters."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it. Raises what ``claim``, ``open_federation``, ``check_published`` raise, at once."""
    from granian import Granian  # noqa: PLC0415 - only a server needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    if settings.home is not None:
        lock_data_directory(settings.home)
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
        (folder / AVAILABLE_GRAPHS).write_bytes(write_nquads(in_graph(triples, settings.base + EXAMPLES)))
    dataset_process = DatasetProcessSupervisor(folder, settings)
    try:
        dataset_process.start()
        print(f"coopkg: serving {settings.base} on http://{host}:{port}/", file=sys.stderr, flush=True)  # noqa: T201
        Granian(
            "coopkg.web.process:build",
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
        dataset_process.stop()
        shutil.rmtree(folder, ignore_errors=True)


class DatasetProcessSupervisor:
    """The dataset process as a child process; when it dies it is started again."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.engine = WorkerEngine(folder, settings)
        self.stopping = False
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, wait until it answers, and watch over it. Raises EngineFault if it never answers."""
        self._launch()
        for _ in range(6000):
            try:
                self.engine.info()
                break
            except Busy:
                if self.process is not None and self.process.poll() is not None:
                    raise EngineFault("The dataset process ended before it answered.") from None
                time.sleep(0.01)
        else:
            raise EngineFault("The dataset process does not answer.")
        threading.Thread(target=self._watch, daemon=True, name="dataset-process-watch").start()

    def stop(self) -> None:
        """End it and its workers."""
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)

    def _launch(self) -> None:
        command = [sys.executable, "-m", "coopkg.dataset.process", str(self.folder), str(os.getpid())]
        self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own module

    def _watch(self) -> None:
        while self.process is not None:
            code = self.process.wait()
            if self.stopping:
                return
            print(f"coopkg: the dataset process ended ({code}) and is started again", file=sys.stderr, flush=True)  # noqa: T201
            time.sleep(0 if code < 0 else 1)  # one that refuses to start, for what it has said, is not hurried
            self._launch()
            time.sleep(0.2)
