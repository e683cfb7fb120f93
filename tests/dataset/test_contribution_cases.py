"""Files that strangers sent: those that are wrong are refused, with a sentence in each language."""

from __future__ import annotations

import contextlib
import os
import random
from typing import TYPE_CHECKING, Final

import pytest

from conftest import run_coopkg
from coopkg.dataset.changes import DELETE, POST, Change, Payload, compute_patch
from coopkg.dataset.document_validation import private_copy
from coopkg.dataset.entailment import update_closure
from coopkg.dataset.licences import open_licences
from coopkg.dataset.process import compute_change
from coopkg.dataset.published_files import find_published
from coopkg.errors import DoesNotConform, InputUnreadable, NotFound, ProtocolError
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE, LANGUAGES
from coopkg.shacl.gate import open_gate
from hostile_documents import MEDIA_TYPES
from running import Running, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopkg.dataset.store import Dataset

    Put = Callable[[Path], str]

MODEL: Final = [
    "01",
    "02",
    "04",
    "06",
    "07",
    "09",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "19",
    "21",
    "22",
    "23",
    "25",
    "26",
    "27",
    "28",
    "29",
    "30",
    "31",
    "32",
    "33",
    "34",
    "35",
    "36",
    "43",
    "44",
    "52",
    "53",
    "56",
    "57",
    "58",
    "59",
    "62",
    "64",
    "66",
    "67",
    "70",
    "72",
    "own",
    "foreign",
]
CONTRIBUTED: Final = [
    "01",
    "02",
    "03",
    "04",
    "06",
    "07",
    "08",
    "09",
    "10",
    "11",
    "12",
    "14",
    "16",
    "17",
    "18",
    "20",
    "21",
    "23",
    "24",
    "25",
    "26",
    "27",
    "28",
    "29",
    "30",
    "31",
    "33",
    "34",
    "35",
    "41",
    "42",
    "unknown-class",
    "unknown-class2",
    "broken",
]
"""The files that are wrong, by how their names begin."""


@pytest.fixture(scope="module")
def put(dataset: Dataset) -> Put:
    """Give what sends a file in as a contribution, takes it back, and says why it was refused, or nothing."""
    ground, gate = private_copy(dataset), open_gate(find_published().shapes(), DEFAULT_BASE)
    licences, graph = open_licences(find_published(), DEFAULT_BASE), DEFAULT_BASE + CONTRIBUTIONS

    def put(path: Path) -> str:
        name = {".ttl": "ttl", ".trig": "trig", ".jsonld": "jsonld", ".rdf": "rdf"}[path.suffix]
        payload = Payload(path.read_bytes().decode("utf-8-sig"), name, DEFAULT_BASE, path.name)
        change = Change(POST, graph=graph, base=DEFAULT_BASE, payloads=(payload,), contribution=True)
        try:
            compute_change(ground, gate, change, licences)
        except DoesNotConform as error:
            results: list[dict[str, dict[str, str]]] = error.members["results"]  # type: ignore[assignment]
            assert all(set(result["messages"]) >= set(LANGUAGES) for result in results)
            return error.detail
        finally:
            with contextlib.suppress(NotFound):  # nothing of a file that cannot be read is there
                back = compute_patch(ground.store, Change(DELETE, graph=graph), ground.lexical_forms)
                update_closure(ground, back.removed)
        return ""

    return put


CASES: Final = [*(("model", name) for name in MODEL), *(("contributions", name) for name in CONTRIBUTED)]
COMMANDED: Final = CASES if "COOPKG_CONTRIBUTIONS" in os.environ else random.Random("cases").sample(CASES, 5)  # noqa: S311
"""Those that are also given to the command, which takes two seconds each: all of them with make contributions."""


def file_of(shared: Path, folder: str, name: str) -> Path:
    (path,) = [p for p in (shared / "cases" / folder).iterdir() if p.stem == name or p.name.startswith(f"{name}-")]
    return path


@pytest.mark.parametrize(("folder", "name"), CASES)
def test_what_is_wrong_is_refused(shared: Path, put: Put, folder: str, name: str) -> None:
    path = file_of(shared, folder, name)
    try:
        assert put(path)
    except (InputUnreadable, ProtocolError, UnicodeDecodeError):
        return


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = made(tmp_path_factory.mktemp("cases") / "home")
    yield running
    running.kill()


@pytest.mark.slow
def test_a_server_refuses_them_and_stays_as_it_was(shared: Path, running: Running) -> None:
    secret = running.token("Bob", "facts")
    before = running.ask("GET", "/ready").value
    accepted = []
    for folder, name in CASES:
        path = file_of(shared, folder, name)
        media = MEDIA_TYPES[path.suffix.removeprefix(".")]
        for door in ("/facts", "/validate"):
            fields = {"Content_Type": media, "Authorization": f"Bearer {secret}", "Accept": "application/json"}
            answer = running.ask("POST", door, path.read_bytes(), **fields)
            conforms = answer.status in {200, 201} and (door == "/facts" or answer.value["conforms"])
            if conforms or answer.status not in {200, 400, 415, 422}:
                accepted.append((folder, name, door, answer.status))
    assert not accepted
    assert running.ask("GET", "/ready").value == before


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "name"), COMMANDED)
def test_the_command_refuses_them(shared: Path, folder: str, name: str) -> None:
    done = run_coopkg("validate", str(file_of(shared, folder, name)))
    assert done.returncode in {1, 2, 3}, done.stdout
    assert "Traceback" not in done.stderr
