"""The documentation cannot lag behind the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import ROOT
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import read_manifest
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.web.pages.blueprints import PAGES
from coopkg.web.pages.documents import SUFFIXES

if TYPE_CHECKING:
    from coopkg.answers.service import Service


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
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / Path(target)).exists(), f"{page.name}: {target}"


def test_every_promise_of_the_threat_model_has_a_test_that_is_there() -> None:
    rows = text("docs/threat-model.md").partition("## Promises")[2].partition("## Out of scope")[0].split("\n")[4:]
    promises = [row.split("|") for row in rows if row.startswith("| ")]
    assert len(promises) > 10
    for _, promise, _, shown, _ in promises:
        named = re.findall(r"`(tests/[a-z0-9_/.]+)`", shown)
        assert named, promise
        assert all((ROOT / path).exists() for path in named), shown
        assert all(f"\n{target}:" in text("Makefile") for target in re.findall(r"`make ([a-z\-]+)`", shown)), shown


def test_formats_and_addresses_of_linked_data_are_those_that_there_are(service: Service) -> None:
    page = text("docs/linked-data.md")
    for suffix in SUFFIXES:
        assert f"`.{suffix}`" in page
    client = create_app(service=service).test_client()
    addresses = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    named = {name for cell in addresses for name in re.findall(r"`([a-z.\-/]+)`", cell) if not name.startswith("…")}
    assert {
        "ontology",
        "catalog",
        ".well-known/void",
        "llms.txt",
        "sitemap.xml",
        "dumps/all.nq",
        "queries.ttl",
    } <= named
    for name in named - {f".{suffix}" for suffix in SUFFIXES}:
        assert client.get(f"/{name}", headers={"Accept": "*/*"}).status_code == 200, name


def test_every_blueprint_is_registered(service: Service) -> None:
    app = create_app(service=service)
    assert {module.blueprint.name for module in PAGES} == set(app.blueprints)
