"""The documentation cannot lag behind the program."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT
from coopkg.app import create_app
from coopkg.files import find_published
from coopkg.settings import Settings
from coopkg.store import read_manifest
from coopkg.web import (
    api,
    changes,
    contribute,
    entities,
    explain,
    facts,
    graph_store,
    operations,
    pages,
    sparql,
    status,
    update,
    validate,
)
from coopkg.web import help as help_pages

ROOMS = (
    *(api, changes, contribute, entities, explain, facts, graph_store, help_pages, operations, pages, sparql, status),
    *(update, validate),
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_is_in_the_table() -> None:
    table = text("docs/settings.md")
    for name, default, help_text in Settings.table():
        shown = help_text.rpartition("default: ")[2] if default is None else f"`{default}`"
        assert f"| `COOPKG_{name.upper()}` | {shown} | {help_text} |" in table


def test_every_graph_is_in_the_model() -> None:
    model = text("docs/model.md")
    for entry in read_manifest(find_published()):
        assert f"`{entry.graph.removeprefix(Settings().base)}`" in model


def test_every_published_file_is_in_the_catalogue() -> None:
    published = find_published()
    listed = {entry.file for entry in read_manifest(published)}
    there = {
        str(p.relative_to(published.root)) for f in ("ontology", "data") for p in (published.root / f).rglob("*.ttl")
    }
    assert there == listed


def test_links_in_the_documentation_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / Path(target)).exists(), f"{page.name}: {target}"


def test_every_blueprint_is_registered(service: object) -> None:
    app = create_app(service=service)  # type: ignore[arg-type]
    assert {room.blueprint.name for room in ROOMS} == set(app.blueprints)
