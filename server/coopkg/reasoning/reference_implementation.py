"""owlrl as the reference implementation in tests: how its OWL 2 RL closure differs from ours, faults and noise aside.

Faults of owlrl 7.6.2, each pinned by a test: owl:hasKey skips the last key, so that with one key all instances are
the same; owl:AllDisjointProperties and owl:AllDifferent skip the last member; a list that breaks off is read as if it
were whole; a literal that a range excludes goes unnoticed. Noise: literals as subjects, the relations of each term to
itself, statements about the vocabularies of RDF, RDFS, OWL and XSD, and membership of owl:Thing and of datatypes.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.reasoning.closure import Closure
from coopkg.reasoning.datatype_map import is_datatype
from coopkg.reasoning.owl_terms import (
    DOMAIN,
    NOTHING,
    OWL,
    RANGE,
    RDF,
    RDFS,
    REFLEXIVE_NOISE,
    SAME_AS,
    SUB_CLASS,
    THING,
    TYPE,
    XSD,
    is_resource,
    owl,
)
from coopkg.reasoning.rule_compiler import compile_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.rules import Fact

_KEY: Final = owl("hasKey")
_ERRORS: Final = "http://www.daml.org/2002/03/agents/agent-ont#"
_OF_EVERYTHING: Final = frozenset({TYPE, SUB_CLASS, DOMAIN, RANGE})
_VOCABULARIES: Final = (RDF, RDFS, OWL, XSD, _ERRORS)


@dataclass(frozen=True)
class Comparison:
    """The triples that owlrl derives and coopkg does not (``missing``), and the other way round (``extra``)."""

    missing: frozenset[Fact]
    extra: frozenset[Fact]

    @property
    def equal(self) -> bool:
        """Whether both derive the same."""
        return not self.missing and not self.extra


def compare(store: ox.Store, graph: ox.NamedNode) -> Comparison:
    """Compute both closures of what a store asserts, and compare them, without domain rules, which owlrl lacks.

    The store is left as it is.
    """
    asserted = {(q.subject, q.predicate, q.object) for q in store if q.graph_name != graph}
    copy = ox.Store()
    copy.bulk_extend(ox.Quad(*fact) for fact in asserted)
    closure = Closure(copy, compile_rules(copy), graph)
    closure.compute()
    ours = {(q.subject, q.predicate, q.object) for q in copy.quads_for_pattern(None, None, None, graph)}
    ours = {fact for fact in ours if not is_noise(fact)}
    theirs = {fact for fact in owlrl_closure(asserted) if not is_noise(fact)} - asserted
    return Comparison(frozenset(theirs - ours), frozenset(ours - theirs))


def owlrl_closure(facts: Iterable[Fact], *, keys: bool = False) -> set[Fact]:
    """Compute owlrl's closure of some triples, these included; ``keys`` leaves owl:hasKey in, which it gets wrong."""
    import owlrl  # noqa: PLC0415 - 0.4 s of imports, needed only here
    import rdflib  # noqa: PLC0415

    # rdflib turns some literals into others; by this table each comes back as the term that it was.
    terms: dict[Any, Any] = {}
    graph = rdflib.Graph(bind_namespaces="none")
    for fact in facts:
        if keys or fact[1] != _KEY:
            graph.add(tuple(_to_rdflib(term, terms) for term in fact))
    with literals_kept():
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    return {tuple(_from_rdflib(term, terms) for term in triple) for triple in graph}


@contextlib.contextmanager
def literals_kept() -> Iterator[None]:
    """Restore how rdflib reads literals, which owlrl changes for the whole process and leaves changed.

    After it a year is text, and pySHACL, which compares what rdflib reads, gives other results.
    """
    from rdflib import term  # noqa: PLC0415 - as above

    mapping = term._toPythonMapping  # noqa: SLF001 - rdflib has no other way to read it back
    before = dict(mapping)
    try:
        yield
    finally:
        mapping.clear()
        mapping.update(before)


def is_noise(fact: Fact) -> bool:
    """Whether a triple is noise as the head of this module has it, whoever derived it."""
    subject, predicate, obj = fact
    if not is_resource(subject) or not isinstance(predicate, ox.NamedNode):
        return True
    if subject == obj and predicate in REFLEXIVE_NOISE:
        return True
    if predicate == SAME_AS and not is_resource(obj):
        return True
    if obj == THING and predicate in _OF_EVERYTHING:
        return True
    if predicate == TYPE and (is_datatype(obj) or _is_vocabulary(obj, (_ERRORS,))):
        return True
    return subject == NOTHING or _is_vocabulary(subject, _VOCABULARIES) or _is_vocabulary(predicate, (_ERRORS,))


def _is_vocabulary(term: object, namespaces: tuple[str, ...]) -> bool:
    return isinstance(term, ox.NamedNode) and term.value.startswith(namespaces)


def _to_rdflib(term: Any, terms: dict[Any, Any]) -> Any:  # noqa: ANN401 - rdflib must not be imported for its types
    import rdflib  # noqa: PLC0415

    if isinstance(term, ox.NamedNode):
        converted: Any = rdflib.URIRef(term.value)
    elif isinstance(term, ox.BlankNode):
        converted = rdflib.BNode(term.value)
    elif term.language:
        converted = rdflib.Literal(term.value, lang=term.language)
    else:
        plain = term.datatype.value == XSD + "string"
        converted = rdflib.Literal(
            term.value, datatype=None if plain else rdflib.URIRef(term.datatype.value), normalize=False
        )
    terms[converted] = term
    return converted


def _from_rdflib(term: Any, terms: dict[Any, Any]) -> Any:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    if term in terms:
        return terms[term]
    if isinstance(term, rdflib.URIRef):
        return ox.NamedNode(str(term))
    return ox.BlankNode(str(term)) if isinstance(term, rdflib.BNode) else ox.Literal(str(term))
