"""The nodes that documents bring into a graph, and those of them that share a name with a node of their class."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.shacl.change_preview import SameLabel
from coopkg.shacl.constraint_descriptions import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TYPE: Final = ox.NamedNode(STANDARD_PREFIXES["rdf"] + "type")
_MOST: Final = 200
"""Nodes with the name of another that are reported."""
_LONGEST: Final = 1000
"""Characters of a name that is looked up."""


def find_new_nodes(store: ox.Store, quads: Sequence[ox.Quad]) -> tuple[tuple[ox.NamedNode, ...], tuple[SameLabel, ...]]:
    """Find the nodes that no triple of ``store`` describes, before the quads go into it, and those that share a name.

    Names are compared as they are written, in every language of the project: reconciling is for people to decide.
    """
    subjects = dict.fromkeys(quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode))
    created = tuple(s for s in subjects if next(iter(store.quads_for_pattern(s, None, None)), None) is None)
    return created, tuple(islice(_alike(store, quads, frozenset(created)), _MOST))


def _alike(store: ox.Store, quads: Sequence[ox.Quad], created: frozenset[ox.NamedNode]) -> Iterator[SameLabel]:
    classes: dict[ox.NamedNode, set[object]] = {}
    for quad in quads:
        if quad.predicate == _TYPE and isinstance(quad.subject, ox.NamedNode):
            classes.setdefault(quad.subject, set()).add(quad.object)
    yielded = set()
    for quad in quads:
        node, name = quad.subject, quad.object
        if quad.predicate not in LABELS or not isinstance(name, ox.Literal) or not isinstance(node, ox.NamedNode):
            continue
        # A text that long is no name, and looking it up would only cost time.
        if node not in created or len(name.value) > _LONGEST:
            continue
        for other in _called(store, name.value):
            # The same name in another class is another thing: a person and a place may share one.
            own = {quad_of_type.object for quad_of_type in store.quads_for_pattern(other, _TYPE, None)}
            if own & classes.get(node, own) and (node, other) not in yielded:
                yielded.add((node, other))
                yield SameLabel(node, other, name.value)


def _called(store: ox.Store, name: str) -> Iterator[ox.NamedNode]:
    literals = [ox.Literal(name), *(ox.Literal(name, language=language) for language in LANGUAGES)]
    for predicate in LABELS:
        for literal in literals:
            for quad in store.quads_for_pattern(None, predicate, literal):
                if isinstance(quad.subject, ox.NamedNode):
                    yield quad.subject
