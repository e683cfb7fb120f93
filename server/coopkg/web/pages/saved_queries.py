"""``/queries``: the saved queries, as pages and as a REST interface."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from coopkg.answers.descriptions import Computed
from coopkg.answers.federation.service_clauses import unlisted
from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.answers.http.protocol import HttpResponse, read_entailment
from coopkg.answers.query_examples import example, example_iri, examples
from coopkg.answers.saved_queries import RESERVED, Parameter, SavedQuery, bound_text, find_query
from coopkg.answers.sparql_endpoint import SHAPES, respond
from coopkg.answers.suggestions import is_known, similar
from coopkg.errors import BadParameter, CoopkgError, Forbidden
from coopkg.rdf.formats import GRAPH_FORMATS, by_name, formats_for
from coopkg.rdf.namespaces import EXAMPLES, prefixes
from coopkg.rdf.terms import compact, named_node
from coopkg.sparql.query_text import query_text
from coopkg.web.pages.documents import PAGE, document
from coopkg.web.parts.named_terms import things
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.query_view import Bench, answered, asking, embedded, gallery
from coopkg.web.parts.request_values import flask_response, http_request, one_argument, service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.answers.service import Service
    from coopkg.rdf.formats import Format
    from coopkg.web.rendering import Visit

blueprint = Blueprint("questions", __name__)
CHOICES: Final = 200
"""Things above which a parameter is typed, not chosen from a list."""
_JSON: Final = by_name("json") or formats_for(SHAPES["SELECT"])[0]


@dataclass(frozen=True)
class Field:
    """A parameter as a form shows it: what may be chosen, as (value, text, language), or () where it is typed."""

    name: str
    label: str
    type: str
    value: str
    choices: tuple[tuple[str, str, str], ...] = ()


@blueprint.get("/queries", defaults={"suffix": ""})
@blueprint.get("/queries.<suffix>")
def query_list(suffix: str) -> Response:
    """List the saved queries: as a page, as JSON, or as RDF, in which SHACL describes them as executable."""
    running, accept, offered = service(), request.headers.get("Accept"), (_JSON, *GRAPH_FORMATS)
    queries = running.queries.values()
    if suffix == PAGE or (not suffix and prefers_html(accept, offered)):
        return page("queries.html", gallery=gallery(queries), count=len(queries))
    fmt = choose(accept, offered, suffix)
    if fmt in GRAPH_FORMATS:
        base = running.settings.base
        return document(Computed(base + EXAMPLES, examples(queries, base)), "queries", fmt.name)
    body = json.dumps([_summary(q) for q in queries], ensure_ascii=False).encode()
    return flask_response(HttpResponse(200, {"Content-Type": "application/json", "Vary": "Accept"}, body))


@blueprint.get("/queries/<name>")
def query_page(name: str) -> Response:
    """Answer a saved query: a page for people, a format by suffix or Accept for programs.

    Where the answer is no graph, RDF is the description of the query itself.
    """
    running = service()
    slug, _, suffix = name.partition(".")
    saved = find_query(running.queries, slug)
    values = _values()
    if suffix == "rq":
        return flask_response(HttpResponse(200, {"Content-Type": "application/sparql-query"}, saved.text.encode()))
    accept, answers = request.headers.get("Accept"), formats_for(SHAPES[saved.form])
    offered = answers if answers == GRAPH_FORMATS else (*answers, *GRAPH_FORMATS)
    asked = suffix or one_argument("format")
    if suffix == PAGE or (not asked and prefers_html(accept, offered)):
        response = _page(running, saved, values)
    elif (fmt := choose(accept, offered, asked)) in answers:
        _know(running, saved, values)
        if lacking := _endpoints_lacking(running, saved):
            raise Forbidden(f"The query {slug} asks {', '.join(lacking)}, which this server is not set up to ask.")
        task = replace(saved.task(values, fmt, running.settings.base), entailment=_entailment())
        response = flask_response(respond(http_request(), running, task, stable=saved.stable))
    else:
        source = Computed(example_iri(saved, running.settings.base), example(saved, running.settings.base))
        return document(source, f"queries/{slug}", fmt.name)
    response.headers["Link"] = _links(slug, offered)
    return response


def _links(slug: str, offered: Sequence[Format]) -> str:
    """Return the Link field: the query's IRI, its description, and all formats of the answer (RFC 8288)."""
    return ", ".join((
        f'<{service().settings.base}queries/{slug}>; rel="canonical"',
        f'</{EXAMPLES}>; rel="describedby"; type="text/turtle"',
        *(f'<./{slug}.{f.name}>; rel="alternate"; type="{f.media_type}"' for f in offered),
    ))  # fmt: skip


