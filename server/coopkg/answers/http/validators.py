"""Validators and codings of representations: ETag, 304, gzip (RFC 9110, sections 8.8.3, 13.1.2 and 12.5.3)."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.http.protocol import HttpResponse

COMPRESS_FROM: Final = 1024
"""Bytes below which a gzip coding costs more than it saves."""
_COMPRESSED: Final = ("application/zip", "application/gzip", "image/")


def etag(*parts: str) -> str:
    """Compute a strong entity tag (RFC 9110, section 8.8.1) over ``parts``, which must determine each byte."""
    # A NUL between the parts, so that no two lists of them run into the same text. A lone surrogate must not be an
    # error.
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f'"{digest[:32]}"'


def matches(field: str | None, tag: str) -> bool:
    """Check whether an If-None-Match field names the tag, in any coding."""
    if not field:
        return False
    if field.strip() == "*":
        return True
    # The comparison is weak (RFC 9110, section 13.1.2). Proxies mark a tag with W/ when they compress the body
    # themselves. The tag of our own gzip coding counts too: the client has the same content.
    bare = tag.strip('"')
    named = {entry.strip().removeprefix("W/").strip('"') for entry in field.split(",")}
    return bool({bare, f"{bare}-gzip"} & named)


def accepts_gzip(field: str | None) -> bool:
    """Check whether an Accept-Encoding field allows gzip; a weight of 0 forbids it (RFC 9110, section 12.5.3)."""
    for entry in (field or "").split(","):
        coding, _, parameters = entry.strip().partition(";")
        if coding.strip().lower() in {"gzip", "x-gzip", "*"}:
            weight = parameters.replace(" ", "").lower().removeprefix("q=")
            return not weight or weight.replace(".", "").strip("0") != ""
    return False


def compressed(response: HttpResponse, request_headers: Mapping[str, str]) -> HttpResponse:
    """Encode the response in gzip where the client accepts that and it saves bytes; else return it as it is."""
    headers = {name.lower(): name for name in response.headers}
    kind = response.headers.get(headers.get("content-type", ""), "")
    if (
        response.status != 200
        or response.path is not None
        or len(response.body) < COMPRESS_FROM
        or "content-encoding" in headers
        or kind.startswith(_COMPRESSED)
        or not accepts_gzip(request_headers.get("accept-encoding"))
    ):
        return response
    changed = dict(response.headers)
    changed["Content-Encoding"] = "gzip"
    changed.pop(headers.get("content-length", ""), None)
    # Another sequence of bytes needs another strong tag (RFC 9110, section 8.8.3.3), and a cache must know what it
    # varies by.
    if "etag" in headers:
        changed[headers["etag"]] = f'{changed[headers["etag"]][:-1]}-gzip"'
    vary = changed.get(headers.get("vary", "Vary"), "")
    if "accept-encoding" not in vary.lower():
        changed[headers.get("vary", "Vary")] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    # Without a time in its header, so that equal bodies stay equal bytes under one tag.
    return replace(response, headers=changed, body=gzip.compress(response.body, 6, mtime=0))
