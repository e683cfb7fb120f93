"""Pages: the home page and the saved queries, which are a REST interface too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from coopkg.crawlers import dataset_markup
from coopkg.descriptions import Computed
from coopkg.endpoint import SHAPES, respond
from coopkg.errors import BadParameter, NotAcceptable
from coopkg.examples import example, example_iri, examples
from coopkg.negotiation import choose, prefers_html
from coopkg.protocol import HttpResponse, read_entailment
from coopkg.queries import RESERVED, SavedQuery, find_query
from coopkg.results import GRAPH_FORMATS, by_name, formats_for
from coopkg.schema_org import script
from coopkg.suggestions import is_known, similar
from coopkg.vocab import EXAMPLES
from coopkg.web.answers import shown_answer
from coopkg.web.documents import PAGE, document
from coopkg.web.page import language_asked, page
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    structured = script(dataset_markup(running, language_asked()))
    return page("home.html", counts=counts, starred=starred, settings=running.settings, structured=structured)


@blueprint.get("/queries", defaults={"suffix": ""})
@blueprint.get("/queries.<suffix>")
def query_list(suffix: str) -> Response:
    """List the saved queries: as a page, as JSON, or as RDF, in which SHACL describes them as executable."""
    running, accept = service(), request.headers.get("Accept")
    offered = (_JSON, *GRAPH_FORMATS)
    if suffix == PAGE or (not suffix and prefers_html(accept, offered)):
        return page("queries.html", queries=running.queries.values())
    fmt = _named(suffix, offered) if suffix else choose(accept, offered)
    if fmt in GRAPH_FORMATS:
        base = running.settings.base
        return document(Computed(base + EXAMPLES, examples(running.queries.values(), base)), "queries", fmt.name)
    return flask_response(
        HttpResponse(
            200,
            {"Content-Type": "application/json", "Vary": "Accept"},
            json.dumps([_summary(q) for q in running.queries.values()], ensure_ascii=False).encode(),
        )
    )


@blueprint.get("/queries/<name>")
def query_page(name: str) -> Response:
    """Answer a saved query: a page for people, a format by suffix or Accept for programs.

    Where the answer is no graph, RDF is the description of the query itself.
    """
    running = service()
    slug, _, suffix = name.partition(".")
    saved = find_query(running.queries, slug)
    values = {key: value for key, value in request.args.items() if key not in RESERVED}
    entailment = read_entailment(request.args.getlist("entailment"))
    _know(saved, values)
    if suffix == "rq":
        return flask_response(HttpResponse(200, {"Content-Type": "application/sparql-query"}, saved.text.encode()))
    accept, answers = request.headers.get("Accept"), formats_for(SHAPES[saved.form])
    offered = answers if answers == GRAPH_FORMATS else (*answers, *GRAPH_FORMATS)
    name = suffix or request.args.get("format", "")
    if suffix == PAGE or (not name and prefers_html(accept, offered)):
        response = _answer_page(saved, values, entailment=entailment)
    elif (fmt := _named(name, offered) if name else choose(accept, offered)) in answers:
        task = replace(saved.task(values, fmt, running.settings.base), entailment=entailment)
        response = flask_response(respond(http_request(), running, task, stable=saved.stable))
    else:
        source = Computed(example_iri(saved, running.settings.base), example(saved, running.settings.base))
        return document(source, f"queries/{slug}", fmt.name)
    response.headers["Link"] = ", ".join((
        f'<{running.settings.base}queries/{slug}>; rel="canonical"',
        f'</{EXAMPLES}>; rel="describedby"; type="text/turtle"',
        *(f'<./{slug}.{f.name}>; rel="alternate"; type="{f.media_type}"' for f in offered),
    ))  # fmt: skip
    return response


def _named(name: str, offered: Sequence[Format]) -> Format:
    """Give the offered format of that name or media type. Raises NotAcceptable with those that there are."""
    found = next((f for f in offered if name in {f.name, f.media_type}), None)
    if found is None:
        names = [f.name for f in offered]
        raise NotAcceptable(
            f"There is no format {name!r} for this query; there are {', '.join(names)}.", available=names
        )
    return found


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
