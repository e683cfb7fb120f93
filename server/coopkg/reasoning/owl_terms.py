"""The terms of RDF, RDFS and OWL that carry axioms, as pyoxigraph has them."""

from __future__ import annotations

from typing import Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

Term = Any
"""An RDF term of pyoxigraph: NamedNode, BlankNode, Literal or Triple."""

RDF: Final = STANDARD_PREFIXES["rdf"]
RDFS: Final = STANDARD_PREFIXES["rdfs"]
OWL: Final = STANDARD_PREFIXES["owl"]
XSD: Final = STANDARD_PREFIXES["xsd"]


def rdf(name: str) -> ox.NamedNode:
    """Return a term of RDF."""
    return ox.NamedNode(RDF + name)


def rdfs(name: str) -> ox.NamedNode:
    """Return a term of RDF Schema."""
    return ox.NamedNode(RDFS + name)


def owl(name: str) -> ox.NamedNode:
    """Return a term of OWL."""
    return ox.NamedNode(OWL + name)


TYPE: Final = rdf("type")
FIRST: Final = rdf("first")
REST: Final = rdf("rest")
SAME_AS: Final = owl("sameAs")
DIFFERENT_FROM: Final = owl("differentFrom")
SUB_CLASS: Final = rdfs("subClassOf")
SUB_PROPERTY: Final = rdfs("subPropertyOf")
EQUIVALENT_CLASS: Final = owl("equivalentClass")
EQUIVALENT_PROPERTY: Final = owl("equivalentProperty")
DOMAIN: Final = rdfs("domain")
RANGE: Final = rdfs("range")
INVERSE_OF: Final = owl("inverseOf")
ON_PROPERTY: Final = owl("onProperty")
THING: Final = owl("Thing")
NOTHING: Final = owl("Nothing")

REFLEXIVE_NOISE: Final = frozenset({SAME_AS, SUB_CLASS, SUB_PROPERTY, EQUIVALENT_CLASS, EQUIVALENT_PROPERTY})
"""Relations that each term has to itself: true of everything, so that they tell nothing."""

AXIOM_PREDICATES: Final = frozenset(
    {
        SUB_CLASS, SUB_PROPERTY, EQUIVALENT_CLASS, EQUIVALENT_PROPERTY, DOMAIN, RANGE, INVERSE_OF, ON_PROPERTY,
        *map(owl, (
            "propertyChainAxiom", "propertyDisjointWith", "disjointWith", "disjointUnionOf", "complementOf",
            "intersectionOf", "unionOf", "oneOf", "someValuesFrom", "allValuesFrom", "hasValue", "maxCardinality",
            "maxQualifiedCardinality", "onClass", "hasKey", "members", "distinctMembers", "sourceIndividual",
            "assertionProperty", "targetIndividual", "targetValue",
        )),
    }
)  # fmt: skip
AXIOM_CLASSES: Final = frozenset(
    {
        rdfs("Datatype"),
        *map(owl, (
            "SymmetricProperty", "TransitiveProperty", "FunctionalProperty", "InverseFunctionalProperty",
            "AsymmetricProperty", "IrreflexiveProperty", "AllDisjointClasses", "AllDisjointProperties", "AllDifferent",
        )),
    }
)  # fmt: skip


def is_resource(term: Term) -> bool:
    """Whether a term may be a subject: literals and triple terms may not (RDF 1.2 Concepts, section 3.1)."""
    return isinstance(term, ox.NamedNode | ox.BlankNode)
