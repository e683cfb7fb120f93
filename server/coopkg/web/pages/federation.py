"""``/federation``: the endpoints that SERVICE may reach, how they do, and how others ask us."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, redirect, request, url_for

from coopkg.answers.federation.endpoints import snippet
from coopkg.answers.federation.source_report import word
from coopkg.answers.http.negotiation import prefers_html
from coopkg.errors import NotFound
from coopkg.rdf.formats import by_name
from coopkg.sparql.query_text import query_text
from coopkg.web.parts.page_response import page
from coopkg.web.parts.request_values import origin, service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

    from coopkg.answers.federation.endpoints import Endpoint
    from coopkg.answers.federation.executor import Federation

blueprint = Blueprint("federation", __name__)
_JSON = by_name("json")


@blueprint.get("/federation")
def overview() -> Response:
    """List the endpoints: what each holds, its licence and limits, and how it does, as a page or as JSON.

    Endpoints that nobody has asked for a while are asked their probe query behind the answer's back.
    """
    running = service()
    federation = running.federation
    listed = [_described(federation, e) for e in federation.endpoints.values()] if federation else []
    if federation is not None:
        federation.look_after()
    ours = {"endpoint": f"{origin()}sparql", "snippet": _asking_us()}
    if prefers_html(request.headers.get("Accept"), (_JSON,) if _JSON else ()):
        saved = [query for query in running.queries.values() if query.federated]
        return page("federation.html", stable=False, endpoints=listed, ours=ours, saved=saved)
    response = jsonify(endpoints=listed, us=ours)
    response.headers["Vary"] = "Accept"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/federation/<alias>")
def one(alias: str) -> Redirect:
    """Lead from the IRI of an endpoint to where it is described."""
    federation = service().federation
    if federation is None or alias not in federation.endpoints:
        raise NotFound(f"There is no endpoint {alias!r} here.")
    return redirect(url_for("federation.overview", _anchor=alias), 303)


def _described(federation: Federation, endpoint: Endpoint) -> dict[str, Any]:
    state = federation.health.state(endpoint.alias)
    when = datetime.fromtimestamp(state.checked, UTC).isoformat(timespec="seconds") if state.checked else None
    status = {None: "unknown", True: "ok", False: "failed"}[state.ok]
    return {
        "alias": endpoint.alias, "iri": f"{federation.base}federation/{endpoint.alias}", "endpoint": endpoint.endpoint,
        "names": list(endpoint.names), "title": endpoint.title, "holds": endpoint.holds, "licence": endpoint.licence,
        "limits": dataclasses.asdict(endpoint.limits),
        "health": {
            "status": status, "reason": state.reason, "word": word(state.reason),
            "latencyMilliseconds": round(state.latency * 1000), "lastCheck": when,
            "breaker": state.breaker(time.time()),
        },
        "snippet": snippet(endpoint, federation.base),
    }  # fmt: skip


def _asking_us() -> str:
    base = service().settings.base
    return query_text(
        "PREFIX coop: [[coop]]\n\nSELECT * WHERE {\n"
        "  SERVICE [[us]] { ?session a coop:CommissionSession ; coop:hasParty ?country }\n}",
        coop=ox.NamedNode(f"{base}ontology#"),
        us=ox.NamedNode(f"{origin()}sparql"),
    )
