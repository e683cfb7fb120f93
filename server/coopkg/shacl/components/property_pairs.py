"""Pairs of properties (SHACL, section 4.5); sh:subsetOf of SHACL 1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import pyoxigraph as ox

from coopkg.rdf.literals import less
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.constraints import Constraint, Violation
from coopkg.shacl.dependencies import steps
from coopkg.shacl.property_paths import read_path
from coopkg.shacl.shape_nodes import IRI
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Operands, Selection, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.shape_nodes import ShapeNode

_EITHER: Final = Sign.EITHER


class _Pair(Constraint):
    """A constraint on the value nodes and the values of another property of the focus node."""

    repeated = True
    wanted = IRI

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes whose two sets of values do not fit."""
        del shape
        column = selection.columns.column(self.value)
        return {
            n for n in nodes
            if self.fails(selection, set(relation.of(n)) if relation else {n}, set(column.of(n)))
        }  # fmt: skip

    def fails(self, selection: Selection, values: Numbers, others: Numbers) -> bool:
        """Whether two sets of values do not fit."""
        raise NotImplementedError

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the other property."""
        del shape, values, of
        yield Step(self.value, before, sign=sign)


class Equals(_Pair):
    """sh:equals."""

    name = "equals"
    values_sign = _EITHER
    phrase = ("the same values as {}", "те же значения, что у {}", "тыя ж значэнні, што ў {}")

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each value that only one of the two has (section 4.5.1)."""
        others = run.graph.objects(at.focus, self.value)
        yield from (Violation(v) for v in at.values if v not in others)
        yield from (Violation(o) for o in others if o not in at.values)

    def fails(self, selection: Selection, values: Numbers, others: Numbers) -> bool:
        """Whether the sets differ."""
        del selection
        return values != others

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the other property, of which more and fewer values matter."""
        del shape, values, sign, of
        yield Step(self.value, before)


class Disjoint(_Pair):
    """sh:disjoint."""

    name = "disjoint"
    phrase = ("no value of {}", "ни одного значения {}", "ніводнага значэння {}")

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each value that both have."""
        others = run.graph.objects(at.focus, self.value)
        return (Violation(v) for v in at.values if v in others)

    def fails(self, selection: Selection, values: Numbers, others: Numbers) -> bool:
        """Whether the sets have a member in common."""
        del selection
        return not values.isdisjoint(others)


class LessThan(_Pair):
    """sh:lessThan."""

    name = "lessThan"
    for_property_shapes = True
    or_equal = False
    phrase = ("less than every value of {}", "меньше каждого значения {}", "менш за кожнае значэнне {}")

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each pair that is not so ordered, or cannot be compared."""
        others = tuple(run.graph.objects(at.focus, self.value))
        for value in at.values:
            yield from (Violation(value) for other in others if not self._ordered(value, other))

    def _ordered(self, value: Node, other: Node) -> bool:
        literals = isinstance(value, ox.Literal) and isinstance(other, ox.Literal)
        return literals and less(value, other, or_equal=self.or_equal)

    def fails(self, selection: Selection, values: Numbers, others: Numbers) -> bool:
        """Whether a pair is not so ordered."""
        terms = selection.columns.terms
        return any(not less(terms[v], terms[o], or_equal=self.or_equal) for v in values for o in others)


class LessThanOrEquals(LessThan):
    """sh:lessThanOrEquals."""

    name = "lessThanOrEquals"
    or_equal = True
    phrase = (
        "no more than any value of {}", "не больше любого значения {}", "не больш за любое значэнне {}",
    )  # fmt: skip


class SubsetOf(Constraint):
    """sh:subsetOf of SHACL 1.2: every value node is also reached over another path; the value is that path."""

    name = "subsetOf"
    repeated = True
    phrase = ("a value of {}", "значение {}", "значэнне {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the paths. Raises ValueError for one that is ill-formed."""
        yield from (cls(read_path(shape.graph, value)) for value in shape.values("subsetOf"))

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return a violation for each value node that the other path does not lead to."""
        others = set(self.value.values(run.graph, at.focus)) if at.values else set()
        return (Violation(v) for v in at.values if v not in others)

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes with a value node that the other path does not lead to."""
        del shape
        other = selection.relation(self.value, nodes)
        return {n for n in nodes if not set(relation.of(n) if relation else (n,)) <= set(other.of(n))}

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges of the other path."""
        del shape, values, sign, of
        yield from steps(self.value, before)

    def operands(self, wording: Wording) -> Operands:
        """Return the other path."""
        del wording
        return (), [[self.value.sparql()]] * len(LANGUAGES)
