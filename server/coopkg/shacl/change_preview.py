"""What would change if the facts that are validated went into the published graph."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyoxigraph as ox


class Outcome(Enum):
    """Whether a saved query's answer would change."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class QueryChange:
    """A saved query, and the number of rows or triples of its answer before and after, where it differs."""

    slug: str
    outcome: Outcome
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class SameLabel:
    """A new node that has the name of another node of its class, which may be the same thing."""

    node: ox.NamedNode
    other: ox.NamedNode
    name: str


@dataclass(frozen=True)
class ChangePreview:
    """The difference to the live graph, quad by quad, and to the answers of the saved queries.

    ``graph`` is the graph that triples without one go into; ``version`` is the one that the difference is to.
    ``inferred`` is what would be inferred and is not now, ``uninferred`` the reverse; None where nothing is inferred.
    ``created`` are the nodes that no triple describes now, ``alike`` those of them that have the name of another node.
    """

    version: int
    graph: str
    added: tuple[ox.Quad, ...]
    removed: tuple[ox.Quad, ...]
    queries: tuple[QueryChange, ...] = ()
    inferred: tuple[ox.Quad, ...] | None = None
    uninferred: tuple[ox.Quad, ...] | None = None
    created: tuple[ox.NamedNode, ...] = ()
    alike: tuple[SameLabel, ...] = ()

    def of(self, outcome: Outcome) -> tuple[QueryChange, ...]:
        """Return the saved queries with that outcome."""
        return tuple(query for query in self.queries if query.outcome is outcome)
