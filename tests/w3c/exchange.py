"""HTTP as the protocol tests need it: requests sent as written, replies checked against what is expected of them."""

from __future__ import annotations

import http.client
import urllib.parse
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from w3c.compare import Verdict, compare, read_results

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

TIMEOUT: Final = 30.0
SUCCESS: Final = range(200, 400)
CLIENT_ERROR: Final = range(400, 500)
RESULTS: Final = {
    "application/sparql-results+xml": ".srx",
    "application/sparql-results+json": ".srj",
    "application/json": ".srj",
    "application/xml": ".srx",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
}
GRAPHS: Final = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


class Rejected(Exception):
    """The system says that the request is wrong (4xx); ``about_text`` is whether its text is, or what came of it."""

    def __init__(self, said: str, *, about_text: bool = True) -> None:
        super().__init__(said)
        self.about_text = about_text


class Refused(Exception):
    """The system does not do that for anybody (403): no verdict about the language."""


class Broken(Exception):
    """The system failed (5xx), or said something that it should not."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Give the bare media type, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Wire:
    """A raw HTTP client: it sends what it is told and adds nothing but Host and Content-Length."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        parts = urllib.parse.urlsplit(address)
        self.host, self.port = str(parts.hostname), parts.port

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Send one request on a connection of its own. Raises Broken if no whole response comes in time."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)) as wire:
            try:
                wire.putrequest(method, target, skip_accept_encoding=True)
                for name, value in headers.items():
                    wire.putheader(name, value)
                if body or method in {"POST", "PUT"}:
                    wire.putheader("Content-Length", str(len(body)))
                wire.endheaders(body)
                response = wire.getresponse()
                fields = {name.lower(): value for name, value in response.getheaders()}
                return Reply(response.status, fields, response.read())
            except (OSError, http.client.HTTPException) as error:
                raise Broken(f"{method} {target}: {error!r}") from None


@dataclass(frozen=True)
class Exchange:
    """A request, and what its reply must be: a status, and where given a truth value, a media type or a graph.

    ``location`` stands in the target for the Location of an earlier reply, percent-encoded.
    """

    method: str
    target: str
    status: Container[int]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    boolean: bool | None = None
    media: Container[str] | None = None
    graph: str | None = None
    creates: bool = False


LOCATION: Final = "{location}"


@dataclass(frozen=True)
class Conversation:
    """One W3C test: the graphs that must be there before, and the exchanges in their order."""

    iri: str
    exchanges: tuple[Exchange, ...]
    graphs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Give the name behind the hash."""
        return self.iri.rpartition("#")[2]


def hold(wire: Wire, conversation: Conversation) -> str:
    """Hold a conversation over an emptied server; give what was wrong, or an empty string."""
    data = " ".join(f"GRAPH <{graph}> {{ {triples} }}" for graph, triples in conversation.graphs.items())
    update = f"DROP ALL ; INSERT DATA {{ {data} }}".encode()
    try:
        ready = wire.send("POST", "/update", {"Content-Type": "application/sparql-update"}, update)
        if ready.status not in SUCCESS:
            return f"the server could not be emptied: {ready.status} {ready.body[:200]!r}"
        location = ""
        for number, exchange in enumerate(conversation.exchanges, 1):
            target = exchange.target.replace(LOCATION, urllib.parse.quote(location, safe=""))
            reply = wire.send(exchange.method, target, exchange.headers, exchange.body)
            wrong = _check(exchange, reply)
            if wrong:
                return f"request {number}, {exchange.method} {target}: {wrong}"
            location = urllib.parse.urljoin(f"{wire.address}{target}", reply.headers.get("location", "")) or location
    except Broken as error:
        return str(error)
    return ""


def _check(exchange: Exchange, reply: Reply) -> str:
    if reply.status not in exchange.status:
        return f"status {reply.status} {reply.body[:200].decode(errors='replace')}"
    if exchange.media is not None and reply.media_type not in exchange.media:
        return f"media type {reply.media_type!r}"
    if exchange.creates and "location" not in reply.headers:
        return "no Location"
    if exchange.method == "HEAD" and reply.body:
        return "a body behind HEAD"
    try:
        return _check_body(exchange, reply)
    except (SyntaxError, ValueError, KeyError) as error:
        return f"the body is no {reply.media_type}: {error}"


def _check_body(exchange: Exchange, reply: Reply) -> str:
    if exchange.boolean is not None:
        said = read_results(reply.body, RESULTS[reply.media_type])
        return "" if said is exchange.boolean else f"the answer is {said}"
    if exchange.graph is not None:
        verdict, why = compare(
            ox.Dataset(ox.parse(exchange.graph, ox.RdfFormat.TURTLE)),
            ox.Dataset(ox.parse(reply.body, GRAPHS[reply.media_type])),
        )
        return why if verdict is Verdict.FAILED else ""
    if exchange.media is GRAPHS:
        list(ox.parse(reply.body, GRAPHS[reply.media_type], base_iri="http://a.example/"))
    elif exchange.media is not None and exchange.method != "HEAD" and reply.media_type in RESULTS:
        read_results(reply.body, RESULTS[reply.media_type])
    return ""
