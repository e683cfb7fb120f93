"""``/openapi.json`` and ``/api``: the HTTP interface, described for programs and for people out of the same table."""

from __future__ import annotations

import json
import shlex
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request

from coopkg.answers.http.validators import etag, matches
from coopkg.answers.publication.openapi import SAVED, Operation, document, operations
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.request_values import origin, service
from coopkg.web.parts.routes import routes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.web.rendering import Visit

blueprint = Blueprint("api", __name__)
_TITLE: Final = "coopkg"
_ABOUT: Final = (
    "A knowledge graph of international scientific and technical cooperation: SPARQL, saved queries, linked data, "
    "validation, and writes with a token."
)


def described() -> list[Operation]:
    """Return every operation of this server."""
    return operations((route for route in routes_of(current_app) if route.endpoint != "static"), service().queries)


@blueprint.get("/openapi.json")
def description() -> Response:
    """Describe the HTTP interface as OpenAPI 3.1 does."""
    body = json.dumps(document(described(), _TITLE, _ABOUT), ensure_ascii=False, indent=1)
    headers = {"ETag": etag("openapi", body), "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    if matches(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status=304, headers=headers)
    return Response(body, content_type="application/json", headers=headers)


@blueprint.get("/api")
def overview() -> Response:
    """Describe the HTTP interface to people."""
    found = [operation for operation in described() if operation.tag != "pages"]
    groups = [
        {"tag": tag, "operations": [_shown(o, visitor()) for o in group if not o.name.startswith(SAVED)]}
        for tag, group in groupby(found, key=lambda o: o.tag)
    ]
    saved = [
        {"slug": q.slug, "summary": q.summary[visitor().language], "parameters": [p.name for p in q.parameters]}
        for q in service().queries.values()
    ]
    return page("api.html", groups=groups, saved=saved)


def _shown(operation: Operation, seen: Visit) -> dict[str, Any]:
    """Return an operation with its sentence in the visitor's language, a command that runs, an address to try."""
    key = f"api.{operation.name.replace('.', '_')}_{operation.method}"
    translated = seen.words.has(key)
    tried = operation.example[-1] if operation.example and operation.method == "get" else ""
    return {
        **vars(operation),
        "anchor": f"{operation.method}-{operation.name.replace('.', '-')}{'-of' * ('{name}' in operation.path)}",
        "sentence": str(seen.words(key)) if translated else operation.summary,
        "tongue": "" if translated or seen.language == "en" else "en",
        "command": command(operation.example, origin().rstrip("/")),
        "attempt": _tried(operation.example) if tried else "",
    }  # fmt: skip


def command(example: Iterable[str], root: str) -> str:
    """Return the curl command of an example, as a shell reads it; ``$TOKEN`` stays for the shell to fill in."""
    words = [*example]
    if not words:
        return ""
    words[-1] = root + words[-1]
    quoted = [f'"{word}"' if "$TOKEN" in word else shlex.quote(word) for word in words]
    return f"curl {' '.join(quoted)}"


def _tried(example: tuple[str, ...]) -> str:
    """Return the address that a browser can follow to try an example: with its query, without its header fields."""
    fields = [example[i + 1] for i, word in enumerate(example) if word == "--data-urlencode"]
    query = "&".join(f"{name}={quote(value)}" for name, _, value in (field.partition("=") for field in fields))
    return f"{example[-1]}{'?' if query else ''}{query}"
