"""Fetch a document that the user of a command names: over http and https alone, bounded in size and time.

Nothing that serves requests imports this: it checks no addresses, since the user may name any.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from coopkg.answers.federation.http_exchange import fields_of
from coopkg.answers.http.negotiation import MediaRange
from coopkg.answers.http.protocol import media_type
from coopkg.errors import NotFetched, UsageError
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.terms import Document, format_of

if TYPE_CHECKING:
    from coopkg.rdf.formats import Format

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a document; the largest of the EU's authority tables in Turtle has a third of that."""
SECONDS: Final = 60.0
"""Seconds for the whole document."""
SILENCE: Final = 10.0
"""Seconds to wait for the next byte."""
_ACCEPT: Final = "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.5"


def is_address(text: str) -> bool:
    """Check whether a text is an http or https address, rather than the name of a file."""
    return text.lower().startswith(("http://", "https://"))


def fetch(address: str, largest: int = LARGEST, seconds: float = SECONDS) -> Document:
    """Fetch an RDF document, in the format of its media type, or of its suffix where that names none.

    Raises NotFetched where it does not arrive within its bounds, UsageError for an address of another scheme.
    """
    if not is_address(address):
        raise UsageError(f"Only http and https are fetched, not {address!r}.")
    request = urllib.request.Request(address, headers={"Accept": _ACCEPT, "User-Agent": "coopkg"})  # noqa: S310 - checked
    try:
        with _opener().open(request, timeout=SILENCE) as response:
            kind = media_type(fields_of(response).get("content-type"))
            data = _read(response, address, largest, time.monotonic() + seconds)
    except urllib.error.HTTPError as error:
        with error:
            raise NotFetched(f"{address} is answered with the status {error.code}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotFetched(f"{address} cannot be fetched: {getattr(error, 'reason', None) or error}.") from None
    declared = _format(kind)
    fmt = format_of(urlsplit(address).path) if declared is None or declared.rdf is None else declared.rdf
    return Document(address, data, fmt, address)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone: the default one also reads files and speaks FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _read(response: http.client.HTTPResponse, address: str, largest: int, deadline: float) -> bytes:
    """Read the body to its end. Raises NotFetched where it is too long, too late or incomplete."""
    parts: list[bytes] = []
    size = 0
    # ``read1`` returns what has arrived. ``read`` would wait for a whole block, and a sender of single bytes could
    # prolong it beyond the deadline.
    while part := response.read1(1 << 16):
        size += len(part)
        if size > largest:
            raise NotFetched(f"{address} is longer than {largest} bytes.")
        if time.monotonic() > deadline:
            raise NotFetched(f"{address} did not arrive in time.")
        parts.append(part)
    missing = response.length  # unlike ``read``, ``read1`` does not raise for a body that is shorter than declared
    if missing:
        raise NotFetched(f"{address} broke off, {missing} bytes before its end.")
    return b"".join(parts)


def _format(kind: str) -> Format | None:
    return next((f for f in GRAPH_FORMATS if MediaRange(kind, 1.0).matches(f.media_type)), None)
