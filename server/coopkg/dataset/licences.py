"""The licences of contributions under the base IRI that is served: published shapes, ontology and derivation rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.dataset.similar_names import NameIndex, similar_names
from coopkg.dataset.store import read_manifest
from coopkg.rdf.graph import RDF_TYPE, Graph
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE
from coopkg.rdf.terms import rebase_iri
from coopkg.reasoning.domain_rules import domain_rules
from coopkg.shacl.licence_reasons import Rule
from coopkg.shacl.licences import Licences
from coopkg.shacl.published_shapes import shapes_quads

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from coopkg.dataset.published_files import Published
    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Report


def open_licences(published: Published, base: str) -> Licences:
    """Read what contributions may add. Raises RdfSyntaxError, DatasetBroken."""
    ontology = [
        quad
        for entry in read_manifest(published)
        if entry.file.startswith("ontology/")
        for quad in published.document(entry.file, base).quads()
    ]
    rules = [
        Rule((rule.head.subject, rule.head.predicate, rule.head.object),
             [(p.subject, p.predicate, p.object) for p in rule.body])
        for rule in domain_rules(base)
        if rule.head is not None
    ]  # fmt: skip
    return Licences(
        shapes_quads(published.shapes(), base), shapes_quads(published.licences(), base), ontology, base, rules
    )


def check_contribution(
    licences: Licences, store: ox.Store, graph: Readable, added: Collection[ox.Quad], *, claimed: bool = True
) -> Report:
    """Report what a contribution adds without a licence; store and graph are as they are with it.

    A triple that another graph has already is nothing new, and needs none. Unless what is added was ``claimed`` in one
    change, nobody can tell which claims came with it.
    """
    brought = ox.Store()
    brought.extend(added)

    def elsewhere(node: Node, target: Node) -> Node | None:
        if not claimed:
            return None
        quads = (
            *store.quads_for_pattern(node, RDF_TYPE, None, None),  # a graph that says what it is, if one does
            *store.quads_for_pattern(node, None, None, None),
        )
        return next((q.graph_name for q in quads if q.graph_name != target and q not in brought), None)

    new = [
        quad
        for quad in added
        if all(q in brought for q in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None))
    ]
    return licences.check(new, graph, elsewhere)


def check_contributed(
    sources: Sequence[Source], contributions: Sequence[Source], published: Published, base: str
) -> Report:
    """Report what contributions add to the published files without a licence, and the names that are alike."""
    graphs = {e.file: ox.NamedNode(rebase_iri(e.graph, DEFAULT_BASE, base)) for e in read_manifest(published)}
    target = ox.NamedNode(base + CONTRIBUTIONS)
    store = ox.Store()
    for source in sources:
        name = target if source in contributions else graphs.get(source.name, ox.DefaultGraph())
        store.extend(ox.Quad(q.subject, q.predicate, q.object, name) for q in source.quads)
    added = [ox.Quad(q.subject, q.predicate, q.object, target) for source in contributions for q in source.quads]
    graph = Graph(quad for source in sources for quad in source.quads)
    report = check_contribution(open_licences(published, base), store, graph, added)
    return report.and_(similar_names(store, NameIndex(), added, base))
