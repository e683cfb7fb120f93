"""What the operator sees: a line for each request that matters, and counters over all workers.

A line never holds what a client wrote but for the path, and that as JSON, so that nobody can forge a line; a query
appears by its hash, which the problem document of a failed one names too, and a client by its network.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from coopkg.answers.http.protocol import query_hash
from coopkg.answers.http.rate_limit import network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.answers.http.protocol import HttpRequest, HttpResponse

SLOW_SECONDS: Final = 1.0
ROUTES: Final = frozenset(
    {
        "sparql",
        "update",
        "graphs",
        "queries",
        "id",
        "ontology",
        "source",
        "graph",
        "catalog",
        "dumps",
        ".well-known",
        "static",
        "limits",
        "validate",
        "contribute",
        "facts",
        "changes",
        "explain",
        "health",
        "ready",
    }
)
REQUESTS: Final = Counter("coopkg_requests_total", "Requests answered.", ("route", "status"), registry=None)
SECONDS: Final = Histogram(
    "coopkg_request_seconds", "Seconds from a whole request to its response.", ("route",), registry=None,
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30),
)  # fmt: skip


def client_bucket(client: str) -> str:
    """Return the /24 or /48 network of a client's address: enough to see who asks much, not who it is."""
    host = network(client.rpartition(":")[0].strip("[]")).partition("/")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


@cache
def requests(route: str, status: int) -> Counter:
    """Return the counter of a route's responses with that status."""
    return REQUESTS.labels(route, str(status))


@cache
def durations(route: str) -> Histogram:
    """Return the histogram of a route's seconds."""
    return SECONDS.labels(route)


class RequestObserver:
    """Counts every request and writes lines: of ``all``, of the ``slow`` and failed ones, or of ``none``."""

    def __init__(self, lines: str) -> None:
        self.lines = lines

    def saw(self, request: HttpRequest, response: HttpResponse, client: str, began: float) -> None:
        """Take note of an answered request; ``began`` is the monotonic second at which it was whole."""
        seconds = time.monotonic() - began
        route = request.path.split("/", 2)[1] or "home"
        route = route if route in ROUTES or route == "home" else "other"
        requests(route, response.status).inc()
        durations(route).observe(seconds)
        if self.lines == "all" or (self.lines == "slow" and (seconds >= SLOW_SECONDS or response.status >= 500)):
            print(_line(request, response, client, seconds), file=sys.stderr, flush=True)  # noqa: T201 - the log


def _line(request: HttpRequest, response: HttpResponse, client: str, seconds: float) -> str:
    return json.dumps(
        {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": request.method,
            "path": request.path[:200],
            "query": query_hash(request),
            "status": response.status,
            "bytes": response.length,
            "ms": round(seconds * 1000, 1),
            "client": client_bucket(client),
        }
    )


def metrics() -> bytes:
    """Return the counters in the text format of Prometheus, version 0.0.4: of all workers, or of this process alone."""
    return generate_latest(_registry())


@dataclass(frozen=True)
class Times:
    """How long requests of a route took: how many there were, and the seconds within which shares of them were done.

    A histogram knows no more than which bucket a request fell into, so the seconds are read off between its bounds.
    """

    count: int
    quantiles: Mapping[float, float]


def times(route: str, shares: Sequence[float] = (0.5, 0.95)) -> Times:
    """Return how long the requests of a route took in all workers since the start."""
    buckets: list[tuple[float, float]] = []
    for family in _registry().collect():
        buckets += [
            (float(sample.labels["le"]), sample.value)
            for sample in family.samples
            if sample.name == "coopkg_request_seconds_bucket" and sample.labels.get("route") == route
        ]
    buckets.sort()
    count = int(buckets[-1][1]) if buckets else 0
    return Times(count, {share: _read_off(buckets, share * count) for share in shares if count})


def _read_off(buckets: Sequence[tuple[float, float]], wanted: float) -> float:
    """Return seconds at which that many requests were done, evenly spread within a bucket (as Prometheus has it)."""
    low, below = 0.0, 0.0
    for bound, within in buckets:
        if within >= wanted:
            return low if math.isinf(bound) else low + (bound - low) * (wanted - below) / max(within - below, 1e-9)
        low, below = bound, within
    return low


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    return registry
