"""``/dumps/<name>`` as a function of values: a dump, or a part of it, with its digest (RFC 9110, 14; RFC 9530)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from coopkg.answers.http.negotiation import rdf_version
from coopkg.answers.http.protocol import COMMON_HEADERS, HttpResponse, form_fields
from coopkg.answers.http.validators import etag, matches
from coopkg.answers.publication.dumps import find, made
from coopkg.errors import MethodNotAllowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.http.protocol import HttpRequest
    from coopkg.answers.service import Service

PREFIX: Final = "/dumps/"
NOT_FILES: Final = frozenset({"", "manifest.json", "SHA256SUMS"})
"""Paths under the prefix that are no dumps."""
METHODS: Final = ("GET", "HEAD")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def concerns(path: str) -> bool:
    """Check whether a path is handled here: one under the prefix that may name a dump."""
    return path.startswith(PREFIX) and path.removeprefix(PREFIX) not in NOT_FILES


def distribute(request: HttpRequest, service: Service) -> HttpResponse:
    """Build the response to a request for a dump, or for one range of its bytes.

    Raises NotFound, MethodNotAllowed, BadParameter, ProtocolError, Busy and the errors of evaluation.
    """
    if request.method not in METHODS:
        raise MethodNotAllowed(f"{request.method} is not allowed here.", METHODS)
    versions = [value for name, value in form_fields(request.query_string) if name == "version"]
    dump = find(service, request.path.removeprefix(PREFIX), rdf_version(versions))
    file = made(service, dump)
    tag = etag(file.tag, dump.address, file.digest)
    headers = {
        **COMMON_HEADERS,
        "Content-Type": dump.media_type,
        "ETag": tag,
        "Cache-Control": "public, max-age=0, must-revalidate",
        "Accept-Ranges": "bytes",
        # Over the whole file, also in a 206 (RFC 9530, section 3): a download in parts can be checked when it is
        # complete.
        "Repr-Digest": file.repr_digest(),
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Repr-Digest, Content-Range",
        "Link": f'<{dump.graph or service.settings.base + "catalog"}>; rel="describes"',
    }
    if matches(request.headers.get("if-none-match"), tag):
        return HttpResponse(304, headers)
    span = _span(request.headers, file.size, tag)
    if span is None:
        return HttpResponse(200, headers, path=file.path, span=(0, file.size))
    headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{file.size}"
    return HttpResponse(206, headers, path=file.path, span=span)


def _span(headers: Mapping[str, str], size: int, tag: str) -> tuple[int, int] | None:
    """Return the first byte of the requested range and the one after its last; None for the whole file.

    Several ranges, other units and ranges outside of the file are ignored, as RFC 9110, section 14.2, allows.
    """
    # If-Range: a download is resumed only if the file is still the same one (section 13.1.5).
    match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if match is None or headers.get("if-range", tag) != tag:
        return None
    first, last = match[1], match[2]
    if not first:
        start, end = size - int(last or 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (max(start, 0), end) if start < end else None
