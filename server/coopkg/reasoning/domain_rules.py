"""Rules of the ontology that OWL cannot express: they need two things to be different."""

from __future__ import annotations

import pyoxigraph as ox

from coopkg.reasoning.owl_terms import TYPE
from coopkg.reasoning.rule_descriptions import COOPERATION
from coopkg.reasoning.rules import Pattern, Rule

_C, _X, _Y = (ox.Variable(name) for name in "cxy")


def domain_rules(base: str) -> tuple[Rule, ...]:
    """Return the rules of the ontology of a base IRI.

    Two different countries that are parties to the same bilateral cooperation cooperate with each other. As a property
    chain (isPartyTo, hasParty) that would make each country cooperate with itself.
    """

    def coop(name: str) -> ox.NamedNode:
        return ox.NamedNode(f"{base}ontology#{name}")

    body = (
        Pattern(_C, TYPE, coop("BilateralCooperation")),
        Pattern(_C, coop("hasParty"), _X),
        Pattern(_C, coop("hasParty"), _Y),
    )
    return (Rule(COOPERATION, body, Pattern(_X, coop("cooperatesWith"), _Y), distinct=(_X, _Y)),)


def irreflexive_predicates(base: str | None) -> frozenset[ox.NamedNode]:
    """Return the predicates that relate different things only, whatever rule would derive them.

    A source document supports what is said of itself, which tells nobody that it reports it.
    """
    names = () if base is None else ("cooperatesWith", "isReportedBy")
    return frozenset(ox.NamedNode(f"{base}ontology#{name}") for name in names)
