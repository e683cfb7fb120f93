"""The places of a document's triples, by what they say."""

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
    """What is written where: objects and predicates by triple, first values and uses by property, subjects, all terms.

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
        """Note a triple; the first place of each counts."""
        self.edges.append(key)
        self.objects.setdefault(key, obj)
        self.properties.setdefault(key[:2], obj)
        if predicate is not None:
            self.predicates.setdefault(key, predicate)
            self.uses.setdefault(key[:2], predicate)

    def renamed(self, names: Mapping[Any, Any]) -> SourceLocations:
        """Return the same with other blank nodes."""

        def term(node: Any) -> Any:  # noqa: ANN401 - a term
            return names.get(node, node)

        def keys(found: dict[Key, Written]) -> dict[Key, Written]:
            return {(term(s), p, term(o)): written for (s, p, o), written in found.items()}

        return SourceLocations(
            self.name,
            keys(self.objects),
            keys(self.predicates),
            {(term(s), p): written for (s, p), written in self.properties.items()},
            {(term(s), p): written for (s, p), written in self.uses.items()},
            {term(s): written for s, written in self.subjects.items()},
            {term(s): written for s, written in self.mentions.items()},
            self.prefixes,
            self.edges,
        )


def written(lines: Lines, start: int, end: int) -> Written:
    """Return the place of a stretch of text."""
    return Written(lines.place(start), start, end)


def find_place(places: Sequence[SourceLocations], focus: object, path: object, value: object) -> Place | None:
    """Return the place of that triple, else of that property, else of the block that says what the focus node is.

    A value that is a property or a class of the focus node is found where it is used.
    """
    searches: tuple[Callable[[SourceLocations], Written | None], ...] = (
        lambda p: p.objects.get((focus, path, value)),
        lambda p: p.uses.get((focus, value)),
        lambda p: p.objects.get((focus, RDF_TYPE, value)),
        lambda p: p.properties.get((focus, path)),
        lambda p: p.subjects.get(focus) if (focus, RDF_TYPE) in p.properties else None,
        lambda p: p.subjects.get(focus),
        lambda p: p.mentions.get(focus),
    )
    return next((found.place for search in searches for p in places if (found := search(p))), None)


def place_of_triple(places: Sequence[SourceLocations], triple: ox.Triple) -> Place | None:
    """Return the place of a triple, or of that property of its subject where a store has rewritten the literal."""
    key = (triple.subject, triple.predicate, triple.object)
    exact = next((found.place for p in places if (found := p.objects.get(key))), None)
    if exact is not None or not isinstance(triple.object, ox.Literal):
        return exact
    return next((found.place for p in places if (found := p.properties.get(key[:2]))), None)


def aligned(own: Iterable[Key], quads: Iterable[ox.Quad], labels: Mapping[str, ox.BlankNode]) -> dict[Any, Any]:
    """Return which blank nodes of ``quads`` those of ``own`` are: both tell of the same document in the same order.

    Labels lead from one to the other, and the order of the values of one property of one subject; what has neither is
    matched by the order of the blocks.
    """
    own = list(own)
    real = [(quad.subject, quad.predicate, quad.object) for quad in quads]
    mine, theirs = _by_property(own), _by_property(real)
    found: dict[Any, Any] = {}
    for node in _blank_nodes(own):
        if node.value in labels:
            found[node] = labels[node.value]
    known = set(found.values())
    roots = zip(_roots(own, set(found)), _roots(real, known), strict=False)
    found.update(roots)
    waiting = [*found, *{s for s, _, _ in own if isinstance(s, ox.NamedNode)}]
    while waiting:
        subject = waiting.pop()
        for predicate, objects in mine.get(subject, {}).items():
            others = theirs.get(found.get(subject, subject), {}).get(predicate, [])
            if len(others) == len(objects):
                for node, other in zip(objects, others, strict=True):
                    if node not in found:
                        found[node] = other
                        waiting.append(node)
    return found


def _blank_nodes(keys: Iterable[Key]) -> set[ox.BlankNode]:
    return {term for s, _, o in keys for term in (s, o) if isinstance(term, ox.BlankNode)}


def _by_property(keys: Iterable[Key]) -> dict[Any, dict[Any, list[Any]]]:
    """Return the blank nodes among the values of each property of each subject, in order, each once."""
    found: dict[Any, dict[Any, dict[Any, None]]] = {}
    for subject, predicate, obj in keys:
        if isinstance(obj, ox.BlankNode):
            found.setdefault(subject, {}).setdefault(predicate, {})[obj] = None
    return {subject: {p: list(objects) for p, objects in rows.items()} for subject, rows in found.items()}


def _roots(keys: Iterable[Key], known: set[Any]) -> list[Any]:
    """Return the unlabelled blank nodes that are nobody's object, in order."""
    keys = list(keys)
    objects = {obj for _, _, obj in keys}
    subjects = dict.fromkeys(s for s, _, _ in keys if isinstance(s, ox.BlankNode))
    return [node for node in subjects if node not in objects and node not in known]
