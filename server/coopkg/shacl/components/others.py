"""Other constraints (SHACL, section 4.8): sh:closed, sh:hasValue, sh:in; sh:uniqueValuesFor of SHACL 1.2."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Self

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_FIRST, RDF_TYPE
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.closed_shapes import ByTypes, closed, closed_by_types, properties_of_classes, property_paths
from coopkg.shacl.constraints import Constraint, ValueConstraint, Violation
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.shape_nodes import is_boolean, sh
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Operands, Selection, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.shape_nodes import ShapeNode

_BY_TYPES: Final = sh("ByTypes")


class _Closing(ValueConstraint):
    """A constraint on the properties that value nodes may have."""

    def excess(self, run: Checks, values: tuple[Node, ...]) -> Iterator[tuple[Node, Node]]:
        """Yield (property, object) of the triples that are not allowed."""
        raise NotImplementedError

    def licensed(self, selection: Selection, predicate: Node) -> Iterable[Iterable[int]] | None:
        """Return the nodes that may have a property, None for all."""
        raise NotImplementedError

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each triple that is not allowed, with its property as the path."""
        return (Violation(obj, Predicate(predicate)) for predicate, obj in self.excess(run, at.values))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that have a property which they may not have."""
        bad: Numbers = set()
        for predicate, column in selection.columns.columns.items():
            licensed = self.licensed(selection, predicate)
            if licensed is not None:
                bad |= (values & column.first.keys()).difference(*licensed)
        return bad


class Closed(_Closing):
    """sh:closed true; the value is the properties that are allowed."""

    name = "closed"
    further = ("ignoredProperties",)
    wanted = (lambda value: is_boolean(value) or value == _BY_TYPES, "true, false or sh:ByTypes")
    phrase = ("no other property than {}", "никаких свойств, кроме {}", "ніякіх уласцівасцей, акрамя {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint, where it is true."""
        if shape.is_true("closed"):
            yield cls(frozenset((*_ignored(shape), *property_paths(shape.graph, shape.node))))

    def excess(self, run: Checks, values: tuple[Node, ...]) -> Iterator[tuple[Node, Node]]:
        """Yield (property, object) of the triples that are not allowed (section 4.8.1)."""
        return closed(self.value, run.graph, values)

    def licensed(self, selection: Selection, predicate: Node) -> Iterable[Iterable[int]] | None:
        """Return nobody for a property that is not allowed."""
        del selection
        return None if predicate in self.value else ()

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield a step over any property."""
        del shape, before, of
        yield Step(None, values, sign=sign)

    def operands(self, wording: Wording) -> Operands:
        """Return the properties."""
        terms = tuple(sorted(self.value, key=str))
        return terms, [[wording.term(term) for term in terms]] * len(LANGUAGES)


class ClosedByTypes(_Closing):
    """sh:closed sh:ByTypes of SHACL 1.2."""

    name = "closedByTypes"
    is_parameter = False
    component_name = "Closed"
    phrase = (
        "no other property than those that the shapes for the node's classes name",
        "никаких свойств, кроме названных формами для классов узла",
        "ніякіх уласцівасцей, акрамя названых формамі для класаў вузла",
    )

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint."""
        if shape.value("closed") == _BY_TYPES:
            if "classes" not in shape.cache:
                shape.cache["classes"] = properties_of_classes(shape.graph)
            yield cls(ByTypes(frozenset({RDF_TYPE, *_ignored(shape)}), shape.cache["classes"]))

    def excess(self, run: Checks, values: tuple[Node, ...]) -> Iterator[tuple[Node, Node]]:
        """Yield (property, object) of the triples that are not allowed."""
        return closed_by_types(self.value, run.graph, values)

    def licensed(self, selection: Selection, predicate: Node) -> Iterable[Iterable[int]] | None:
        """Return the instances of the classes whose shapes name a property."""
        if predicate in self.value.always:
            return None
        types, number = selection.columns.column(RDF_TYPE).inverse, selection.columns.number
        return [types.of(number(c)) for c, allowed in self.value.of_class.items() if predicate in allowed]

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield a step over any property: a class less may take away what allowed one."""
        del shape, before, sign, of
        yield Step(None, values)

    def operands(self, wording: Wording) -> Operands:
        """Return nothing: each class has properties of its own."""
        del wording
        return (), [[]] * len(LANGUAGES)


def _ignored(shape: ShapeNode) -> Iterable[Node]:
    ignored = shape.value("ignoredProperties")
    return shape.members(ignored) if ignored is not None else ()


class HasValue(Constraint):
    """sh:hasValue."""

    name = "hasValue"
    repeated = True
    values_sign = Sign.FEWER
    phrase = ("the value {}", "значение {}", "значэнне {}")

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where no value node is the term."""
        del run
        return () if self.value in at.values else (Violation(None),)

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes without the value."""
        del shape
        wanted = {selection.columns.number(self.value)}
        return nodes - (relation.having(nodes, wanted) if relation else wanted)


class In(ValueConstraint):
    """sh:in; the value is the set of terms."""

    name = "in"
    phrase = ("one of {}", "одно из {}", "адно з {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the list. Raises ValueError."""
        yield from (cls(frozenset(shape.members(head))) for head in shape.values("in"))

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are not listed; by term, not by value: "1.0" is not in a list that has "1"."""
        del run
        return (v for v in values if v not in self.value)

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that are not listed."""
        return values - {selection.columns.number(term) for term in self.value}

    def operands(self, wording: Wording) -> Operands:
        """Return the terms."""
        terms = tuple(sorted(self.value, key=str))
        return terms, [[wording.term(term) for term in terms]] * len(LANGUAGES)

    def field(self) -> dict[str, Any]:
        """Return the terms as options."""
        return {"kind": "choice", "options": tuple(sorted(str(term) for term in self.value))}


