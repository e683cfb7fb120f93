"""Constraints by other shapes (SHACL, section 4.7); sh:someValue and sh:reifierShape of SHACL 1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pyoxigraph as ox

from coopkg.rdf.namespaces import LANGUAGES
from coopkg.rdf.reification import RDF_REIFIES
from coopkg.shacl.constraints import Constraint, ValueConstraint, Violation
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.shape_nodes import BOOLEAN, WHOLE, is_boolean, is_whole, sh
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Operands, Selection, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.shape_nodes import ShapeNode


class Property(ValueConstraint):
    """sh:property. Its results are those of the property shape (section 4.7.2), which ``validator.Run`` gives."""

    name = "property"
    repeated = True
    exact = False

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the property shapes. Raises ValueError for one without a path."""
        for value in shape.values("property"):
            if not shape.has_path(value):
                raise ValueError(f"the value {shape.called(value)} of sh:property must be a property shape")
            yield cls(value)

    @property
    def references(self) -> tuple[Node, ...]:
        """The property shape."""
        return (self.value,)

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that may violate the property shape."""
        return selection.violators(self.value, values)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the property shape."""
        del shape, before
        yield from of(self.value, values, sign)


class NodeShape(ValueConstraint):
    """sh:node."""

    name = "node"
    repeated = True
    phrase = ("a node that fits {}", "узел, подходящий под {}", "вузел, які падыходзіць пад {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the shapes. Raises ValueError for a property shape."""
        yield from (cls(shape.node_shape("node", value)) for value in shape.values("node"))

    @property
    def references(self) -> tuple[Node, ...]:
        """The shape."""
        return (self.value,)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that do not conform."""
        return (v for v in values if not run.conforms(v, self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that do not conform."""
        return selection.failing(self.value, values)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the shape."""
        del shape, before
        yield from of(self.value, values, sign)

    def details(self, run: Checks, value: Node) -> Iterator[tuple[Node, Node]]:
        """Yield the shape that the value does not conform to."""
        del run
        yield self.value, value

    def operands(self, wording: Wording) -> Operands:
        """Return the shape's name."""
        return (), [[name] for name in wording.shape(self.value)]


class SomeValue(Constraint):
    """sh:someValue of SHACL 1.2: at least one value node conforms to the shape."""

    name = "someValue"
    repeated = True
    values_sign = Sign.EITHER
    phrase = (
        "a value of {path} as the shape {} describes it", "значение {path}, какое описывает форма {}",
        "значэнне {path}, якое апісвае форма {}",
    )  # fmt: skip

    @property
    def references(self) -> tuple[Node, ...]:
        """The shape."""
        return (self.value,)

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where no value node conforms."""
        return () if any(run.conforms(v, self.value) for v in at.values) else (Violation(None),)

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes none of whose values conforms."""
        del shape
        values = relation.values(nodes) if relation else nodes
        good = values - selection.failing(self.value, values)
        return nodes - (relation.having(nodes, good) if relation else good)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the shape."""
        del shape, before, sign
        yield from of(self.value, values, Sign.EITHER)

    def operands(self, wording: Wording) -> Operands:
        """Return the shape's name."""
        return (), [[name] for name in wording.shape(self.value)]


class _Qualified(Constraint):
    """sh:qualifiedValueShape with a number; the value is (shape, number, shapes of siblings)."""

    further = ("qualifiedValueShape", "qualifiedValueShapesDisjoint")
    values_sign = Sign.EITHER
    wanted = WHOLE

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint. Raises ValueError."""
        disjoint = shape.values("qualifiedValueShapesDisjoint")
        if not all(map(is_boolean, disjoint)):
            raise ValueError("a value of sh:qualifiedValueShapesDisjoint must be true or false")
        qualified = shape.value("qualifiedValueShape")
        for count in shape.values(cls.name) if qualified is not None else ():
            if is_whole(count):
                yield cls((qualified, int(count.value), _siblings(shape, qualified)))

    @property
    def references(self) -> tuple[Node, ...]:
        """The shape, and those of the siblings."""
        return (self.value[0], *self.value[2])

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where the number is wrong."""
        shape, _, siblings = self.value
        # A value that conforms to the shape of a sibling does not count (section 4.7.3).
        count = sum(
            run.conforms(v, shape) and not any(run.conforms(v, sibling) for sibling in siblings) for v in at.values
        )
        return (Violation(None),) if self.wrong(count) else ()

    def wrong(self, count: int) -> bool:
        """Whether so many values are too few or too many."""
        raise NotImplementedError

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes with a wrong number of values."""
        del shape
        qualified, _, siblings = self.value
        values = relation.values(nodes) if relation else nodes
        # Exactly the conforming ones: one too many or too few would make the count wrong in either direction.
        good = values - selection.failing(qualified, values)
        for sibling in siblings:
            good &= selection.failing(sibling, good)
        return {n for n in nodes if self.wrong(len(good.intersection(relation.of(n) if relation else (n,))))}

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the shape and of the siblings' shapes."""
        del shape, before, sign
        for member in self.references:
            yield from of(member, values, Sign.EITHER)

    def operands(self, wording: Wording) -> Operands:
        """Return the number; the last text is the shape's name."""
        return (), [[str(self.value[1]), name] for name in wording.shape(self.value[0])]


def _siblings(shape: ShapeNode, qualified: Node) -> tuple[Node, ...]:
    """Return the qualified value shapes of the other property shapes of every parent (section 4.7.3)."""
    if not shape.is_true("qualifiedValueShapesDisjoint"):
        return ()
    graph = shape.graph
    candidates = [
        q
        for parent in graph.subjects(sh("property"), shape.node)
        for p in graph.objects(parent, sh("property"))
        for q in graph.objects(p, sh("qualifiedValueShape"))
    ]
    return tuple(q for q in dict.fromkeys(candidates) if q != qualified)


class QualifiedMinCount(_Qualified):
    """sh:qualifiedMinCount."""

    name = "qualifiedMinCount"
    phrase = (
        "{} or more values of {path} as the shape {shape} describes them",
        "значений {path}, какие описывает форма {shape}: {} или больше",
        "значэнняў {path}, якія апісвае форма {shape}: {} або больш",
    )

    def wrong(self, count: int) -> bool:
        """Whether so many values are too few."""
        return bool(count < self.value[1])


class QualifiedMaxCount(_Qualified):
    """sh:qualifiedMaxCount."""

    name = "qualifiedMaxCount"
    phrase = (
        "no more values of {path} as the shape {shape} describes them than {}",
        "значений {path}, какие описывает форма {shape}: не больше {}",
        "значэнняў {path}, якія апісвае форма {shape}: не больш за {}",
    )

    def wrong(self, count: int) -> bool:
        """Whether so many values are too many."""
        return bool(count > self.value[1])


class ReifierShape(Constraint):
    """sh:reifierShape with sh:reificationRequired of SHACL 1.2; the value is (shapes, whether one is required)."""

    name = "reifierShape"
    repeated = True
    further = ("reificationRequired",)
    for_property_shapes = True
    phrase = (
        "values whose statements are reified as the shape {} describes",
        "значения, чьи утверждения реифицированы, как описывает форма {}",
        "значэнні, чые сцвярджэнні рэіфікаваныя, як апісвае форма {}",
    )

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the shapes. Raises ValueError for a property shape, and where the path is no property."""
        if not all(map(BOOLEAN[0], shape.values("reificationRequired"))):
            raise ValueError("a value of sh:reificationRequired must be true or false")
        shapes = tuple(shape.node_shape("reifierShape", value) for value in shape.values("reifierShape"))
        if shapes and not isinstance(shape.path, Predicate):
            raise ValueError("with sh:reifierShape the path must be a property")
        if shapes:
            yield cls((shapes, shape.is_true("reificationRequired")))

    @property
    def references(self) -> tuple[Node, ...]:
        """The shapes."""
        return tuple(self.value[0])

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each value that lacks a reifier, and for each reifier that does not conform."""
        shapes, required = self.value
        path = at.shape.path.iri if isinstance(at.shape.path, Predicate) else RDF_REIFIES
        for value in at.values:
            reifiers = run.graph.subjects(RDF_REIFIES, ox.Triple(at.focus, path, value))
            if required and not reifiers:
                yield Violation(value)
            for reifier in reifiers:
                yield from (Violation(value) for shape in shapes if not run.conforms(reifier, shape))

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes that have a value."""
        del selection, shape
        return relation.more(nodes, 0) if relation else set()

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield a step that counts anywhere: no path leads from a node to the reifiers of its statements."""
        del shape, before, values, sign, of
        yield Step(None, None, anywhere=True)

    def operands(self, wording: Wording) -> Operands:
        """Return the names of the shapes."""
        return (), [list(names) for names in zip(*map(wording.shape, self.value[0]), strict=True)] or [[]] * len(
            LANGUAGES
        )
