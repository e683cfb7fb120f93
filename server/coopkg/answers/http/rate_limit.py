"""What one client may ask of a web process: requests a second, and processor seconds a minute (429, RFC 6585)."""

from __future__ import annotations

import ipaddress
import math
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
"""Addresses without a limit: the operator's, or those of a proxy in front that is not named in the settings."""
MINUTE: Final = 60.0


@dataclass
class _Bucket:
    tokens: float
    filled: float


class _Buckets:
    """Token buckets: ``rate`` tokens a second come in, up to ``burst``."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def of(self, key: str) -> _Bucket:
        """Return the bucket of a client, filled up to now."""
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            # Bounded, since every packet can come from another address. The dropped client is the one that was silent
            # for longest, whose bucket is most likely full again anyway.
            if len(self._buckets) >= REMEMBERED:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = _Bucket(self.burst, now)
        else:
            self._buckets.move_to_end(key)
        # Refilled when it is used: no timer, and a client that is silent costs nothing.
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.filled) * self.rate)
        bucket.filled = now
        return bucket


class RateLimiter:
    """Admits ``rate`` requests a second of one client on average, and ``burst`` at once after a pause."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = _Buckets(rate, burst, clock)

    def take(self, host: str) -> None:
        """Count one request of the client at an address. Raises TooManyRequests with the seconds to wait."""
        if host in OWN:
            return
        bucket = self._buckets.of(network(host))
        if bucket.tokens < 1:
            rate = self._buckets.rate
            raise TooManyRequests(
                f"More than {rate:g} requests a second come from this address.", (1 - bucket.tokens) / rate
            )
        bucket.tokens -= 1


class ProcessorBudget:
    """Admits evaluations of a client that has used less than ``seconds`` of processor time in the last minute.

    What an evaluation costs is known afterwards only: the budget may be overdrawn by one, and is filled up again first.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._buckets = _Buckets(seconds / MINUTE, seconds, clock)

    def limits(self, client: str) -> bool:
        """Say whether a client is limited: the operator, and what runs for nobody, are not."""
        return client not in OWN and client != ""

    def admit(self, client: str) -> None:
        """Raise TooManyRequests, with the seconds to wait, where a client has used what it may."""
        if self.limits(client) and (left := self._buckets.of(client).tokens) <= 0:
            raise TooManyRequests(
                f"The evaluations of this client have used {self.seconds:g} s of processor time in a minute.",
                (1 - left) / self._buckets.rate,
            )

    def charge(self, client: str, seconds: float) -> None:
        """Count processor seconds for a client."""
        if self.limits(client):
            self._buckets.of(client).tokens -= seconds

    def fields(self, client: str) -> dict[str, str]:
        """Return the fields that tell a client its budget and what is left (draft-ietf-httpapi-ratelimit-headers-10).

        In whole processor seconds, ``r`` are left, and in ``t`` seconds the budget is full again.
        """
        if not self.limits(client):
            return {}
        left = self._buckets.of(client).tokens
        full = math.ceil((self.seconds - left) / self._buckets.rate)
        return {
            "RateLimit-Policy": f'"processor-seconds";q={int(self.seconds)};w={int(MINUTE)}',
            "RateLimit": f'"processor-seconds";r={max(0, int(left))};t={full}',
        }


class ProxyList:
    """The proxies in front whose word on the client counts, from the setting that lists them.

    Raises ValueError for what is no address or network.
    """

    def __init__(self, setting: str) -> None:
        self._networks = [
            ipaddress.ip_network(item.strip(), strict=False) for item in setting.split(",") if item.strip()
        ]

    def client(self, peer: str, forwarded: str) -> str:
        """Return the address of the client behind a peer, from the values of X-Forwarded-For.

        Each proxy adds the address that it sees at the end. So the last that is none of our proxies is the client; what
        stands before it anybody may have invented.
        """
        address = peer
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        while hops and self._trusts(address):
            address = hops.pop().removeprefix("[").partition("]")[0]
            if _address(address) is None and _address(address.partition(":")[0]) is not None:
                address = address.partition(":")[0]  # some proxies write the port too
        return address

    def _trusts(self, address: str) -> bool:
        parsed = _address(address)
        return parsed is not None and any(parsed in trusted for trusted in self._networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def network(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network that a single IPv6 subscriber has."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
