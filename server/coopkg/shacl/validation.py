"""Validation from graphs alone: data and shapes as quads give a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.rdf.graph import Graph
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyoxigraph as ox

    from coopkg.shacl.report import Report


def validate(data: Iterable[ox.Quad], shapes: Iterable[ox.Quad]) -> Report:
    """Validate the union of ``data`` against ``shapes``. Raises DatasetBroken where the shapes cannot be used."""
    return Validator(read_shapes(Graph(shapes))).validate(data)
