"""Lists as values (SHACL 1.2 Core): sh:memberShape, sh:minListLength, sh:maxListLength, sh:uniqueMembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from coopkg.rdf.graph import RDF_FIRST, RDF_REST
from coopkg.shacl.constraints import ValueConstraint
from coopkg.shacl.property_paths import Predicate, Repeated, Sequence
from coopkg.shacl.shape_nodes import BOOLEAN, WHOLE
from coopkg.shacl.steps import Sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Checks, Operands, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.shape_nodes import ShapeNode
    from coopkg.shacl.steps import Step

_MEMBERS = Sequence((Repeated(Predicate(RDF_REST), "*"), Predicate(RDF_FIRST)))
# Whatever changes a list has everything checked again, so that lists need no steps (see ``dependency_index``).


def members(graph: Readable, head: Node) -> list[Node] | None:
    """Return the members of a list, None for what is no list."""
    try:
        return graph.members(head)
    except ValueError:
        return None


class MemberShape(ValueConstraint):
    """sh:memberShape: each member of the list conforms to the shape."""

    name = "memberShape"
    repeated = True
    phrase = (
        "a list of what the shape {} describes", "список того, что описывает форма {}",
        "спіс таго, што апісвае форма {}",
    )  # fmt: skip

    @property
    def references(self) -> tuple[Node, ...]:
        """The shape."""
        return (self.value,)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are no list, or have a member that does not conform."""
        for value in values:
            listed = members(run.graph, value)
            if listed is None or not all(run.conforms(member, self.value) for member in listed):
                yield value

    def details(self, run: Checks, value: Node) -> Iterator[tuple[Node, Node]]:
        """Yield the members that do not conform."""
        for member in dict.fromkeys(members(run.graph, value) or ()):
            if not run.conforms(member, self.value):
                yield self.value, member

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the shape at the members."""
        del shape, before, sign
        yield from of(self.value, Sequence((values, _MEMBERS)) if values else _MEMBERS, Sign.EITHER)

    def operands(self, wording: Wording) -> Operands:
        """Return the shape's name."""
        return (), [[name] for name in wording.shape(self.value)]


class _Length(ValueConstraint):
    wanted = WHOLE

    @classmethod
    def operand(cls, value: Node) -> int:
        """Return the number."""
        return int(value.value)


class MinListLength(_Length):
    """sh:minListLength."""

    name = "minListLength"
    phrase = ("a list of {} or more members", "список из {} или более членов", "спіс з {} або больш членаў")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are no list, or a shorter one."""
        lists = ((v, members(run.graph, v)) for v in values)
        return (v for v, listed in lists if listed is None or len(listed) < self.value)


class MaxListLength(_Length):
    """sh:maxListLength."""

    name = "maxListLength"
    phrase = ("a list of {} or fewer members", "список не более чем из {} членов", "спіс не больш чым з {} членаў")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are no list, or a longer one."""
        lists = ((v, members(run.graph, v)) for v in values)
        return (v for v, listed in lists if listed is None or len(listed) > self.value)


class UniqueMembers(ValueConstraint):
    """sh:uniqueMembers."""

    name = "uniqueMembers"
    wanted = BOOLEAN
    phrase = ("a list that repeats no member", "список без повторений", "спіс без паўтораў")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint, where it is true."""
        if shape.is_true("uniqueMembers"):
            yield cls(True)  # noqa: FBT003

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are no list, or repeat a member."""
        lists = ((v, members(run.graph, v)) for v in values)
        return (v for v, listed in lists if listed is None or len(set(listed)) < len(listed))
