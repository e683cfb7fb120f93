"""The modules import each other in one direction, and importing one does no work."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coopkg import errors

PACKAGE = Path(errors.__file__).parent
LAYERS = (
    {"vocab", "files", "settings", "errors", "home"},
    {
        *("terms", "results", "negotiation", "sparql", "store", "engine", "shacl", "canonical"),
        *("journal", "jsonld", "accepted", "spellings", "reasoning"),
        *("entailment", "consistency", "validation", "display", "schema_org"),
    },
    {"federation"},
    {
        *("protocol", "queries", "evidence", "problems", "representation", "tokens", "provenance", "backup"),
        *("copies", "i18n", "rendering", "charts", "examples", "alignments", "fetching"),
    },
    {"service", "dumps"},
    {"suggestions", "labels", "emptiness", "search", "forms", "claims", "vocabulary"},
    {"catalogue", "statistics", "void", "dcat", "crawlers", "openapi"},
    {"endpoint"},
    {"descriptions", "distribution"},
    {"traffic", "observation"},
    {"web", "cli", "app", "front", "server", "__main__"},
)
ONLY_IN = {
    "flask": {"app", "web"},
    "granian": {"server", "front"},
    "http": {"federation", "fetching"},
    "ssl": {"federation"},
    "pyshacl": {"shacl"},
    "owlrl": {"reasoning"},
    "babel": {"i18n"},
    "jinja2": {"rendering"},
    "pyoxigraph": {
        "terms",
        "results",
        "store",
        "engine",
        "shacl",
        "canonical",
        "accepted",
        "spellings",
        "provenance",
        "reasoning",
        "entailment",
        "validation",
        "consistency",
        "forms",
        "schema_org",
    },
}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(name: str) -> int | None:
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


MODULES = [p for p in sorted(PACKAGE.rglob("*.py")) if p != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    own = layer(room(path))
    assert own is not None, f"{room(path)} has no layer"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "coopkg" and len(parts) > 1 and (other := layer(parts[1])) is not None:
            assert other <= own, f"{room(path)} imports {name}"
        if parts[0] in ONLY_IN:
            assert room(path) in ONLY_IN[parts[0]], f"{room(path)} imports {name}"


def test_query_never_pays_for_what_it_does_not_use() -> None:
    code = "import sys, coopkg.cli.query; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PACKAGE.parent)},
    ).stdout.split()
    assert not {"flask", "rdflib", "pyshacl", "owlrl", "granian"} & set(loaded)


def tree(cls: type[errors.CoopkgError]) -> set[type[errors.CoopkgError]]:
    return {cls}.union(*(tree(sub) for sub in cls.__subclasses__()))


def test_the_error_tree_is_the_one_that_is_drawn() -> None:
    assert errors.__doc__ is not None
    drawn = {(m[1], int(m[2])) for m in re.finditer(r"^[ |]*\+-- (\w+) +(\d{3})", errors.__doc__, re.MULTILINE)}
    real = {(cls.__name__, cls.status) for cls in tree(errors.CoopkgError) - {errors.CoopkgError}}
    assert drawn == real
