"""Errors as responses: RFC 9457 problem details, a page for browsers, made in this one place."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from coopkg.answers.http.negotiation import parse_accept, quality
from coopkg.answers.http.protocol import COMMON_HEADERS, HttpResponse
from coopkg.errors import ProtocolError
from coopkg.rdf.namespaces import prefixes
from coopkg.web.rendering import Page, Visit, own_link, render, visit

if TYPE_CHECKING:
    from coopkg.answers.http.protocol import HttpRequest
    from coopkg.errors import CoopkgError

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/problem+json"
TEXT: Final = "text/plain; charset=utf-8"


def problem(error: CoopkgError, request: HttpRequest, base: str) -> HttpResponse:
    """Return the response for an error: its own status, as problem+json, HTML or text, whichever the client prefers."""
    document = {
        "type": f"{base}help/problems#{error.slug()}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }
    kind = _kind(request.headers.get("accept"))
    if kind == HTML:
        page = render(Page("problem.html", {"error": error, "suggestions": _suggestions(error, base)}, error.status,
                           stable=False), _visitor(request))  # fmt: skip
        return HttpResponse(error.status, {**page.headers, **error.headers()}, page.body)
    body = json.dumps(document, ensure_ascii=False) if kind == JSON else f"{error.title}: {error.detail}\n"
    headers = {**COMMON_HEADERS, "Content-Type": kind, "Cache-Control": "no-store", "Vary": "Accept", **error.headers()}
    return HttpResponse(error.status, headers, body.encode())


def _visitor(request: HttpRequest) -> Visit:
    """Return who is shown the error, even where the very parameters of the address are what is wrong."""
    try:
        return visit(request)
    except ProtocolError:
        return visit(replace(request, query_string=""))


def _suggestions(error: CoopkgError, base: str) -> list[tuple[str, str]]:
    """Return what may have been meant, and where that is, if it is a thing of ours."""
    suggested = error.members.get("suggestion") or error.members.get("suggestions") or []
    several = [suggested] if isinstance(suggested, str) else suggested
    texts = [str(item) for item in several] if isinstance(several, list) else []
    return [(text, _path(text, base)) for text in texts]


def _path(name: str, base: str) -> str:
    prefix, colon, local = name.partition(":")
    iri = prefixes(base).get(prefix, "") + local if colon else ""
    return own_link(iri, base) if iri.startswith(base) and re.fullmatch(r"[\w.\-]+", local) else ""


def _kind(accept: str | None) -> str:
    ranges = parse_accept(accept)
    as_json = quality(ranges, ("application/problem+json", "application/json", "application/sparql-results+json"))
    as_html = quality([r for r in ranges if r.specificity], ("text/html",))
    as_text = quality(
        [r for r in ranges if r.specificity == 2], ("text/plain", "text/csv", "text/tab-separated-values")
    )
    if as_html > max(as_json, as_text):
        return HTML
    return TEXT if as_text > as_json else JSON
