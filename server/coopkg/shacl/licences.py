"""The closed world of contributions: which triples somebody may add who only brings facts.

A triple is licensed by the class of its subject, for which there is a shape, and by a shape for that class that names
its property (sh:closed sh:ByTypes, SHACL 1.2 Core); where another graph describes the subject, also by a claim of the
same change. Only what is added is looked at: nobody is blamed for what others have said of the same node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import RDF_TYPE, Graph
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.closed_shapes import properties_of_classes
from coopkg.shacl.components.others import ClosedByTypes
from coopkg.shacl.licence_reasons import Fact, Reason, Reasons, Rule, is_about_terms
from coopkg.shacl.report import Report, Result, Severity
from coopkg.shacl.shape_nodes import sh
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validator import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Shape

    Elsewhere = Callable[[Node, Node], Node | None]
    """Returns another graph than one that describes a node, leaving aside what the change adds."""

SHAPE: Final = "shapes#Contribution"
"""The shape that a contribution is held against, relative to the base IRI."""
UNSUPPORTED: Final = "urn:x-coopkg:contribution#UnsupportedTriple"
"""The constraint component of results about triples that no claim of the change supports."""
_RDF: Final = STANDARD_PREFIXES["rdf"]
_STATEMENT, _SUBJECT, _PREDICATE, _OBJECT = (
    ox.NamedNode(_RDF + name) for name in ("Statement", "subject", "predicate", "object")
)


class Licences:
    """What the shapes license, with the ontology's classes; made once.

    ``licensing`` are the shapes of contributions, beside all ``shapes``; ``rules`` derive what nobody asserts. Raises
    DatasetBroken where the shape of contributions is missing.
    """

    def __init__(
        self,
        shapes: Iterable[ox.Quad],
        licensing: Sequence[ox.Quad],
        ontology: Iterable[ox.Quad],
        base: str,
        rules: Sequence[Rule] = (),
    ) -> None:
        graph = Graph([*_naming(shapes), *licensing, *ontology])
        # The shape of contributions must see which properties the other shapes name, and need not see more of them.
        self.shapes = read_shapes(graph)
        own = {quad.subject for quad in licensing}
        contribution = self.shapes.get(ox.NamedNode(base + SHAPE))
        if contribution is None:
            # To go on without it would license everything.
            raise DatasetBroken(
                f"There is no shape <{base}{SHAPE}>, which says what contributions may add: "
                "put shapes/contribution/contribution.ttl back."
            )
        self.contribution = contribution
        self.base = base
        of_class = properties_of_classes(graph)
        self.properties = {cls: names for cls, names in of_class.items() if names and not is_about_terms(cls)}
        self._asking = _by_class(graph, {node: shape for node, shape in self.shapes.items() if node in own})
        self._reasons = Reasons(graph, base, self.properties, rules)
        self._claim, self._supports = (ox.NamedNode(f"{base}ontology#{name}") for name in ("Claim", "supports"))
        self._spared = ox.NamedNode(f"{base}ontology#needsNoEvidence")

    def check(self, added: Sequence[ox.Quad], graph: Readable, elsewhere: Elsewhere) -> Report:
        """Report the triples of a change that are not licensed; ``graph`` is as it is with them."""
        facts = {(quad.subject, quad.predicate, quad.object): quad.graph_name for quad in added}
        refused: dict[Fact, None] = {}
        results: list[Result] = []
        for result in self._unlicensed(facts, graph):
            refused[result.focus, _iri(result.path), result.value] = None
            results.append(result)
        blamed = {fact[0] for fact in refused if fact[1] is None}
        rest = {f: g for f, g in facts.items() if f not in refused and f[0] not in blamed}
        return Report.of((*results, *self._unsupported(rest, facts, elsewhere)))

    def _unlicensed(self, facts: dict[Fact, Node], graph: Readable) -> Iterator[Result]:
        by_subject: dict[Node, list[Fact]] = {}
        for fact in facts:
            by_subject.setdefault(fact[0], []).append(fact)
        # Nothing here asks SPARQL, and the graph need not be copied for it.
        run = Run(self.shapes, graph, ox.Store)
        for subject, own in by_subject.items():
            yield from self._of_subject(subject, own, graph, run)

    def _of_subject(self, subject: Node, facts: Sequence[Fact], graph: Readable, run: Run) -> Iterator[Result]:
        types = [cls for cls in graph.objects(subject, RDF_TYPE) if cls in self.properties]
        told = False
        for fact in facts:
            if fact[1] == RDF_TYPE and fact[2] not in self.properties:
                told = True
                yield self._result(fact, self._reasons.of_type(fact[2]))
        found = run.check(self.contribution, subject, 1) if types else ()
        excess = {(subject, _iri(result.path), result.value) for result in found}
        for fact in facts:
            if fact in excess or (not types and fact[1] != RDF_TYPE):
                reason = self._reasons.of_property(fact, types) if types else self._reasons.of_any_subject(fact)
                if reason is not None:
                    told = True
                    yield self._result(fact, reason)
            elif fact[1] != RDF_TYPE:
                yield from self._of_object(fact, graph)
        if not types and not told:
            yield self._result((subject, None, None), self._reasons.untyped(subject, graph.objects(subject, RDF_TYPE)))
        for shape in dict.fromkeys(shape for cls in types for shape in self._asking.get(cls, ())):
            yield from (
                found for found in run.check(shape, subject, 1)
                if (subject, _iri(found.path), found.value) in facts
            )  # fmt: skip

    def _of_object(self, fact: Fact, graph: Readable) -> Iterator[Result]:
        obj = fact[2]
        if isinstance(obj, ox.NamedNode):
            # Registers elsewhere have such addresses too: only what is known here is taken for ours.
            reason = self._reasons.foreign(obj)
            if reason is not None and any(True for _ in graph.predicates(reason.wanted[0])):
                yield self._result(fact, reason)

    def _unsupported(self, facts: dict[Fact, Node], change: dict[Fact, Node], elsewhere: Elsewhere) -> Iterator[Result]:
        brought = {s: o for s, p, o in change if p == RDF_TYPE and o in {self._claim, _STATEMENT}}
        parts: dict[Node, dict[Node, Node]] = {}
        for subject, predicate, obj in change:
            if predicate in {_SUBJECT, _PREDICATE, _OBJECT}:
                parts.setdefault(subject, {})[predicate] = obj
        supported = {
            tuple(parts.get(obj, {}).get(part) for part in (_SUBJECT, _PREDICATE, _OBJECT))
            for subject, predicate, obj in change
            if predicate == self._supports and brought.get(subject) == self._claim
        }
        for fact, graph in facts.items():
            # What only ties a claim or a statement of this change to a node needs no claim about itself.
            if fact in supported or (fact[2] in brought and self._is_spared(fact[1])):
                continue
            other = elsewhere(fact[0], graph)
            if other is not None:
                yield self._result(fact, self._reasons.unsupported(fact[0], other), UNSUPPORTED)

    def _is_spared(self, predicate: Node) -> bool:
        return bool(self._reasons.graph.objects(predicate, self._spared))

    def _result(self, fact: Fact, reason: Reason, component: str | None = None) -> Result:
        subject, predicate, obj = fact
        return Result(
            focus=subject,
            shape=self.base + SHAPE,
            component=component or self._closed,
            severity=Severity.VIOLATION,
            path=None if predicate is None else predicate.value,
            value=obj,
            messages=reason.messages,
            wanted=reason.wanted,
        )

    @property
    def _closed(self) -> str:
        return next(c.component for c in self.contribution.constraints if isinstance(c, ClosedByTypes))


def _iri(path: str | None) -> Node:
    return None if path is None else ox.NamedNode(path)


def _naming(shapes: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield what says which properties the shapes for a class name."""
    quads = list(shapes)
    simple = {q.subject for q in quads if q.predicate == sh("path") and isinstance(q.object, ox.NamedNode)}
    for quad in quads:
        if (
            quad.predicate in {sh("targetClass"), sh("node")}
            or (quad.predicate == sh("path") and quad.subject in simple)
            or (quad.predicate == sh("property") and quad.object in simple)
        ):
            yield quad


def _by_class(graph: Graph, shapes: dict[Node, Shape]) -> dict[Any, list[Shape]]:
    """Return the shapes that ask something of the nodes of each class, its superclasses' included."""
    subclass = ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "subClassOf")
    found: dict[Any, list[Shape]] = {}
    for node, cls in graph.pairs(sh("targetClass")):
        if node in shapes:
            for below in graph.closure(cls, subclass, inverse=True):
                found.setdefault(below, []).append(shapes[node])
    return found
