"""The end of the journal, in a file of its own: which commit was the last to be acknowledged.

A journal that was cut at the end of a record looks like one that ended there. This file says where it ended: it is
written and flushed after the record and before the acknowledgement, so it is never ahead of the journal, and behind it
by a record that was written when the process or the machine stopped.

It has two slots, each a line with version, id, digest, first byte and end of a record and the SHA-256 of those, in
blocks of their own. They are written in turns, so that a write that is torn by a power failure leaves the other one.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Final

from coopkg.dataset.durable_files import write_all, write_whole
from coopkg.dataset.journal_format import Place
from coopkg.errors import DatasetBroken

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "journal.end"
_BLOCK: Final = 4096
"""The largest unit that a disk writes in one piece, or not at all."""
_SIZE: Final = 2 * _BLOCK
_SLOT: Final = re.compile(rb"coopkg-end-1 (([0-9]+) (\S+) ([0-9a-f]{64}) ([0-9]+) ([0-9]+)) ([0-9a-f]{64})\n")


class EndFile:
    """The file in the one process that appends to the journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def read(self) -> Place | None:
        """Return the place of the last record that was acknowledged, or None where there is no file.

        A folder that an earlier version of coopkg has written has none. Raises DatasetBroken where both slots are
        damaged: what was acknowledged is not known then.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        found = [place for offset in (0, _BLOCK) if (place := _parse(data[offset : offset + _BLOCK])) is not None]
        if not found:
            raise DatasetBroken(
                f"{self.path} is damaged, so whether the journal is whole cannot be told. Restore the folder from a"
                f" backup; or remove the file, to take the journal as it is."
            )
        return max(found, key=lambda place: place.version)

    def write(self, place: Place) -> None:
        """Make this the end, and flush it to the disk. Raises OSError or StorageExceeded; it may be the end then too.

        What is written is as long as what was there, so that no room on the disk is needed.
        """
        if self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0:  # removed meanwhile
            self.close()
        if self._descriptor is None:
            if not self.path.exists():
                write_whole(self.path, _line(place).ljust(_SIZE, b"\0"))
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            # Kept open and written in place from now on.
            self._descriptor = descriptor
        write_all(self._descriptor, _line(place), place.version % 2 * _BLOCK)
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _line(place: Place) -> bytes:
    text = f"{place.version} {place.id} {place.digest} {place.start} {place.end}".encode()
    return b"coopkg-end-1 " + text + b" " + hashlib.sha256(text).hexdigest().encode() + b"\n"


def _parse(slot: bytes) -> Place | None:
    match = _SLOT.match(slot)
    if match is None or hashlib.sha256(match[1]).hexdigest().encode() != match[7]:
        return None
    return Place(int(match[2]), match[3].decode(), match[4].decode(), int(match[5]), int(match[6]))
