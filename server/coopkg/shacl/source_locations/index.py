"""The places of a document's triples, indexed by their terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from coopkg.shacl.report import Lines, Place

Key = tuple[Any, Any, Any]
"""Subject, predicate and object."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a term is written: line and column, and the offsets of its first character and of what follows it."""

    place: Place
    start: int
    end: int


@dataclass
class SourceLocations:
    """Where terms are written: objects and predicates by triple, first values and uses by property, and all terms.

    ``prefixes`` are those that the document declares; ``edges`` are its triples in order.
    """

    name: str
    objects: dict[Key, Written] = field(default_factory=dict)
    predicates: dict[Key, Written] = field(default_factory=dict)
    properties: dict[tuple[Any, Any], Written] = field(default_factory=dict)
    uses: dict[tuple[Any, Any], Written] = field(default_factory=dict)
    subjects: dict[Any, Written] = field(default_factory=dict)
    mentions: dict[Any, Written] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    edges: list[Key] = field(default_factory=list)

    def add(self, key: Key, obj: Written, predicate: Written | None = None) -> None:
        """Record a triple; the first place of each counts."""
        self.edges.append(key)
        self.objects.setdefault(key, obj)
        self.properties.setdefault(key[:2], obj)
        if predicate is not None:
            self.predicates.setdefault(key, predicate)
            self.uses.setdefault(key[:2], predicate)

    def renamed(self, term: Callable[[Any], Any]) -> SourceLocations:
        """Return the same index with other terms, each given for the one that is written."""

        def keys(by_triple: dict[Key, Written]) -> dict[Key, Written]:
            return {(term(s), term(p), term(o)): written for (s, p, o), written in by_triple.items()}

        return SourceLocations(
            self.name,
            keys(self.objects),
            keys(self.predicates),
            {(term(s), term(p)): written for (s, p), written in self.properties.items()},
            {(term(s), term(p)): written for (s, p), written in self.uses.items()},
            {term(s): written for s, written in self.subjects.items()},
            {term(s): written for s, written in self.mentions.items()},
            self.prefixes,
            [(term(s), term(p), term(o)) for s, p, o in self.edges],
        )


def written(lines: Lines, start: int, end: int) -> Written:
    """Return the location of a stretch of text, in offsets and as a place."""
    return Written(lines.place(start), start, end)


def find_place(documents: Sequence[SourceLocations], focus: object, path: object, value: object) -> Place | None:
    """Find the place of a triple, else of that property, else of the block that types the focus node.

    A value that is a property or a class of the focus node is found where it is used.
    """
    # The most exact search goes over all documents first: a node may be described in several of them.
    searches: tuple[Callable[[SourceLocations], Written | None], ...] = (
        lambda p: p.objects.get((focus, path, value)),
        lambda p: p.uses.get((focus, value)),
        lambda p: p.objects.get((focus, RDF_TYPE, value)),
        lambda p: p.properties.get((focus, path)),
        lambda p: p.subjects.get(focus) if (focus, RDF_TYPE) in p.properties else None,
        lambda p: p.subjects.get(focus),
        lambda p: p.mentions.get(focus),
    )
    return next((location.place for search in searches for d in documents if (location := search(d))), None)


def place_of_triple(documents: Sequence[SourceLocations], triple: ox.Triple) -> Place | None:
    """Find the place of a triple, or of that property of its subject where a store has rewritten the literal."""
    key = (triple.subject, triple.predicate, triple.object)
    exact = next((location.place for d in documents if (location := d.objects.get(key))), None)
    if exact is not None or not isinstance(triple.object, ox.Literal):
        return exact
    return next((location.place for d in documents if (location := d.properties.get(key[:2]))), None)


def aligned(own: Iterable[Key], quads: Iterable[ox.Quad], labels: Mapping[str, ox.BlankNode]) -> dict[Any, Any]:
    """Map the blank nodes of ``own`` to those of ``quads``: both are triples of one document in the same order.

    Labels lead from one to the other, and the order of the values of one property of one subject; what has neither is
    matched by the order of the blocks.
    """
    own = list(own)
    parsed = [(quad.subject, quad.predicate, quad.object) for quad in quads]
    own_values, parsed_values = _by_property(own), _by_property(parsed)
    mapping: dict[Any, Any] = {}
    for node in _blank_nodes(own):
        if node.value in labels:
            mapping[node] = labels[node.value]
    labelled = set(mapping.values())
    roots = zip(_roots(own, set(mapping)), _roots(parsed, labelled), strict=False)
    mapping.update(roots)
    pending = [*mapping, *{s for s, _, _ in own if isinstance(s, ox.NamedNode)}]
    while pending:
        subject = pending.pop()
        for predicate, objects in own_values.get(subject, {}).items():
            others = parsed_values.get(mapping.get(subject, subject), {}).get(predicate, [])
            # Different numbers mean that one side has read less; a wrong place is worse than none.
            if len(others) == len(objects):
                for node, other in zip(objects, others, strict=True):
                    if node not in mapping:
                        mapping[node] = other
                        pending.append(node)
    return mapping


def _blank_nodes(keys: Iterable[Key]) -> set[ox.BlankNode]:
    return {term for s, _, o in keys for term in (s, o) if isinstance(term, ox.BlankNode)}


def _by_property(keys: Iterable[Key]) -> dict[Any, dict[Any, list[Any]]]:
    """Return the blank nodes among the values of each property of each subject, in order, each once."""
    by_property: dict[Any, dict[Any, dict[Any, None]]] = {}
    for subject, predicate, obj in keys:
        if isinstance(obj, ox.BlankNode):
            by_property.setdefault(subject, {}).setdefault(predicate, {})[obj] = None
    return {subject: {p: list(objects) for p, objects in rows.items()} for subject, rows in by_property.items()}


def _roots(keys: Iterable[Key], labelled: set[Any]) -> list[Any]:
    """Return the unlabelled blank nodes that are the object of no triple, in order."""
    keys = list(keys)
    objects = {obj for _, _, obj in keys}
    subjects = dict.fromkeys(s for s, _, _ in keys if isinstance(s, ox.BlankNode))
    return [node for node in subjects if node not in objects and node not in labelled]
