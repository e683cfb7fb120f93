"""What is served has been validated as served: every door reads a fact in the IRIs of the shapes, under any base."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.parse
from typing import TYPE_CHECKING, Final

import pytest

from coopkg.answers.opening import check_published
from coopkg.dataset.published_files import FOLDERS, find_published
from coopkg.errors import DoesNotConform
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.settings import Settings
from running import TURTLE, Running, made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHER: Final = "https://kg.example/office/"
BASES: Final = (DEFAULT_BASE, OTHER)
ONE_PARTY: Final = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@base <BASE> .
<id/agreement/by-by-2016> a <ontology#Agreement> ;
    skos:prefLabel "Agreement with itself"@en , "Договор с собой"@ru , "Дагавор з сабой"@be ;
    <ontology#hasParty> <id/country/BY> ;
    <ontology#hasCertainty> <id/certainty/asserted> ;
    <ontology#hasEvidence> <id/claim/high-tech-country-030> .
"""
"""An agreement with one party; everything else about it is in order."""
LINE: Final = 5
REASON: Final = "at least two parties"


def bad(base: str) -> str:
    return ONE_PARTY.replace("BASE", base)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    root = tmp_path / "published"
    for folder in FOLDERS:
        shutil.copytree(find_published().root / folder, root / folder)
    return root


@pytest.mark.parametrize("written", BASES)
@pytest.mark.parametrize("base", BASES)
def test_a_published_file_is_checked_as_it_is_served_whichever_base_it_is_written_with(
    published: Path, base: str, written: str
) -> None:
    with (published / "data" / "facts.ttl").open("a", encoding="utf-8") as file:
        file.write(bad(written))
    foreign = written == OTHER != base
    with pytest.raises(DoesNotConform, match=f"under the base <{OTHER}>" if foreign else REASON) as caught:
        check_published(Settings(published=published, base=base))
    assert "data/facts.ttl:" in caught.value.detail


@pytest.mark.parametrize("base", BASES)
def test_the_published_files_conform_under_any_base(base: str) -> None:
    check_published(Settings(base=base))


@pytest.mark.parametrize("base", BASES)
def test_the_command_reads_what_the_server_would(tmp_path: Path, base: str) -> None:
    file = tmp_path / "bad.ttl"
    file.write_text(bad(base), encoding="utf-8")
    command = [sys.executable, "-m", "coopkg", "validate", "--base", base, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f"bad.ttl:{LINE}:" in done.stdout
    assert REASON in done.stdout


@pytest.fixture(scope="module", params=BASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    running = made(tmp_path_factory.mktemp("bases") / "home", COOPKG_BASE=request.param)
    yield running, request.param
    running.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("path", "status"), [("/validate", 200), ("/facts", 422)])
def test_a_server_refuses_it_at_every_door_and_shows_nothing_of_it(
    server: tuple[Running, str], path: str, status: int
) -> None:
    running, base = server
    answer = running.ask("POST", path, bad(base), Content_Type=TURTLE, Accept="application/json")
    assert answer.status == status
    assert status == 422 or answer.value["conforms"] is False
    assert REASON in answer.body.decode()
    assert running.rows(f"SELECT ?p {{ <{base}id/agreement/by-by-2016> ?p ?o }}") == []


@pytest.mark.slow
def test_an_export_has_all_iris_under_one_base(server: tuple[Running, str], tmp_path: Path, published: Path) -> None:
    """A file may be written with the base that is served: what is exported does not mix the two."""
    _, base = server
    home = tmp_path / "home"
    with (published / "data" / "reference.ttl").open("a", encoding="utf-8") as file:
        file.write(f"<{base}id/body/cis> <http://xmlns.com/foaf/0.1/homepage> <https://cis.example/> .\n")
    running = made(home, COOPKG_BASE=base, COOPKG_PUBLISHED=str(published))
    note = f'<{base}id/body/cis> <http://www.w3.org/2004/02/skos/core#note> "A note."@en .'
    graph = urllib.parse.quote(f"{base}graph/reference", safe="")
    answer = running.ask("POST", f"/graphs?graph={graph}", note, Content_Type=TURTLE)
    assert answer.status in {200, 201, 204}, answer.body
    running.stop()
    command = [sys.executable, "-m", "coopkg", "export", "--home", str(home), "--base", base]
    folder = tmp_path / "exported"
    subprocess.run([*command, "--published", str(published), str(folder)], check=True)
    text = (folder / "data" / "reference.ttl").read_text(encoding="utf-8")
    assert '"A note."@en' in text
    assert "https://cis.example/" in text
    assert OTHER not in text
