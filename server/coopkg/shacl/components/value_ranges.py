"""Ranges of values (SHACL, section 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopkg.rdf.literals import less
from coopkg.shacl.constraints import ValueConstraint
from coopkg.shacl.shape_nodes import LITERAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Checks

# Literals that do not compare violate too (section 4.3), so it is "not less", never "greater or equal".


class MinExclusive(ValueConstraint):
    """sh:minExclusive."""

    name = "minExclusive"
    wanted = LITERAL
    phrase = ("more than {}", "больше {}", "больш за {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are not more."""
        del run
        return (v for v in values if not less(self.value, v))


class MinInclusive(ValueConstraint):
    """sh:minInclusive."""

    name = "minInclusive"
    wanted = LITERAL
    phrase = ("{} or more", "{} или больше", "{} або больш")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are not as much."""
        del run
        return (v for v in values if not less(self.value, v, or_equal=True))

    def field(self) -> dict[str, Any]:
        """Return the bound."""
        return {"lowest": self.value.value}


class MaxExclusive(ValueConstraint):
    """sh:maxExclusive."""

    name = "maxExclusive"
    wanted = LITERAL
    phrase = ("less than {}", "меньше {}", "менш за {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are not less."""
        del run
        return (v for v in values if not less(v, self.value))


class MaxInclusive(ValueConstraint):
    """sh:maxInclusive."""

    name = "maxInclusive"
    wanted = LITERAL
    phrase = ("{} or less", "{} или меньше", "{} або менш")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are more."""
        del run
        return (v for v in values if not less(v, self.value, or_equal=True))

    def field(self) -> dict[str, Any]:
        """Return the bound."""
        return {"highest": self.value.value}
