"""The dataset's store as a data graph, with literals as they were written.

pyoxigraph's store keeps one form of each literal: ``1.10`` becomes ``1.1``, and ``"5"^^xsd:byte`` an xsd:integer, so
that ``sh:datatype xsd:byte`` could never hold. The lexical forms that were lost stand beside the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import Node, Readable
from coopkg.rdf.literals import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coopkg.rdf.lexical_forms import LexicalForms


_SUBJECTS: Final = (ox.NamedNode, ox.BlankNode)


class StoreGraph(Readable):
    """The union of the named graphs of a store.

    A node may be looked up in any place, as a path leads there; the store refuses one that no triple has in that place.
    """

    def __init__(self, store: ox.Store, lexical_forms: LexicalForms) -> None:
        self.store = store
        self.lexical_forms = lexical_forms

    def objects(self, subject: Node, predicate: Node) -> Sequence[Node]:
        """Return the objects of (subject, predicate, ?), each once."""
        if not isinstance(subject, _SUBJECTS) or not isinstance(predicate, ox.NamedNode):
            return ()
        objects: dict[Node, None] = {}
        for quad in self.store.quads_for_pattern(subject, predicate, None, None):
            objects.update(dict.fromkeys(self.lexical_forms.written(subject, predicate, quad.object)))
        return tuple(objects)

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object), each once."""
        stored = _as_stored(obj)
        quads = self.store.quads_for_pattern(None, predicate, stored, None)
        subjects = dict.fromkeys(quad.subject for quad in quads)
        if not isinstance(obj, ox.Literal):
            return tuple(subjects)
        # Subjects whose literal is written in another form have the stored one, and not the one that is asked for.
        return tuple(s for s in subjects if obj in self.lexical_forms.written(s, predicate, stored))

    def has_subject(self, predicate: Node, obj: Node) -> bool:
        """Whether there is a triple (?, predicate, object), without looking for more than one."""
        if isinstance(obj, ox.Literal):
            return bool(self.subjects(predicate, obj))
        return next(self.store.quads_for_pattern(None, predicate, obj, None), None) is not None

    def predicates(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Yield (predicate, object) of every triple of that subject."""
        if not isinstance(subject, _SUBJECTS):
            return
        edges: dict[tuple[Node, Node], None] = {}
        for quad in self.store.quads_for_pattern(subject, None, None, None):
            for obj in self.lexical_forms.written(subject, quad.predicate, quad.object):
                edges[quad.predicate, obj] = None
        yield from edges

    def incoming(self, obj: Node) -> Iterable[Node]:
        """Return the subjects of (?, ?, object)."""
        return {quad.subject: None for quad in self.store.quads_for_pattern(None, None, _as_stored(obj), None)}

    def pairs(self, predicate: Node) -> Iterator[tuple[Node, Node]]:
        """Yield (subject, object) of every triple with that predicate."""
        if not isinstance(predicate, ox.NamedNode):
            return
        pairs: dict[tuple[Node, Node], None] = {}
        for quad in self.store.quads_for_pattern(None, predicate, None, None):
            for obj in self.lexical_forms.written(quad.subject, predicate, quad.object):
                pairs[quad.subject, obj] = None
        yield from pairs

    def nodes(self) -> Iterable[Node]:
        """Return every subject and object, each once."""
        return {node: None for quad in self.quads() for node in (quad.subject, quad.object)}

    def quads(self) -> Iterator[ox.Quad]:
        """Yield every triple as it was written, as a quad; repeated where several graphs have it."""
        for quad in self.store:
            for obj in self.lexical_forms.written(quad.subject, quad.predicate, quad.object):
                yield quad if obj is quad.object else ox.Quad(quad.subject, quad.predicate, obj)


class EngineFormGraph(StoreGraph):
    """The same, but a literal is found whatever its lexical form, as SPARQL constraints find it."""

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object), each once, however the object is written."""
        quads = self.store.quads_for_pattern(None, predicate, _as_stored(obj), None)
        return tuple(dict.fromkeys(quad.subject for quad in quads))


def _as_stored(term: Node) -> Node:
    return canonical(term) if isinstance(term, ox.Literal) else term
