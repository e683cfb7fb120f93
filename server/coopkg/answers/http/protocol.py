"""Requests and responses as values, and the parsing of SPARQL operations (SPARQL 1.1 Protocol, section 2)."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from coopkg.errors import MethodNotAllowed, ProtocolError, UnsupportedCoding, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORM: Final = "application/x-www-form-urlencoded"
QUERY_BODY: Final = "application/sparql-query"
UPDATE_BODY: Final = "application/sparql-update"
COMMON_HEADERS: Final = {"X-Content-Type-Options": "nosniff"}
"""Header fields of every response. ``nosniff`` keeps a browser from taking results with a client's text for HTML."""
PATH_SAFE: Final = "/:@!$&'()*+,;=~"
"""Characters that are not escaped in a path, besides letters, digits and ``-._`` (RFC 3986, section 3.3)."""
QUERY_METHODS: Final = ("GET", "HEAD", "POST", "QUERY", "OPTIONS")


@dataclass(frozen=True)
class HttpRequest:
    """A request as a value: the path is percent-encoded, names of header fields are in lower case."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class HttpResponse:
    """A response as a value; ``body`` is whole, so a failure is always a status and never a torn 200.

    With a ``path``, a file is sent in place of the body: its bytes from ``span[0]`` to before ``span[1]``.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    path: Path | None = None
    span: tuple[int, int] = (0, 0)

    @property
    def length(self) -> int:
        """Return the number of bytes of the content."""
        return len(self.body) if self.path is None else self.span[1] - self.span[0]


@dataclass(frozen=True)
class SparqlRequest:
    """An operation: its text, the RDF dataset that takes the place of the query's own (section 2.1.4), and options.

    ``timeout`` is in seconds and shortens the server's own deadline, never lengthens it. Without ``entailment`` the
    answer is from asserted triples alone.
    """

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format_name: str | None = None
    timeout: float | None = None
    entailment: bool = True

    @property
    def names_dataset(self) -> bool:
        """Return whether the protocol names a dataset (section 2.1.4)."""
        return bool(self.default_graphs or self.named_graphs)


def query_hash(request: HttpRequest) -> str:
    """Compute twelve hexadecimal digits of a digest of the query string and body: the name of a query in the log."""
    return hashlib.sha256(request.query_string.encode("utf-8", "replace") + b"\0" + request.body).hexdigest()[:12]


def media_type(content_type: str | None) -> str:
    """Extract the media type of a Content-Type field without parameters, in lower case (RFC 9110, section 8.3.1)."""
    return (content_type or "").partition(";")[0].strip().lower()


def refuse_codings(headers: Mapping[str, str]) -> None:
    """Refuse a request whose body is in a content coding, by raising UnsupportedCoding."""
    # The bound on a body is checked while it arrives; a compressed one could unpack to a thousand times that.
    coding = headers.get("content-encoding", "").strip()
    if coding.lower() not in {"", "identity"}:
        raise UnsupportedCoding(coding)


def charset(content_type: str | None) -> str:
    """Extract the charset parameter of a Content-Type field, in lower case; UTF-8 where there is none."""
    for parameter in (content_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return "utf-8"


def decode(body: bytes, content_type: str | None = None) -> str:
    """Decode a body as UTF-8. Raises UnsupportedMediaType for another charset, ProtocolError for broken bytes."""
    if charset(content_type) not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaType("Bodies are read as UTF-8 only.", (f"{QUERY_BODY}; charset=utf-8", FORM))
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"The body is not UTF-8: byte {error.start} fits no character.") from None


def form_fields(text: str) -> list[tuple[str, str]]:
    """Decode a query string or form body, once. Raises ProtocolError if it is not UTF-8 behind its escapes."""
    # Decoding twice would turn %252B into "+". Blank values are kept: "query=" is an empty query,
    # which has a syntax error, and not a missing one. The bound keeps a body of "&a&a" from becoming millions of
    # tuples.
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=False, errors="strict", max_num_fields=1000)
    except UnicodeDecodeError:
        raise ProtocolError("The parameters are not UTF-8 behind their percent escapes.") from None
    except ValueError:
        raise ProtocolError("There are more than 1000 parameters.") from None


