"""The data directory: journal, tokens and lock. One process at a time may have it for writing."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

from coopkg.errors import HomeInUse

if TYPE_CHECKING:
    from pathlib import Path

LOCK: Final = "lock"


def lock_data_directory(home: Path) -> int:
    """Take the directory for this process, made where it is missing, until it ends; return the lock's descriptor.

    Raises HomeInUse. The kernel lets go when the process ends, however it ends; a forked child does not hold it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise HomeInUse(f"Another coopkg has the data directory {home}; end it first, or name another.") from None
    return descriptor
