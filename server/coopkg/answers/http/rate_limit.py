"""How much one client may ask of a worker: a token bucket for each address (RFC 6585, section 4)."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.errors import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

REMEMBERED: Final = 4096
"""Clients of which a worker keeps count; beyond these the one that was silent for longest begins anew."""
OWN: Final = frozenset({"127.0.0.1", "::1"})
"""The machine itself: its operator, or a proxy in front, which sees the true addresses and has limits of its own."""


@dataclass
class _Bucket:
    tokens: float
    filled: float


class RateLimiter:
    """Lets ``rate`` requests a second of one client through, and ``burst`` at once after a pause."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one request. Raises TooManyRequests with the seconds to wait."""
        host = client.rpartition(":")[0].strip("[]")
        if host in OWN:
            return
        now = self._clock()
        bucket = self._bucket(network(host), now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.filled) * self.rate)
        bucket.filled = now
        if bucket.tokens < 1:
            raise TooManyRequests(
                f"More than {self.rate:g} requests a second come from this address.", (1 - bucket.tokens) / self.rate
            )
        bucket.tokens -= 1

    def _bucket(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= REMEMBERED:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = _Bucket(self.burst, now)
        else:
            self._buckets.move_to_end(key)
        return bucket


def network(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network that one IPv6 subscriber has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
