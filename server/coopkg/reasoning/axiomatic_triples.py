"""Triples that hold in every graph, and rules that relate terms to themselves: for W3C's entailment suite only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.reasoning.owl_terms import (
    DOMAIN,
    EQUIVALENT_CLASS,
    EQUIVALENT_PROPERTY,
    NOTHING,
    RANGE,
    SAME_AS,
    SUB_CLASS,
    SUB_PROPERTY,
    THING,
    TYPE,
    is_resource,
    owl,
    rdf,
    rdfs,
)
from coopkg.reasoning.rules import Pattern, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.owl_terms import Term

_X: Final = ox.Variable("x")
_PROPERTY, _CLASS, _RESOURCE, _LITERAL = rdf("Property"), rdfs("Class"), rdfs("Resource"), rdfs("Literal")
_SIGNATURES: Final = {
    TYPE: (_RESOURCE, _CLASS),
    DOMAIN: (_PROPERTY, _CLASS),
    RANGE: (_PROPERTY, _CLASS),
    SUB_PROPERTY: (_PROPERTY, _PROPERTY),
    SUB_CLASS: (_CLASS, _CLASS),
    rdf("subject"): (rdf("Statement"), _RESOURCE),
    rdf("predicate"): (rdf("Statement"), _RESOURCE),
    rdf("object"): (rdf("Statement"), _RESOURCE),
    rdfs("member"): (_RESOURCE, _RESOURCE),
    rdf("first"): (rdf("List"), _RESOURCE),
    rdf("rest"): (rdf("List"), rdf("List")),
    rdfs("seeAlso"): (_RESOURCE, _RESOURCE),
    rdfs("isDefinedBy"): (_RESOURCE, _RESOURCE),
    rdfs("comment"): (_RESOURCE, _LITERAL),
    rdfs("label"): (_RESOURCE, _LITERAL),
    rdf("value"): (_RESOURCE, _RESOURCE),
}
"""Domain and range of each property of RDF and RDFS (RDF 1.1 Semantics, section 9)."""
_OTHERS: Final = (
    (rdf("nil"), TYPE, rdf("List")),
    (rdf("Alt"), SUB_CLASS, rdfs("Container")),
    (rdf("Bag"), SUB_CLASS, rdfs("Container")),
    (rdf("Seq"), SUB_CLASS, rdfs("Container")),
    (rdfs("ContainerMembershipProperty"), SUB_CLASS, _PROPERTY),
    (rdfs("isDefinedBy"), SUB_PROPERTY, rdfs("seeAlso")),
    (rdfs("Datatype"), SUB_CLASS, _CLASS),
    (rdf("XMLLiteral"), TYPE, rdfs("Datatype")),
)
_RDFS_RULES: Final = (
    ("rdfs6", _PROPERTY, (_X, SUB_PROPERTY, _X)),
    ("rdfs8", _CLASS, (_X, SUB_CLASS, _RESOURCE)),
    ("rdfs10", _CLASS, (_X, SUB_CLASS, _X)),
    ("rdfs12", rdfs("ContainerMembershipProperty"), (_X, SUB_PROPERTY, rdfs("member"))),
    ("rdfs13", rdfs("Datatype"), (_X, SUB_CLASS, _LITERAL)),
)
_OWL_RULES: Final = (
    ("scm-cls", owl("Class"), (_X, SUB_CLASS, _X)),
    ("scm-cls", owl("Class"), (_X, EQUIVALENT_CLASS, _X)),
    ("scm-cls", owl("Class"), (_X, SUB_CLASS, THING)),
    ("scm-cls", owl("Class"), (NOTHING, SUB_CLASS, _X)),
    *(
        (name, cls, (_X, predicate, _X))
        for name, cls in (("scm-op", owl("ObjectProperty")), ("scm-dp", owl("DatatypeProperty")))
        for predicate in (SUB_PROPERTY, EQUIVALENT_PROPERTY)
    ),
)


def axiomatic_rules(quads: Iterable[ox.Quad], regime: str) -> list[Rule]:
    """Make the rules, ground to the terms of some quads; one without a body holds unconditionally."""
    facts = [*_axioms(), *_of_terms(quads, regime)]
    rules = [Rule(name, (), Pattern(*fact)) for name, fact in facts]
    for name, cls, head in _RDFS_RULES + (_OWL_RULES if regime == "owl-rl" else ()):
        rules.append(Rule(name, (Pattern(_X, TYPE, cls),), Pattern(*head)))
    if regime == "owl-rl":
        rules += [Rule(name, (), Pattern(cls, TYPE, owl("Class"))) for name, cls in _TOP_AND_BOTTOM]
    return rules


_TOP_AND_BOTTOM: Final = (("cls-thing", THING), ("cls-nothing1", NOTHING))


def _axioms() -> Iterator[tuple[str, tuple[Term, ox.NamedNode, Term]]]:
    for prop, (domain, range_) in _SIGNATURES.items():
        yield "rdfs-axiom", (prop, TYPE, _PROPERTY)
        yield "rdfs-axiom", (prop, DOMAIN, domain)
        yield "rdfs-axiom", (prop, RANGE, range_)
    yield from (("rdfs-axiom", triple) for triple in _OTHERS)


def _of_terms(quads: Iterable[ox.Quad], regime: str) -> Iterator[tuple[str, tuple[Term, ox.NamedNode, Term]]]:
    """Yield the triples about each property and each term of the data (rdfD2, rdfs4, eq-ref), literals excepted."""
    terms: dict[Term, None] = {}
    properties: dict[ox.NamedNode, None] = {}
    for quad in quads:
        properties[quad.predicate] = None
        terms.update(dict.fromkeys((quad.subject, quad.predicate, quad.object)))
    yield from (("rdfD2", (prop, TYPE, _PROPERTY)) for prop in properties)
    for term in filter(is_resource, terms):
        yield "rdfs4", (term, TYPE, _RESOURCE)
        if regime == "owl-rl":
            yield "eq-ref", (term, SAME_AS, term)
