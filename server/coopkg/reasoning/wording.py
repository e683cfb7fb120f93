"""Triples and axioms as people read them: prefixed names, lists in round brackets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.reasoning.vocabulary import FIRST, REST, TYPE, Term
from coopkg.terms import compact, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.reasoning.rules import Fact


class Names:
    """Terms in Turtle, with the prefixes that are given."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = dict(prefixes)

    def term(self, term: Term) -> str:
        """Give a term; a blank node is unnamed, for its label means nothing outside of the store."""
        if isinstance(term, ox.NamedNode):
            return compact(term.value, self._prefixes)
        if isinstance(term, ox.Literal):
            return literal(term, self._prefixes)
        return "[]" if isinstance(term, ox.BlankNode) else str(term)

    def fact(self, fact: Fact) -> str:
        """Give a triple."""
        predicate = "a" if fact[1] == TYPE else self.term(fact[1])
        return f"{self.term(fact[0])} {predicate} {self.term(fact[2])}"


def axiom_texts(axioms: Iterable[ox.Triple], names: Names) -> list[str]:
    """Give axioms one by one; a list is written where its head is."""
    known = list(axioms)
    first = {axiom.subject: axiom.object for axiom in known if axiom.predicate == FIRST}
    rest = {axiom.subject: axiom.object for axiom in known if axiom.predicate == REST}

    def members(node: Term) -> list[Term]:
        found = []
        while node in first:
            found.append(first[node])
            node = rest.get(node)
        return found

    texts = []
    for axiom in known:
        if axiom.predicate in {FIRST, REST}:
            continue
        start = f"{names.term(axiom.subject)} {'a' if axiom.predicate == TYPE else names.term(axiom.predicate)}"
        if axiom.object in first:
            texts.append(f"{start} ( {' '.join(map(names.term, members(axiom.object)))} )")
        else:
            texts.append(f"{start} {names.term(axiom.object)}")
    return texts
