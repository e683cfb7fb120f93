"""What every writing request carries besides its change: who it is from, what it expects, why it is made."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Response, jsonify, request

from coopkg.answers.http.protocol import decode, media_type
from coopkg.dataset import tokens
from coopkg.dataset.changes import Payload
from coopkg.dataset.proposals import Proposal, Receipt
from coopkg.errors import BadParameter, Forbidden, ProtocolError, UnsupportedMediaType
from coopkg.rdf.formats import GRAPH_FORMATS, Format
from coopkg.rdf.terms import without_mark
from coopkg.web.parts.request_values import service
from coopkg.workers.client import CLIENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopkg.dataset.changes import Change

LONGEST: Final = 2000
"""Characters of a message or a source."""
_KEY: Final = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,200})"?')
_ANYBODY: Final = "anybody"
"""The author of a change to a scratch dataset."""


@dataclass(frozen=True)
class Author:
    """Who writes, by the name of the token; ``admin`` may add what contributions may not."""

    name: str
    admin: bool


def author_for(scope: str, secret: str | None = None) -> Author:
    """Return whose token the request carries: in its Authorization field, or the ``secret`` of its form.

    Raises ProtocolError, Forbidden or Unauthorized.
    """
    settings = service().settings
    if any(
        name in {"access_token", "token"} or tokens.PREFIX in value for name, value in request.args.items(multi=True)
    ):
        raise ProtocolError("A token is sent in the Authorization field, never in the address, which logs keep.")
    if settings.scratch:
        return Author(_ANYBODY, admin=True)
    if settings.home is None:
        raise Forbidden("Writes are off on this server.")
    field = request.headers.get("Authorization") if secret is None else f"Bearer {secret}"
    token = tokens.authorize(settings.home / tokens.NAME, field, scope)
    CLIENT.set(f"token {token.name}")  # what is evaluated from here on counts for the token, wherever it is used from
    return Author(token.name, token.allows("admin"))


def proposal(change: Change, author: Author) -> Proposal:
    """Return the proposal that the request makes. Raises BadParameter."""
    return Proposal(
        change,
        author.name,
        message=_parameter("message"),
        source=_parameter("source"),
        key=idempotency_key(),
        request=_fingerprint(),
        expected=_expected(request.headers.get("If-Match"), service().engine.tag()),
    )


def _parameter(name: str) -> str:
    values = request.args.getlist(name)
    if len(values) > 1 or any(len(value) > LONGEST for value in values):
        raise BadParameter(f"There is one {name} at most, of {LONGEST} characters at most.")
    return values[0].strip() if values else ""


def idempotency_key() -> str:
    """Return the key of the request, empty where there is none. Raises BadParameter."""
    field = request.headers.get("Idempotency-Key")
    if field is None:
        return ""
    found = _KEY.fullmatch(field.strip())
    if found is None:
        raise BadParameter("An Idempotency-Key has one to 200 printable ASCII characters, quotes around it or not.")
    return found[1]


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path} {request.content_type}\n".encode())
    digest.update(request.get_data(cache=True))
    return digest.hexdigest()


def _expected(field: str | None, current: str) -> str:
    """Return the tag that If-Match demands, empty for none; of several the current one, where it is among them.

    The entity tags of representations begin with the version's tag, so they do as well (RFC 9110, section 13.1.1).
    """
    entries = [entry.strip().strip('"').removesuffix("-gzip") for entry in (field or "").split(",")]
    named = [".".join(entry.split(".")[:2]) for entry in entries]
    if not field or "*" in named:
        return ""
    return current if current in named else named[0] or "none"


def receipt_headers(receipt: Receipt) -> dict[str, str]:
    """Return the header fields that say which version has the change."""
    return {"ETag": f'"{receipt.tag}"', "Cache-Control": "no-store"}


def receipt_response(receipt: Receipt, status: int = 200) -> Response:
    """Return the response to a change that was made; 201 and where its commit is described, if it did anything."""
    response = jsonify(
        version=receipt.version, commit=receipt.commit or None, changed=receipt.changed, tag=receipt.tag,
        **({"notes": receipt.notes} if receipt.notes else {}),
        **({"warnings": receipt.warnings} if receipt.warnings else {}),
    )  # fmt: skip
    response.status_code = status
    response.headers.update(receipt_headers(receipt))
    if receipt.commit and not service().settings.scratch:
        response.headers["Location" if status == 201 else "Content-Location"] = f"/changes/{receipt.version}"
    return response


def payloads(formats: Sequence[Format], base: str) -> tuple[Payload, ...]:
    """Return the documents of the body: one, or the files of a form. Raises UnsupportedMediaType, ProtocolError."""
    content_type = request.headers.get("Content-Type")
    if media_type(content_type) == "multipart/form-data":
        files = [file for _, file in request.files.items(multi=True)]
        return tuple(
            Payload(_text(file.read(), file.content_type), _format(formats, file.content_type).name, base)
            for file in files
        )
    return (Payload(_text(request.get_data(), content_type), _format(formats, content_type).name, base),)


def _text(data: bytes, content_type: str | None) -> str:
    return decode(without_mark(data), content_type)


def _format(formats: Sequence[Format], content_type: str | None) -> Format:
    kind = media_type(content_type)
    found = next((f for f in formats if kind == f.media_type), None)
    if found is None:
        raise UnsupportedMediaType(
            f"A graph is not read from {kind or 'a body without Content-Type'}.", tuple(f.media_type for f in formats)
        )
    return found


TRIPLE_FORMATS: Final = tuple(f for f in GRAPH_FORMATS if not f.quads)
