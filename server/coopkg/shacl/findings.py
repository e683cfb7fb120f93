"""A validation result as our engine finds it, with what the shapes graph says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coopkg.shacl.report import Result

if TYPE_CHECKING:
    import pyoxigraph as ox

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Constraint
    from coopkg.shacl.property_paths import Path


@dataclass(frozen=True)
class Finding(Result):
    """A result with what only the report as a graph contains (SHACL, sections 3.6.2 and 5.3.2).

    ``result_path`` is any path, ``severity_node`` any severity; ``message_terms`` are the messages that the shapes
    graph gives, ``source_constraint`` is the value of sh:sparql, ``constraint`` what was violated.
    """

    shape_node: Node = None
    result_path: Path | None = None
    severity_node: Node = None
    message_terms: tuple[ox.Literal, ...] = ()
    source_constraint: Node = None
    constraint: Constraint | None = field(default=None, hash=False, compare=False)
