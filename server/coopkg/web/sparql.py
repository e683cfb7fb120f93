"""``/sparql``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, url_for

from coopkg.endpoint import handle
from coopkg.protocol import QUERY_METHODS
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=[*QUERY_METHODS, "PUT", "DELETE", "PATCH"], provide_automatic_options=False)
def query() -> Response | Redirect:
    """Answer a SPARQL query; without one, give the service description, or lead people to the page."""
    response = handle(http_request(), service())
    return redirect(url_for("pages.home") + "#endpoint", 303) if response is None else flask_response(response)
