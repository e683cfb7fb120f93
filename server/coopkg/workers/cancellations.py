"""Which requests of a web process nobody waits for any more, in a file that workers map: to look costs no request."""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_NUMBER: Final = struct.Struct("<Q")
_PLACES: Final = 4096
"""Cancelled requests that are told apart, by the remainder of their numbers; far more than are on their way at once."""


def _name(process: int) -> str:
    return f"cancelled-{process}"


class Cancellations:
    """The cancelled requests of one web process, which writes them, as workers see them."""

    def __init__(self, folder: Path, process: int, *, create: bool = False) -> None:
        path, size = folder / _name(process), _PLACES * _NUMBER.size
        if create:
            path.unlink(missing_ok=True)  # pids are reused
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT if create else os.O_RDONLY, 0o600)
        try:
            if create:
                os.posix_fallocate(descriptor, 0, size)  # a write into a hole ends the process on a full disk (SIGBUS)
            self._map = mmap.mmap(descriptor, size, access=mmap.ACCESS_WRITE if create else mmap.ACCESS_READ)
        finally:
            os.close(descriptor)  # the mapping stays

    def add(self, number: int) -> None:
        """Record that nobody waits for a request."""
        _NUMBER.pack_into(self._map, number % _PLACES * _NUMBER.size, number)

    def has(self, number: int) -> bool:
        """Say whether nobody waits for a request."""
        (found,) = _NUMBER.unpack_from(self._map, number % _PLACES * _NUMBER.size)
        return bool(found == number)
