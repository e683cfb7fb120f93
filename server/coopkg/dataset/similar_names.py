"""Names that are alike when case, punctuation, diacritics and alphabet are left aside: perhaps the same thing twice.

The shapes compare labels as they are written (shape:DuplicateLabel). SPARQL has no way to find those that are written
otherwise but by comparing each label with all others, so an index does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.folded_text import tokens
from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import compact
from coopkg.shacl.report import Report, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node

COMPONENT: Final = "urn:x-coopkg:names#SimilarName"
"""The constraint component of these results."""
SHAPE: Final = "shapes#DuplicateLabel"
"""The shape that warns of the same label, relative to the base IRI."""
_SKOS: Final = STANDARD_PREFIXES["skos"]
_LABEL, _CONCEPT = ox.NamedNode(f"{_SKOS}prefLabel"), ox.NamedNode(f"{_SKOS}Concept")
_LONGEST: Final = 1000
"""Characters of a label that is compared; a longer one is no name."""
_MESSAGES: Final = {
    "en": "The label “{}” is that of {} but for case, punctuation or alphabet: use that one, or tell the two apart.",
    "ru": "Метка «{}» отличается от метки {} лишь регистром, знаками или алфавитом: "
    "возьмите тот узел или различите их.",
    "be": "Метка «{}» адрозніваецца ад меткі {} толькі рэгістрам, знакамі або алфавітам: "
    "вазьміце той вузел або развядзіце іх.",
}


class NameIndex:
    """What has which folded label, in a store that is maintained with it.

    It is built when it is first asked for: 180,000 labels, those of a million triples, take a second and 25 MB.
    """

    def __init__(self) -> None:
        # Hashes and not texts, which would take three times the memory; the labels themselves are compared afterwards.
        self._subjects: dict[int, str | set[str]] | None = None

    def build(self, store: ox.Store) -> None:
        """Read all labels of the store, unless that has been done."""
        if self._subjects is None:
            self._subjects = {}
            self._add(store.quads_for_pattern(None, _LABEL, None, None))

    def update(self, store: ox.Store, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> None:
        """Take in the labels among quads that were added to the store, and drop those among quads that were removed."""
        if self._subjects is not None:
            self._add(quad for quad in added if quad.predicate == _LABEL)
            self._drop(store, (quad for quad in removed if quad.predicate == _LABEL))

    def _add(self, quads: Iterable[ox.Quad]) -> None:
        subjects = self._subjects if self._subjects is not None else {}
        for quad in quads:
            key = _folded(quad.object)
            if key and isinstance(quad.subject, ox.NamedNode):
                # Most labels have one subject, and a set takes 200 bytes.
                known = subjects.setdefault(hash(key), quad.subject.value)
                if isinstance(known, set):
                    known.add(quad.subject.value)
                elif known != quad.subject.value:
                    subjects[hash(key)] = {known, quad.subject.value}

    def _drop(self, store: ox.Store, quads: Iterable[ox.Quad]) -> None:
        subjects = self._subjects if self._subjects is not None else {}
        for quad in quads:
            key = _folded(quad.object)
            if isinstance(quad.subject, ox.NamedNode) and not _has(store, quad.subject, key):
                known = subjects.get(hash(key))
                if isinstance(known, set):
                    known.discard(quad.subject.value)
                elif known == quad.subject.value:
                    del subjects[hash(key)]

    def rivals(self, store: ox.Store, node: ox.NamedNode, label: ox.Literal) -> Iterator[ox.NamedNode]:
        """Return what has the node's class and a label alike, though not the same."""
        self.build(store)
        key, own = _folded(label), _classes(store, node)
        found = (self._subjects or {}).get(hash(key), ())
        for iri in sorted({found} if isinstance(found, str) else found):
            other = ox.NamedNode(iri)
            if key and other != node and own & _classes(store, other):
                same = next(iter(store.quads_for_pattern(other, _LABEL, label, None)), None)
                if same is None and _has(store, other, key):
                    yield other


def similar_names(store: ox.Store, index: NameIndex, added: Iterable[ox.Quad], base: str) -> Report:
    """Warn of each added label that is alike to one of another node of its class; the store has both."""
    names = prefixes(base)
    return Report.of(
        Result(
            focus=quad.subject,
            shape=base + SHAPE,
            component=COMPONENT,
            severity=Severity.WARNING,
            path=_LABEL.value,
            value=other,
            messages={
                language: text.format(quad.object.value, compact(other.value, names))
                for language, text in _MESSAGES.items()
            },
        )
        for quad in added
        if quad.predicate == _LABEL and isinstance(quad.object, ox.Literal) and isinstance(quad.subject, ox.NamedNode)
        for other in index.rivals(store, quad.subject, quad.object)
    )


def _folded(term: object) -> tuple[str, ...]:
    text = term.value if isinstance(term, ox.Literal) else ""
    return tuple(tokens(text)) if len(text) <= _LONGEST else ()


def _has(store: ox.Store, node: ox.NamedNode, key: tuple[str, ...]) -> bool:
    return any(_folded(quad.object) == key for quad in store.quads_for_pattern(node, _LABEL, None, None))


def _classes(store: ox.Store, node: ox.NamedNode) -> set[Node]:
    return {quad.object for quad in store.quads_for_pattern(node, RDF_TYPE, None, None)} - {_CONCEPT}
