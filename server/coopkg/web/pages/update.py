"""``/update``."""

from __future__ import annotations

from flask import Blueprint, Response, request

from coopkg.answers.http.protocol import parse_update
from coopkg.dataset.changes import UPDATE, Change
from coopkg.errors import MethodNotAllowed, TooLarge
from coopkg.web.parts.request_values import http_request, refuse_other_sites, service
from coopkg.web.parts.write_requests import author_for, proposal, receipt_response

blueprint = Blueprint("update", __name__)
blueprint.before_request(refuse_other_sites)


@blueprint.route("/update", methods=["GET", "POST", "PUT", "DELETE", "PATCH", "QUERY"])
def update() -> Response:
    """Carry out a SPARQL update (SPARQL 1.1 Protocol, section 2.2), whole or not at all."""
    running = service()
    if request.method != "POST":
        raise MethodNotAllowed("An update is sent by POST.", ("POST", "OPTIONS"))
    author = author_for("update")
    operation = parse_update(http_request())
    if len(operation.text.encode()) > running.settings.query_bytes:
        raise TooLarge(
            f"The update is longer than {running.settings.query_bytes} bytes.", bound=running.settings.query_bytes
        )
    change = Change(
        UPDATE,
        operation.text,
        running.settings.base,
        using=operation.default_graphs,
        using_named=operation.named_graphs,
        reifiers=running.settings.scratch,
    )
    return receipt_response(running.propose(proposal(change, author)))
