"""``/sparql``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, url_for

from coopkg.endpoint import SHAPES, explain, handle, permalink, task_of
from coopkg.errors import CoopkgError
from coopkg.protocol import QUERY_METHODS, parse_query
from coopkg.results import formats_for
from coopkg.sparql.admission import admit
from coopkg.web.answers import shown_answer
from coopkg.web.pages import page
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

blueprint = Blueprint("sparql", __name__)


@blueprint.route("/sparql", methods=[*QUERY_METHODS, "PUT", "DELETE", "PATCH"], provide_automatic_options=False)
def query() -> Response | Redirect:
    """Answer a SPARQL query, to people as a table; without one, describe the service, or lead people to the page."""
    asked, running = http_request(), service()
    try:
        response = handle(asked, running)
    except CoopkgError as error:
        raise explain(error, asked, running) from None
    if response is not None:
        return flask_response(response)
    operation = parse_query(asked)
    if operation is None:
        return redirect(url_for("pages.home") + "#endpoint", 303)
    form = admit(operation.text, service=running.federation is not None).form
    return page(
        "result.html",
        answer=shown_answer(running, form, lambda fmt: task_of(operation, fmt, running.settings)),
        address=permalink(operation),
        formats=[f.name for f in formats_for(SHAPES[form])],
        text=operation.text,
    )
