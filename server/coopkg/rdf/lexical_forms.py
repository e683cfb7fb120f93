"""Lexical forms of literals that a store has rewritten.

pyoxigraph's store turns ``1.10`` into ``1.1`` and ``"5"^^xsd:byte`` into an ``xsd:integer``. Of each stored literal
that was written in another form the lexical forms are kept here, so that validation and export have what was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_XSD: Final = STANDARD_PREFIXES["xsd"]
_KEPT: Final = frozenset(
    {_XSD + "string", _XSD + "anyURI", STANDARD_PREFIXES["rdf"] + "langString", STANDARD_PREFIXES["rdf"] + "HTML"}
)
"""Datatypes whose literals the store leaves unchanged."""
_VALUE: Final = ox.NamedNode(STANDARD_PREFIXES["rdf"] + "value")

Key = tuple[Any, Any, Any]
"""Subject, predicate and stored object."""


class LexicalForms:
    """The lexical forms of the literals that a store has rewritten, by triple and graph."""

    def __init__(self) -> None:
        self._written: dict[Key, dict[tuple[Any, Any], None]] = {}
        self._stored: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._written)

    def written(self, subject: Any, predicate: Any, stored: Any) -> tuple[Any, ...]:  # noqa: ANN401 - terms
        """Return the objects that were written where the store has ``stored``: itself, unless it was rewritten."""
        if not self._written or not isinstance(stored, ox.Literal):
            return (stored,)
        forms = self._written.get((subject, predicate, stored))
        return (stored,) if forms is None else tuple(dict.fromkeys(literal for _, literal in forms))

    def add(self, quads: Iterable[ox.Quad], store: ox.Store) -> None:
        """Record quads that are about to be added to a store."""
        typed = [quad for quad in quads if _may_change(quad.object)]
        self._learn(quad.object for quad in typed)
        for quad in typed:
            stored = self._stored[quad.object]
            if stored == quad.object:
                continue
            key = (quad.subject, quad.predicate, stored)
            if key not in self._written:
                # Graphs that have the triple in the stored form already must not lose that form.
                existing = store.quads_for_pattern(*key, None)
                self._written[key] = {(other.graph_name, stored): None for other in existing}
            self._written[key][quad.graph_name, quad.object] = None
        for quad in typed:
            forms = self._written.get((quad.subject, quad.predicate, quad.object))
            if forms is not None:  # written in the stored form, where another form is known
                forms[quad.graph_name, quad.object] = None

    def remove(self, quads: Iterable[ox.Quad]) -> list[ox.Quad]:
        """Record quads that are removed; return those that the store must keep, for another lexical form is left."""
        kept: list[ox.Quad] = []
        for quad in quads:
            if not _may_change(quad.object):
                continue
            self._learn((quad.object,))
            key = (quad.subject, quad.predicate, self._stored[quad.object])
            forms = self._written.get(key)
            if forms is None:
                continue
            forms.pop((quad.graph_name, quad.object), None)
            if any(graph == quad.graph_name for graph, _ in forms):
                kept.append(quad)
            if not forms:
                del self._written[key]
        return kept

    def restored(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Yield stored quads as they were written in their graphs."""
        for quad in quads:
            forms = self._written.get((quad.subject, quad.predicate, quad.object)) if self._written else None
            literals = [literal for graph, literal in forms or () if graph == quad.graph_name]
            if not literals:
                yield quad
            for literal in literals:
                yield ox.Quad(quad.subject, quad.predicate, literal, quad.graph_name)

    def _learn(self, literals: Iterable[Any]) -> None:
        """Look up the stored form of literals that are new, by putting all of them into one empty store."""
        # The engine offers no function for it; and a store for each literal would take far longer.
        new = [literal for literal in dict.fromkeys(literals) if literal not in self._stored]
        if not new:
            return
        nodes = {ox.BlankNode(): literal for literal in new}
        store = ox.Store()
        store.extend(ox.Quad(node, _VALUE, literal) for node, literal in nodes.items())
        for quad in store:
            written = nodes[quad.subject]
            self._stored[written] = written if quad.object == written else quad.object


def _may_change(term: Any) -> bool:  # noqa: ANN401 - a term
    return isinstance(term, ox.Literal) and not term.language and term.datatype.value not in _KEPT
