"""A cache of the answers of remote endpoints, which stay fresh for as long as the endpoints allow (RFC 9111)."""

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
"""Seconds for which an answer stays fresh at most, whatever the endpoint allows: a day."""
KEPT_BYTES: Final = 16 * 1024 * 1024
"""Bytes of bodies in the cache of one web process."""


@dataclass(frozen=True)
class Kept:
    """A cached answer: its body and media type, when it becomes stale, and the fields of a conditional request.

    ``stale`` is a time of the monotonic clock, so that a clock that is set does not prolong it.
    """

    body: bytes
    content_type: str
    stale: float
    validators: Mapping[str, str]

    def is_fresh(self) -> bool:
        """Check whether the answer may be used without revalidation (RFC 9111, section 4.2)."""
        return time.monotonic() < self.stale


class RemoteCache:
    """The answers that endpoints allow to cache; the least recently used are dropped first."""

    def __init__(self, room: int = KEPT_BYTES) -> None:
        self.room = room
        self._kept: OrderedDict[tuple[str, ...], Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...]) -> Kept | None:
        """Return the answer under a key, fresh or stale, or None."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, key: tuple[str, ...], reply: Reply) -> None:
        """Store a reply if its header allows that; one that is stale at once only if it can be revalidated."""
        kept = _kept(reply)
        with self._lock:
            old = self._kept.pop(key, None)
            self._size -= len(old.body) if old else 0
            if kept is None or len(kept.body) > self.room // 4:  # one answer must not displace all others
                return
            self._kept[key] = kept
            self._size += len(kept.body)
            while self._size > self.room:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped.body)

    def refresh(self, key: tuple[str, ...], kept: Kept, reply: Reply) -> None:
        """Update the freshness of an answer from a 304 (RFC 9111, section 4.3.4)."""
        with self._lock:
            if key in self._kept:
                self._kept[key] = replace(kept, stale=time.monotonic() + (_freshness(reply.headers) or 0.0))


def _kept(reply: Reply) -> Kept | None:
    freshness = _freshness(reply.headers)
    conditions = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    validators = {
        condition: reply.headers[validator] for validator, condition in conditions.items() if validator in reply.headers
    }
    if freshness is None or not (freshness or validators):
        return None
    return Kept(reply.body, reply.headers.get("content-type", ""), time.monotonic() + freshness, validators)


def _freshness(headers: Mapping[str, str]) -> float | None:
    """Compute the seconds for which an answer is fresh (RFC 9111, section 4.2.1); None where it must not be stored."""
    # "private" is for the cache of one user, and this one serves all. Vary with names is no obstacle, since all
    # requests have the same header; "*" says that other things than the header matter.
    control = headers.get("cache-control", "").lower()
    if "no-store" in control or "private" in control or "*" in headers.get("vary", ""):
        return None
    ages = [] if "no-cache" in control else _AGE.findall(control)
    age = int(headers["age"][:9]) if headers.get("age", "").isdecimal() else 0  # nine digits are 30 years
    return min(max(0.0, float(ages[0]) - age), _LONGEST) if ages else 0.0
