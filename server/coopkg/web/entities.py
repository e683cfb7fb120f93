"""Dereferencing: every IRI of the graph resolves here, as a page for people and as RDF for programs."""

from __future__ import annotations

from flask import Blueprint, Response, request

from coopkg.descriptions import SHOWN, describe, incoming
from coopkg.endpoint import choose_format, respond
from coopkg.negotiation import prefers_html
from coopkg.results import GRAPH_FORMATS, Shape
from coopkg.terms import compact
from coopkg.vocab import prefixes
from coopkg.web.page import page
from coopkg.web.values import flask_response, http_request, service

blueprint = Blueprint("entities", __name__)
_SUFFIXES = {f.name for f in GRAPH_FORMATS}


@blueprint.get("/<path:path>")
def entity(path: str) -> Response:
    """Answer for an IRI of the graph: by suffix, by Accept, or as a page."""
    running = service()
    stem, _, suffix = path.rpartition(".")
    named = bool(stem) and suffix in _SUFFIXES
    description = describe(running, stem if named else path)
    if not named and prefers_html(request.headers.get("Accept"), GRAPH_FORMATS):
        names = prefixes(running.settings.base)
        rows = [{key: _cell(value, names) for key, value in row.items()} for row in running.rows(description.select())]
        links = [{key: _cell(value, names) for key, value in row.items()} for row in incoming(running, description.iri)]
        subjects = len({row["s"]["text"] for row in rows}) > 1
        return page(
            "entity.html",
            iri=description.iri,
            name=compact(description.iri, names).strip("<>"),
            rows=rows,
            links=links[:SHOWN],
            more=len(links) > SHOWN,
            subjects=subjects,
            suffixes=sorted(_SUFFIXES),
        )
    fmt = choose_format(request.headers.get("Accept"), suffix if named else None, Shape.GRAPH)
    task = description.construct(fmt, running.settings.base)
    return flask_response(respond(http_request(), running, task, stable=True))


def _cell(value: str, names: dict[str, str]) -> dict[str, str]:
    if value.startswith(("http://", "https://")):
        return {"text": compact(value, names).strip("<>"), "link": value}
    return {"text": value}
