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


MOST_WORK: Final = 2_000_000
"""Terms that contexts inside of the document make the parser copy or define again, at about 0.7 us each."""


def project_context(base: str) -> dict[str, Any]:
    """Return the project's own context: its prefixes (JSON-LD 1.1, section 4.1)."""
    return {name: {"@id": iri, "@prefix": True} for name, iri in prefixes(base).items()}


def with_bundled_contexts(text: str, base: str | None) -> str:
    """Put the project's context in place of its IRI in a JSON-LD document, and return that.

    Raises RemoteContext for any other context that is named, RdfSyntaxError for what is no JSON.
    """
    try:
        document = json.loads(text)
        if _Contexts().work(document) > MOST_WORK:
            raise RdfSyntaxError("body:1:1: The contexts have too many terms.", file="body", line=1, column=1)
        # In ASCII, so that what stands for half a character stays an escape, which the engine refuses.
        return json.dumps(_resolved(document, base or DEFAULT_BASE))
    except json.JSONDecodeError as error:
        raise RdfSyntaxError(
            f"body:{error.lineno}:{error.colno}: {error.msg}.", file="body", line=error.lineno, column=error.colno
        ) from None
    except RecursionError:  # where nobody has looked at the depth before (``document_bounds``)
        raise RdfSyntaxError("body:1:1: It is nested too deeply.", file="body", line=1, column=1) from None
    except ValueError:  # Python converts no number of more than 4,300 digits
        raise RdfSyntaxError("body:1:1: A number is too long.", file="body", line=1, column=1) from None


class _Contexts:
    """Counts what the contexts of a document cost the engine's parser.

    It copies all terms in force for each object with a context of its own, and also for each use of a term or type
    that has a context of its own (JSON-LD 1.1, section 4.1.8): 740 KB of such took 50 s.
    """

    def __init__(self) -> None:
        self.copied = self.uses = self.most = 0
        self.scoped = False

    def work(self, document: Any) -> int:  # noqa: ANN401 - any JSON value
        """Return the number of terms that are copied for a document, or more."""
        self._walk(document, 0)
        return self.copied + (self.uses * self.most if self.scoped else 0)

    def _walk(self, value: Any, terms: int) -> None:  # noqa: ANN401 - as above
        if isinstance(value, list):
            self.uses += len(value)
            for item in value:
                self._walk(item, terms)
        elif isinstance(value, dict):
            if "@context" in value:
                terms += self._terms(value["@context"])
                self.copied += terms
                self.most = max(self.most, terms)
            self.uses += len(value)
            for key, item in value.items():
                if key != "@context":
                    self._walk(item, terms)

    def _terms(self, context: Any) -> int:  # noqa: ANN401 - as above
        """Return the number of terms of a local context, those of contexts in its terms included."""
        if isinstance(context, list):
            return sum(map(self._terms, context))
        if not isinstance(context, dict):
            return 1
        count = len(context)
        for definition in context.values():
            if isinstance(definition, dict) and "@context" in definition:
                self.scoped = True
                count += self._terms(definition["@context"])
        return count


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
