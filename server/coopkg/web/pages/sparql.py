"""``/sparql``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect

from coopkg.answers.http.protocol import QUERY_METHODS, parse_query
from coopkg.answers.sparql_endpoint import explain, handle
from coopkg.errors import CoopkgError
from coopkg.web.pages.query import own_answer, posted
from coopkg.web.parts.page_response import visitor
from coopkg.web.parts.request_values import flask_response, http_request, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=[*QUERY_METHODS, "PUT", "DELETE", "PATCH"], provide_automatic_options=False)
def query() -> Response | Redirect:
    """Answer a SPARQL query, to people as a page; without one, describe the service, or lead people to the page."""
    asked, running = http_request(), service()
    try:
        response = handle(asked, running)
    except CoopkgError as error:
        raise explain(error, asked) from None
    if response is not None:
        return flask_response(response)
    if parse_query(asked) is None:
        return redirect(visitor().link("/query"), 303)
    return own_answer(asked, posted(visitor(), asked))
