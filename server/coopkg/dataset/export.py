"""What a journal amounts to: the accepted facts, beside or in the published files that they belong to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.store import read_manifest
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document, rebase_quad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset

NEW: Final = "# Accepted facts of the graph <{graph}>.\n# To publish them, list this file in data/catalog.ttl.\n"


@dataclass(frozen=True)
class AcceptedFacts:
    """The facts that commits added to the published files, written as they were proposed, and those that they removed.

    ``untold`` counts those about blank nodes of published files, which no other file can name.
    """

    added: frozenset[ox.Quad] = frozenset()
    removed: frozenset[ox.Quad] = frozenset()
    untold: int = 0


@dataclass(frozen=True)
class Amended(Document):
    """A document with facts added to it and others left out."""

    added: tuple[ox.Quad, ...] = ()
    removed: frozenset[ox.Quad] = field(default_factory=frozenset)

    @property
    def changed(self) -> bool:
        """Return whether anything is added or left out."""
        return bool(self.added or self.removed)

    def quads(self) -> Iterator[ox.Quad]:
        """Return the quads, lexical forms kept. Raises RdfSyntaxError with file, line and column."""
        yield from (quad for quad in super().quads() if quad not in self.removed)
        yield from self.added


def accepted_facts(seed: Dataset, current: Dataset) -> AcceptedFacts:
    """Return what sets two versions apart: the published files, and what a journal has made of them."""
    before = set(seed.lexical_forms.restored(seed.store))
    after = set(current.lexical_forms.restored(current.store))
    published = {term for q in before for term in (q.subject, q.object) if isinstance(term, ox.BlankNode)}
    untold = {quad for quad in before ^ after if {quad.subject, quad.object} & published}
    return AcceptedFacts(frozenset(after - before - untold), frozenset(before - after - untold), len(untold))


def with_accepted_facts(published: Published, found: AcceptedFacts, base: str) -> list[Amended]:
    """Return every published file as the accepted facts have it, and a new one for each graph that has none."""
    added = {rebase_quad(quad, base, DEFAULT_BASE) for quad in found.added}
    removed = {rebase_quad(quad, base, DEFAULT_BASE) for quad in found.removed}
    documents: list[Amended] = []
    for entry in read_manifest(published):
        data = published.path(entry.file).read_bytes()
        document = Amended(entry.file, data, base=DEFAULT_BASE + entry.file)
        graph = ox.NamedNode(entry.graph)
        gone = frozenset(_triple(quad) for quad in removed if quad.graph_name == graph)
        here = gone.intersection(document.quads()) if gone else gone
        documents.append(replace(document, removed=here))
    for name in sorted({quad.graph_name for quad in added}, key=str):
        mine = tuple(_triple(quad) for quad in added if quad.graph_name == name)
        files = {e.file for e in read_manifest(published) if ox.NamedNode(e.graph) == name}
        place = next((i for i, document in enumerate(documents) if document.name in files), None)
        if place is None:
            documents.append(_new(name, mine))
        else:
            documents[place] = replace(documents[place], added=mine)
    return documents


def _new(graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph, added: tuple[ox.Quad, ...]) -> Amended:
    iri = graph.value if isinstance(graph, ox.NamedNode) else "urn:x-default"
    name = re.sub(r"[^\w]+", "-", iri.removeprefix(DEFAULT_BASE).removeprefix("graph/"), flags=re.ASCII).strip("-")
    if not iri.startswith(f"{DEFAULT_BASE}graph/"):
        name = f"graph-{hashlib.sha256(iri.encode()).hexdigest()[:12]}"
    return Amended(f"data/{name}.ttl", NEW.format(graph=iri).encode(), added=added)


def _triple(quad: ox.Quad) -> ox.Quad:
    return ox.Quad(quad.subject, quad.predicate, quad.object, ox.DefaultGraph())
