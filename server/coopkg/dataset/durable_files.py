"""Files that are written whole or not at all, whatever fails and whenever the process or the machine ends."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Final

from coopkg.errors import StorageExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import ReadableBuffer

NEW: Final = ".new"
"""The ending of a file that is being written; one that is left over has been written by a process that was killed."""
_BUFFER: Final = 64 * 1024


class _Descriptor(io.RawIOBase):
    """An open file that others close, written by ``os.write``, as every file here is: tests let that fail."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        return os.write(self._descriptor, data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[io.BufferedWriter[_Descriptor]]:
    """Give a file, mode 600, that replaces ``path`` once the block ends, and is on the disk then, its name included.

    Raises StorageExceeded; the file at ``path`` is then as it was, unless only the last flush of its folder failed:
    then it may be either one after a power failure. If the block raises anything else, ``path`` is as it was.
    """
    new = path.with_name(f"{path.name}{NEW}")
    try:
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            file = io.BufferedWriter(_Descriptor(descriptor), _BUFFER)
            yield file
            file.flush()
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # The order matters: the bytes must be on the disk before the name points at them, or a power failure could
        # leave an empty file under the name; and the rename itself is durable only once the folder is flushed.
        new.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        _remove(new)
        raise StorageExceeded(f"{path.name} cannot be written: {error.strerror}.") from None
    except BaseException:
        _remove(new)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Create or replace a file, mode 600, and flush it and its folder to the disk. Raises as ``replacing``."""
    with replacing(path) as file:
        file.write(data)


def flush_folder(path: Path) -> None:
    """Flush the names in a folder to the disk. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_all(descriptor: int, data: bytes, offset: int | None = None) -> None:
    """Write all of ``data``, at its end or at an offset. Raises OSError, perhaps with a part of it written."""
    view = memoryview(data)
    while view:  # a write to a disk that is nearly full may take a part only
        if offset is None:
            view = view[os.write(descriptor, view) :]
        else:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Return ``size`` bytes from an offset on, fewer where the file ends. Raises OSError."""
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return b"".join(parts)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
