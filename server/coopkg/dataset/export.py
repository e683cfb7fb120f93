"""The accepted facts: the difference that the journal makes, as amended published files and new ones."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.published_files import moving
from coopkg.dataset.store import read_manifest
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document, rebase_iri, rebase_quad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset

NEW: Final = "# Accepted facts of the graph <{graph}>.\n# To publish them, list this file in data/catalog.ttl.\n"


@dataclass(frozen=True)
class AcceptedFacts:
    """The facts that commits added to the published files, in the lexical forms of the proposals, and those removed.

    ``unnameable`` counts the facts about blank nodes of published files, which are left out: no other file can name
    such a node.
    """

    added: frozenset[ox.Quad] = frozenset()
    removed: frozenset[ox.Quad] = frozenset()
    unnameable: int = 0


@dataclass(frozen=True)
class Amended(Document):
    """A document with some facts added and others left out."""

    added: tuple[ox.Quad, ...] = ()
    removed: frozenset[ox.Quad] = field(default_factory=frozenset)

    @property
    def changed(self) -> bool:
        """Return whether anything is added or left out."""
        return bool(self.added or self.removed)

    def parsed(self) -> Iterator[ox.Quad]:
        """Yield the amended quads, lexical forms kept. Raises RdfSyntaxError with file, line and column."""
        yield from (quad for quad in super().parsed() if quad not in self.removed)
        yield from self.added


def accepted_facts(seed: Dataset, current: Dataset) -> AcceptedFacts:
    """Return the difference between the published files (``seed``) and a later version of them."""
    # As written, because a change of the lexical form alone is a change too.
    before = set(seed.lexical_forms.restored(seed.store))
    after = set(current.lexical_forms.restored(current.store))
    published_nodes = {term for q in before for term in (q.subject, q.object) if isinstance(term, ox.BlankNode)}
    unnameable = {quad for quad in before ^ after if {quad.subject, quad.object} & published_nodes}
    return AcceptedFacts(
        frozenset(after - before - unnameable), frozenset(before - after - unnameable), len(unnameable)
    )


def with_accepted_facts(
    published: Published, facts: AcceptedFacts, base: str, target: str = DEFAULT_BASE
) -> list[Amended]:
    """Return every published file with the accepted facts applied, and a new document for each graph without a file.

    ``base`` is the base IRI of the facts. All IRIs of the documents are under ``target``, which is either the default
    base IRI, as files are written, or ``base``; files may be written with both. Added facts of a graph go into its
    first file.
    """
    added = {rebase_quad(quad, base, target) for quad in facts.added}
    removed = {rebase_quad(quad, base, target) for quad in facts.removed}
    moved = moving(DEFAULT_BASE if target == base else base, target)
    documents: list[Amended] = []
    for entry in read_manifest(published):
        data = published.path(entry.file).read_bytes()
        document = Amended(entry.file, data, base=DEFAULT_BASE + entry.file, moved=moved)
        graph = ox.NamedNode(rebase_iri(entry.graph, DEFAULT_BASE, target))
        removed_triples = frozenset(_triple(quad) for quad in removed if quad.graph_name == graph)
        # A graph may have several files; each loses only what it has. A file is parsed only if there is something to
        # lose.
        removed_here = removed_triples.intersection(document.quads()) if removed_triples else removed_triples
        documents.append(replace(document, removed=removed_here))
    for name in sorted({quad.graph_name for quad in added}, key=str):
        graph_facts = tuple(_triple(quad) for quad in added if quad.graph_name == name)
        entries = read_manifest(published)
        files = {e.file for e in entries if ox.NamedNode(rebase_iri(e.graph, DEFAULT_BASE, target)) == name}
        index = next((i for i, document in enumerate(documents) if document.name in files), None)
        if index is None:
            documents.append(_new(name, graph_facts, target))
        else:
            documents[index] = replace(documents[index], added=graph_facts)
    return documents


def _new(graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph, added: tuple[ox.Quad, ...], base: str) -> Amended:
    iri = rebase_iri(graph.value, base, DEFAULT_BASE) if isinstance(graph, ox.NamedNode) else "urn:x-default"
    # The IRI comes from a client: without slashes and full stops the file cannot lie outside of data/.
    name = re.sub(r"[^\w]+", "-", iri.removeprefix(DEFAULT_BASE).removeprefix("graph/"), flags=re.ASCII).strip("-")
    if not iri.startswith(f"{DEFAULT_BASE}graph/"):
        name = f"graph-{hashlib.sha256(iri.encode()).hexdigest()[:12]}"
    return Amended(f"data/{name}.ttl", NEW.format(graph=iri).encode(), added=added)


def _triple(quad: ox.Quad) -> ox.Quad:
    return ox.Quad(quad.subject, quad.predicate, quad.object, ox.DefaultGraph())
