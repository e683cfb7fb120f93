"""``/sparql``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, url_for

from coopkg.endpoint import answer
from coopkg.protocol import QUERY_METHODS, HttpResponse, parse_query
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=[m for m in QUERY_METHODS if m != "OPTIONS"], provide_automatic_options=False)
def query() -> Response | Redirect:
    """Answer a SPARQL query; without one, lead to the page that explains how to ask."""
    request = http_request()
    operation = parse_query(request)
    if operation is None:
        return redirect(url_for("pages.home") + "#endpoint", 303)
    running = service()
    return flask_response(answer(request, operation, running.ask, running.settings))


@blueprint.route("/sparql", methods=["OPTIONS"], provide_automatic_options=False)
def options() -> Response:
    """Answer a preflight (Fetch standard, CORS protocol)."""
    headers = {
        "Allow": ", ".join(QUERY_METHODS),
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": ", ".join(QUERY_METHODS),
        "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Accept",
        "Access-Control-Max-Age": "86400",
    }
    return flask_response(HttpResponse(204, headers))
