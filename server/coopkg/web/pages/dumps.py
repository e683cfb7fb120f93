"""``/dumps``: what can be downloaded, with digests, for people and programs."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from coopkg.answers.http.negotiation import prefers_html
from coopkg.answers.publication.dump_downloads import PREFIX, distribute
from coopkg.answers.publication.dumps import Dump, Made, made, offered
from coopkg.rdf.formats import Format
from coopkg.web.parts.page_response import page
from coopkg.web.parts.request_values import flask_response, http_request, service

blueprint = Blueprint("dumps", __name__)
_JSON = Format("json", "application/json", "")


@blueprint.get("/dumps")
@blueprint.get("/dumps/")
def listing() -> Response:
    """List the dumps of the current version, with sizes and digests, as a page or as JSON."""
    if prefers_html(request.headers.get("Accept"), (_JSON,)):
        return page("dumps.html", dumps=_made(), prefix=PREFIX)
    return manifest()


@blueprint.get("/dumps/manifest.json")
def manifest() -> Response:
    """Return the list as JSON: name, graph, media type, size in bytes, SHA-256 in hexadecimal digits."""
    files = [
        {"name": d.name, "graph": d.graph, "mediaType": d.media_type, "bytes": m.size, "sha256": m.digest}
        for d, m in _made()
    ]
    answer = jsonify(version=service().engine.tag(), files=files)
    answer.headers["Vary"] = "Accept"
    return answer


@blueprint.get("/dumps/SHA256SUMS")
def sums() -> Response:
    """Return the digests as ``sha256sum --check`` reads them."""
    text = "".join(f"{file.digest}  {dump.name}\n" for dump, file in _made())
    return Response(text, content_type="text/plain; charset=utf-8")


@blueprint.get("/dumps/<path:name>")
def dump(name: str) -> Response:  # noqa: ARG001 - the address is read by ``distribute``
    """Return a dump."""
    return flask_response(distribute(http_request(), service()))


def _made() -> list[tuple[Dump, Made]]:
    running = service()
    return [(found, made(running, found)) for found in offered(running)]
