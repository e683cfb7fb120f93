"""The case files of the shapes, and the graphs that they are held against."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from conftest import ROOT
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation import published_documents
from coopkg.rdf.graph import Graph
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.shapes import read_shapes as read_shape_values
from coopkg.shacl.validator import Validator

if TYPE_CHECKING:
    from pathlib import Path

CASES = ROOT / "tests" / "cases" / "shapes"
BACKGROUND = ("ontology/coop.ttl", "ontology/evidence.ttl", "ontology/structures.ttl", "ontology/schemes/")
HOUSE_STYLE = {"house-style.ttl", "prefixes.ttl"}
VALID = sorted(CASES.glob("*/valid/*.ttl"))
INVALID = sorted(p for p in CASES.glob("*/invalid/*.ttl") if not p.name.endswith(".report.ttl"))


def name(path: Path) -> str:
    return str(path.relative_to(CASES).with_suffix(""))


def case_shapes(*, house_style: bool) -> list[ox.Quad]:
    """Give the shapes that cases are held against: all but the house style, or the house style alone."""
    paths = find_published().shapes()
    return shapes_quads([p for p in paths if (p.name in HOUSE_STYLE if house_style else p.name != "house-style.ttl")])


@cache
def data_shapes(*, house_style: bool) -> Validator:
    return Validator(read_shape_values(Graph(case_shapes(house_style=house_style))))


@cache
def background() -> tuple[ox.Quad, ...]:
    documents = published_documents(find_published())
    return tuple(q for d in documents if d.name.startswith(BACKGROUND) for q in d.quads())


@cache
def house_style_shapes() -> frozenset[str]:
    """Give the shapes over the ontology itself; their cases stand alone."""
    text = (find_published().root / "shapes" / "house-style.ttl").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^shape:([\w-]+)$", text, re.MULTILINE))


@cache
def published_quads() -> tuple[ox.Quad, ...]:
    """Give the published graph as one graph of triples, without graph names."""
    return tuple(
        dict.fromkeys(
            ox.Quad(q.subject, q.predicate, q.object) for d in published_documents(find_published()) for q in d.quads()
        )
    )


@cache
def all_shapes() -> Validator:
    return Validator(read_shape_values(Graph(shapes_quads(find_published().shapes()))))
