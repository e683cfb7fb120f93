"""The compiler from axioms to rules: OWL 2 RL (OWL 2 Profiles, section 4.3) and its RDFS subset, ground to axioms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import UsageError
from coopkg.rdf.graph import Graph
from coopkg.reasoning.axiomatic_triples import axiomatic_rules
from coopkg.reasoning.axioms import X, Y, Z
from coopkg.reasoning.derivation_rules import Grounding
from coopkg.reasoning.domain_rules import domain_rules, irreflexive_predicates
from coopkg.reasoning.inconsistency_rules import Contradictions
from coopkg.reasoning.owl_terms import (
    DIFFERENT_FROM,
    NOTHING,
    REFLEXIVE_NOISE,
    SAME_AS,
    TYPE,
)
from coopkg.reasoning.rules import Pattern, Rule, RuleSet
from coopkg.reasoning.schema_rules import schema_rules
from coopkg.reasoning.semi_naive import consequences

if TYPE_CHECKING:
    from collections.abc import Iterable

REGIMES: Final = ("rdfs", "owl-rl")
EQUALITY: Final = (
    Rule("eq-sym", (Pattern(X, SAME_AS, Y),), Pattern(Y, SAME_AS, X)),
    Rule("eq-trans", (Pattern(X, SAME_AS, Y), Pattern(Y, SAME_AS, Z)), Pattern(X, SAME_AS, Z)),
    Rule("eq-diff1", (Pattern(X, SAME_AS, Y), Pattern(X, DIFFERENT_FROM, Y)), None),
    Rule("eq-diff1", (Pattern(X, DIFFERENT_FROM, X),), None),
    Rule("cls-nothing2", (Pattern(X, TYPE, NOTHING),), None),
)
"""The rules that need no axiom; those by which equal terms share their triples are in ``equality``."""


def compile_rules(  # noqa: PLR0913 - each says which rules there are
    quads: Iterable[ox.Quad],
    regime: str = "owl-rl",
    *,
    base: str | None = None,
    schema: bool = True,
    keys: bool = False,
    axiomatic: bool = False,
) -> RuleSet:
    """Compile the rules that the axioms among some quads need, whatever graphs those are in.

    ``base`` is the base IRI whose domain rules are added, ``schema`` adds what follows among the axioms themselves
    (scm-*), ``keys`` owl:hasKey, and ``axiomatic`` the triples that hold in every graph, for W3C's suite. Raises
    UsageError for a regime other than ``rdfs`` and ``owl-rl``.
    """
    if regime not in REGIMES:
        raise UsageError(f"There is no entailment regime {regime!r}; there are {' and '.join(REGIMES)}.")
    everything = list(quads)
    given = axiomatic_rules(everything, regime) if axiomatic else []
    facts = {rule.head for rule in given if not rule.body}
    graph = Graph([*everything, *(ox.Quad(h.subject, h.predicate, h.object) for h in facts if h is not None)])
    grounding = Grounding(graph)
    rules = [*grounding.rdfs()]
    if regime == "owl-rl":
        rules += [*grounding.owl(), *(grounding.keys() if keys else ()), *EQUALITY, *Contradictions(graph).all()]
        rules += domain_rules(base) if base is not None else ()
    # They are kept apart: what they derive is expected, and no reason to compile again.
    between = [*schema_rules(regime), *(grounding.between_classes() if regime == "owl-rl" else ())] if schema else []
    rules += [*between, *given]
    # Several axioms may give the same rule. The first of them is cited in proofs.
    unique = tuple({rule.logic: rule for rule in reversed(rules)}.values())[::-1]
    axioms = frozenset(axiom for rule in unique for axiom in rule.axioms)
    rule_set = RuleSet(
        regime,
        unique,
        axioms,
        irreflexive=frozenset() if axiomatic else REFLEXIVE_NOISE | irreflexive_predicates(base),
        equality=regime == "owl-rl",
        axiomatic=axiomatic,
        base=base,
        schema=schema,
        keys=keys,
    )
    return replace(
        rule_set, expected=frozenset(consequences(replace(rule_set, rules=tuple(between)), grounding.stated()))
    )
