"""A query to an endpoint and its whole answer: the cache, redirects, attempts and the budget around them."""

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
"""The media types that an answer is read from, and the format of each."""
LONGEST_GET: Final = 1800
"""Characters of an address up to which a query is asked by GET, whose answers can be validated."""
ATTEMPTS: Final = 3
HOPS: Final = 3
_PAUSE: Final = 0.2
"""Seconds before the second attempt, and twice that before each one after."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
ITS_ASKERS_FAULT: Final = frozenset({"rejected", "requests", "too-large", "too-many-rows"})
"""Reasons that say nothing against the endpoint: one who asks for too much must not close it to others."""
_CUT: Final = {"x-sparql-maxrows": "it says that it cuts answers", "x-sql-state": "it says that it was interrupted"}
"""What Virtuoso says in the header of an answer that is not whole."""


@dataclass
class Budget:
    """What one query may still take from one endpoint; several threads draw on it."""

    endpoint: Endpoint
    deadline: float
    requests: int = 0
    bytes: int = 0
    kept: int = 0
    blamed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self) -> int:
        """Take one request; return the bytes that are left for its answer. Raises EndpointFailed, EndpointTimeout."""
        limits = self.endpoint.limits
        with self._lock:
            if time.monotonic() >= self.deadline:
                raise timeout(self.endpoint)
            if self.requests >= limits.requests:
                raise failed(self.endpoint, "requests", f"one query may make {limits.requests} requests of it")
            self.requests += 1
            return limits.bytes - self.bytes

    def blame(self) -> bool:
        """Return whether a failure is the first of the query: blocks that fail together count as one."""
        with self._lock:
            first, self.blamed = not self.blamed, True
            return first

    def take(self, size: int, *, kept: bool = False) -> None:
        """Count the bytes of an answer. Raises EndpointFailed where all together are too many."""
        with self._lock:
            self.bytes += size
            self.kept += kept
            if self.bytes > self.endpoint.limits.bytes:
                raise too_large(self.endpoint)


@dataclass(frozen=True)
class RemoteBody:
    """An answer as it came, not looked at yet, and its format."""

    body: bytes
    format: str


class Transport(Protocol):
    """What puts a query to an endpoint: the network, or a recording of it."""

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the whole answer. Raises EndpointFailed and EndpointTimeout."""
        ...


def failed(endpoint: Endpoint, reason: str, detail: str) -> EndpointFailed:
    """Return the error for an endpoint that gave no usable answer."""
    return EndpointFailed(f"The endpoint {endpoint.alias} failed: {detail}.", endpoint=endpoint.alias, reason=reason)


def timeout(endpoint: Endpoint) -> EndpointTimeout:
    """Return the error for an endpoint whose time has run out."""
    seconds = endpoint.limits.seconds
    return EndpointTimeout(
        f"The endpoint {endpoint.alias} did not answer within {seconds:g} s, or what was left of the query's time.",
        endpoint=endpoint.alias, reason="timeout",
    )  # fmt: skip


def too_large(endpoint: Endpoint) -> EndpointFailed:
    """Return the error for an endpoint that answers more than one query may take from it."""
    return failed(endpoint, "too-large", f"its answers are longer than {endpoint.limits.bytes} bytes")


