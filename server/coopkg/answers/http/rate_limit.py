"""The rate limit of a web process: a token bucket for each client (429, RFC 6585, section 4)."""

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
"""Buckets that a web process keeps; beyond these the client that was silent for longest loses its own."""
OWN: Final = frozenset({"127.0.0.1", "::1"})
"""Addresses without a limit: the operator's, or those of a proxy in front, which sees and limits the clients."""


@dataclass
class _Bucket:
    tokens: float
    filled: float


class RateLimiter:
    """Admits ``rate`` requests a second of one client on average, and ``burst`` at once after a pause."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, host: str) -> None:
        """Count one request of the client at an address. Raises TooManyRequests with the seconds to wait."""
        if host in OWN:
            return
        now = self._clock()
        bucket = self._bucket(network(host), now)
        # Refilled when it is used: no timer, and a client that is silent costs nothing.
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
            # Bounded, since every packet can come from another address. The dropped client is the one that was silent
            # for longest, whose bucket is most likely full again anyway.
            if len(self._buckets) >= REMEMBERED:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = _Bucket(self.burst, now)
        else:
            self._buckets.move_to_end(key)
        return bucket


def network(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network that a single IPv6 subscriber has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
