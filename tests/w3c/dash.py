"""TopBraid's DASH test cases: each file a data graph that is its own shapes graph, with the report expected."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.shacl.findings import Finding
from coopkg.shacl.property_paths import path_graph
from coopkg.shacl.validation import validate
from w3c.compare import Verdict, compare
from w3c.harness import Outcome
from w3c.shacl import SH, report_graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.rdf.graph import Node

DASH: Final = "http://datashapes.org/dash#"
WHERE: Final = "the DASH test cases are not there: set COOPKG_DASH to the folder that holds their *.test.ttl"
UNDECLARED: Final = (
    "The query uses the prefix ex:, which sh:prefixes leads to nowhere. A processor must signal a failure then (SHACL, "
    "section 5.2.1): the prefixes of a Turtle file are no part of its graph."
)
REFUSED: Final = {
    "sparql/node/prefixes-001": (UNDECLARED, "the prefix ex: is not declared"),
    "target/sparqlTargetType-001": (UNDECLARED, "the prefix ex: is not declared"),
    "function/callSPARQLFunction": (UNDECLARED + " And it calls a function of SHACL-AF.", "the prefix ex: is not declared"),
    "expression/booleans-001": ("sh:expression of SHACL-AF is not supported.", "sh:expression is not supported"),
}
"""The cases that are refused: why, and what the refusal says."""


@dataclass(frozen=True)
class Case:
    """One test case of a file."""

    id: str
    quads: tuple[ox.Quad, ...]
    expected: tuple[ox.Quad, ...]
