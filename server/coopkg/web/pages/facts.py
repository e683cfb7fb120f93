"""``/facts``: new facts, into a graph of contributions; and the JSON-LD context that they may name."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from coopkg.dataset.changes import POST, Change
from coopkg.errors import BadParameter
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.jsonld_contexts import NAME, project_context
from coopkg.rdf.namespaces import CONTRIBUTIONS, prefixes
from coopkg.rdf.terms import named_node
from coopkg.web.parts.request_values import refuse_other_sites, service
from coopkg.web.parts.write_requests import author_for, payloads, proposal, receipt_response

blueprint = Blueprint("facts", __name__)
blueprint.before_request(refuse_other_sites)


@blueprint.post("/facts")
def add() -> Response:
    """Add facts: 201 with the version that has them, 200 where they were there already."""
    running = service()
    base = running.settings.base
    target = _target(base)
    own = f"{target}/".startswith(f"{base}{CONTRIBUTIONS}/")
    author = author_for("facts" if own else "graphs")
    documents = payloads(GRAPH_FORMATS, base)
    change = Change(
        POST, graph=target, base=base, payloads=documents, contribution=not author.admin,
        reifiers=running.settings.scratch,
    )  # fmt: skip
    receipt = running.propose(proposal(change, author))
    return receipt_response(receipt, 201 if receipt.changed else 200)


def _target(base: str) -> str:
    graphs = request.args.getlist("graph")
    if len(graphs) > 1:
        raise BadParameter("Facts go into one graph at a time.")
    return named_node(graphs[0], prefixes(base), "graph").value if graphs else base + CONTRIBUTIONS


@blueprint.get(f"/{NAME}")
def context() -> Response:
    """Return the project's JSON-LD context."""
    body = json.dumps({"@context": project_context(service().settings.base)}, indent=1)
    return Response(body, content_type="application/ld+json", headers={"Access-Control-Allow-Origin": "*"})
