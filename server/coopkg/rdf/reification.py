"""What speaks of triples: statements of RDF 1.1 (RDF Schema 1.1, section 5.3) and reifiers of RDF 1.2.

The graph has statements, which every tool reads. Reifiers say the same in another form: they are written beside the
statements for a client that asks for RDF 1.2, and those that a client sends are read as statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.terms import Term

    Subject = ox.NamedNode | ox.BlankNode | ox.Triple

_RDF: Final = STANDARD_PREFIXES["rdf"]
_TYPE: Final = ox.NamedNode(_RDF + "type")
RDF_REIFIES: Final = ox.NamedNode(_RDF + "reifies")
STATEMENT: Final = ox.NamedNode(_RDF + "Statement")
PARTS: Final = tuple(ox.NamedNode(_RDF + name) for name in ("subject", "predicate", "object"))
"""The properties by which a statement gives its triple."""


def reifiers(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Yield ``?statement rdf:reifies <<( s p o )>>`` for each complete statement among some triples.

    A statement is complete if it has the class rdf:Statement and one subject, one predicate and one object, of which
    RDF makes a triple (RDF 1.2 Concepts, section 3.1).
    """
    # Only the triples of statements are kept; the triples themselves may be a stream.
    statements: set[Subject] = set()
    parts: dict[Subject, tuple[set[Term], ...]] = {}
    for triple in triples:
        if triple.predicate in PARTS:
            found = parts.setdefault(triple.subject, (set(), set(), set()))
            found[PARTS.index(triple.predicate)].add(triple.object)
        elif triple.predicate == _TYPE and triple.object == STATEMENT:
            statements.add(triple.subject)
    for node, found in parts.items():
        if node in statements and all(len(values) == 1 for values in found):
            subject, predicate, value = (next(iter(values)) for values in found)
            if isinstance(subject, ox.NamedNode | ox.BlankNode) and isinstance(predicate, ox.NamedNode):
                yield ox.Triple(node, RDF_REIFIES, ox.Triple(subject, predicate, value))


def as_statements(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield quads, with a statement in place of each reifier of a triple.

    What the statement of a reifier says already is yielded again. A reifier of two triples becomes a statement with two
    subjects, predicates or objects, which no shape of the graph accepts.
    """
    for quad in quads:
        if quad.predicate != RDF_REIFIES or not isinstance(quad.object, ox.Triple):
            yield quad
            continue
        reified = quad.object
        yield ox.Quad(quad.subject, _TYPE, STATEMENT, quad.graph_name)
        for part, term in zip(PARTS, (reified.subject, reified.predicate, reified.object), strict=True):
            yield ox.Quad(quad.subject, part, term, quad.graph_name)
