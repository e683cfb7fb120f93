"""How a view answers with a page: ``page(template, ...)``; and how a client that has it already is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
from flask import request, url_for

from coopkg.answers.evidence.source_texts import state
from coopkg.answers.http.negotiation import parse_accept, quality
from coopkg.answers.http.protocol import HttpResponse
from coopkg.answers.http.validators import matches
from coopkg.sparql.query_text import query_text
from coopkg.web.parts.request_values import bare_request, flask_response, service
from coopkg.web.rendering import PAGE_HEADERS, Edition, Page, Visit, page_tag, render
from coopkg.web.rendering import visit as visit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from coopkg.answers.service import Service

_RELEASE: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?release ?modified WHERE {
  [[dataset]] dcat:version ?release
  OPTIONAL { [[dataset]] dcterms:modified ?modified }
} LIMIT 1
"""


def visitor() -> Visit:
    """Return who looks at which page. Raises ProtocolError where the parameters are not UTF-8."""
    return visit_of(bare_request())


def page(
    template: str,
    *,
    status: int = 200,
    stable: bool = True,
    headers: Mapping[str, str] = PAGE_HEADERS,
    visit: Visit | None = None,
    **values: object,
) -> Response:
    """Return a page in the language that the request asks for, under the strict policy of every page.

    A page that may differ though version and address are the same is not ``stable``.
    """
    shown = Page(template, {"url_for": url_for, **values}, status, stable and request.method == "GET", headers)
    return flask_response(render(shown, visit or visitor(), edition(service())))


def edition(running: Service) -> Edition:
    """Return which data the pages show now; its tag stands for the copies of sources too, which pages quote."""
    copies = state(running.settings.sources) if running.settings.sources else ""
    tag = running.engine.tag() + copies
    return running.derived.get("edition", tag, lambda: _edition(running, tag))


def _edition(running: Service, tag: str) -> Edition:
    rows = running.rows(query_text(_RELEASE, dataset=ox.NamedNode(f"{running.settings.base}catalog#dataset")))
    found = rows[0] if rows else {}
    version = int(running.engine.info()["version"])
    record = running.commit(version)
    return Edition(found.get("release", ""), version, record.time if record else found.get("modified", ""), tag)


def unchanged() -> Response | None:
    """Return 304, before anything is asked, to a client that wants a page and has it already (RFC 9110, 13.1.2).

    Only a page that was given with status 200 has the tag; so nothing need be known of what is at the address. A star,
    which any page at all would match, is no tag that was given: it says nothing here.
    """
    field = request.headers.get("If-None-Match", "").strip()
    ranges = [r for r in parse_accept(request.headers.get("Accept")) if r.specificity]
    if field in {"", "*"} or request.method not in {"GET", "HEAD"} or quality(ranges, ("text/html",))[0] == 0:
        return None
    tag = page_tag(visitor(), edition(service()))
    headers = {"ETag": tag, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return flask_response(HttpResponse(304, headers)) if matches(field, tag) else None
