"""One query to one endpoint and its whole answer: with the cache, redirects, repeated attempts and the budget."""

from __future__ import annotations

import email.utils
import random
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

from coopkg.answers.federation.addresses import ForbiddenAddress, addresses_of, resolve
from coopkg.answers.federation.http_exchange import ExchangeFailed, Reply, Request, exchange
from coopkg.answers.federation.response_cache import RemoteCache
from coopkg.errors import CoopkgError, EndpointFailed, EndpointTimeout

if TYPE_CHECKING:
    from coopkg.answers.federation.addresses import Resolve
    from coopkg.answers.federation.circuit_breaker import Health
    from coopkg.answers.federation.endpoints import Endpoint

ACCEPT: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"
FORMATS: Final = {
    "application/sparql-results+json": "json",
    "application/json": "json",
    "application/sparql-results+xml": "xml",
}
"""The media types in which an answer is understood, and the format of each."""
LONGEST_GET: Final = 1800
"""Characters of an address up to which a query is sent by GET, so that its answer can be cached and revalidated."""
ATTEMPTS: Final = 3
"""Attempts at one request, the first included."""
HOPS: Final = 3
"""Redirects that are followed in one attempt."""
_PAUSE: Final = 0.2
"""Seconds before the second attempt, and twice that before each one after."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
CLIENT_FAULTS: Final = frozenset({"rejected", "requests", "too-large", "too-many-rows"})
"""Failures that do not count for the circuit breaker: a client that asks for too much must not close it for others."""
_TRUNCATED: Final = {
    "x-sparql-maxrows": "it says that it cuts answers",
    "x-sql-state": "it says that it was interrupted",
}
"""Header fields by which Virtuoso marks a truncated answer, which it sends with status 200, and what each means."""


@dataclass
class Budget:
    """What one query has taken from one endpoint so far, and its deadline; several threads share it.

    ``deadline`` is a time of the monotonic clock, in seconds; ``bytes`` counts decoded bodies, ``kept`` cached answers.
    """

    endpoint: Endpoint
    deadline: float
    requests: int = 0
    bytes: int = 0
    kept: int = 0
    blamed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self) -> int:
        """Count one request and return the bytes that are left for its answer.

        Raises EndpointFailed, EndpointTimeout.
        """
        limits = self.endpoint.limits
        with self._lock:
            if time.monotonic() >= self.deadline:
                raise timeout(self.endpoint)
            if self.requests >= limits.requests:
                raise failed(self.endpoint, "requests", f"one query may make {limits.requests} requests of it")
            self.requests += 1
            return limits.bytes - self.bytes

    def blame(self) -> bool:
        """Check whether this failure is the first of the query, so that it counts for the circuit breaker."""
        # A query sends several blocks at once. When the endpoint is down they all fail, and would open the breaker
        # alone.
        with self._lock:
            first, self.blamed = not self.blamed, True
            return first

    def take(self, size: int, *, kept: bool = False) -> None:
        """Count the bytes of an answer. Raises EndpointFailed where the answers together are longer than the limit."""
        with self._lock:
            self.bytes += size
            self.kept += kept
            if self.bytes > self.endpoint.limits.bytes:
                raise too_large(self.endpoint)


@dataclass(frozen=True)
class RemoteBody:
    """The body of an answer, not parsed yet, and its format: ``json`` or ``xml``."""

    body: bytes
    format: str


class Transport(Protocol):
    """How queries reach an endpoint: over the network, or from recorded answers."""

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the whole answer. Raises EndpointFailed and EndpointTimeout."""
        ...


def failed(endpoint: Endpoint, reason: str, detail: str) -> EndpointFailed:
    """Build the error for an endpoint that gave no usable answer."""
    return EndpointFailed(f"The endpoint {endpoint.alias} failed: {detail}.", endpoint=endpoint.alias, reason=reason)


def timeout(endpoint: Endpoint) -> EndpointTimeout:
    """Build the error for an endpoint that has used up its time."""
    seconds = endpoint.limits.seconds
    return EndpointTimeout(
        f"The endpoint {endpoint.alias} did not answer within {seconds:g} s, or what was left of the query's time.",
        endpoint=endpoint.alias, reason="timeout",
    )  # fmt: skip


def too_large(endpoint: Endpoint) -> EndpointFailed:
    """Build the error for an endpoint that answers more than one query may take from it."""
    return failed(endpoint, "too-large", f"its answers are longer than {endpoint.limits.bytes} bytes")


