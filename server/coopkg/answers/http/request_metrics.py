"""The request log and the request metrics: lines for the operator, and counters over all web processes.

A line has nothing that a client wrote but the path, and that escaped as JSON, so that nobody can forge a line. A query
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
from coopkg.answers.http.routes import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.answers.http.protocol import HttpRequest, HttpResponse

SLOW_SECONDS: Final = 1.0
"""Seconds from which a request counts as slow."""
# A label for each path that a client invents would let it fill the memory: whatever is not here counts as "other".
REQUESTS: Final = Counter("coopkg_requests_total", "Requests answered.", ("route", "status"), registry=None)
SECONDS: Final = Histogram(
    "coopkg_request_seconds", "Seconds from a whole request to its response.", ("route",), registry=None,
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30),
)  # fmt: skip


def client_bucket(client: str) -> str:
    """Return the /24 or /48 network of a client's address: enough to see where load comes from, not who it is."""
    host = network(client).partition("/")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


# Cached, since ``labels`` takes a lock and looks up the pair for each request.
@cache
def requests(route: str, status: int) -> Counter:
    """Return the counter of a route's responses with that status."""
    return REQUESTS.labels(route, str(status))


@cache
def durations(route: str) -> Histogram:
    """Return the histogram of a route's response times, in seconds."""
    return SECONDS.labels(route)


class RequestObserver:
    """Counts every request and logs ``all``, the ``slow`` and failed ones, or ``none``."""

    def __init__(self, lines: str, labels: frozenset[str]) -> None:
        self.lines = lines
        self.labels = labels

    def saw(self, request: HttpRequest, response: HttpResponse, client: str, began: float) -> None:
        """Record an answered request; ``began`` is the time of the monotonic clock at which it had arrived whole."""
        seconds = time.monotonic() - began
        route = label(request.path, self.labels)
        requests(route, response.status).inc()
        durations(route).observe(seconds)
        if self.lines == "all" or (self.lines == "slow" and (seconds >= SLOW_SECONDS or response.status >= 500)):
            print(_line(request, response, client, seconds), file=sys.stderr, flush=True)  # noqa: T201 - the log


def _line(request: HttpRequest, response: HttpResponse, client: str, seconds: float) -> str:
    # ``ensure_ascii`` is on by default: line separators and terminal escapes in a path come out as \u escapes.
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
    """Render the counters of all web processes in the text format of Prometheus, version 0.0.4."""
    return generate_latest(_registry())


@dataclass(frozen=True)
class Times:
    """The response times of a route: the number of requests, and quantiles in seconds by share (0.5 is the median).

    They are estimates: a histogram knows only the bucket of a request, so they are interpolated within it.
    """

    count: int
    quantiles: Mapping[float, float]


def times(route: str, shares: Sequence[float] = (0.5, 0.95)) -> Times:
    """Compute the response times of a route in all web processes since the start."""
    buckets: list[tuple[float, float]] = []
    for family in _registry().collect():
        buckets += [
            (float(sample.labels["le"]), sample.value)
            for sample in family.samples
            if sample.name == "coopkg_request_seconds_bucket" and sample.labels.get("route") == route
        ]
    buckets.sort()
    count = int(buckets[-1][1]) if buckets else 0
    return Times(count, {share: _quantile(buckets, share * count) for share in shares if count})


def _quantile(buckets: Sequence[tuple[float, float]], rank: float) -> float:
    """Return the seconds within which ``rank`` requests were answered, by linear interpolation as in Prometheus."""
    low, below = 0.0, 0.0
    for bound, within in buckets:
        if within >= rank:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / max(within - below, 1e-9)
        low, below = bound, within
    return low


def _registry() -> CollectorRegistry:
    # With several processes each writes its counters to a file of its own in that folder, and the collector adds them
    # up.
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    return registry
