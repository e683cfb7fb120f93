"""Pages: the home page and the saved queries, which are a REST interface too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from coopkg.endpoint import SHAPES, choose_format, respond
from coopkg.errors import BadParameter
from coopkg.negotiation import prefers_html
from coopkg.protocol import HttpResponse, read_entailment
from coopkg.queries import RESERVED, SavedQuery, find_query
from coopkg.results import by_name, formats_for
from coopkg.suggestions import is_known, similar
from coopkg.web.answers import shown_answer
from coopkg.web.page import page
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.engine.evaluate import Task
    from coopkg.results import Format

blueprint = Blueprint("pages", __name__)

_COUNTS = """
PREFIX coop: <{base}ontology#>
SELECT ?class (COUNT(DISTINCT ?thing) AS ?count) WHERE {{
  VALUES ?class {{ coop:Country coop:Agreement coop:Commission coop:Program coop:Project coop:Claim }}
  ?thing a ?class
}} GROUP BY ?class
"""


@blueprint.get("/")
def home() -> Response:
    """Say what this is, how much of it there is, and what can be asked."""
    running = service()
    rows = running.rows(_COUNTS.format(base=running.settings.base))
    counts = {row["class"].rpartition("#")[2]: int(row["count"]) for row in rows}
    starred = [query for query in running.queries.values() if "start-here" in query.tags]
    return page("home.html", counts=counts, starred=starred, settings=running.settings)


@blueprint.get("/queries")
def query_list() -> Response:
    """List the saved queries, as a page or as JSON."""
    running = service()
    if prefers_html(request.headers.get("Accept"), (_JSON,)):
        return page("queries.html", queries=running.queries.values())
    return flask_response(
        HttpResponse(
            200,
            {"Content-Type": "application/json", "Vary": "Accept"},
            json.dumps([_summary(q) for q in running.queries.values()], ensure_ascii=False).encode(),
        )
    )


@blueprint.get("/queries/<name>")
def query_page(name: str) -> Response:
    """Answer a saved query: a page for people, a format by suffix or Accept for programs."""
    running = service()
    slug, _, suffix = name.partition(".")
    saved = find_query(running.queries, slug)
    values = {key: value for key, value in request.args.items() if key not in RESERVED}
    entailment = read_entailment(request.args.getlist("entailment"))
    _know(saved, values)
    offered = formats_for(SHAPES[saved.form])
    if suffix == "rq":
        return flask_response(HttpResponse(200, {"Content-Type": "application/sparql-query"}, saved.text.encode()))
    if not suffix and not request.args.get("format") and prefers_html(request.headers.get("Accept"), offered):
        return _answer_page(saved, values, entailment=entailment)
    fmt = choose_format(request.headers.get("Accept"), suffix or request.args.get("format"), SHAPES[saved.form])
    task = saved.task(values, fmt, running.settings.base)
    task = replace(task, entailment=entailment)
    return flask_response(respond(http_request(), running, task, stable=saved.stable))


def _know(saved: SavedQuery, values: Mapping[str, str]) -> None:
    """Refuse an IRI that the graph does not know, for an empty answer would look like a fact. Raises BadParameter."""
    running = service()
    for name, term in saved.substitutions(values, running.settings.base).items():
        iri = getattr(term, "value", "")
        if name in values and iri.startswith(running.settings.base) and not is_known(running, iri):
            close = similar(running, iri)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise BadParameter(f"The graph does not know {values[name]}.{hint}", suggestion=close)


def _answer_page(saved: SavedQuery, values: Mapping[str, str], *, entailment: bool) -> Response:
    base = service().settings.base

    def task(fmt: Format) -> Task:
        return replace(saved.task(values, fmt, base), entailment=entailment)

    answer = shown_answer(service(), saved.form, task)
    suffixes = [f.name for f in formats_for(SHAPES[saved.form])]
    return page("query.html", query=saved, values=values, answer=answer, suffixes=suffixes)


def _summary(query: SavedQuery) -> dict[str, object]:
    return {
        "slug": query.slug, "form": query.form, "summary": dict(query.summary), "tags": list(query.tags),
        "parameters": [
            {"name": p.name, "type": p.type, "class": p.cls, "default": p.default} for p in query.parameters
        ],
    }  # fmt: skip


_JSON = by_name("json") or formats_for(SHAPES["SELECT"])[0]
