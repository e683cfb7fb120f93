"""Between Flask and the framework-free values of ``protocol``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Response, current_app, request

from coopkg.answers.http.protocol import PATH_SAFE, HttpRequest, HttpResponse, refuse_codings
from coopkg.answers.publication.dumps import CHUNK
from coopkg.errors import BadParameter, Forbidden
from coopkg.rdf.namespaces import DEFAULT_BASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.answers.service import Service


def service() -> Service:
    """Return the service that this application was made for."""
    running: Service = current_app.extensions["coopkg"]  # set by create_app(), and by nobody else
    return running


def origin() -> str:
    """Return address under which others reach this server: the base that the operator chose, else as it was asked."""
    base = service().settings.base
    return request.url_root if base == DEFAULT_BASE else base


def refuse_other_sites() -> None:
    """Let no page of another site write through the user's browser (Fetch standard, Origin). Raises Forbidden."""
    site = request.headers.get("Origin")
    # a form post needs no preflight, so CORS alone would not keep another site from sending one
    reads = request.method in {"GET", "HEAD", "OPTIONS"}
    if site is not None and not reads and urlsplit(site).netloc != request.host:
        raise Forbidden("A page of another site may not write here.")


def refuse_coded_bodies() -> None:
    """Let no body through that would have to be decompressed. Raises UnsupportedCoding."""
    refuse_codings(bare_request().headers)


def one_argument(name: str, default: str = "") -> str:
    """Return the value of a field of the query string. Raises BadParameter where it stands there more than once.

    To take one of two values would answer a question that nobody may have meant.
    """
    values = request.args.getlist(name)
    if len(values) > 1:
        raise BadParameter(f"The parameter {name!r} stands once in an address, not {len(values)} times.")
    return values[0] if values else default


def bare_request() -> HttpRequest:
    """Return the current request as a value, without its body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = quote(request.path, safe=PATH_SAFE)  # as it came, which links to the same page need
    return HttpRequest(request.method, path, request.query_string.decode("latin-1"), headers)


def http_request() -> HttpRequest:
    """Return the current request as a value."""
    return replace(bare_request(), body=request.get_data(cache=True))


def flask_response(response: HttpResponse) -> Response:
    """Return a response value as Flask wants it."""
    if response.path is None:
        return Response(response.body, response.status, dict(response.headers))
    streamed = Response(_part(response.path, *response.span), response.status, dict(response.headers))
    streamed.content_length = response.length
    return streamed


def _part(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Return the bytes of a file from ``start`` to before ``end``."""
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(min(CHUNK, end - start)):
            start += len(chunk)
            yield chunk
