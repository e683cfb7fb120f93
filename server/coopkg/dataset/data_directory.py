"""The data directory: journal, tokens and lock. One process at a time may have it open for writing."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

from coopkg.dataset.tokens import NAME as TOKENS
from coopkg.dataset.tokens import read_tokens
from coopkg.errors import HomeInUse

if TYPE_CHECKING:
    from pathlib import Path

LOCK: Final = "lock"


def lock_data_directory(home: Path) -> int:
    """Lock the directory, created where it is missing, until this process ends; return the lock's descriptor.

    Raises HomeInUse, and DatasetBroken for a file of tokens that other users can read or that is damaged.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # A POSIX lock: the kernel releases it however the process ends, and a forked child does not inherit it, so a web
    # process that outlives its supervisor cannot keep the directory locked. The price: closing *any* descriptor of the
    # file drops the lock, so nothing else in this process may open it.
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise HomeInUse(f"Another coopkg has the data directory {home}; end it first, or name another.") from None
    # Told when a server starts, since it would refuse every write later.
    read_tokens(home / TOKENS)
    return descriptor
