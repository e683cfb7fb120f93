"""Documents with shapes: the shapes as values, named in messages by file and line, and warnings about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.graph import Graph
from coopkg.shacl.shape_warnings import shape_warnings
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.source_locations import find_place, locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Note, Place
    from coopkg.shacl.source_locations import SourceLocations


@dataclass
class ShapesDocuments:
    """Documents with shapes, in which the places of nodes are looked up when one is asked for."""

    sources: Sequence[Source]
    _locations: list[SourceLocations] = field(default_factory=list)

    def place(self, node: Node) -> Place | None:
        """Return where a node is described, else where it is mentioned."""
        if len(self._locations) < len(self.sources):
            self._locations = [locate(source) for source in self.sources]
        return find_place(self._locations, node, None, None)

    def called(self, node: Node) -> str:
        """Return the name of a node in messages: its IRI, and its place."""
        place = self.place(node)
        named = "" if isinstance(node, ox.BlankNode) else str(node)
        return " ".join(filter(None, (named, f"at {place}" if place else ""))) or "without a name"

    def read(self) -> dict[Node, Shape]:
        """Read the shapes. Raises DatasetBroken that names the shape by file and line."""
        return read_shapes(self._graph(), self.called)

    def warnings(self, shapes: Mapping[Node, Shape]) -> tuple[Note, ...]:
        """Return the warnings about the shapes."""
        return tuple(shape_warnings(self._graph(), shapes, self.place))

    def _graph(self) -> Graph:
        return Graph(quad for source in self.sources for quad in source.quads)
