"""Keys of JSON-LD that mean nothing: the specification drops them silently (JSON-LD 1.1 API, section 5.1.2).

Somebody who sends facts would believe them to be stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.jsonld_contexts import project_context
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.vocabularies import near_misses, terms_by_namespace
from coopkg.shacl.report import Place, SyntaxIssue
from coopkg.shacl.source_locations.json_ld import Context, Reader, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopkg.rdf.terms import Document

KEYWORDS: Final = frozenset({
    "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included", "@index", "@json",
    "@language", "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type",
    "@value", "@version", "@vocab",
})  # fmt: skip
_NAMED_CONTAINERS: Final = frozenset({"@index", "@id", "@type", "@graph"})
"""Containers whose keys name values, and are no properties (JSON-LD 1.1, section 4.6)."""
_EMPTY: Final[Mapping[str, Any]] = {}


def unmapped_keys(document: Document) -> tuple[SyntaxIssue, ...]:
    """Return an error for each key to which the contexts of a JSON-LD document give no meaning.

    A key that a context maps to null is left out by its author's will.
    """
    if document.format != ox.RdfFormat.JSON_LD:
        return ()
    base = document.base or DEFAULT_BASE
    reader = Reader(document.name, document.text(), project_context(base))
    root, _ = reader.scan(0)
    found = [
        SyntaxIssue(reader.lines.place(at), message, suggestion)
        for at, message, suggestion in _Keys(reader.bundled).of(root, Context({}, base), _EMPTY)
    ]
    return tuple(sorted(found, key=lambda issue: _order(issue.place)))


def _order(place: Place) -> tuple[int, int]:
    return place.line, place.column


class _Keys:
    def __init__(self, bundled: Mapping[str, Any]) -> None:
        self.bundled = bundled

    def of(self, value: Value, context: Context, term: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
        """Yield offset, message and suggestion of the unmapped keys in a value of a property, defined by ``term``."""
        if term.get("@type") == "@json":
            return
        if isinstance(value.value, list):
            for item in value.value:
                yield from self.of(item, context, term)
        if not isinstance(value.value, dict):
            return
        container = term.get("@container")
        containers = set(container) if isinstance(container, list) else {container}
        inner: Mapping[str, Any] = {key: item for key, item in term.items() if key != "@container"}
        if "@language" in containers:
            return
        if containers & _NAMED_CONTAINERS:
            for _, _, item in value.value["members"]:
                yield from self.of(item, context, inner)
            return
        yield from self.of_node(value, context)

    def of_node(self, value: Value, context: Context) -> Iterator[tuple[int, str, str]]:
        members: list[tuple[str, int, Value]] = value.value["members"]
        for key, _, local in members:
            if key == "@context":
                context = context.extended(self.bundled if isinstance(local.value, str) else plain(local))
        for key, _, item in members:
            if context.keyword(key) == "@type":
                kinds = plain(item) if isinstance(item.value, list) else [plain(item)]
                own = [_definition(context, str(kind)).get("@context", _EMPTY) for kind in sorted(map(str, kinds))]
                context = context.extended(own)  # in this order (JSON-LD 1.1 API, section 5.1.2, step 11)
        if any(context.keyword(key) == "@value" for key, _, _ in members):
            return
        for key, at, item in members:
            yield from self.of_member(key, at, item, context)

    def of_member(self, key: str, at: int, item: Value, context: Context) -> Iterator[tuple[int, str, str]]:
        keyword = context.keyword(key)
        if keyword in KEYWORDS:
            if keyword in {"@graph", "@included", "@list", "@set", "@nest", "@reverse"}:
                yield from self.of(item, context, _EMPTY)
            return
        if not _is_mapped(key, context):
            yield at, f"the key {key!r} means nothing: no context maps it to a property", _meant(key, context)
            return
        definition = _definition(context, key)
        yield from self.of(item, context.extended(definition.get("@context", _EMPTY)), definition)


def _is_mapped(key: str, context: Context) -> bool:
    if key in context.terms:  # also to null, which says so
        return True
    # As it stands, or by the prefix before the colon.
    return ":" in key or (context.terms.get("@vocab") is not None and not key.startswith("@"))


def _meant(key: str, context: Context) -> str:
    """Return a term of the context with a similar name, or the key with the prefix of a vocabulary that has it."""
    terms: list[str] = []
    for name, definition in context.terms.items():
        iri = definition.get("@id") if isinstance(definition, dict) else definition
        if isinstance(iri, str) and key in terms_by_namespace().get(iri, ()):
            return f"{name}:{key}"
        if isinstance(iri, str) and not iri.endswith(("#", "/")) and not name.startswith("@"):
            terms.append(name)
    return next(iter(near_misses(key, terms, 1)), "")


def _definition(context: Context, key: str) -> Mapping[str, Any]:
    definition = context.terms.get(key)
    return definition if isinstance(definition, dict) else _EMPTY
