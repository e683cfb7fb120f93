"""``/health``, ``/ready`` and ``/limits``: for those who run the server."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from coopkg import __version__
from coopkg.answers.http.request_metrics import metrics
from coopkg.web.parts.request_values import service

blueprint = Blueprint("operations", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Say that the process is alive."""
    return jsonify(status="ok", software=__version__)


@blueprint.get("/ready")
def ready() -> Response:
    """Say that the dataset is loaded, and which one."""
    info = service().engine.info()
    return jsonify(
        status="ready", version=info["version"], digest=info["digest"], quads=info["quads"], inferred=info["inferred"]
    )


@blueprint.get("/metrics")
def counters() -> Response:
    """Return the counters of all workers, for Prometheus."""
    return Response(metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


@blueprint.get("/limits")
def limits() -> Response:
    """Return the limits that are in force."""
    return jsonify(service().settings.limits())
