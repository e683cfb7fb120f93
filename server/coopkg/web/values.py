"""Between Flask and the framework-free values of ``protocol``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Response, current_app, request

from coopkg.dumps import CHUNK
from coopkg.errors import Forbidden
from coopkg.protocol import PATH_SAFE, HttpRequest, HttpResponse, refuse_codings
from coopkg.service import Service
from coopkg.vocab import DEFAULT_BASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def service() -> Service:
    """Give the service that this application was made for."""
    found = current_app.extensions["coopkg"]
    if not isinstance(found, Service):
        raise TypeError("create_app() did not set the service")
    return found


def origin() -> str:
    """Give the address under which others reach this server: the base that the operator chose, else as it was asked."""
    base = service().settings.base
    return request.url_root if base == DEFAULT_BASE else base


def refuse_other_sites() -> None:
    """Let no page of another site write through the user's browser (Fetch standard, Origin). Raises Forbidden."""
    site = request.headers.get("Origin")
    reads = request.method in {"GET", "HEAD", "OPTIONS"}
    if site is not None and not reads and urlsplit(site).netloc != request.host:
        raise Forbidden("A page of another site may not write here.")


def refuse_coded_bodies() -> None:
    """Let no body through that would have to be decompressed. Raises UnsupportedCoding."""
    refuse_codings(bare_request().headers)


def bare_request() -> HttpRequest:
    """Give the current request as a value, without its body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = quote(request.path, safe=PATH_SAFE)  # as it came, which links to the same page need
    return HttpRequest(request.method, path, request.query_string.decode("latin-1"), headers)


def http_request() -> HttpRequest:
    """Give the current request as a value."""
    return replace(bare_request(), body=request.get_data(cache=True))


def flask_response(response: HttpResponse) -> Response:
    """Give a response value as Flask wants it."""
    if response.path is None:
        return Response(response.body, response.status, dict(response.headers))
    found = Response(_part(response.path, *response.span), response.status, dict(response.headers))
    found.content_length = response.length
    return found


def _part(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Give the bytes of a file from ``start`` to before ``end``."""
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(min(CHUNK, end - start)):
            start += len(chunk)
            yield chunk
