"""Files that the web processes of a server share, and a lock for work that takes long."""

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
"""Seconds to wait for another thread's work; after that the client waits, not a thread that could serve others."""


@dataclass
class SharedFiles:
    """A folder that the web processes share; without ``root``, a temporary one of this process, removed at its end."""

    root: Path | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def folder(self, name: str) -> Path:
        """Return the folder ``name`` in it, created where it is missing."""
        if self.root is None:
            self.root = Path(tempfile.mkdtemp(prefix="coopkg-files-"))
            weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True)
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Admit one thread at a time to work that takes long. Raises Busy after ``WAIT`` seconds."""
        if not self._turn.acquire(timeout=WAIT):
            raise Busy("Another request has this computed already; come back in a moment.")
        try:
            yield
        finally:
            self._turn.release()
