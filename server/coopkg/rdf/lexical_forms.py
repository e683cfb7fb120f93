"""Literals as they were written, beside a store that rewrites them.

pyoxigraph's store makes ``1.10`` into ``1.1`` and ``"5"^^xsd:byte`` into an ``xsd:integer``. Of each stored literal
that was written otherwise the lexical_forms are kept here, so that validation and export read what was written.
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
"""Datatypes whose literals the store leaves alone."""
_VALUE: Final = ox.NamedNode(STANDARD_PREFIXES["rdf"] + "value")

Key = tuple[Any, Any, Any]
"""Subject, predicate and stored object."""


class LexicalForms:
    """The lexical_forms of those literals that the store has rewritten, by triple and graph."""

    def __init__(self) -> None:
        self._written: dict[Key, dict[tuple[Any, Any], None]] = {}
        self._stored: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._written)

    def written(self, subject: Any, predicate: Any, stored: Any) -> tuple[Any, ...]:  # noqa: ANN401 - terms
        """Return the objects that were written where the store has ``stored``: itself, but for what was rewritten."""
        if not self._written or not isinstance(stored, ox.Literal):
            return (stored,)
        found = self._written.get((subject, predicate, stored))
        return (stored,) if found is None else tuple(dict.fromkeys(literal for _, literal in found))

    def add(self, quads: Iterable[ox.Quad], store: ox.Store) -> None:
        """Take note of quads that are about to be added to a store."""
        typed = [quad for quad in quads if _may_change(quad.object)]
        self._learn(quad.object for quad in typed)
        for quad in typed:
            stored = self._stored[quad.object]
            if stored == quad.object:
                continue
            key = (quad.subject, quad.predicate, stored)
            if key not in self._written:
                there = store.quads_for_pattern(*key, None)
                self._written[key] = {(known.graph_name, stored): None for known in there}
            self._written[key][quad.graph_name, quad.object] = None
        for quad in typed:
            known = self._written.get((quad.subject, quad.predicate, quad.object))
            if known is not None:
                known[quad.graph_name, quad.object] = None

    def remove(self, quads: Iterable[ox.Quad]) -> list[ox.Quad]:
        """Take note of quads that are removed; return those that the store must keep, for another spelling is left."""
        kept: list[ox.Quad] = []
        for quad in quads:
            if not _may_change(quad.object):
                continue
            self._learn((quad.object,))
            key = (quad.subject, quad.predicate, self._stored[quad.object])
            known = self._written.get(key)
            if known is None:
                continue
            known.pop((quad.graph_name, quad.object), None)
            if any(graph == quad.graph_name for graph, _ in known):
                kept.append(quad)
            if not known:
                del self._written[key]
        return kept

    def restored(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Return stored quads as they were written in their graphs."""
        for quad in quads:
            found = self._written.get((quad.subject, quad.predicate, quad.object)) if self._written else None
            literals = [literal for graph, literal in found or () if graph == quad.graph_name]
            if not literals:
                yield quad
            for literal in literals:
                yield ox.Quad(quad.subject, quad.predicate, literal, quad.graph_name)

    def _learn(self, literals: Iterable[Any]) -> None:
        """Ask a store what it makes of literals that have not been seen yet."""
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
