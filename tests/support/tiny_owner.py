"""``python tiny_owner.py FOLDER READERS``: a dataset process whose tasks show how workers are kept, over no data."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyoxigraph as ox

from coopkg.settings import Settings
from coopkg.workers.dataset_process import DatasetProcess
from coopkg.workers.tasks import Outcome, TaskKind


@dataclass
class Owner:
    """A dataset of nothing, whose command ``publish`` makes another version current."""

    version: int = 1
    store: ox.Store = field(default_factory=ox.Store)

    @property
    def snapshot(self) -> Any:  # noqa: ANN401 - of the few members that are used
        return SimpleNamespace(
            tag=str(self.version), version=self.version, available={}, merged=False, view=lambda **_: self.store
        )

    def kinds(self) -> dict[str, TaskKind]:
        version = self.version

        def place(_: object) -> Outcome:
            nice, thread = os.getpriority(os.PRIO_PROCESS, 0), threading.get_native_id()
            return Outcome(b"", {"pid": os.getpid(), "version": version, "nice": nice, "thread": thread})

        def burn(seconds: float) -> Outcome:
            until = time.process_time() + seconds
            while time.process_time() < until:
                pass
            return place(None)

        def hush(seconds: float) -> Outcome:
            os.closerange(2, 3)  # as the kernel does while a process that was killed gives back its memory
            time.sleep(seconds)
            return place(None)

        return {"place": TaskKind(place), "burn": TaskKind(burn), "hush": TaskKind(hush)}

    def control(self, command: str, note: dict[str, Any], body: str) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        self.version += 1
        return {}

    def info(self) -> dict[str, Any]:
        return {"version": self.version}

    def release(self) -> None: ...


if __name__ == "__main__":
    DatasetProcess(Owner(), Settings(readers=int(sys.argv[2])), Path(sys.argv[1])).run()
