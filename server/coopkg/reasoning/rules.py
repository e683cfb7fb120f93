"""Rules as values: body and head, the name in OWL 2 RL, and the axioms that the rule came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.reasoning.owl_terms import AXIOM_CLASSES, AXIOM_PREDICATES, FIRST, REST, TYPE

if TYPE_CHECKING:
    from coopkg.reasoning.owl_terms import Term

Fact = tuple[Any, Any, Any]
"""Subject, predicate and object of a triple."""


@dataclass(frozen=True)
class Pattern:
    """A triple pattern: subject and object are terms or variables, the predicate is a term."""

    subject: Term
    predicate: ox.NamedNode
    object: Term

    def variables(self) -> list[ox.Variable]:
        """Return its variables, the subject's first."""
        return [atom for atom in (self.subject, self.object) if isinstance(atom, ox.Variable)]


@dataclass(frozen=True)
class Rule:
    """A ground rule: where every pattern of the body holds, so does the head; with no head, it is an inconsistency.

    ``distinct`` names two variables that must stand for different terms, ``datatype`` a datatype that the literal
    which the last pattern's object stands for must not be of, and ``literals`` says that ``distinct`` is about the
    values of two literals. ``name`` is that of the OWL 2 RL rule (OWL 2 Profiles, section 4.3).
    """

    name: str
    body: tuple[Pattern, ...]
    head: Pattern | None
    axioms: tuple[ox.Triple, ...] = ()
    distinct: tuple[ox.Variable, ox.Variable] | None = None
    datatype: ox.NamedNode | None = None
    literals: bool = False

    @property
    def logic(self) -> tuple[object, ...]:
        """What identifies the rule, whatever its name and its axioms."""
        return (self.body, self.head, self.distinct, self.datatype, self.literals)


@dataclass(frozen=True)
class RuleSet:
    """The rules that some axioms need.

    ``axioms`` are the triples that they came from, ``expected`` what schema rules derive from these. ``irreflexive``
    are predicates that are never derived between a term and itself. ``equality`` says whether equal terms share their
    triples (eq-rep-*), ``axiomatic`` whether triples that hold in every graph are added too. ``base``, ``schema`` and
    ``keys`` are what the rules were compiled with.
    """

    regime: str
    rules: tuple[Rule, ...]
    axioms: frozenset[ox.Triple]
    irreflexive: frozenset[ox.NamedNode]
    equality: bool
    axiomatic: bool = False
    expected: frozenset[Fact] = frozenset()
    base: str | None = None
    schema: bool = True
    keys: bool = False

    @cached_property
    def logic(self) -> frozenset[tuple[object, ...]]:
        """What identifies the rules, to compare rule sets."""
        return frozenset(rule.logic for rule in self.rules)

    @cached_property
    def list_nodes(self) -> frozenset[Term]:
        """The nodes of the lists that axioms consist of."""
        return frozenset(axiom.subject for axiom in self.axioms if axiom.predicate in {FIRST, REST})

    def concerns(self, fact: Fact) -> bool:
        """Whether adding or removing a triple may change the rules."""
        subject, predicate, obj = fact
        if predicate == TYPE:
            return obj in AXIOM_CLASSES
        return predicate in AXIOM_PREDICATES or (predicate in {FIRST, REST} and subject in self.list_nodes)
