"""Nobody is refused for another's data: what was stored before is told with graph, version and author."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from conftest import run_coopkg
from contribution_texts import GOOD
from coopkg.rdf.namespaces import DEFAULT_BASE, LANGUAGES, prefixes
from running import TURTLE, Running, made

if TYPE_CHECKING:
    from collections.abc import Iterator

DECLARED: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
POISON: Final = "agreement:test a coop:agreement ."
GRAPH: Final = f"{DEFAULT_BASE}graph/contributions"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """Give a server whose administrator has stored a class that does not exist, and the secret of a contributor."""
    running = made(tmp_path_factory.mktemp("poisoned") / "home")
    assert running.add(DECLARED + POISON).status == 201
    yield running, running.token("Bob", "facts")
    running.stop()


@pytest.mark.slow
def test_a_contributor_is_told_of_stored_data_and_not_refused_for_it(poisoned: tuple[Running, str]) -> None:
    running, secret = poisoned
    validated = running.ask("POST", "/validate", DECLARED + GOOD, Content_Type=TURTLE, Accept="application/json").value
    assert validated["counts"]["Violation"] == 0
    bad = GOOD.replace("coop:hasCertainty certainty:asserted ; coop:hasEvidence", "coop:hasEvidence")
    refused = running.add(DECLARED + bad, Authorization=f"Bearer {secret}")
    assert refused.status == 422
    assert not any("coop:agreement" in json.dumps(r) for r in refused.value["results"])
    answer = running.add(DECLARED + GOOD, Authorization=f"Bearer {secret}")
    assert answer.status == 201, answer.body
    for notes in (validated["notes"], refused.value["notes"], answer.value["notes"]):
        (note,) = notes
        assert set(note["messages"]) == set(LANGUAGES)
        for part in ("ontology#agreement", GRAPH, "version 2", "Ann"):
            assert part in note["message"]


@pytest.mark.slow
def test_a_contributor_is_refused_for_what_he_adds(poisoned: tuple[Running, str]) -> None:
    running, secret = poisoned
    answer = running.add(DECLARED + POISON.replace("test", "other"), Authorization=f"Bearer {secret}")
    assert answer.status == 422
    (result,) = answer.value["results"]
    assert "coop:Agreement" in result["message"]
    assert result["line"] > 1
    # ... although the administrator may.
    inverse = "country:RU coop:isPartyTo agreement:by-cn-2017 ."
    assert running.add(DECLARED + inverse, Authorization=f"Bearer {secret}").status == 422


@pytest.mark.slow
def test_doctor_lists_what_is_stored_with_its_commit(poisoned: tuple[Running, str]) -> None:
    running, _ = poisoned
    done = run_coopkg("doctor", "--home", str(running.home), "--alignments", "none")
    assert done.returncode == 1, done.stderr
    assert any(
        line.startswith(f"{GRAPH}\t2\tAnn\t") and "coop:agreement" in line for line in done.stdout.splitlines()
    ), done.stdout
    objects = run_coopkg("doctor", "--json", "--home", str(running.home), "--alignments", "none").stdout.splitlines()
    assert {(o["graph"], o["version"], o["author"]) for o in map(json.loads, objects)} == {(GRAPH, 2, "Ann")}


@pytest.mark.slow
def test_doctor_finds_nothing_where_all_is_in_order(tmp_path_factory: pytest.TempPathFactory) -> None:
    running = made(tmp_path_factory.mktemp("healthy") / "home")
    assert running.add(DECLARED + GOOD, Authorization=f"Bearer {running.token('Bob', 'facts')}").status == 201
    running.stop()
    done = run_coopkg("doctor", "--home", str(running.home), "--alignments", "none")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