class EndpointClient:
    """Sends queries to endpoints over the network."""

    def __init__(self, health: Health, resolve: Resolve = resolve, context: ssl.SSLContext | None = None) -> None:
        self.health = health
        self.resolve = resolve
        self.context = context or ssl.create_default_context()
        self.cache = RemoteCache()

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the whole answer, from the cache or after up to ``ATTEMPTS`` attempts.

        Raises EndpointFailed and EndpointTimeout.
        """
        key = (endpoint.endpoint, query)
        kept = self.cache.get(key)
        if kept is not None and kept.is_fresh():
            # Cached bytes count too: whether a query exceeds its budget must not depend on what others asked before.
            budget.take(len(kept.body), kept=True)
            return _body(endpoint, Reply(200, {"content-type": kept.content_type}, kept.body))
        if not self.health.admits(endpoint.alias):
            raise failed(endpoint, "breaker", "it failed several times in a row and is left alone for a while")
        request = _request(endpoint, query)
        if kept is not None and request.method == "GET":
            request = Request("GET", request.target, {**request.headers, **kept.validators})
        began = time.monotonic()
        try:
            # A 304 answers GET and HEAD only (RFC 9110, section 15.4.5): a query too long for GET is not revalidated.
            reply = self._attempts(endpoint, request, budget)
            if reply.status == 304 and kept is not None:
                self.cache.refresh(key, kept, reply)
                reply = Reply(200, {"content-type": kept.content_type}, kept.body)
            else:
                self.cache.put(key, reply)
            budget.take(len(reply.body))
            body = _body(endpoint, reply)
        except EndpointFailed as error:
            if error.members["reason"] not in CLIENT_FAULTS and budget.blame():
                self.health.failed(endpoint.alias, str(error.members["reason"]))
            raise
        self.health.succeeded(endpoint.alias, time.monotonic() - began)
        return body

    def _attempts(self, endpoint: Endpoint, request: Request, budget: Budget) -> Reply:
        """Return the first reply that is no transient failure, or the last one.

        Raises EndpointFailed, EndpointTimeout.
        """
        for attempt in range(1, ATTEMPTS + 1):
            wait = _PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries
            try:
                reply = self._hops(endpoint, request, budget)
            except ExchangeFailed as error:
                if attempt == ATTEMPTS or not error.retryable:
                    raise _error(endpoint, error) from None
            else:
                if reply.status not in _TRANSIENT or attempt == ATTEMPTS:
                    return reply
                wait = max(wait, _retry_after(reply))
            # Retry-After may ask for hours: a wait that would end after the deadline fails now.
            if time.monotonic() + wait >= budget.deadline:
                raise failed(
                    endpoint, "unavailable", "it was not available, and the time does not allow to wait for it"
                )
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _hops(self, endpoint: Endpoint, request: Request, budget: Budget) -> Reply:
        """Send a request and follow redirects. Raises EndpointFailed, EndpointTimeout, ExchangeFailed."""
        # Every hop is checked like the first address: otherwise a listed endpoint, or whoever has taken it over, could
        # redirect a request into the operator's network. The exemption for private addresses is for its own host alone.
        own = endpoint.target
        for _ in range(HOPS + 1):
            target = request.target
            byte_limit = budget.spend()
            private = endpoint.private and (target.host, target.port) == (own.host, own.port)
            reply = self._ask(request, budget, byte_limit, private=private)
            if reply.status not in _REDIRECTS:
                return reply
            # 303 turns POST into GET without a body (RFC 9110, section 15.4.4). The others repeat the request as it is:
            # clients may change POST to GET for 301 and 302, and would lose the query.
            if reply.status == 303 and request.method != "GET":
                raise failed(endpoint, "redirect", "it redirects a query elsewhere without the query")
            try:
                target = target.follow(reply.headers.get("location", ""))
            except ForbiddenAddress as error:
                raise failed(endpoint, "forbidden-address", f"it leads to {error}") from None
            request = Request(request.method, target, request.headers, request.body)
        raise failed(endpoint, "redirect", f"it redirects more than {HOPS} times")

    def _ask(self, request: Request, budget: Budget, byte_limit: int, *, private: bool) -> Reply:
        """Send a request to the first address that accepts a connection. Raises ExchangeFailed, EndpointFailed."""
        try:
            addresses = addresses_of(request.target, self.resolve, private=private)
        except ForbiddenAddress as error:
            raise failed(budget.endpoint, "forbidden-address", f"it leads to {error}") from None
        except (OSError, UnicodeError):
            raise ExchangeFailed("unreachable", "its name has no address", retryable=True) from None
        last = ExchangeFailed("unreachable", "it has no address")
        for address in addresses[:4]:  # each may take a connection attempt of its own, all within one deadline
            try:
                return exchange(request, address, budget.deadline, byte_limit, self.context)
            except ExchangeFailed as error:
                # Only a connection that failed makes the next address worth trying.
                if error.reason not in {"refused", "unreachable"}:
                    raise
                last = error
        raise last


def _request(endpoint: Endpoint, query: str) -> Request:
    """Build a GET where the address stays short, else a POST with a form (SPARQL 1.1 Protocol, 2.1.1 and 2.1.2)."""
    parameters = urlencode({"query": query})
    target = endpoint.target.asking(parameters)
    if len(target.iri) <= LONGEST_GET:
        return Request("GET", target, {"Accept": ACCEPT})
    form = {"Accept": ACCEPT, "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", endpoint.target, form, parameters.encode())


def _body(endpoint: Endpoint, reply: Reply) -> RemoteBody:
    """Return the answer in a reply. Raises EndpointFailed for anything but a whole SPARQL result."""
    if reply.status == 206 or any(name in reply.headers for name in _TRUNCATED):
        why = next(
            (why for name, why in _TRUNCATED.items() if name in reply.headers), "it gives a part of its answer only"
        )
        raise failed(endpoint, "incomplete", why)
    if 400 <= reply.status < 500 and reply.status != 429:
        raise failed(endpoint, "rejected", f"it rejects the query with status {reply.status}")
    if reply.status != 200:
        raise failed(endpoint, "unavailable", f"it answers with status {reply.status}")
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in FORMATS:
        raise failed(endpoint, "media-type", f"it answers as {media_type[:60] or 'nothing that it names'!r}")
    return RemoteBody(reply.body, FORMATS[media_type])


def _error(endpoint: Endpoint, error: ExchangeFailed) -> CoopkgError:
    return timeout(endpoint) if error.reason == "timeout" else failed(endpoint, error.reason, str(error))


def _retry_after(reply: Reply) -> float:
    """Return the seconds to wait that the endpoint asks for (RFC 9110, section 10.2.3); 0 where it does not."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])  # nine digits are 30 years; a number of any length could overflow
    date = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else 0.0
