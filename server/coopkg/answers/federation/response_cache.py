"""Answers of other endpoints, kept for as long as those endpoints say (RFC 9111)."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.federation.http_exchange import Reply

_AGE: Final = re.compile(r"(?:s-maxage|max-age)\s*=\s*\"?([0-9]{1,9})")
_LONGEST: Final = 86_400.0
"""Seconds for which an answer is taken for fresh at most, whatever the endpoint says."""
KEPT_BYTES: Final = 16 * 1024 * 1024
"""Bytes of answers that one web process keeps."""


@dataclass(frozen=True)
class Kept:
    """An answer that is kept: its body and media type, when it goes stale (monotonic), and how to ask after it."""

    body: bytes
    content_type: str
    stale: float
    validators: Mapping[str, str]

    def is_fresh(self) -> bool:
        """Return whether it may be used without a question."""
        return time.monotonic() < self.stale


class RemoteCache:
    """The answers that endpoints allow to keep, the least recently used dropped first."""

    def __init__(self, room: int = KEPT_BYTES) -> None:
        self.room = room
        self._kept: OrderedDict[tuple[str, ...], Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...]) -> Kept | None:
        """Return what is kept under a key, fresh or not."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[str, ...], reply: Reply) -> None:
        """Keep a reply if its header allows that, and it can be used again at all."""
        kept = _kept(reply)
        with self._lock:
            old = self._kept.pop(key, None)
            self._size -= len(old.body) if old else 0
            if kept is None or len(kept.body) > self.room // 4:
                return
            self._kept[key] = kept
            self._size += len(kept.body)
            while self._size > self.room:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped.body)

    def refresh(self, key: tuple[str, ...], kept: Kept, reply: Reply) -> None:
        """Take over the freshness that a 304 tells of (RFC 9111, section 4.3.4)."""
        with self._lock:
            if key in self._kept:
                self._kept[key] = replace(kept, stale=time.monotonic() + (_freshness(reply.headers) or 0.0))


def _kept(reply: Reply) -> Kept | None:
    fresh = _freshness(reply.headers)
    asked = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    validators = {ask: reply.headers[given] for given, ask in asked.items() if given in reply.headers}
    if fresh is None or not (fresh or validators):
        return None
    return Kept(reply.body, reply.headers.get("content-type", ""), time.monotonic() + fresh, validators)


def _freshness(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds an answer is fresh; None where it must not be kept."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control or "private" in control or headers.get("vary", "").strip() == "*":
        return None
    ages = [] if "no-cache" in control else _AGE.findall(control)
    age = int(headers.get("age", "0")) if headers.get("age", "0").isdecimal() else 0
    return min(max(0.0, float(ages[0]) - age), _LONGEST) if ages else 0.0
