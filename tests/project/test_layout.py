"""The modules import each other in one direction, and importing one does no work."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import structure
from coopkg import errors
from structure import IMPORTS, MODULES, OURS, PACKAGE, room

if TYPE_CHECKING:
    from pathlib import Path

ROOMS: dict[str, str] = {
    "errors": "",
    "rdf": "errors",
    "settings": "errors rdf",
    "sparql": "errors",
    "shacl": "errors rdf sparql",
    "reasoning": "errors rdf",
    "workers": "errors rdf sparql",
    "dataset": "errors rdf settings sparql shacl reasoning workers",
    "answers/http": "errors rdf",
    "answers/federation": "errors rdf settings sparql workers dataset answers/http",
    "answers": "errors rdf settings sparql shacl workers dataset answers/http answers/federation",
    "answers/evidence": "errors rdf sparql workers dataset answers",
    "answers/publication": "errors rdf sparql shacl workers dataset answers answers/http",
    "web/i18n": "rdf",
    "web/charts": "rdf web/i18n",
    "web/rendering": "rdf answers/http web/i18n",
    "web/problems": "errors rdf answers/http web/rendering",
    "web/forms": "errors rdf sparql shacl workers dataset answers",
    "web/parts": "errors rdf sparql workers dataset answers answers/http answers/federation answers/evidence"
    " answers/publication web/i18n web/charts web/rendering web/forms",
    "web/pages": "errors rdf sparql shacl reasoning workers dataset answers answers/http answers/federation"
    " answers/evidence answers/publication web/i18n web/charts web/rendering web/forms web/parts",
    "web": "errors settings answers answers/http web/problems web/parts web/pages",
    "web/serving": "errors rdf settings workers dataset answers answers/http answers/federation answers/publication"
    " web web/problems web/parts",
    "cli": "errors rdf settings sparql shacl reasoning workers dataset answers answers/federation answers/evidence"
    " web/serving",
    "__main__": "cli",
}
"""Each room and the rooms that it imports, from the ground up: none imports one below it in this table.

The package itself, for its version, is everybody's. A room is a folder or, at the top of the package and of ``web``, a
module; the folders of ``answers`` and ``web`` are rooms of their own.
"""
LIFTED = ("shacl", "reasoning", "workers")
"""Rooms that could be published as they stand, with ``rdf``, ``sparql`` and ``errors``."""
MOST_NAMES = 14
MOST_STEPS = 14
"""The longest way from a module down to one that imports nothing of ours."""
ONLY_IN = {
    "flask": {"web", "web/parts", "web/pages", "web/serving"},
    "aiohttp": {"web/serving"},
    "uvloop": {"web/serving"},
    "http": {"answers/federation"},
    "ssl": {"answers/federation"},
    "pyshacl": {"shacl"},
    "owlrl": {"reasoning"},
    "babel": {"web/i18n"},
    "jinja2": {"web/rendering"},
}
"""Libraries that only these rooms import."""


def test_the_top_of_the_package_is_a_list_that_one_takes_in_at_a_glance() -> None:
    names = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(names) <= MOST_NAMES, sorted(names)


def test_each_room_imports_just_what_the_table_says() -> None:
    actual = structure.rooms()
    assert {name: " ".join(sorted(rooms)) for name, rooms in actual.items()} == {
        name: " ".join(sorted(rooms.split())) for name, rooms in ROOMS.items()
    }


def test_no_room_imports_one_below_it_in_the_table() -> None:
    order = list(ROOMS)
    for name, rooms in ROOMS.items():
        assert all(order.index(other) < order.index(name) for other in rooms.split()), name


def test_no_modules_import_each_other_in_a_circle_for_types_neither() -> None:
    assert len(structure.depths(OURS)) == len(MODULES)  # raises CycleError, with the circle


def test_no_way_down_through_the_modules_is_long() -> None:
    depth = structure.depths(structure.running())
    assert max(depth.values()) <= MOST_STEPS, sorted(depth, key=lambda name: -depth[name])[:3]


@pytest.mark.parametrize("name", ONLY_IN)
def test_a_library_is_imported_where_it_belongs_alone(name: str) -> None:
    users = {room(module) for module, names in IMPORTS.items() if name in {n.split(".")[0] for n in names}}
    assert users == ONLY_IN[name]


def test_the_engine_is_asked_where_it_is_guarded_alone() -> None:
    """Terms are values that every room may make; a store evaluates, without a deadline or a bound on memory."""
    users = {
        room(module)
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "Store" and ast.unparse(node.value) in {"ox", "pyoxigraph"}
    }
    assert users == {"rdf", "workers", "shacl", "reasoning", "dataset"}


@pytest.mark.parametrize("lifted", LIFTED)
def test_a_room_could_be_lifted_out(lifted: str, tmp_path: Path) -> None:
    package = tmp_path / "coopkg"
    package.mkdir()
    for name in ("__init__.py", "errors.py"):
        shutil.copy(PACKAGE / name, package)
    for name in ("rdf", "sparql", lifted):
        shutil.copytree(PACKAGE / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    modules = [module for module in MODULES if room(module) == lifted]
    code = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})


def test_query_never_pays_for_what_it_does_not_use() -> None:
    code = "import sys, coopkg.cli.query; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PACKAGE.parent)},
    ).stdout.split()
    assert not {"flask", "rdflib", "pyshacl", "owlrl", "aiohttp"} & set(loaded)


def tree(cls: type[errors.CoopkgError]) -> set[type[errors.CoopkgError]]:
    return {cls}.union(*(tree(sub) for sub in cls.__subclasses__()))


def test_the_error_tree_is_the_one_that_is_drawn() -> None:
    assert errors.__doc__ is not None
    drawn = {(m[1], int(m[2])) for m in re.finditer(r"^[ |]*\+-- (\w+) +(\d{3})", errors.__doc__, re.MULTILINE)}
    real = {(cls.__name__, cls.status) for cls in tree(errors.CoopkgError) - {errors.CoopkgError}}
    assert drawn == real
