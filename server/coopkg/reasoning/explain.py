"""Why a triple holds: a proof down to asserted triples, their graphs and the claims that they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.reasoning.domain import COOPERATION
from coopkg.reasoning.facts import StoreFacts
from coopkg.reasoning.maintenance import derivations
from coopkg.reasoning.plans import Program
from coopkg.reasoning.vocabulary import TYPE, is_resource, rdf
from coopkg.reasoning.wording import Names, axiom_texts
from coopkg.vocab import DEFAULT_BASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopkg.reasoning.rules import Fact, Rule, RuleSet
    from coopkg.reasoning.vocabulary import Term

DEEPEST: Final = 150
"""The height of a proof past which none is looked for: that of a class under 150 others, one below the other."""
MEANINGS: Final = {
    "prp-dom": "the property's subjects are of that class",
    "prp-rng": "the property's values are of that class",
    "prp-fp": "the property has one value at most",
    "prp-ifp": "the property has one subject at most for a value",
    "prp-symp": "the property holds both ways",
    "prp-trp": "the property is transitive",
    "prp-spo1": "the property is narrower than the other",
    "prp-spo2": "the properties form a chain",
    "prp-eqp1": "the properties mean the same",
    "prp-eqp2": "the properties mean the same",
    "prp-inv1": "the properties are inverse to each other",
    "prp-inv2": "the properties are inverse to each other",
    "prp-key": "the values are a key of the class",
    "cls-int1": "what is in all the classes is in their intersection",
    "cls-int2": "what is in the intersection is in each of the classes",
    "cls-uni": "what is in one of the classes is in their union",
    "cls-svf1": "it has such a value of that class",
    "cls-svf2": "it has such a value",
    "cls-avf": "all such values are of that class",
    "cls-hv1": "all of that class have that value",
    "cls-hv2": "it has that value",
    "cls-maxc2": "there is one such value at most",
    "cls-maxqc3": "there is one such value of that class at most",
    "cls-maxqc4": "there is one such value at most",
    "cls-oo": "the class consists of what it lists",
    "cax-sco": "the class is narrower than the other",
    "cax-eqc1": "the classes have the same members",
    "cax-eqc2": "the classes have the same members",
    "eq-sym": "sameness holds both ways",
    "eq-trans": "sameness is transitive",
    "eq-rep-s": "what is the same shares its triples",
    "eq-rep-p": "what is the same shares its triples",
    "eq-rep-o": "what is the same shares its triples",
    COOPERATION: "two different countries that are parties to the same bilateral cooperation cooperate",
}
"""What the rules say, in plain words; those of scm-* and of the axiomatic triples are named only."""


@dataclass(frozen=True)
class Asserted:
    """A leaf of a proof: a triple that is asserted, the graphs that say so, and the claims that it rests on.

    ``exact`` says that the claims are about this very triple, not about all that its subject states.
    """

    fact: Fact
    graphs: tuple[str, ...]
    claims: tuple[ox.NamedNode, ...] = ()
    exact: bool = False


@dataclass(frozen=True)
class Step:
    """A triple that follows: the rule's name, the axioms that it came from, and proofs of what it needed.

    ``stated`` are the proofs of those of the axioms that are themselves inferred.
    """

    fact: Fact
    rule: str
    axioms: tuple[ox.Triple, ...]
    premises: tuple[Proof, ...]
    stated: tuple[Proof, ...] = ()


Proof = Asserted | Step


def explain(store: ox.Store, rules: RuleSet, graph: ox.NamedNode, triple: Fact | ox.Triple) -> Proof | None:
    """Give a proof of a triple of as little height as there is, or None where it neither is asserted nor follows.

    There is none either where it would be higher than DEEPEST. ``graph`` is that of what is inferred, ``rules`` those
    that its closure has in force.
    """
    return prove(store, Program(rules), graph, triple)


def prove(store: ox.Store, program: Program, graph: ox.NamedNode, triple: Fact | ox.Triple) -> Proof | None:
    """Do the same with rules that have been planned already."""
    fact = triple if isinstance(triple, tuple) else (triple.subject, triple.predicate, triple.object)
    search = _Search(store, program, graph)
    if not is_resource(fact[0]) or not search.facts.has(fact):
        return None
    return next((proof for height in range(DEEPEST) if (proof := search.prove(fact, height))), None)


class _Search:
    """Iterative deepening: what has no proof of some height is remembered, so that no way is gone twice."""

    def __init__(self, store: ox.Store, program: Program, graph: ox.NamedNode) -> None:
        self.program = program
        self.facts = StoreFacts(store)
        self.asserted = StoreFacts(store, without=graph)
        self._lowest: dict[Fact, int] = {}
        self._proofs: dict[Fact, tuple[int, Proof]] = {}
        base = program.rules.base or DEFAULT_BASE
        self._evidence = ox.NamedNode(f"{base}ontology#hasEvidence")
        self._claim = ox.NamedNode(f"{base}ontology#Claim")

    def prove(self, fact: Fact, height: int) -> Proof | None:
        """Give a proof that is no higher than ``height``, or None."""
        known = self._proofs.get(fact)
        if known is not None and known[0] <= height:
            return known[1]
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
        exact = tuple(sorted(set(self._claims_about(fact)), key=str))
        return Asserted(fact, tuple(graphs), exact or self._evidence_of(fact[0]), exact=bool(exact))

    def _steps(self, fact: Fact, height: int) -> Iterator[Step]:
        for rule, body in derivations(self.program, fact, self.facts):
            axioms = () if isinstance(rule, str) else rule.axioms
            premises = self._all(body, height - 1)
            stated = None if premises is None else self._all(self._inferred_axioms(axioms), height - 1)
            if premises is not None and stated is not None:
                yield Step(fact, _name(rule), axioms, premises, stated)

    def _all(self, facts: tuple[Fact, ...], height: int) -> tuple[Proof, ...] | None:
        found = []
        for fact in facts:
            proof = self.prove(fact, height)
            if proof is None:
                return None
            found.append(proof)
        return tuple(found)

    def _inferred_axioms(self, axioms: tuple[ox.Triple, ...]) -> tuple[Fact, ...]:
        facts = [(axiom.subject, axiom.predicate, axiom.object) for axiom in axioms]
        return tuple(fact for fact in facts if not self.asserted.has(fact))

    def _claims_about(self, fact: Fact) -> Iterator[ox.NamedNode]:
        """Give the claims that speak of a triple: those that reify it, and those that a node which does so cites."""
        parts = tuple(zip(map(rdf, ("subject", "predicate", "object")), fact, strict=True))
        for quad in self.asserted.triples(None, *parts[2]):
            node = quad.subject
            if all(self.asserted.has((node, name, part)) for name, part in parts[:2]):
                is_claim = self.asserted.has((node, TYPE, self._claim))
                yield from (node,) if is_claim and isinstance(node, ox.NamedNode) else self._evidence_of(node)

    def _evidence_of(self, node: Term) -> tuple[ox.NamedNode, ...]:
        found = {quad.object for quad in self.asserted.triples(node, self._evidence, None)}
        return tuple(sorted((claim for claim in found if isinstance(claim, ox.NamedNode)), key=str))


def steps_of(proof: Proof) -> Iterator[Step]:
    """Give every step of a proof, the last conclusion first."""
    if isinstance(proof, Step):
        yield proof
        for premise in (*proof.premises, *proof.stated):
            yield from steps_of(premise)


def leaves_of(proof: Proof) -> Iterator[Asserted]:
    """Give every asserted triple that a proof ends in."""
    if isinstance(proof, Asserted):
        yield proof
        return
    for premise in (*proof.premises, *proof.stated):
        yield from leaves_of(premise)


def as_text(proof: Proof, prefixes: Mapping[str, str]) -> str:
    """Give a proof as indented lines, the conclusion first."""
    return "\n".join(_lines(proof, Names(prefixes), ""))


def as_json(proof: Proof) -> dict[str, Any]:
    """Give a proof as a JSON value; terms are as in N-Triples."""
    value: dict[str, Any] = {"triple": [str(term) for term in proof.fact]}
    if isinstance(proof, Asserted):
        claims = [claim.value for claim in proof.claims]
        return value | {"asserted": list(proof.graphs), "claims": claims, "exact": proof.exact}
    return value | {
        "rule": proof.rule,
        "meaning": MEANINGS.get(proof.rule, ""),
        "axioms": [[str(a.subject), str(a.predicate), str(a.object)] for a in proof.axioms],
        "premises": [as_json(premise) for premise in proof.premises],
        "inferredAxioms": [as_json(premise) for premise in proof.stated],
    }


def _lines(proof: Proof, names: Names, indent: str) -> Iterator[str]:
    yield f"{indent}{names.fact(proof.fact)}"
    if isinstance(proof, Asserted):
        yield f"{indent}  asserted in {', '.join(_shown(graph, names) for graph in proof.graphs)}"
        if proof.claims:
            rests = "claimed by" if proof.exact else "its subject rests on"
            yield f"{indent}  {rests} {', '.join(map(names.term, proof.claims))}"
        return
    meaning = MEANINGS.get(proof.rule)
    yield f"{indent}  inferred by {proof.rule}" + (f": {meaning}" if meaning else "")
    for axiom in axiom_texts(proof.axioms, names):
        yield f"{indent}  axiom {axiom}"
    for premise in (*proof.premises, *proof.stated):
        yield from _lines(premise, names, indent + "    ")


def _shown(graph: str, names: Names) -> str:
    return names.term(ox.NamedNode(graph)) if graph else "the default graph"


def _graph_name(quad: ox.Quad) -> str:
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode | ox.BlankNode) else ""


def _name(rule: Rule | str) -> str:
    return rule if isinstance(rule, str) else rule.name
