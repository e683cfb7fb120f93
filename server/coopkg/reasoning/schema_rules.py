"""The rules between axioms themselves (OWL 2 Profiles, table 9), as far as queries over an ontology need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.reasoning.owl_terms import (
    DOMAIN,
    EQUIVALENT_CLASS,
    EQUIVALENT_PROPERTY,
    ON_PROPERTY,
    RANGE,
    SUB_CLASS,
    SUB_PROPERTY,
    owl,
)
from coopkg.reasoning.rules import Pattern, Rule

if TYPE_CHECKING:
    from coopkg.reasoning.owl_terms import Term

_A, _B, _C, _D, _P, _Q = (ox.Variable(name) for name in "abcdpq")
_SOME, _ALL, _VALUE = owl("someValuesFrom"), owl("allValuesFrom"), owl("hasValue")

_RDFS: Final = (
    ("scm-sco", [(_A, SUB_CLASS, _B), (_B, SUB_CLASS, _C)], (_A, SUB_CLASS, _C)),
    ("scm-spo", [(_P, SUB_PROPERTY, _Q), (_Q, SUB_PROPERTY, _A)], (_P, SUB_PROPERTY, _A)),
)
_OWL: Final = (
    ("scm-eqc1", [(_A, EQUIVALENT_CLASS, _B)], (_A, SUB_CLASS, _B)),
    ("scm-eqc1", [(_A, EQUIVALENT_CLASS, _B)], (_B, SUB_CLASS, _A)),
    ("scm-eqc2", [(_A, SUB_CLASS, _B), (_B, SUB_CLASS, _A)], (_A, EQUIVALENT_CLASS, _B)),
    ("scm-eqp1", [(_P, EQUIVALENT_PROPERTY, _Q)], (_P, SUB_PROPERTY, _Q)),
    ("scm-eqp1", [(_P, EQUIVALENT_PROPERTY, _Q)], (_Q, SUB_PROPERTY, _P)),
    ("scm-eqp2", [(_P, SUB_PROPERTY, _Q), (_Q, SUB_PROPERTY, _P)], (_P, EQUIVALENT_PROPERTY, _Q)),
    ("scm-dom1", [(_P, DOMAIN, _A), (_A, SUB_CLASS, _B)], (_P, DOMAIN, _B)),
    ("scm-dom2", [(_Q, DOMAIN, _A), (_P, SUB_PROPERTY, _Q)], (_P, DOMAIN, _A)),
    ("scm-rng1", [(_P, RANGE, _A), (_A, SUB_CLASS, _B)], (_P, RANGE, _B)),
    ("scm-rng2", [(_Q, RANGE, _A), (_P, SUB_PROPERTY, _Q)], (_P, RANGE, _A)),
    (
        "scm-hv",
        [(_C, _VALUE, _A), (_C, ON_PROPERTY, _P), (_D, _VALUE, _A), (_D, ON_PROPERTY, _Q), (_P, SUB_PROPERTY, _Q)],
        (_C, SUB_CLASS, _D),
    ),
    (
        "scm-svf1",
        [(_C, _SOME, _A), (_C, ON_PROPERTY, _P), (_D, _SOME, _B), (_D, ON_PROPERTY, _P), (_A, SUB_CLASS, _B)],
        (_C, SUB_CLASS, _D),
    ),
    (
        "scm-svf2",
        [(_C, _SOME, _A), (_C, ON_PROPERTY, _P), (_D, _SOME, _A), (_D, ON_PROPERTY, _Q), (_P, SUB_PROPERTY, _Q)],
        (_C, SUB_CLASS, _D),
    ),
    (
        "scm-avf1",
        [(_C, _ALL, _A), (_C, ON_PROPERTY, _P), (_D, _ALL, _B), (_D, ON_PROPERTY, _P), (_A, SUB_CLASS, _B)],
        (_C, SUB_CLASS, _D),
    ),
    (
        "scm-avf2",
        [(_C, _ALL, _A), (_C, ON_PROPERTY, _P), (_D, _ALL, _A), (_D, ON_PROPERTY, _Q), (_P, SUB_PROPERTY, _Q)],
        (_D, SUB_CLASS, _C),
    ),
)


def schema_rules(regime: str) -> list[Rule]:
    """Return the scm-* rules of a regime, except those that relate each term to itself."""
    return [
        Rule(name, tuple(_pattern(*triple) for triple in body), _pattern(*head))
        for name, body, head in (_RDFS if regime == "rdfs" else (*_RDFS, *_OWL))
    ]


def _pattern(subject: Term, predicate: ox.NamedNode, obj: Term) -> Pattern:
    return Pattern(subject, predicate, obj)
