"""Pages: the home page and the saved queries, which are a REST interface too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, render_template, request

from coopkg.endpoint import SHAPES, choose_format, respond
from coopkg.errors import BadParameter, Forbidden
from coopkg.federation.reading import unlisted
from coopkg.negotiation import prefers_html
from coopkg.problems import PAGE_HEADERS
from coopkg.protocol import HttpResponse
from coopkg.queries import SavedQuery, find_query
from coopkg.results import by_name, formats_for
from coopkg.suggestions import is_known, similar
from coopkg.vocab import LANGUAGES
from coopkg.web.answers import shown_answer
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.service import Service

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
    values = {key: value for key, value in request.args.items() if key not in {"format", "lang"}}
    _know(saved, values)
    lacking = endpoints_lacking(running, saved)
    offered = formats_for(SHAPES[saved.form])
    if suffix == "rq":
        return flask_response(HttpResponse(200, {"Content-Type": "application/sparql-query"}, saved.text.encode()))
    if not suffix and not request.args.get("format") and prefers_html(request.headers.get("Accept"), offered):
        return _answer_page(saved, values, lacking)
    if lacking:
        raise Forbidden(f"The query {slug} asks {', '.join(lacking)}, which this server is not set up to ask.")
    fmt = choose_format(request.headers.get("Accept"), suffix or request.args.get("format"), SHAPES[saved.form])
    task = saved.task(values, fmt, running.settings.base)
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


def endpoints_lacking(running: Service, saved: SavedQuery) -> list[str]:
    """Give the IRIs of the endpoints that a saved query asks and this server does not know."""
    known = running.federation.endpoints if running.federation else {}
    return unlisted(saved.text, known, running.settings.base) if saved.federated else []


def _answer_page(saved: SavedQuery, values: Mapping[str, str], lacking: list[str]) -> Response:
    running = service()
    answer = None
    if not lacking:
        answer = shown_answer(running, saved.form, lambda fmt: saved.task(values, fmt, running.settings.base))
    suffixes = [f.name for f in formats_for(SHAPES[saved.form])]
    return page("query.html", query=saved, values=values, answer=answer, suffixes=suffixes, lacking=lacking)


def _summary(query: SavedQuery) -> dict[str, object]:
    return {
        "slug": query.slug, "form": query.form, "summary": dict(query.summary), "tags": list(query.tags),
        "parameters": [
            {"name": p.name, "type": p.type, "class": p.cls, "default": p.default} for p in query.parameters
        ],
    }  # fmt: skip


_JSON = by_name("json") or formats_for(SHAPES["SELECT"])[0]


def page(template: str, **values: object) -> Response:
    """Render a template in the language that the request asks for, under the strict policy of every page."""
    asked = request.args.get("lang", "")
    language = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
    response = make_response(render_template(template, language=language, languages=LANGUAGES, **values))
    response.headers.update({**PAGE_HEADERS, "Content-Language": language, "Vary": "Accept, Accept-Language"})
    return response
