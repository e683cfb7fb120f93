"""The rules that find inconsistencies: those of OWL 2 RL that have ``false`` as their conclusion."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.reasoning.axioms import Axioms, X, Y, is_a, typed
from coopkg.reasoning.owl_terms import RANGE, SAME_AS, is_resource, owl
from coopkg.reasoning.rules import Fact, Pattern, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.reasoning.owl_terms import Term


class Contradictions(Axioms):
    """Grounds those rules for each kind of axiom; cardinalities have theirs in ``derivation_rules``."""

    def all(self) -> Iterator[Rule]:
        """Yield all of them."""
        for rules in (self._characteristics, self._disjointness, self._differences, self._denials, self._ranges):
            yield from rules()

    def _characteristics(self) -> Iterator[Rule]:
        for prop in self.instances("IrreflexiveProperty"):
            if edge := self.edge(prop, X, X):
                yield self.rule("prp-irp", [edge], None, typed(prop, "IrreflexiveProperty"))
        for prop in self.instances("AsymmetricProperty"):
            if body := self.both(prop, (X, Y), (Y, X)):
                yield self.rule("prp-asyp", body, None, typed(prop, "AsymmetricProperty"))

    def _disjointness(self) -> Iterator[Rule]:
        for name, short in (("disjointWith", "cax-dw"), ("complementOf", "cls-com")):
            for one, other in self.graph.pairs(owl(name)):
                yield self.rule(short, [is_a(X, one), is_a(X, other)], None, (one, owl(name), other))
        for node, one, other, axioms in self.combined("AllDisjointClasses"):
            yield self.rule("cax-adc", [is_a(X, one), is_a(X, other)], None, typed(node, "AllDisjointClasses"), *axioms)
        for cls, head in self.graph.pairs(owl("disjointUnionOf")):
            members, axioms = self.members(cls, owl("disjointUnionOf"), head)
            for one, other in combinations(members, 2):
                yield self.rule("cax-adc", [is_a(X, one), is_a(X, other)], None, *axioms)
        for one, other in self.graph.pairs(owl("propertyDisjointWith")):
            yield from self._apart("prp-pdw", one, other, (one, owl("propertyDisjointWith"), other))
        for node, one, other, axioms in self.combined("AllDisjointProperties"):
            yield from self._apart("prp-adp", one, other, typed(node, "AllDisjointProperties"), *axioms)

    def _apart(self, name: str, one: Term, other: Term, *axioms: Fact) -> Iterator[Rule]:
        edges = [self.edge(one, X, Y), self.edge(other, X, Y)]
        body = [edge for edge in edges if edge is not None]
        # One of them may be an expression that is no property.
        if len(body) == 2:
            yield self.rule(name, body, None, *axioms)

    def _differences(self) -> Iterator[Rule]:
        for node, one, other, axioms in self.combined("AllDifferent"):
            if is_resource(one) and is_resource(other):
                name = "eq-diff3" if self.graph.objects(node, owl("distinctMembers")) else "eq-diff2"
                body = [Pattern(one, SAME_AS, other)]
                yield self.rule(name, body, None, typed(node, "AllDifferent"), *axioms)

    def _denials(self) -> Iterator[Rule]:
        for node, subject in self.graph.pairs(owl("sourceIndividual")):
            for prop in self.graph.objects(node, owl("assertionProperty")):
                for name, short in (("targetIndividual", "prp-npa1"), ("targetValue", "prp-npa2")):
                    for obj in self.graph.objects(node, owl(name)):
                        axioms = (
                            (node, owl("sourceIndividual"), subject),
                            (node, owl("assertionProperty"), prop),
                            (node, owl(name), obj),
                        )
                        edge = self.edge(prop, subject, obj)
                        # With an inverse property and a literal as target nothing could match.
                        if edge is not None and is_resource(edge.subject):
                            yield self.rule(short, [edge], None, *axioms)

    def _ranges(self) -> Iterator[Rule]:
        for prop, cls in self.related(RANGE):
            if isinstance(prop, ox.NamedNode) and self.is_datatype(cls):
                body = [Pattern(X, prop, Y)]
                yield from self.literals(self.rule("dt-not-type", body, None, (prop, RANGE, cls)), cls)
