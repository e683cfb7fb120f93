"""What tells others what is here: VoID, the catalogue, llms.txt, robots.txt and the sitemap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from coopkg.answers.descriptions import computed
from coopkg.answers.http.validators import etag, matches
from coopkg.answers.publication import crawlers
from coopkg.answers.publication.dcat import catalogue
from coopkg.answers.publication.void import void_description
from coopkg.errors import BadParameter
from coopkg.rdf.namespaces import CATALOG, VOID
from coopkg.web.pages.documents import document
from coopkg.web.parts.request_values import one_argument, service

if TYPE_CHECKING:
    from collections.abc import Callable

blueprint = Blueprint("discovery", __name__)


@blueprint.get(f"/{VOID}", defaults={"suffix": ""})
@blueprint.get(f"/{VOID}.<suffix>")
def void(suffix: str) -> Response:
    """Describe the graph in VoID (RFC 5785 and VoID, section 7.2)."""
    return document(computed(service(), VOID, void_description), VOID, suffix)


@blueprint.get(f"/{CATALOG}", defaults={"suffix": ""})
@blueprint.get(f"/{CATALOG}.<suffix>")
def catalog(suffix: str) -> Response:
    """Return the catalogue in DCAT-AP."""
    return document(computed(service(), CATALOG, catalogue), CATALOG, suffix)


@blueprint.get("/llms.txt")
def llms() -> Response:
    """Say in Markdown what is here and how to ask it."""
    return _text("text/markdown", lambda: crawlers.llms(service()))


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Say what is for crawlers."""
    return _text("text/plain", lambda: crawlers.robots(service().settings.base))


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the entities. Raises BadParameter."""
    asked = one_argument("page")
    if "page" in request.args and not (asked.isascii() and asked.isdigit() and int(asked[:9]) > 0):
        raise BadParameter("page is the number of a page of the sitemap, from 1 on.")
    page = int(asked[:9]) if asked else None
    return _text("application/xml", lambda: crawlers.sitemap(service(), page))


def _text(kind: str, write: Callable[[], str]) -> Response:
    tag = etag(service().engine.tag(), request.full_path)
    headers = {"ETag": tag, "Cache-Control": "public, max-age=0, must-revalidate"}
    if matches(request.headers.get("If-None-Match"), tag):
        return Response(status=304, headers=headers)
    return Response(write(), content_type=f"{kind}; charset=utf-8", headers=headers)
