"""``/graphs``: the Graph Store Protocol, by the IRI in the query string or by the address itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from coopkg.endpoint import answer_headers, choose_format
from coopkg.engine.changes import DELETE, POST, PUT, Change, Payload
from coopkg.engine.evaluate import Task
from coopkg.errors import MethodNotAllowed, NotFound, ProtocolError, UnsupportedMediaType
from coopkg.protocol import HttpResponse, decode, media_type
from coopkg.results import GRAPH_FORMATS, Format, Shape
from coopkg.terms import named_node
from coopkg.vocab import prefixes
from coopkg.web.values import flask_response, refuse_other_sites, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as HttpAnswer

blueprint = Blueprint("graph_store", __name__)
blueprint.before_request(refuse_other_sites)
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
ACCEPTED = tuple(f.media_type for f in GRAPH_FORMATS if not f.quads)


@blueprint.route("/graphs", methods=["GET", "PUT", "POST", "DELETE", "PATCH"], defaults={"name": ""})
@blueprint.route("/graphs/<path:name>", methods=["GET", "PUT", "POST", "DELETE", "PATCH"])
def graph(name: str) -> HttpAnswer:
    """Read or change one graph (SPARQL 1.1 Graph Store HTTP Protocol, section 5)."""
    target = _target(name)
    match request.method:
        case "GET":
            return _read(target)
        case "PUT" | "POST":
            return _write(target)
        case "DELETE":
            service().propose(Change(DELETE, graph=target or None))
            return Response(status=204)
        case _:
            raise MethodNotAllowed("A graph is not patched here; send a SPARQL update instead.", METHODS)


def _target(name: str) -> str | None:
    """Give the graph's IRI; an empty string is the default graph, None a graph that is to be made."""
    if name:
        return f"{service().settings.base}graphs/{name}"
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
    fmt = choose_format(request.headers.get("Accept"), None, Shape.GRAPH)
    if target and not running.rows(f"SELECT (1 AS ?x) WHERE {{ GRAPH <{target}> {{}} }}"):
        raise NotFound(f"There is no graph <{target}>.")
    pattern = f"GRAPH <{target}> {{ ?s ?p ?o }}" if target else "?s ?p ?o"
    base = running.settings.base
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"
    body = running.ask(Task(text, fmt, base, prefixes=prefixes(base), union=not running.settings.scratch))
    return flask_response(HttpResponse(200, answer_headers(fmt), body))


def _write(target: str | None) -> Response:
    running = service()
    made = target is None
    graph = f"{running.settings.base}graphs/{uuid.uuid4()}" if made else target
    kind = PUT if request.method == "PUT" else POST
    receipt = running.propose(Change(kind, graph=graph or None, payloads=_payloads(graph or running.settings.base)))
    response = Response(status=201 if not receipt.existed else 204)
    if made and graph:
        response.headers["Location"] = graph
    return response


def _payloads(base: str) -> tuple[Payload, ...]:
    content_type = request.headers.get("Content-Type")
    if media_type(content_type) == "multipart/form-data":
        files = [file for _, file in request.files.items(multi=True)]
        return tuple(
            Payload(decode(file.read(), file.content_type), _format(file.content_type).name, base) for file in files
        )
    return (Payload(decode(request.get_data(), content_type), _format(content_type).name, base),)


def _format(content_type: str | None) -> Format:
    kind = media_type(content_type)
    found = next((f for f in GRAPH_FORMATS if not f.quads and kind == f.media_type), None)
    if found is None:
        raise UnsupportedMediaType(f"A graph is not read from {kind or 'a body without Content-Type'}.", ACCEPTED)
    return found
