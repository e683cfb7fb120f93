"""``/graphs``: the Graph Store Protocol, by the IRI in the query string or by the address itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pyoxigraph as ox
from flask import Blueprint, Response, request

from coopkg.answers.http.negotiation import choose_document_format
from coopkg.answers.http.protocol import HttpResponse
from coopkg.answers.sparql_endpoint import answer_headers
from coopkg.dataset.changes import DELETE, POST, PUT, Change
from coopkg.errors import BadParameter, MethodNotAllowed, NotFound, ProtocolError
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import named_node
from coopkg.sparql.query_text import query_text
from coopkg.web.parts.request_values import flask_response, refuse_other_sites, service
from coopkg.web.parts.write_requests import (
    TRIPLE_FORMATS,
    author_for,
    idempotency_key,
    payloads,
    proposal,
    receipt_headers,
)
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as HttpAnswer

blueprint = Blueprint("graph_store", __name__)
blueprint.before_request(refuse_other_sites)
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")


@blueprint.route("/graphs", methods=["GET", "PUT", "POST", "DELETE", "PATCH"], defaults={"name": ""})
@blueprint.route("/graphs/<path:name>", methods=["GET", "PUT", "POST", "DELETE", "PATCH"])
def graph(name: str) -> HttpAnswer:
    """Read or change one graph (SPARQL 1.1 Graph Store HTTP Protocol, section 5)."""
    target = _target(name)
    match request.method:
        case "GET" | "HEAD":
            return _read(target)
        case "PUT" | "POST":
            return _write(target)
        case "DELETE":
            author = author_for("graphs")
            receipt = service().propose(
                proposal(Change(DELETE, base=service().settings.base, graph=target or None), author)
            )
            return Response(status=204, headers=receipt_headers(receipt))
        case _:
            raise MethodNotAllowed("A graph is not patched here; send a SPARQL update instead.", METHODS)


def _target(name: str) -> str | None:
    """Return the graph's IRI; an empty string is the default graph, None a graph that is to be made.

    Raises BadParameter for an address that is no IRI, whatever the method: it is anybody's text until it is a term.
    """
    if name:
        try:
            return ox.NamedNode(f"{service().settings.base}graphs/{name}").value
        except ValueError:  # not ``named_node``, which overlooks blanks around what a person writes: this is an address
            raise BadParameter(f"The address names no graph: {name!r} makes no IRI.") from None
    graphs, default = request.args.getlist("graph"), "default" in request.args
    if len(graphs) + default > 1:
        raise ProtocolError("One graph is named at a time: by graph= or by default.")
    if default:
        return ""
    if graphs:
        return named_node(graphs[0], {}, "graph").value
    if request.method == "POST":
        return None
    raise ProtocolError("Name the graph by graph= with its IRI, or by default.")


def _read(target: str | None) -> Response:
    running = service()
    fmt = choose_document_format(request.headers.get("Accept"), "", request.args.getlist("version"))
    text = query_text("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    if target:
        graph = ox.NamedNode(target)
        if not running.rows(query_text("SELECT (1 AS ?x) WHERE { GRAPH [[graph]] {} }", graph=graph)):
            raise NotFound(f"There is no graph <{target}>.")
        text = query_text("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH [[graph]] { ?s ?p ?o } }", graph=graph)
    base = running.settings.base
    answer = running.engine.ask(Task(text, fmt, base, prefixes=prefixes(base), union=not running.settings.scratch))
    headers = {**answer_headers(fmt), "ETag": f'"{answer.tag}.{fmt.name}"'}
    return flask_response(HttpResponse(200, headers, answer.body))


def _write(target: str | None) -> Response:
    running = service()
    author = author_for("graphs")
    base, made, key = running.settings.base, target is None, idempotency_key()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{author.name} {key}") if key else uuid.uuid4()
    graph = f"{base}graphs/{name}" if made else target
    kind = PUT if request.method == "PUT" else POST
    documents = payloads(TRIPLE_FORMATS, graph or base)
    change = Change(kind, base=base, graph=graph or None, payloads=documents, reifiers=running.settings.scratch)
    receipt = running.propose(proposal(change, author))
    response = Response(status=201 if made or not receipt.existed else 204, headers=receipt_headers(receipt))
    if made and graph:
        response.headers["Location"] = graph
    return response