def parse_query(request: HttpRequest) -> SparqlRequest | None:
    """Parse the query operation of a request; None where it has no parameter at all, which asks for the description.

    Raises ProtocolError, MethodNotAllowed or UnsupportedMediaType where the protocol says 4xx.
    """
    url = form_fields(request.query_string)
    match request.method:
        case "GET" | "HEAD":
            if not url:
                return None
            # GET is safe (RFC 9110, section 9.2.1): a link or a crawler must never be able to change anything.
            if any(name == "update" for name, _ in url):
                raise MethodNotAllowed("An update is sent by POST.", ("POST",))
            return _operation(url)
        case "POST" | "QUERY":
            return _from_body(request, url)
        case _:
            raise MethodNotAllowed(f"{request.method} is not allowed here.", QUERY_METHODS)


def parse_update(request: HttpRequest) -> SparqlRequest:
    """Parse the update operation of a request (section 2.2); its graphs are those of USING and USING NAMED.

    Raises ProtocolError, MethodNotAllowed or UnsupportedMediaType where the protocol says 4xx.
    """
    if request.method != "POST":
        raise MethodNotAllowed("An update is sent by POST.", ("POST", "OPTIONS"))
    content_type = request.headers.get("content-type")
    url = form_fields(request.query_string)
    match media_type(content_type):
        case kind if kind == FORM:
            fields = [*url, *form_fields(decode(request.body, content_type))]
        case kind if kind == UPDATE_BODY:
            if any(name == "update" for name, _ in url):
                raise ProtocolError("The update is in the body already: no update parameter beside it.")
            fields = [*url, ("update", decode(request.body, content_type))]
        case kind:
            raise UnsupportedMediaType(
                f"An update is not read from {kind or 'a body without Content-Type'}.", (FORM, UPDATE_BODY)
            )
    updates = [value for name, value in fields if name == "update"]
    if any(name == "query" for name, _ in fields) or len(updates) != 1:
        raise ProtocolError("There must be exactly one update, and no query beside it.")
    return SparqlRequest(
        text=updates[0],
        default_graphs=tuple(value for name, value in fields if name == "using-graph-uri"),
        named_graphs=tuple(value for name, value in fields if name == "using-named-graph-uri"),
    )


def _from_body(request: HttpRequest, url: list[tuple[str, str]]) -> SparqlRequest:
    """Parse a query in a body, as a form or as itself (sections 2.1.2 and 2.1.3). Raises as ``parse_query``."""
    content_type = request.headers.get("content-type")
    match media_type(content_type):
        case kind if kind == FORM and request.method == "POST":
            if any(name == "query" for name, _ in url):
                raise ProtocolError("A form carries its query in the body, not in the URL too.")
            return _operation([*url, *form_fields(decode(request.body, content_type))])
        case kind if kind == QUERY_BODY:
            if any(name == "query" for name, _ in url):
                raise ProtocolError("The query is in the body already: no query parameter beside it.")
            return _operation([*url, ("query", decode(request.body, content_type))])
        case kind if kind == UPDATE_BODY:
            raise ProtocolError("An update is sent to /update.")
        case "":
            raise UnsupportedMediaType("The body has no Content-Type.", (FORM, QUERY_BODY))
        case kind:
            raise UnsupportedMediaType(f"A query is not read from {kind}.", (FORM, QUERY_BODY))


def _operation(fields: list[tuple[str, str]]) -> SparqlRequest:
    """Build the operation from decoded fields. Raises ProtocolError unless there is exactly one query (section 2.1)."""
    queries = [value for name, value in fields if name == "query"]
    if any(name == "update" for name, _ in fields):
        raise ProtocolError("A query operation carries no update parameter.")
    if len(queries) != 1:
        number = "no query parameter" if not queries else f"{len(queries)} query parameters"
        raise ProtocolError(f"There must be exactly one query, and there is {number}.")
    formats = [value for name, value in fields if name == "format" and value]
    return SparqlRequest(
        text=queries[0],
        default_graphs=tuple(value for name, value in fields if name == "default-graph-uri"),
        named_graphs=tuple(value for name, value in fields if name == "named-graph-uri"),
        format_name=formats[0] if formats else None,
        timeout=_timeout([value for name, value in fields if name == "timeout" and value]),
        entailment=read_entailment([value for name, value in fields if name == "entailment"]),
    )


def read_entailment(values: Sequence[str]) -> bool:
    """Check whether inferred triples take part, from the values of ``entailment``. Raises ProtocolError."""
    if any(value not in {"on", "off"} for value in values) or len(set(values)) > 1:
        raise ProtocolError("The entailment is on, which is the default, or off.")
    return "off" not in values


def _timeout(values: list[str]) -> float | None:
    if not values:
        return None
    try:
        seconds = float(values[0])
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:  # false for NaN too, which float() parses
        raise ProtocolError("The timeout is a number of seconds above zero.")
    return seconds
