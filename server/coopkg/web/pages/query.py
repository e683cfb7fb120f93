"""``/query``, where people ask questions of their own, and ``/embed``, which shows an answer on another site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
from flask import Blueprint, Response, redirect, request

from coopkg.answers.http.protocol import parse_query
from coopkg.answers.sparql_endpoint import task_of
from coopkg.errors import CoopkgError, ProtocolError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import prefixes
from coopkg.web.parts.page_response import visitor
from coopkg.web.parts.query_view import Bench, answered, asking, embedded
from coopkg.web.parts.request_values import http_request, service
from coopkg.web.rendering import Visit

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

    from coopkg.answers.http.protocol import HttpRequest, SparqlRequest
    from coopkg.answers.service import Service
    from coopkg.sparql.reading import Reading

blueprint = Blueprint("query", __name__)
_VIEWS: Final = {"barchart": "chart", "linechart": "chart", "scatterchart": "chart"}
_BEGINNING: Final = """SELECT ?program ?framework WHERE {
  ?program a coop:Program .
  OPTIONAL { ?program coop:isWithinFramework ?framework }
}"""
_SHORT: Final = ("coop", "country", "period", "skos")
"""The prefixes that an empty editor begins with."""


@blueprint.route("/query", methods=["GET", "POST"])
def query() -> Response | Redirect:
    """Show the editor and, where there is a query, its answer; an address with a format leads to that."""
    asked = http_request()
    visit = posted(visitor(), asked)
    if request.args.get("query") and request.args.get("format"):
        return redirect(Visit("/sparql", visit.parameters).here(view=None, lang=None), 303)
    if not dict(visit.parameters).get("query", "").strip():
        return asking(service(), visit, {"text": start(service())})
    return own_answer(asked, visit)


def posted(visit: Visit, asked: HttpRequest) -> Visit:
    """Return the visit with the fields of a form that was posted; its links are to the same page by GET."""
    fields = tuple(request.form.items(multi=True)) if asked.method == "POST" else ()
    return Visit("/query", (*visit.parameters, *fields), visit.language, visit.explicit)


def start(running: Service) -> str:
    """Return the text that an empty editor begins with."""
    known = prefixes(running.settings.base)
    declared = "".join(f"PREFIX {name}: {ox.NamedNode(known[name])}\n" for name in _SHORT)
    return f"{declared}\n{_BEGINNING}\n"


def own_answer(asked: HttpRequest, visit: Visit) -> Response:
    """Answer a visitor's own query with the page of its answer, or of what is wrong with it."""
    running = service()
    operation = _operation(asked)
    try:
        reading = running.read(task_of(operation, SOLUTION_FORMATS[0], running.settings))
    except CoopkgError as error:
        return asking(running, visit, {"text": operation.text, "entailment": operation.entailment}, error)
    stable = reading.stable and asked.method == "GET"
    return answered(running, visit, _bench(operation, reading, visit), stable=stable)


@blueprint.get("/embed")
def embed() -> Response:
    """Show the answer to a query alone, for a frame on another site."""
    running, operation = service(), _operation(http_request())
    visit = visitor()
    reading = running.read(task_of(operation, SOLUTION_FORMATS[0], running.settings))
    address = Visit("/query", visit.parameters, visit.language, visit.explicit).here()
    return embedded(running, visit, _bench(operation, reading, visit), address, stable=reading.stable)


def _operation(asked: HttpRequest) -> SparqlRequest:
    operation = parse_query(asked)
    if operation is None:
        raise ProtocolError("There must be exactly one query, and there is no query parameter.")
    return operation


def _bench(operation: SparqlRequest, reading: Reading, visit: Visit) -> Bench:
    task = task_of(operation, SOLUTION_FORMATS[0], service().settings)
    parameters = {"query": operation.text} | ({} if operation.entailment else {"entailment": "off"})
    title = str(visit.words("query.answer"))
    return Bench(operation.text, task, reading.form, title, parameters, _VIEWS.get(reading.view, reading.view) or None)