@blueprint.get("/embed/queries/<slug>")
def embed(slug: str) -> Response:
    """Show the answer to a saved query alone, for a frame on another site."""
    running, visit = service(), visitor()
    saved, values = find_query(running.queries, slug), _values()
    address = replace(visit, path=f"/queries/{slug}").here()
    return embedded(running, visit, _bench(running, saved, values, visit), address, stable=saved.stable)


def _values() -> dict[str, str]:
    return {key: value for key in request.args if key not in RESERVED and (value := one_argument(key))}


def _entailment() -> bool:
    return read_entailment(request.args.getlist("entailment"))


def _page(running: Service, saved: SavedQuery, values: dict[str, str]) -> Response:
    """Return the page; a parameter that is wrong is told there, above the form in which it can be corrected."""
    visit = visitor()
    shown = {"saved": saved, "fields": _fields(running, saved, values, visit)}
    lacking = _endpoints_lacking(running, saved)
    if lacking:
        return asking(running, visit, {**shown, "title": saved.summary[visit.language], "lacking": lacking})
    try:
        _know(running, saved, values)
        bench = _bench(running, saved, values, visit)
    except BadParameter as error:
        title = {"title": saved.summary[visit.language], "form": saved.form}
        return asking(running, visit, {**shown, **title}, error)
    return answered(running, visit, bench, shown, stable=saved.stable)


def _bench(running: Service, saved: SavedQuery, values: dict[str, str], visit: Visit) -> Bench:
    base = running.settings.base
    task = replace(saved.task(values, saved.format, base), entailment=_entailment())
    text = bound_text(saved, values, base)
    parameters = {"query": text} | ({} if task.entailment else {"entailment": "off"})
    stem = f"/queries/{saved.slug}"
    return Bench(text, task, saved.form, saved.summary[visit.language], parameters, saved.view, stem)


def _know(running: Service, saved: SavedQuery, values: Mapping[str, str]) -> None:
    """Refuse an IRI that the graph does not know, for an empty answer would look like a fact. Raises BadParameter."""
    for name, term in saved.substitutions(values, running.settings.base).items():
        iri = getattr(term, "value", "")
        if name in values and iri.startswith(running.settings.base) and not is_known(running, iri):
            close = similar(running, iri)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise BadParameter(f"The graph does not know {values[name]}.{hint}", suggestion=close)


def _endpoints_lacking(running: Service, saved: SavedQuery) -> list[str]:
    """Return the IRIs of the endpoints that a saved query asks and this server does not know."""
    known = running.federation.endpoints if running.federation else {}
    return unlisted(saved.text, known, running.settings.base) if saved.federated else []


def _fields(running: Service, saved: SavedQuery, values: Mapping[str, str], visit: Visit) -> list[Field]:
    return [_field(running, parameter, values, visit) for parameter in saved.parameters]


def _field(running: Service, parameter: Parameter, values: Mapping[str, str], visit: Visit) -> Field:
    value = values.get(parameter.name) or parameter.default or ""
    choices = _choices(running, parameter, visit) if parameter.cls else ()
    known = prefixes(running.settings.base)
    if choices and value not in {choice[0] for choice in choices}:
        try:
            value = compact(named_node(value, known, parameter.name).value, known)
        except CoopkgError:
            choices = ()
    if choices and value not in {choice[0] for choice in choices}:
        choices = ((value, value, ""), *choices)
    return Field(parameter.name, parameter.label.get(visit.language, parameter.name), parameter.type, value, choices)


def _choices(running: Service, parameter: Parameter, visit: Visit) -> tuple[tuple[str, str, str], ...]:
    """Return the things of the parameter's class by their labels; () where they are too many for a list."""
    cls = named_node(parameter.cls or "", prefixes(running.settings.base), "class")
    text = query_text(
        "SELECT DISTINCT ?thing { ?thing a [[cls]] FILTER(ISIRI(?thing)) } LIMIT [[most]]", cls=cls, most=CHOICES + 1
    )
    rows = running.derived.get(f"choices {cls}", running.engine.tag(), lambda: running.rows(text))
    if len(rows) > CHOICES:
        return ()
    cells = things(running, (row["thing"] for row in rows), visit).values()
    return tuple(sorted(((c.name, c.text, c.language) for c in cells), key=lambda choice: choice[1].casefold()))


def _summary(query: SavedQuery) -> dict[str, object]:
    return {
        "slug": query.slug, "form": query.form, "summary": dict(query.summary), "tags": list(query.tags),
        "parameters": [
            {"name": p.name, "type": p.type, "class": p.cls, "default": p.default} for p in query.parameters
        ],
    }  # fmt: skip
