"""The bundled JSON-LD context: the only one that a document may name, since nothing is fetched.

A context that was fetched would let a document make the server send requests, and could change what it says later on.
"""

from __future__ import annotations

import json
from typing import Any, Final

from coopkg.errors import RdfSyntaxError, RemoteContext
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes

NAME: Final = "context.jsonld"
"""The IRI of the project's context, relative to the base IRI."""


def project_context(base: str) -> dict[str, Any]:
    """Return the project's own context: its prefixes (JSON-LD 1.1, section 4.1)."""
    return {name: {"@id": iri, "@prefix": True} for name, iri in prefixes(base).items()}


def with_bundled_contexts(text: str, base: str | None) -> str:
    """Put the project's context in place of its IRI in a JSON-LD document, and return that.

    Raises RemoteContext for any other context that is named, RdfSyntaxError for what is no JSON.
    """
    try:
        document = json.loads(text)
        return json.dumps(_resolved(document, base or DEFAULT_BASE), ensure_ascii=False)
    except json.JSONDecodeError as error:
        raise RdfSyntaxError(
            f"body:{error.lineno}:{error.colno}: {error.msg}.", file="body", line=error.lineno, column=error.colno
        ) from None
    # Python's parser recurses, and reports what it cannot follow; the engine's would overflow the stack at 10,000
    # levels.
    except RecursionError:
        raise RdfSyntaxError("body:1:1: The JSON is nested too deeply.", file="body", line=1, column=1) from None


def _resolved(value: Any, base: str) -> Any:  # noqa: ANN401 - gives back the kind of value it was given
    if isinstance(value, list):
        return [_resolved(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    if "@import" in value:
        raise RemoteContext(f"The context {value['@import']!r} is not imported: nothing is fetched.")
    return {key: _context(item, base) if key == "@context" else _resolved(item, base) for key, item in value.items()}


def _context(value: Any, base: str) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, list):
        return [_context(item, base) for item in value]
    if not isinstance(value, str):
        return _resolved(value, base)
    if value != base + NAME:
        raise RemoteContext(f"The context {value!r} is not fetched; write it into the document, or name {base}{NAME}.")
    return project_context(base)
