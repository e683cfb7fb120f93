"""The published shapes in other people's tools: Jena and RDF4J read them and give the results that we give.

They are run where ``COOPKG_JAVA_TOOLS`` names the folder with their jars (``make other-tools`` fetches them).
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from conftest import ROOT
from coopkg.dataset.published_files import find_published
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import Document
from coopkg.shacl.published_shapes import shapes_quads
from shape_cases import INVALID, VALID, background, case_shapes, data_shapes, house_style_shapes, published_quads

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

JARS: Final = os.environ.get("COOPKG_JAVA_TOOLS", "")
CASES: Final = int(os.environ.get("COOPKG_OTHER_TOOLS_CASES", "40"))
SH: Final = STANDARD_PREFIXES["sh"]
SPARQL: Final = SH + "SPARQLConstraintComponent"
needs_java = pytest.mark.skipif(not (JARS and shutil.which("javac")), reason="COOPKG_JAVA_TOOLS names no jars")


def written(path: Path, quads: Iterable[ox.Quad]) -> Path:
    triples = {q.triple for q in quads}
    path.write_bytes(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES))
    return path


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    source = ROOT / "tests" / "tools" / "OtherTools.java"
    subprocess.run(["javac", "-cp", f"{JARS}/*", "-d", str(folder), str(source)], check=True)
    return folder


def results(tool: str, classes: Path, *files: Path) -> list[set[str]]:
    """Give for each file the focus nodes with the components: RDF4J gives each once, Jena each solution of a query."""
    command = ["java", "-cp", f"{JARS}/*:{classes}", "OtherTools", tool, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [set(filter(None, line.split("\t")[1:])) for line in done.stdout.splitlines()]


@needs_java
@pytest.mark.parametrize("tool", ["jena", "rdf4j"])
def test_the_published_data_conform_there_too(tool: str, classes: Path, tmp_path: Path) -> None:
    shapes = written(tmp_path / "shapes.nt", shapes_quads(find_published().shapes()))
    data, nothing = written(tmp_path / "data.nt", published_quads()), written(tmp_path / "nothing.nt", ())
    assert results(tool, classes, shapes, data, nothing) == [set()]


@needs_java
@pytest.mark.parametrize("tool", ["jena", "rdf4j"])
def test_cases_have_the_same_results_there(tool: str, classes: Path, tmp_path: Path) -> None:
    plain = [path for path in (*VALID, *INVALID) if path.relative_to(ROOT).parts[3] not in house_style_shapes()]
    chosen = random.Random(20261130).sample(plain, min(CASES, len(plain)))  # noqa: S311 - no secret
    shapes = written(tmp_path / "shapes.nt", case_shapes(house_style=False))
    behind = written(tmp_path / "background.nt", background())
    files, ours = [], []
    for number, path in enumerate(chosen):
        quads = list(Document(str(path), path.read_bytes()).quads())
        files.append(written(tmp_path / f"{number}.nt", quads))
        report = data_shapes(house_style=False).validate([*background(), *quads])
        # Jena evaluates the SPARQL constraint of a property shape for each value, and so not where there is none.
        valued = {(str(q.subject), q.predicate.value) for q in (*background(), *quads)}
        ours.append(
            {
                f"{r.focus_node} {r.component}"
                for r in report.results
                if tool != "jena" or r.component != SPARQL or r.path is None or (str(r.focus), r.path) in valued
            }
        )
    found = results(tool, classes, shapes, behind, *files)
    pairs = zip(chosen, found, ours, strict=True)
    assert {str(path): theirs ^ expected for path, theirs, expected in pairs if theirs != expected} == {}


def test_the_shapes_have_what_other_tools_refuse_nowhere() -> None:
    """Jena refuses several messages of a SPARQL constraint; to RDF4J, a node shape with sh:name is a property shape."""
    quads = shapes_quads(find_published().shapes())
    kinds = {q.subject: q.object.value for q in quads if q.predicate.value.endswith("#type")}
    wrong = {
        f"{q.subject} {q.predicate}"
        for q in quads
        if (kinds.get(q.subject) == SH + "SPARQLConstraint" and q.predicate.value == SH + "message")
        or (kinds.get(q.subject) == SH + "NodeShape" and q.predicate.value == SH + "name")
    }
    assert not wrong
