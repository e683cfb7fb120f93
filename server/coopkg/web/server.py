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
"""The environment variable that tells prometheus_client, when it is imported, where counters are shared."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it.

    Raises what ``lock_data_directory``, ``open_federation`` and ``check_published`` raise, before anything is started.
    """
    from granian import Granian  # noqa: PLC0415 - only a server needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    # The lock comes first: two servers on one journal would each overwrite what the other has acknowledged.
    if settings.home is not None:
        lock_data_directory(settings.home)
    open_federation(settings, find_published(settings.published))  # a web process would find a broken list too late
    if not settings.scratch:
        check_published(settings)
    # mkdtemp makes the folder for this user alone (0700): its sockets are how workers are asked, past all of HTTP.
    folder = Path(tempfile.mkdtemp(prefix="coopkg-"))
    counters = folder / "counters"
    counters.mkdir()
    # Both kinds of child processes read their settings from the environment, so that options reach them as well.
    os.environ.update({**settings.environment(), SOCKETS: str(folder), COUNTERS: str(counters)})
    if not settings.scratch:
        published = find_published(settings.published)
        triples = examples(load_queries(published, settings.base).values(), settings.base)
        # Computed here once, since the dataset process is to start without the code that reads saved queries.
        (folder / AVAILABLE_GRAPHS).write_bytes(write_nquads(in_graph(triples, settings.base + EXAMPLES)))
    dataset_process = DatasetProcessSupervisor(folder, settings)
    try:
        dataset_process.start()
        print(f"coopkg: serving {settings.base} on http://{host}:{port}/", file=sys.stderr, flush=True)  # noqa: T201
        Granian(
            # By name: each web process imports it after the fork, when it knows where processes share counters.
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
        for _ in range(6000):  # a minute, in steps of 10 ms: a million triples take 20 to 40 s to load
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
        # A session of its own: what ends the process group of the terminal must not end it before the web processes.
        self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own module

    def _watch(self) -> None:
        while self.process is not None:
            code = self.process.wait()
            if self.stopping:
                return
            print(f"coopkg: the dataset process ended ({code}) and is started again", file=sys.stderr, flush=True)  # noqa: T201
            time.sleep(0 if code < 0 else 1)  # killed: at once; ended by itself with an error: it would do so again
            self._launch()
            time.sleep(0.2)
