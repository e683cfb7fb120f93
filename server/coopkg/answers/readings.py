"""What workers have found out about the texts of queries, so that a text is read once and not for each request."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coopkg.sparql.reading import Reading

REMEMBERED: Final = 8192
"""Readings that a web process keeps, some 200 bytes each, whatever the length of their texts."""


class Readings:
    """The readings of the last texts, by a digest of the text; safe to use from several threads."""

    def __init__(self) -> None:
        self._readings: OrderedDict[bytes, Reading] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Reading | None:
        """Return the reading of a text, or None."""
        with self._lock:
            return self._readings.get(_digest(text))

    def put(self, text: str, reading: Reading) -> None:
        """Keep the reading of a text."""
        with self._lock:
            self._readings[_digest(text)] = reading
            if len(self._readings) > REMEMBERED:
                self._readings.popitem(last=False)


def _digest(text: str) -> bytes:
    # Not Python's own hash: a client could make two texts share it, and one would be taken for the other.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
