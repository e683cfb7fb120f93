"""The edges that shapes depend on, as values: see ``dependencies`` and ``dependency_index``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopkg.rdf.graph import Node
    from coopkg.shacl.property_paths import Path


class Sign(Enum):
    """Which changes of an edge can make a conforming node violate: with more edges, with fewer, or either."""

    MORE = 1
    FEWER = -1
    EITHER = 0

    @property
    def flipped(self) -> Sign:
        """The sign under a negation."""
        return Sign(-self.value)


@dataclass(frozen=True)
class Step:
    """An edge that a shape depends on: over ``predicate`` (None: any), from the node that ``before`` leads to.

    ``before`` is the path from the focus node (None: the focus node itself). The edge leaves that node, or, if
    ``backwards``, leads to it. A change ``anywhere`` counts where no path leads to the edge.
    """

    predicate: Node | None
    before: Path | None
    backwards: bool = False
    anywhere: bool = False
    sign: Sign = Sign.EITHER
