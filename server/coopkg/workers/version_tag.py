"""The tag of the current version, in a file that all processes map: reading it costs no request."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "current"
_SLOT: Final = 128
"""Bytes of a slot, as many as a tag may have."""
_SIZE: Final = 1 + 2 * _SLOT


class CurrentTag:
    """Two slots and a byte that says which one is valid, so that nobody reads a tag that is half written."""

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(descriptor).st_size < _SIZE:
            # Whichever process comes first makes the file. Zeros are an empty tag, and to grow it twice is no harm.
            os.ftruncate(descriptor, _SIZE)
        self._map = mmap.mmap(descriptor, _SIZE)
        os.close(descriptor)  # the mapping stays

    def get(self) -> str:
        """Return the tag of the version that workers serve now; empty before there is one."""
        start = 1 + self._map[0] * _SLOT
        return self._map[start : start + _SLOT].rstrip(b"\0").decode("ascii")

    def set(self, tag: str) -> None:
        """Publish a tag."""
        invalid = 1 - self._map[0]
        start = 1 + invalid * _SLOT
        self._map[start : start + _SLOT] = tag.encode("ascii").ljust(_SLOT, b"\0")
        # Last, and one byte, which is written in one step: from here on the new tag is read.
        self._map[0] = invalid
