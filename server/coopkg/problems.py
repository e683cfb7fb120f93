"""Errors as responses: RFC 9457 problem details, a page for browsers, made in this one place."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Final

from coopkg.negotiation import parse_accept, quality
from coopkg.protocol import HttpResponse

if TYPE_CHECKING:
    from coopkg.errors import CoopkgError

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
COMMON_HEADERS: Final = {"X-Content-Type-Options": "nosniff"}


def problem(error: CoopkgError, accept: str | None, base: str) -> HttpResponse:
    """Give the response for an error: its own status, as problem+json, HTML or text, whichever the client prefers."""
    document = {
        "type": f"{base}help/problems#{error.slug()}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }
    kind, body = _represent(document, accept)
    headers = {
        **COMMON_HEADERS,
        **(PAGE_HEADERS if kind.startswith("text/html") else {}),
        "Content-Type": kind,
        "Cache-Control": "no-store",
        "Vary": "Accept",
        **error.headers(),
    }
    return HttpResponse(error.status, headers, body)


def _represent(document: dict[str, object], accept: str | None) -> tuple[str, bytes]:
    ranges = parse_accept(accept)
    as_json = quality(ranges, ("application/problem+json", "application/json", "application/sparql-results+json"))
    as_html = quality([r for r in ranges if r.specificity], ("text/html",))
    as_text = quality(
        [r for r in ranges if r.specificity == 2], ("text/plain", "text/csv", "text/tab-separated-values")
    )
    if as_html > max(as_json, as_text):
        return "text/html; charset=utf-8", _page(document)
    if as_text > as_json:
        return "text/plain; charset=utf-8", f"{document['title']}: {document['detail']}\n".encode()
    return "application/problem+json", json.dumps(document, ensure_ascii=False).encode()


def _page(document: dict[str, object]) -> bytes:
    title, detail = html.escape(str(document["title"])), html.escape(str(document["detail"]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{title} - coopkg</title><link rel="stylesheet" href="/static/coopkg.css"></head><body><main>'
        f"<h1>{title}</h1><p>{detail}</p>"
        f'<p><a href="/">Home</a> - <a href="/queries">Saved queries</a></p></main></body></html>'
    ).encode()
