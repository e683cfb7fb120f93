"""Files that the web processes of a server share, and turns at making what takes long."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT: Final = 1.0
"""Seconds to wait while another thread makes something; a client waits better than a thread that answers others."""


@dataclass
class SharedFiles:
    """A folder that the web processes share, or where there is none, one of this process alone, removed with it."""

    root: Path | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def folder(self, name: str) -> Path:
        """Return a folder in it, made where it is missing."""
        if self.root is None:
            self.root = Path(tempfile.mkdtemp(prefix="coopkg-files-"))
            weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True)
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Let one thread at a time make what takes long. Raises Busy after a short wait."""
        if not self._turn.acquire(timeout=WAIT):
            raise Busy("What this takes is being worked out; come back in a moment.")
        try:
            yield
        finally:
            self._turn.release()
