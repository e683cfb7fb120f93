"""``/help``: what the errors mean, and how to report a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from coopkg.errors import CoopkgError
from coopkg.web.parts.page_response import page
from coopkg.web.parts.request_values import service

if TYPE_CHECKING:
    from collections.abc import Iterator

blueprint = Blueprint("help", __name__, url_prefix="/help")


@blueprint.get("/problems")
def problems() -> Response:
    """Say what each kind of error means; a problem document's ``type`` leads here (RFC 9457, section 3.1.1)."""
    kinds = sorted({(error.slug(), error.status) for error in _kinds(CoopkgError)}, key=lambda kind: kind[::-1])
    return page("problems.html", kinds=kinds)


def _kinds(root: type[CoopkgError]) -> Iterator[type[CoopkgError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


@blueprint.get("/mistakes")
def mistakes() -> Response:
    """Say how to report a mistake in the data or on a page."""
    return page("mistakes.html", contact=service().settings.contact)
