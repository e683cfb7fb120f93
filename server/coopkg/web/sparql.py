"""``/sparql``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, url_for

from coopkg.catalogue import service_description
from coopkg.endpoint import answer, answer_headers, choose_format
from coopkg.negotiation import prefers_html
from coopkg.protocol import QUERY_METHODS, HttpRequest, HttpResponse, parse_query
from coopkg.results import GRAPH_FORMATS, Shape
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=[m for m in QUERY_METHODS if m != "OPTIONS"], provide_automatic_options=False)
def query() -> Response | Redirect:
    """Answer a SPARQL query; without one, give the service description, or lead people to the page."""
    request = http_request()
    operation = parse_query(request)
    if operation is None:
        return _description(request)
    return flask_response(answer(request, operation, service()))


def _description(request: HttpRequest) -> Response | Redirect:
    accept = request.headers.get("accept")
    if prefers_html(accept, GRAPH_FORMATS):
        return redirect(url_for("pages.home") + "#endpoint", 303)
    fmt = choose_format(accept, None, Shape.GRAPH)
    return flask_response(HttpResponse(200, answer_headers(fmt), service_description(service(), fmt)))


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
