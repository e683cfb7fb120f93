"""A bounded cache of whole answers by entity tag, which depends on version, query and format.

Nothing has to be invalidated: a new version has other tags, and the old entries are displaced in time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict


class AnswerCache:
    """Keeps the answers that were used last, up to ``capacity`` bytes; safe to use from several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tag: str) -> bytes | None:
        """Return the answer with that entity tag, or None."""
        with self._lock:
            body = self._answers.get(tag)
            if body is not None:
                self._answers.move_to_end(tag)
            return body

    def put(self, tag: str, body: bytes) -> None:
        """Store an answer, unless it would take more than an eighth of the capacity."""
        # One large answer would otherwise displace all the small ones, which are asked for far more often.
        if len(body) * 8 > self._capacity:
            return
        with self._lock:
            self._size += len(body) - len(self._answers.pop(tag, b""))
            self._answers[tag] = body
            while self._size > self._capacity:
                self._size -= len(self._answers.popitem(last=False)[1])
