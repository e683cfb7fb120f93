"""Equal terms share their triples (eq-rep-s, eq-rep-p, eq-rep-o): the rules whose predicates are no constants.

Plans are found by their predicates, which these rules do not have; so they are evaluated by code of their own, and only
where there is an owl:sameAs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.reasoning.fact_tables import fact_of
from coopkg.reasoning.owl_terms import SAME_AS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.reasoning.fact_tables import Facts, Key, Row, StoreFacts
    from coopkg.reasoning.join_plans import Program
    from coopkg.reasoning.rules import Fact

NAMES: Final = ("eq-rep-s", "eq-rep-p", "eq-rep-o")


def copies(program: Program, new: Mapping[Key, Iterable[Row]], facts: Facts) -> Iterator[Fact]:
    """Yield the consequences of new facts by the equality of terms; ``facts`` hold the new ones too."""
    domain = program.domain
    equals = facts.finder(program.same, 0)
    for one, other in new.get(program.same, ()):
        if one != other and domain.is_resource(one) and domain.is_resource(other):
            for fact in facts.mentions(one):
                yield from _replaced(program, fact, one, other)
    for key, rows in new.items():
        if key in {program.same, (program.type,)}:
            continue
        for row in rows:
            fact = fact_of(key, row)
            for term in dict.fromkeys(fact):
                # Both directions are covered, for eq-sym has made owl:sameAs symmetric.
                for _, other in equals(term):
                    if other != term and domain.is_resource(other):
                        yield from _replaced(program, fact, term, other)


def _replaced(program: Program, fact: Fact, one: Any, other: Any) -> Iterator[Fact]:  # noqa: ANN401
    """Yield a triple with one term replaced by an equal one, position by position; owl:sameAs has rules of its own."""
    if fact[1] == program.same[0]:
        return
    for place in range(3):
        if fact[place] != one or (place == 1 and not isinstance(program.domain.decode(other), ox.NamedNode)):
            continue
        copy = (*fact[:place], other, *fact[place + 1 :])
        if copy[1] not in program.irreflexive or copy[0] != copy[2]:
            yield copy


def originals(fact: Fact, facts: StoreFacts) -> Iterator[tuple[str, tuple[Fact, Fact]]]:
    """Yield the derivations of a triple by equality: the rule's name, and the two triples that it needs."""
    if fact[1] == SAME_AS:
        return
    for place, name in enumerate(NAMES):
        for other in facts.equals(fact[place]):
            if place == 1 and not isinstance(other, ox.NamedNode):
                continue
            original = (*fact[:place], other, *fact[place + 1 :])
            if facts.has(original):
                yield name, ((other, SAME_AS, fact[place]), original)
