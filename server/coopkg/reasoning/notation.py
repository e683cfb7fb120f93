"""Triples and axioms as people read them: prefixed names, lists in round brackets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.terms import compact, literal
from coopkg.reasoning.owl_terms import FIRST, REST, TYPE, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.reasoning.rules import Fact


class Names:
    """Terms in Turtle, with the prefixes that are given."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._prefixes = dict(prefixes)

    def term(self, term: Term) -> str:
        """Write a term; a blank node is unnamed, for its label means nothing outside of the store."""
        if isinstance(term, ox.NamedNode):
            return compact(term.value, self._prefixes)
        if isinstance(term, ox.Literal):
            return literal(term, self._prefixes)
        return "[]" if isinstance(term, ox.BlankNode) else str(term)

    def fact(self, fact: Fact) -> str:
        """Write a triple."""
        predicate = "a" if fact[1] == TYPE else self.term(fact[1])
        return f"{self.term(fact[0])} {predicate} {self.term(fact[2])}"


def axiom_parts(axioms: Iterable[ox.Triple]) -> list[tuple[tuple[Term, ...], tuple[Term, ...], tuple[Term, ...]]]:
    """Split triples into axioms: subject, predicate and objects, which are several where the object is a list."""
    triples = list(axioms)
    first = {axiom.subject: axiom.object for axiom in triples if axiom.predicate == FIRST}
    rest = {axiom.subject: axiom.object for axiom in triples if axiom.predicate == REST}

    def members(node: Term) -> tuple[Term, ...]:
        items: list[Term] = []
        while node in first:
            items.append(first[node])
            node = rest.get(node)
        return tuple(items)

    # The cells of a list belong to the axiom that names its head.
    stated = [axiom for axiom in triples if axiom.predicate not in {FIRST, REST}]
    return [((a.subject,), (a.predicate,), members(a.object) or (a.object,)) for a in stated]


def axiom_texts(axioms: Iterable[ox.Triple], names: Names) -> list[str]:
    """Write axioms one by one; a list is written in place of its head."""
    triples = list(axioms)
    lists = {axiom.subject for axiom in triples if axiom.predicate == FIRST}
    stated = [axiom for axiom in triples if axiom.predicate not in {FIRST, REST}]
    texts = []
    for axiom, (_, _, objects) in zip(stated, axiom_parts(triples), strict=True):
        start = f"{names.term(axiom.subject)} {'a' if axiom.predicate == TYPE else names.term(axiom.predicate)}"
        listed = " ".join(map(names.term, objects))
        texts.append(f"{start} ( {listed} )" if axiom.object in lists else f"{start} {listed}")
    return texts
