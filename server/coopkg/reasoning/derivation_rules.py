"""The rules that derive triples: those of OWL 2 RL except inconsistency rules, and those of them that RDFS has too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.reasoning.axioms import Axioms, X, Y, Z, is_a, typed
from coopkg.reasoning.owl_terms import (
    DOMAIN,
    EQUIVALENT_CLASS,
    EQUIVALENT_PROPERTY,
    INVERSE_OF,
    ON_PROPERTY,
    RANGE,
    SAME_AS,
    SUB_CLASS,
    SUB_PROPERTY,
    THING,
    is_resource,
    owl,
)
from coopkg.reasoning.rules import Fact, Pattern, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.reasoning.owl_terms import Term


class Grounding(Axioms):
    """Grounds the rules of each kind of axiom (OWL 2 Profiles, tables 5, 6, 7 and 9).

    A rule of the specification joins axioms with facts. With the axioms put in, what is left are short rules over facts
    alone, each with a constant predicate, by which they are looked up.
    """

    def rdfs(self) -> Iterator[Rule]:
        """Yield the rules that RDFS has too (RDF 1.1 Semantics, section 9.2.1)."""
        for sub, sup in self.related(SUB_CLASS):
            yield self.rule("cax-sco", [is_a(X, sub)], is_a(X, sup), (sub, SUB_CLASS, sup))
        for sub, sup in self.related(SUB_PROPERTY):
            yield from self.edges("prp-spo1", [(sub, X, Y)], (sup, X, Y), [(sub, SUB_PROPERTY, sup)])
        for prop, cls in self.related(DOMAIN):
            if edge := self.edge(prop, X, Y):
                yield self.rule("prp-dom", [edge], is_a(X, cls), (prop, DOMAIN, cls))
        for prop, cls in self.related(RANGE):
            edge = self.edge(prop, X, Y)
            # A literal cannot be typed by a triple. Datatypes as ranges have an inconsistency rule instead.
            if edge and not self.is_datatype(cls):
                yield self.rule("prp-rng", [edge], is_a(Y, cls), (prop, RANGE, cls))

    def owl(self) -> Iterator[Rule]:
        """Yield the rules that RDFS lacks; those about cardinalities and single values find inconsistencies too."""
        for rules in (self._properties, self._characteristics, self._classes, self._restrictions, self._cardinalities):
            yield from rules()

    def keys(self) -> Iterator[Rule]:
        """Yield prp-key for every owl:hasKey."""
        for cls, head in self.graph.pairs(owl("hasKey")):
            members, axioms = self.members(cls, owl("hasKey"), head)
            body = [is_a(X, cls), is_a(Y, cls)]
            for number, prop in enumerate(members):
                value = ox.Variable(f"k{number}")
                body += filter(None, (self.edge(prop, X, value), self.edge(prop, Y, value)))
            rule = self.rule("prp-key", body, Pattern(X, SAME_AS, Y), *axioms)
            # Without it each instance would be the same as itself, a triple for nothing.
            yield replace(rule, distinct=(X, Y))

    def between_classes(self) -> Iterator[Rule]:
        """Yield the subclass axioms between an intersection or a union and its members (scm-int, scm-uni)."""
        for cls, head in self.graph.pairs(owl("intersectionOf")):
            members, axioms = self.members(cls, owl("intersectionOf"), head)
            yield from (self.rule("scm-int", [], Pattern(cls, SUB_CLASS, m), *axioms) for m in members if m != cls)
        for cls, head in self.graph.pairs(owl("unionOf")):
            members, axioms = self.members(cls, owl("unionOf"), head)
            named = [member for member in members if member != cls and is_resource(member)]
            yield from (self.rule("scm-uni", [], Pattern(m, SUB_CLASS, cls), *axioms) for m in named)

    def _properties(self) -> Iterator[Rule]:
        for one, other in self.related(EQUIVALENT_PROPERTY):
            axiom = [(one, EQUIVALENT_PROPERTY, other)]
            yield from self.edges("prp-eqp1", [(one, X, Y)], (other, X, Y), axiom)
            yield from self.edges("prp-eqp2", [(other, X, Y)], (one, X, Y), axiom)
        for one, other in self.related(INVERSE_OF):
            axiom = [(one, INVERSE_OF, other)]
            # A blank node with owl:inverseOf is an inverse expression, no axiom between two properties.
            if isinstance(one, ox.NamedNode):
                yield from self.edges("prp-inv1", [(one, X, Y)], (other, Y, X), axiom)
                yield from self.edges("prp-inv2", [(other, X, Y)], (one, Y, X), axiom)
        for prop, head in self.graph.pairs(owl("propertyChainAxiom")):
            members, axioms = self.members(prop, owl("propertyChainAxiom"), head)
            nodes = [ox.Variable(f"u{number}") for number in range(len(members) + 1)]
            links = [(member, nodes[i], nodes[i + 1]) for i, member in enumerate(members)]
            if links:
                yield from self.edges("prp-spo2", links, (prop, nodes[0], nodes[-1]), axioms)

    def _characteristics(self) -> Iterator[Rule]:
        for prop in self.instances("SymmetricProperty"):
            yield from self.edges("prp-symp", [(prop, X, Y)], (prop, Y, X), [typed(prop, "SymmetricProperty")])
        for prop in self.instances("TransitiveProperty"):
            links = [(prop, X, Y), (prop, Y, Z)]
            yield from self.edges("prp-trp", links, (prop, X, Z), [typed(prop, "TransitiveProperty")])
        for prop in self.instances("FunctionalProperty"):
            yield from self.unique("prp-fp", self.both(prop, (X, Y), (X, Z)), typed(prop, "FunctionalProperty"))
        for prop in self.instances("InverseFunctionalProperty"):
            axiom = typed(prop, "InverseFunctionalProperty")
            yield from self.unique("prp-ifp", self.both(prop, (Y, X), (Z, X)), axiom)[:1]

    def _classes(self) -> Iterator[Rule]:
        for one, other in self.related(EQUIVALENT_CLASS):
            axiom = (one, EQUIVALENT_CLASS, other)
            yield self.rule("cax-eqc1", [is_a(X, one)], is_a(X, other), axiom)
            yield self.rule("cax-eqc2", [is_a(X, other)], is_a(X, one), axiom)
        for cls, head in self.graph.pairs(owl("intersectionOf")):
            members, axioms = self.members(cls, owl("intersectionOf"), head)
            if members:
                yield self.rule("cls-int1", [is_a(X, member) for member in members], is_a(X, cls), *axioms)
            for member in members:
                yield self.rule("cls-int2", [is_a(X, cls)], is_a(X, member), *axioms)
        for name in ("unionOf", "disjointUnionOf"):
            for cls, head in self.graph.pairs(owl(name)):
                members, axioms = self.members(cls, owl(name), head)
                for member in members:
                    yield self.rule("cls-uni", [is_a(X, member)], is_a(X, cls), *axioms)
        for cls, head in self.graph.pairs(owl("oneOf")):
            members, axioms = self.members(cls, owl("oneOf"), head)
            # An enumeration of literals is a datatype (OWL 2 Structural Specification, section 7.4).
            for member in filter(is_resource, members):
                yield self.rule("cls-oo", [], is_a(member, cls), *axioms)

    def _restrictions(self) -> Iterator[Rule]:
        for cls, prop in self.graph.pairs(ON_PROPERTY):
            edge = self.edge(prop, X, Y)
            if edge is None:
                continue
            on = (cls, ON_PROPERTY, prop)
            for filler in self.graph.objects(cls, owl("someValuesFrom")):
                body = [edge] if filler == THING else [edge, is_a(Y, filler)]
                name = "cls-svf2" if filler == THING else "cls-svf1"
                if not self.is_datatype(filler):
                    yield self.rule(name, body, is_a(X, cls), on, (cls, owl("someValuesFrom"), filler))
            for filler in self.graph.objects(cls, owl("allValuesFrom")):
                axioms = (on, (cls, owl("allValuesFrom"), filler))
                if self.is_datatype(filler):
                    rule = self.rule("dt-not-type", [is_a(X, cls), edge], None, *axioms)
                    yield from self.literals(rule, filler)
                elif filler != THING:
                    yield self.rule("cls-avf", [is_a(X, cls), edge], is_a(Y, filler), *axioms)
            for value in self.graph.objects(cls, owl("hasValue")):
                axioms = (on, (cls, owl("hasValue"), value))
                valued = self.edge(prop, X, value)
                # With an inverse property the value would be a subject, which a literal cannot be.
                if valued is not None and not isinstance(valued.subject, ox.Literal):
                    yield self.rule("cls-hv1", [is_a(X, cls)], valued, *axioms)
                    yield self.rule("cls-hv2", [valued], is_a(X, cls), *axioms)

    def _cardinalities(self) -> Iterator[Rule]:
        for name, short in (("maxCardinality", "cls-maxc"), ("maxQualifiedCardinality", "cls-maxqc")):
            for cls, number in self.graph.pairs(owl(name)):
                for prop in self.graph.objects(cls, ON_PROPERTY):
                    axioms = [(cls, owl(name), number), (cls, ON_PROPERTY, prop)]
                    fillers = self.graph.objects(cls, owl("onClass")) if name == "maxQualifiedCardinality" else (THING,)
                    for filler in fillers:
                        more = [] if short == "cls-maxc" else [(cls, owl("onClass"), filler)]
                        yield from self._at_most(short, cls, prop, number, filler, [*axioms, *more])

    def _at_most(  # noqa: PLR0913, PLR0917 - the parts of a cardinality
        self, name: str, cls: Term, prop: Term, number: Term, filler: Term, axioms: list[Fact]
    ) -> Iterator[Rule]:
        # OWL 2 RL has rules for the cardinalities 0 and 1 alone, whatever the form of the number.
        one, other = self.edge(prop, X, Y), self.edge(prop, X, Z)
        count = number.value.strip().lstrip("+") if isinstance(number, ox.Literal) else ""
        if one is None or other is None or count.lstrip("0") not in {"", "1"} or not count:
            return
        qualified = filler != THING
        if not count.lstrip("0"):
            body = [is_a(X, cls), one, *([is_a(Y, filler)] if qualified else [])]
            yield self.rule(f"{name}1" if qualified or name == "cls-maxc" else f"{name}2", body, None, *axioms)
            return
        body = [is_a(X, cls), one, *([is_a(Y, filler)] if qualified else [])]
        body += [other, *([is_a(Z, filler)] if qualified else [])]
        number_of = "2" if name == "cls-maxc" else "3" if qualified else "4"
        yield from self.unique(name + number_of, body, *axioms)
