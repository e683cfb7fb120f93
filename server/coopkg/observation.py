"""What the operator sees: a line for each request that matters, and counters over all workers.

A line never holds what a client wrote but for the path, and that as JSON, so that nobody can forge a line; a query
appears by its hash, which the problem document of a failed one names too, and a client by its network.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from coopkg.protocol import query_hash
from coopkg.traffic import network

if TYPE_CHECKING:
    from coopkg.protocol import HttpRequest, HttpResponse

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
    """Give the /24 or /48 network of a client's address: enough to see who asks much, not who it is."""
    host = network(client.rpartition(":")[0].strip("[]")).partition("/")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


@cache
def requests(route: str, status: int) -> Counter:
    """Give the counter of a route's responses with that status."""
    return REQUESTS.labels(route, str(status))


@cache
def durations(route: str) -> Histogram:
    """Give the histogram of a route's seconds."""
    return SECONDS.labels(route)


class Observer:
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
    """Give the counters in the text format of Prometheus, version 0.0.4: of all workers, or of this process alone."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    return generate_latest(registry)