class UniqueValuesFor(Constraint):
    """sh:uniqueValuesFor of SHACL 1.2: no other target has the same values; the value is the properties."""

    name = "uniqueValuesFor"
    repeated = True
    for_node_shapes = True
    values_sign = Sign.EITHER
    phrase = (
        "no other node with the same values of {}", "никакой другой узел с теми же значениями {}",
        "ніякага іншага вузла з тымі ж значэннямі {}",
    )  # fmt: skip

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read a property, or a list of them that is a key together. Raises ValueError."""
        for value in shape.values("uniqueValuesFor"):
            listed = shape.graph.value(value, RDF_FIRST) is not None
            properties = tuple(shape.members(value) if listed else [value])
            if not all(isinstance(p, ox.NamedNode) for p in properties):
                raise ValueError("a value of sh:uniqueValuesFor must be a property, or a list of properties")
            yield cls(properties)

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where another target shares a value of every property."""
        keys = run.index((at.shape.node, self.value), lambda: self._keys(run, at.shape))
        # A focus node that is no target is compared with the targets all the same.
        own = self._keys_of(run, at.focus)
        shared = any(owners - {at.focus} for key in own if (owners := keys.get(key)))
        return (Violation(None),) if shared else ()

    def _keys(self, run: Checks, shape: Shape) -> dict[tuple[Node, ...], set[Node]]:
        keys: dict[tuple[Node, ...], set[Node]] = defaultdict(set)
        for node in run.targets(shape):
            for key in self._keys_of(run, node):
                keys[key].add(node)
        return dict(keys)

    def _keys_of(self, run: Checks, node: Node) -> Iterator[tuple[Node, ...]]:
        return product(*(run.graph.objects(node, p) for p in self.value))

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes that have a value of every property."""
        del shape, relation
        return nodes.intersection(*(selection.columns.column(p).first.keys() for p in self.value))

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield steps that count anywhere: a value of one node makes another violate."""
        del shape, before, values, sign, of
        yield from (Step(p, None, anywhere=True) for p in self.value)

    def operands(self, wording: Wording) -> Operands:
        """Return the properties."""
        return self.value, [[wording.term(term) for term in self.value]] * len(LANGUAGES)
