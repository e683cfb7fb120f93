"""Logical constraints (SHACL, section 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.constraints import ValueConstraint
from coopkg.shacl.steps import Sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Checks, Numbers, Operands, Selection, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.shape_nodes import ShapeNode
    from coopkg.shacl.steps import Step


class Not(ValueConstraint):
    """sh:not; a value that violates it conforms to the shape, so that there are no results in detail."""

    name = "not"
    repeated = True
    phrase = ("no node that fits {}", "не узел, подходящий под {}", "не вузел, які падыходзіць пад {}")

    @property
    def references(self) -> tuple[Node, ...]:
        """The shape."""
        return (self.value,)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that conform."""
        return (v for v in values if run.conforms(v, self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that conform."""
        return values - selection.failing(self.value, values)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the shape."""
        del shape, before, sign
        yield from of(self.value, values, Sign.EITHER)

    def operands(self, wording: Wording) -> Operands:
        """Return the shape's name."""
        return (), [[name] for name in wording.shape(self.value)]


class _Members(ValueConstraint):
    """A constraint whose value is several shapes."""

    repeated = True

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the list of shapes. Raises ValueError."""
        yield from (cls(tuple(shape.members(head))) for head in shape.values(cls.name))

    @property
    def references(self) -> tuple[Node, ...]:
        """The shapes."""
        return tuple(self.value)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of all shapes."""
        del shape, before, sign
        for member in self.value:
            yield from of(member, values, Sign.EITHER)

    def details(self, run: Checks, value: Node) -> Iterator[tuple[Node, Node]]:
        """Yield the shapes that the value does not conform to."""
        yield from ((member, value) for member in self.value if not run.conforms(value, member))

    def operands(self, wording: Wording) -> Operands:
        """Return the names of the shapes."""
        if not self.value:
            return (), [[]] * len(LANGUAGES)
        return (), [list(names) for names in zip(*map(wording.shape, self.value), strict=True)]


class And(_Members):
    """sh:and."""

    name = "and"
    phrase = ("all of: {}", "всё из: {}", "усё з: {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that do not conform to all."""
        return (v for v in values if not all(run.conforms(v, shape) for shape in self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that fail one of the shapes."""
        return set().union(*(selection.failing(shape, values) for shape in self.value))


class Or(_Members):
    """sh:or."""

    name = "or"
    phrase = ("one or more of: {}", "хотя бы одно из: {}", "хаця б адно з: {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that conform to none."""
        return (v for v in values if not any(run.conforms(v, shape) for shape in self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that fail all shapes; each is checked only for what failed all before it."""
        failing_all = set(values)
        for shape in self.value:
            failing_all &= selection.failing(shape, failing_all)
        return failing_all


class Xone(_Members):
    """sh:xone."""

    name = "xone"
    phrase = ("exactly one of: {}", "ровно одно из: {}", "роўна адно з: {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that do not conform to just one."""
        return (v for v in values if sum(run.conforms(v, shape) for shape in self.value) != 1)

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that do not conform to just one."""
        failing = [selection.failing(shape, values) for shape in self.value]
        return {v for v in values if sum(v not in failing_member for failing_member in failing) != 1}
