"""The dataset's store as validation reads it, with literals as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.graph import Node, Readable
from coopkg.rdf.literals import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coopkg.rdf.lexical_forms import LexicalForms


class StoreGraph(Readable):
    """The union of the named graphs of a store."""

    def __init__(self, store: ox.Store, lexical_forms: LexicalForms) -> None:
        self.store = store
        self.lexical_forms = lexical_forms

    def objects(self, subject: Node, predicate: Node) -> Sequence[Node]:
        """Return the objects of (subject, predicate, ?), each once."""
        if isinstance(subject, ox.Literal):
            return ()
        found: dict[Node, None] = {}
        for quad in self.store.quads_for_pattern(subject, predicate, None, None):
            found.update(dict.fromkeys(self.lexical_forms.written(subject, predicate, quad.object)))
        return tuple(found)

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object), each once."""
        stored = _as_stored(obj)
        quads = self.store.quads_for_pattern(None, predicate, stored, None)
        found = dict.fromkeys(quad.subject for quad in quads)
        if not isinstance(obj, ox.Literal):
            return tuple(found)
        return tuple(s for s in found if obj in self.lexical_forms.written(s, predicate, stored))

    def has_subject(self, predicate: Node, obj: Node) -> bool:
        """Return whether there is a triple (?, predicate, object), without looking for more than one."""
        if isinstance(obj, ox.Literal):
            return bool(self.subjects(predicate, obj))
        return next(self.store.quads_for_pattern(None, predicate, obj, None), None) is not None

    def predicates(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Return (predicate, object) of every triple of that subject."""
        if isinstance(subject, ox.Literal):
            return
        found: dict[tuple[Node, Node], None] = {}
        for quad in self.store.quads_for_pattern(subject, None, None, None):
            for obj in self.lexical_forms.written(subject, quad.predicate, quad.object):
                found[quad.predicate, obj] = None
        yield from found

    def incoming(self, obj: Node) -> Iterable[Node]:
        """Return the subjects of (?, ?, object)."""
        return {quad.subject: None for quad in self.store.quads_for_pattern(None, None, _as_stored(obj), None)}

    def pairs(self, predicate: Node) -> Iterator[tuple[Node, Node]]:
        """Return (subject, object) of every triple with that predicate."""
        found: dict[tuple[Node, Node], None] = {}
        for quad in self.store.quads_for_pattern(None, predicate, None, None):
            for obj in self.lexical_forms.written(quad.subject, predicate, quad.object):
                found[quad.subject, obj] = None
        yield from found

    def quads(self) -> Iterator[ox.Quad]:
        """Return every triple as it was written, as a quad of the default graph; repeated where graphs repeat it."""
        for quad in self.store:
            for obj in self.lexical_forms.written(quad.subject, quad.predicate, quad.object):
                yield quad if obj is quad.object else ox.Quad(quad.subject, quad.predicate, obj)


class EngineFormGraph(StoreGraph):
    """The same, where a literal is found under whatever spelling, as SPARQL constraints find it."""

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object), each once, however the object is written."""
        quads = self.store.quads_for_pattern(None, predicate, _as_stored(obj), None)
        return tuple(dict.fromkeys(quad.subject for quad in quads))


def _as_stored(term: Node) -> Node:
    return canonical(term) if isinstance(term, ox.Literal) else term
