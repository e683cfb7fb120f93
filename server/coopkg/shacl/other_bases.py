"""Terms that are formed like those of this graph, but under another base IRI: no shape would see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE, Graph
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.rdf.vocabularies import of_another_base
from coopkg.shacl.report import Report, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopkg.rdf.graph import Node
    from coopkg.rdf.terms import Term

OTHER_BASE: Final = "urn:x-coopkg:contribution#OtherBase"
"""The constraint component of results about such terms."""
_PHRASES: Final = (
    "{} is formed like an IRI of this graph, but under the base {}: here the base is {}.",
    "{} образован как IRI этого графа, но с базой {}: здесь база — {}.",
    "{} утвораны як IRI гэтага графа, але з базай {}: тут база — {}.",
)
_MOST: Final = 100
"""Terms that are reported."""


def sentence(term: Node, base: str) -> tuple[dict[str, str], Node] | None:
    """Return what to say of a term under another base, and the term that is meant; None for any other one."""
    found = of_another_base(term.value, base) if isinstance(term, ox.NamedNode) else None
    if found is None:
        return None
    texts = (phrase.format(term, f"<{found[0]}>", f"<{base}>") for phrase in _PHRASES)
    return dict(zip(LANGUAGES, texts, strict=True)), ox.NamedNode(base + found[1])


def terms_of_other_bases(quads: Sequence[ox.Quad], base: str) -> Report:
    """Report such terms in whole documents: as a property or class, or where ours has a node of the same name.

    Each is reported once, at its first triple.
    """
    first: dict[Node, tuple[ox.Quad, bool]] = {}
    for quad in quads:
        first.setdefault(quad.predicate, (quad, True))
        first.setdefault(quad.object, (quad, quad.predicate == RDF_TYPE))
        first.setdefault(quad.subject, (quad, False))
    found = {term: said for term in first if (said := sentence(term, base)) is not None}
    graph = Graph(quads) if found else None
    results: list[Result] = []
    for term, (messages, meant) in found.items():
        quad, certain = first[term]
        if len(results) < _MOST and graph and (certain or any(True for _ in graph.predicates(meant))):
            results.append(_result(quad, term, messages))
    return Report.of(results)


def _result(quad: ox.Quad, term: Term, messages: dict[str, str]) -> Result:
    return Result(
        focus=quad.subject,
        shape="urn:x-coopkg:contribution",
        component=OTHER_BASE,
        severity=Severity.VIOLATION,
        path=quad.predicate.value,
        value=quad.object if term != quad.subject else None,
        messages=messages,
    )
