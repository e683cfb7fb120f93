"""Axioms as triples of a graph: lists, property expressions, and the parts that rules are made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_NIL, Graph
from coopkg.reasoning.datatype_map import is_datatype
from coopkg.reasoning.owl_terms import (
    AXIOM_CLASSES,
    AXIOM_PREDICATES,
    FIRST,
    INVERSE_OF,
    REST,
    SAME_AS,
    TYPE,
    is_resource,
    owl,
    rdfs,
)
from coopkg.reasoning.rules import Fact, Pattern, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.owl_terms import Term

X, Y, Z = (ox.Variable(name) for name in "xyz")


class Axioms:
    """Reads the axioms of one graph, whatever their kind."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def stated(self) -> Iterator[Fact]:
        """Yield the triples that schema rules start from."""
        for predicate in AXIOM_PREDICATES:
            yield from ((s, predicate, o) for s, o in self.graph.pairs(predicate))

    def related(self, predicate: ox.NamedNode) -> Iterator[tuple[Term, Term]]:
        """Yield subject and object of each axiom that is not trivial: they differ, and both are resources."""
        for one, other in self.graph.pairs(predicate):
            if one != other and is_resource(other):
                yield one, other

    def instances(self, name: str) -> Iterable[Term]:
        """Return the nodes of a class of OWL."""
        return self.graph.subjects(TYPE, owl(name))

    def is_datatype(self, term: Term) -> bool:
        """Whether a term is a datatype, known or declared."""
        return is_datatype(term) or rdfs("Datatype") in self.graph.objects(term, TYPE)

    def members(self, subject: Term, predicate: ox.NamedNode, head: Term) -> tuple[list[Term], list[Fact]]:
        """Return the members of an axiom's list, and the axiom with the list's own triples.

        A list that is not whole has none: no rule's LIST[...] matches it (OWL 2 Profiles, section 4.3).
        """
        try:
            members = self.graph.members(head)
        except ValueError:
            return [], []
        triples = [(subject, predicate, head)]
        while head != RDF_NIL:
            rest = self.graph.value(head, REST)
            triples += [(head, FIRST, self.graph.value(head, FIRST)), (head, REST, rest)]
            head = rest
        return members, triples

    def combined(self, name: str) -> Iterator[tuple[Term, Term, Term, list[Fact]]]:
        """Yield each pair of members of each axiom of that class: its node, the pair, and the list's triples."""
        for node in self.instances(name):
            for predicate in (owl("members"), owl("distinctMembers")):
                for head in self.graph.objects(node, predicate):
                    members, axioms = self.members(node, predicate, head)
                    yield from ((node, one, other, axioms) for one, other in combinations(members, 2))

    def rule(self, name: str, body: list[Pattern], head: Pattern | None, *axioms: Fact) -> Rule:
        """Make a rule; the inverse expressions that its axioms name are added to them."""
        # A proof cites the axioms of a rule, and without them the blank node would say nothing.
        nodes = {term for axiom in axioms for term in axiom if isinstance(term, ox.BlankNode)}
        inverses = [(node, INVERSE_OF, self.graph.value(node, INVERSE_OF)) for node in nodes]
        premises = [*axioms, *(i for i in inverses if i[2] is not None and i not in axioms)]
        return Rule(name, tuple(body), head, tuple(ox.Triple(*axiom) for axiom in premises))

    def edge(self, prop: Term, subject: Term, obj: Term) -> Pattern | None:
        """Make the pattern of a property or of the inverse of one (a blank node with owl:inverseOf), else None."""
        if isinstance(prop, ox.NamedNode):
            return Pattern(subject, prop, obj)
        inverse = self.graph.value(prop, INVERSE_OF) if isinstance(prop, ox.BlankNode) else None
        return Pattern(obj, inverse, subject) if isinstance(inverse, ox.NamedNode) else None

    def edges(
        self,
        name: str,
        links: list[Fact],
        head: Fact,
        axioms: list[Fact],
    ) -> Iterator[Rule]:
        """Yield the rule between properties, unless one of them cannot be one; inverse expressions are resolved."""
        body, conclusion = [self.edge(*link) for link in links], self.edge(*head)
        patterns = [pattern for pattern in body if pattern is not None]
        if conclusion is not None and len(patterns) == len(body) and [conclusion] != patterns:
            yield self.rule(name, patterns, conclusion, *axioms)

    def both(self, prop: Term, first: tuple[Term, Term], second: tuple[Term, Term]) -> list[Pattern]:
        """Make two patterns of one property; none where it cannot be one."""
        edges = [self.edge(prop, *first), self.edge(prop, *second)]
        return [edge for edge in edges if edge is not None]

    def unique(self, name: str, body: list[Pattern], *axioms: Fact) -> list[Rule]:
        """Make the rule that ?y and ?z are the same, and the inconsistency rule for two different literals."""
        if not body:
            return []
        rule = self.rule(name, body, Pattern(Y, SAME_AS, Z), *axioms)
        return [replace(rule, distinct=(Y, Z)), replace(rule, head=None, distinct=(Y, Z), literals=True)]

    def literals(self, rule: Rule, datatype: Term) -> Iterator[Rule]:
        """Yield the inconsistency rule for literals that are not of a datatype; all are of rdfs:Literal."""
        if isinstance(datatype, ox.NamedNode) and datatype != rdfs("Literal"):
            yield replace(rule, datatype=datatype)


def is_a(subject: Term, cls: Term) -> Pattern:
    """Make the pattern of membership in a class."""
    return Pattern(subject, TYPE, cls)


def typed(node: Term, name: str) -> Fact:
    """Make the triple that a node is of a class of OWL."""
    return (node, TYPE, owl(name))


def axiom_quads(store: ox.Store, graph: ox.NamedNode | None = None) -> Iterator[ox.Quad]:
    """Yield the quads of a store that may be part of an axiom, except those of one graph."""
    # Pattern by pattern, through the store's indexes: axioms are few, and to compile rules must not cost a whole scan.
    patterns: list[tuple[ox.NamedNode, ox.NamedNode | None]]
    patterns = [(predicate, None) for predicate in (*AXIOM_PREDICATES, FIRST, REST)]
    patterns += [(TYPE, cls) for cls in AXIOM_CLASSES]
    for predicate, obj in patterns:
        for quad in store.quads_for_pattern(None, predicate, obj, None):
            if quad.graph_name != graph:
                yield quad
