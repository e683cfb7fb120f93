"""Cardinality (SHACL, section 4.2): sh:minCount and sh:maxCount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopkg.shacl.constraints import Constraint, Violation
from coopkg.shacl.shape_nodes import WHOLE
from coopkg.shacl.steps import Sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Selection, Shape
    from coopkg.shacl.relations import Relation


class _Count(Constraint):
    for_property_shapes = True
    wanted = WHOLE

    @classmethod
    def operand(cls, value: Node) -> int:
        """Return the number."""
        return int(value.value)


class MinCount(_Count):
    """sh:minCount."""

    name = "minCount"
    values_sign = Sign.FEWER
    phrase = ("{} or more values of {path}", "значений {path}: {} или больше", "значэнняў {path}: {} або больш")

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where there are too few."""
        del run
        return (Violation(None),) if len(at.values) < self.value else ()

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes with too few values."""
        del selection, shape
        return relation.fewer(nodes, self.value) if relation else set()

    def field(self) -> dict[str, Any]:
        """Return the least number of values."""
        return {"least": self.value}


class MaxCount(_Count):
    """sh:maxCount."""

    name = "maxCount"
    phrase = (
        "no more values of {path} than {}", "значений {path}: не больше {}", "значэнняў {path}: не больш за {}",
    )  # fmt: skip

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation, without a value, where there are too many."""
        del run
        return (Violation(None),) if len(at.values) > self.value else ()

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes with too many values."""
        del selection, shape
        return relation.more(nodes, self.value) if relation else set()

    def field(self) -> dict[str, Any]:
        """Return the largest number of values."""
        return {"most": self.value}