class EndpointClient:
    """Asks endpoints over the network."""

    def __init__(self, health: Health, resolve: Resolve = resolve, context: ssl.SSLContext | None = None) -> None:
        self.health = health
        self.resolve = resolve
        self.context = context or ssl.create_default_context()
        self.cache = RemoteCache()

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the whole answer, asked anew up to twice. Raises EndpointFailed and EndpointTimeout."""
        key = (endpoint.endpoint, query)
        kept = self.cache.get(key)
        if kept is not None and kept.is_fresh():
            budget.take(len(kept.body), kept=True)
            return _body(endpoint, Reply(200, {"content-type": kept.content_type}, kept.body))
        if not self.health.admits(endpoint.alias):
            raise failed(endpoint, "breaker", "it failed several times in a row and is left alone for a while")
        request = _request(endpoint, query)
        if kept is not None and request.method == "GET":
            request = Request("GET", request.target, {**request.headers, **kept.validators})
        began = time.monotonic()
        try:
            reply = self._attempts(endpoint, request, budget)
            if reply.status == 304 and kept is not None:
                self.cache.refresh(key, kept, reply)
                reply = Reply(200, {"content-type": kept.content_type}, kept.body)
            else:
                self.cache.put(key, reply)
            budget.take(len(reply.body))
            found = _body(endpoint, reply)
        except EndpointFailed as error:
            if error.members["reason"] not in ITS_ASKERS_FAULT and budget.blame():
                self.health.failed(endpoint.alias, str(error.members["reason"]))
            raise
        self.health.succeeded(endpoint.alias, time.monotonic() - began)
        return found

    def _attempts(self, endpoint: Endpoint, request: Request, budget: Budget) -> Reply:
        for attempt in range(1, ATTEMPTS + 1):
            wait = _PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - so that clients do not march in step
            try:
                reply = self._hops(endpoint, request, budget)
            except ExchangeFailed as error:
                if attempt == ATTEMPTS or not error.again:
                    raise _error(endpoint, error) from None
            else:
                if reply.status not in _AGAIN or attempt == ATTEMPTS:
                    return reply
                wait = max(wait, _retry_after(reply))
            if time.monotonic() + wait >= budget.deadline:
                raise failed(
                    endpoint, "unavailable", "it was not available, and the time does not allow to wait for it"
                )
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _hops(self, endpoint: Endpoint, request: Request, budget: Budget) -> Reply:
        """Follow redirects, each looked at as the first address was; only the endpoint's own may be private."""
        own = endpoint.target
        for _ in range(HOPS + 1):
            target = request.target
            room = budget.spend()
            private = endpoint.private and (target.host, target.port) == (own.host, own.port)
            reply = self._ask(request, budget, room, private=private)
            if reply.status not in _REDIRECTS:
                return reply
            if reply.status == 303 and request.method != "GET":
                raise failed(endpoint, "redirect", "it redirects a query elsewhere without the query")
            try:
                target = target.follow(reply.headers.get("location", ""))
            except ForbiddenAddress as error:
                raise failed(endpoint, "forbidden-address", f"it leads to {error}") from None
            request = Request(request.method, target, request.headers, request.body)
        raise failed(endpoint, "redirect", f"it redirects more than {HOPS} times")

    def _ask(self, request: Request, budget: Budget, room: int, *, private: bool) -> Reply:
        """Ask the first address that can be connected to. Raises ExchangeFailed, EndpointFailed."""
        try:
            addresses = addresses_of(request.target, self.resolve, private=private)
        except ForbiddenAddress as error:
            raise failed(budget.endpoint, "forbidden-address", f"it leads to {error}") from None
        except (OSError, UnicodeError):
            raise ExchangeFailed("unreachable", "its name has no address", again=True) from None
        last = ExchangeFailed("unreachable", "it has no address")
        for address in addresses[:4]:
            try:
                return exchange(request, address, budget.deadline, room, self.context)
            except ExchangeFailed as error:
                if error.reason not in {"refused", "unreachable"}:
                    raise
                last = error
        raise last


def _request(endpoint: Endpoint, query: str) -> Request:
    """Ask by GET where the address stays short, else by a form (SPARQL 1.1 Protocol, sections 2.1.1 and 2.1.2)."""
    parameters = urlencode({"query": query})
    target = endpoint.target.asking(parameters)
    if len(target.iri) <= LONGEST_GET:
        return Request("GET", target, {"Accept": ACCEPT})
    form = {"Accept": ACCEPT, "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", endpoint.target, form, parameters.encode())


def _body(endpoint: Endpoint, reply: Reply) -> RemoteBody:
    """Return the answer in a reply. Raises EndpointFailed for anything but a whole answer."""
    if reply.status == 206 or any(name in reply.headers for name in _CUT):
        why = next((why for name, why in _CUT.items() if name in reply.headers), "it gives a part of its answer only")
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
    """Return the seconds that an endpoint asks to wait (RFC 9110, section 10.2.3); 0 where it does not say."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    when = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(when) - time.time()) if when else 0.0
