"""A dataset process without a server around it, started again when it dies, and an engine that asks it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from coopkg.dataset.engine import WorkerEngine
from coopkg.errors import Busy
from processor_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.settings import Settings


class SupervisedDataset:
    """Keeps a dataset process over the settings in the environment, its sockets in ``folder``."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.engine = WorkerEngine(folder, settings)
        self._stopping = threading.Event()
        # One thread for as long as there is a process: it ends with the thread that started it (PR_SET_PDEATHSIG).
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.engine.info()
            except Busy:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("the dataset process does not answer")

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE)

    def _keep(self) -> None:
        command = [sys.executable, "-m", "coopkg.dataset.process", str(self.folder), str(os.getpid())]
        process = subprocess.Popen(command)
        while not self._stopping.wait(0.02):
            if process.poll() is not None:
                process = subprocess.Popen(command)
        process.terminate()
        process.wait(PATIENCE)
