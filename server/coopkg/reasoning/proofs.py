"""Proofs: their steps and leaves, as values, as indented lines and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.reasoning.notation import Names, axiom_texts
from coopkg.reasoning.rule_descriptions import MEANINGS, PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopkg.reasoning.rules import Fact

    Paraphrases = Mapping[ox.NamedNode, Mapping[str, str]]
    """What claims say in our words, by language."""


class Ground(Enum):
    """Why a triple is asserted: a passage says it, it is derived from claims, it has a source of its own.

    Or it needs none of these, and claims are given that its subject cites.
    """

    SAID = "said"
    DERIVED = "derived"
    SOURCE = "source"
    SUBJECT = "subject"


@dataclass(frozen=True)
class Asserted:
    """A leaf of a proof: a triple that is asserted, the graphs that have it, and what it rests on, by ``ground``."""

    fact: Fact
    graphs: tuple[str, ...]
    ground: Ground = Ground.SUBJECT
    rests_on: tuple[ox.NamedNode, ...] = ()

    @property
    def claims(self) -> tuple[ox.NamedNode, ...]:
        """Return the claims among what it rests on."""
        return () if self.ground is Ground.SOURCE else self.rests_on


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


def steps_of(proof: Proof) -> Iterator[Step]:
    """Yield every step of a proof, the last conclusion first."""
    if isinstance(proof, Step):
        yield proof
        for premise in (*proof.premises, *proof.stated):
            yield from steps_of(premise)


def leaves_of(proof: Proof) -> Iterator[Asserted]:
    """Yield every asserted triple that is a leaf of a proof."""
    if isinstance(proof, Asserted):
        yield proof
        return
    for premise in (*proof.premises, *proof.stated):
        yield from leaves_of(premise)


def claims_of(proof: Proof) -> tuple[ox.NamedNode, ...]:
    """Return every claim that a proof rests on, once, in the order of its leaves."""
    return tuple(dict.fromkeys(claim for leaf in leaves_of(proof) for claim in leaf.claims))


def as_text(
    proof: Proof, prefixes: Mapping[str, str], paraphrases: Paraphrases | None = None, language: str = "en"
) -> str:
    """Write a proof as indented lines, the conclusion first, its claims with their paraphrases."""
    return "\n".join(_Lines(Names(prefixes), paraphrases or {}, language).of(proof, ""))


def as_json(proof: Proof, paraphrases: Paraphrases | None = None) -> dict[str, Any]:
    """Encode a proof as a JSON object; terms are as in N-Triples, claims have their paraphrases by language."""
    value: dict[str, Any] = {"triple": [str(term) for term in proof.fact]}
    if isinstance(proof, Asserted):
        texts = paraphrases or {}
        claims = [{"claim": claim.value, "paraphrase": dict(texts.get(claim, {}))} for claim in proof.claims]
        sources = [source.value for source in proof.rests_on] if proof.ground is Ground.SOURCE else []
        told = {"claims": claims, "sources": sources, "ground": proof.ground.value}
        return value | {"asserted": list(proof.graphs), **told}
    return value | {
        "rule": proof.rule,
        "meaning": dict(MEANINGS.get(proof.rule, {})),
        "axioms": [[str(a.subject), str(a.predicate), str(a.object)] for a in proof.axioms],
        "premises": [as_json(premise, paraphrases) for premise in proof.premises],
        "inferredAxioms": [as_json(premise, paraphrases) for premise in proof.stated],
    }


@dataclass(frozen=True)
class _Lines:
    """How lines are written: names of terms, paraphrases of claims and their language."""

    names: Names
    paraphrases: Paraphrases
    language: str

    def say(self, phrase: str) -> str:
        return PHRASES[phrase][self.language]

    def of(self, proof: Proof, indent: str) -> Iterator[str]:
        yield f"{indent}{self.names.fact(proof.fact)}"
        yield from self._leaf(proof, indent) if isinstance(proof, Asserted) else self._step(proof, indent)

    def _leaf(self, leaf: Asserted, indent: str) -> Iterator[str]:
        yield f"{indent}  {self.say('asserted')} {', '.join(map(self._graph, leaf.graphs))}"
        for node in leaf.rests_on:
            paraphrase = self.paraphrases.get(node, {}).get(self.language, "")
            yield f"{indent}  {self.say(leaf.ground.value)} {self.names.term(node)}" + (
                f": {paraphrase}" if paraphrase else ""
            )

    def _step(self, step: Step, indent: str) -> Iterator[str]:
        meaning = MEANINGS.get(step.rule, {}).get(self.language)
        yield f"{indent}  {self.say('inferred')} {step.rule}" + (f": {meaning}" if meaning else "")
        for axiom in axiom_texts(step.axioms, self.names):
            yield f"{indent}  {self.say('axiom')} {axiom}"
        for premise in (*step.premises, *step.stated):
            yield from self.of(premise, indent + "    ")

    def _graph(self, graph: str) -> str:
        return self.names.term(ox.NamedNode(graph)) if graph else self.say("default")
