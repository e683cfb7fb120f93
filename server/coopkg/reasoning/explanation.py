"""Explanations: a proof of a triple down to asserted triples, their graphs and the claims that they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import DEFAULT_BASE, STANDARD_PREFIXES
from coopkg.reasoning.graph_layout import Layout
from coopkg.reasoning.join_plans import Program
from coopkg.reasoning.maintenance import derivations
from coopkg.reasoning.owl_terms import is_resource, rdf
from coopkg.reasoning.proofs import Asserted, Ground, Proof, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.owl_terms import Term
    from coopkg.reasoning.rules import Fact, Rule, RuleSet

_DERIVED: Final = ox.NamedNode(STANDARD_PREFIXES["prov"] + "wasDerivedFrom")
_SOURCE: Final = ox.NamedNode(STANDARD_PREFIXES["dcterms"] + "source")
DEEPEST: Final = 150
"""The height of a proof beyond which none is sought: that of a class under 150 others, one below the other."""


def explain(store: ox.Store, rules: RuleSet, graph: ox.NamedNode, triple: Fact | ox.Triple) -> Proof | None:
    """Find a proof of a triple of the least height, or None where the triple neither is asserted nor follows.

    There is none either where it would be higher than DEEPEST. ``graph`` is that of what is inferred, ``rules`` those
    that its closure has in force.
    """
    return prove(Program(rules), Layout(store, graph), triple)


def prove(program: Program, layout: Layout, triple: Fact | ox.Triple) -> Proof | None:
    """Find the same proof with rules that have been planned already."""
    fact = triple if isinstance(triple, tuple) else (triple.subject, triple.predicate, triple.object)
    search = _Search(program, layout)
    if not is_resource(fact[0]) or not search.facts.has(fact):
        return None
    return next((proof for height in range(DEEPEST) if (proof := search.prove(fact, height))), None)


class _Search:
    """A search by iterative deepening: which triples have no proof of a height is remembered, and not searched again.

    A search in depth first could follow a circle, or return a long proof where a short one would do.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self.program = program
        self.facts = layout.facts()
        self.asserted = layout.asserted()
        self._lowest: dict[Fact, int] = {}
        self._proofs: dict[Fact, tuple[int, Proof]] = {}
        base = program.rules.base or DEFAULT_BASE
        self._evidence = ox.NamedNode(f"{base}ontology#hasEvidence")
        self._supports = ox.NamedNode(f"{base}ontology#supports")

    def prove(self, fact: Fact, height: int) -> Proof | None:
        """Find a proof that is no higher than ``height``, or None."""
        earlier = self._proofs.get(fact)
        if earlier is not None and earlier[0] <= height:
            return earlier[1]
        # A proof of it was sought at this height already, in vain.
        if height < self._lowest.get(fact, 0):
            return None
        proof: Proof | None = self._leaf(fact)
        if proof is None and height > 0:
            proof = next(self._steps(fact, height), None)
        if proof is None:
            self._lowest[fact] = height + 1
        else:
            self._proofs[fact] = (height, proof)
        return proof

    def _leaf(self, fact: Fact) -> Asserted | None:
        graphs = sorted(_graph_name(quad) for quad in self.asserted.triples(*fact))
        if not graphs:
            return None
        return Asserted(fact, tuple(graphs), *self._ground(fact))

    def _steps(self, fact: Fact, height: int) -> Iterator[Step]:
        for rule, body in derivations(self.program, fact, self.facts):
            axioms = () if isinstance(rule, str) else rule.axioms
            premises = self._all(body, height - 1)
            stated = None if premises is None else self._all(self._inferred_axioms(axioms), height - 1)
            if premises is not None and stated is not None:
                yield Step(fact, _name(rule), axioms, premises, stated)

    def _all(self, facts: tuple[Fact, ...], height: int) -> tuple[Proof, ...] | None:
        proofs = []
        for fact in facts:
            proof = self.prove(fact, height)
            if proof is None:
                return None
            proofs.append(proof)
        return tuple(proofs)

    def _inferred_axioms(self, axioms: tuple[ox.Triple, ...]) -> tuple[Fact, ...]:
        facts = [(axiom.subject, axiom.predicate, axiom.object) for axiom in axioms]
        return tuple(fact for fact in facts if not self.asserted.has(fact))

    def _ground(self, fact: Fact) -> tuple[Ground, tuple[ox.NamedNode, ...]]:
        """Return why a triple is asserted: by its own statements, or else by what its subject cites."""
        statements = tuple(self._statements(fact))
        for ground, named in (
            (Ground.SAID, self._supporters(statements)),
            (Ground.DERIVED, self._objects(statements, _DERIVED)),
            (Ground.SOURCE, self._objects(statements, _SOURCE)),
            (Ground.SUBJECT, self._objects((fact[0],), self._evidence)),
        ):
            found = {node for node in named if isinstance(node, ox.NamedNode)}
            if found:
                return ground, tuple(sorted(found, key=str))
        return Ground.SUBJECT, ()

    def _statements(self, fact: Fact) -> Iterator[Term]:
        """Yield what states a triple by ``rdf:subject``, ``rdf:predicate`` and ``rdf:object``."""
        # From the subject: fewer statements share it than share a property or a country.
        for quad in self.asserted.triples(None, rdf("subject"), fact[0]):
            rest = (rdf("predicate"), fact[1]), (rdf("object"), fact[2])
            if all(self.asserted.has((quad.subject, name, part)) for name, part in rest):
                yield quad.subject

    def _supporters(self, statements: Iterable[Term]) -> Iterator[Term]:
        return (quad.subject for node in statements for quad in self.asserted.triples(None, self._supports, node))

    def _objects(self, nodes: Iterable[Term], predicate: ox.NamedNode) -> Iterator[Term]:
        return (quad.object for node in nodes for quad in self.asserted.triples(node, predicate, None))


def _graph_name(quad: ox.Quad) -> str:
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode | ox.BlankNode) else ""


def _name(rule: Rule | str) -> str:
    return rule if isinstance(rule, str) else rule.name
