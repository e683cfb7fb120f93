"""The tag of the current version, in a file that all processes map: reading it costs no request."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "current"
_SLOT: Final = 128
_SIZE: Final = 1 + 2 * _SLOT


class CurrentTag:
    """Two slots and a byte that says which one holds; a reader never sees a tag that is half written."""

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(descriptor).st_size < _SIZE:
            os.ftruncate(descriptor, _SIZE)
        self._map = mmap.mmap(descriptor, _SIZE)
        os.close(descriptor)

    def get(self) -> str:
        """Return the tag of the version that readers serve now; empty before there is one."""
        start = 1 + self._map[0] * _SLOT
        return self._map[start : start + _SLOT].rstrip(b"\0").decode("ascii")

    def set(self, tag: str) -> None:
        """Publish a tag."""
        other = 1 - self._map[0]
        start = 1 + other * _SLOT
        self._map[start : start + _SLOT] = tag.encode("ascii").ljust(_SLOT, b"\0")
        self._map[0] = other
