"""What is accepted with a warning says so in its receipt, with the rival named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from conftest import run_coopkg
from contribution_texts import GOOD
from coopkg.dataset.similar_names import NameIndex, similar_names
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE, LANGUAGES, prefixes
from coopkg.rdf.terms import Document
from running import made

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.store import Dataset

DECLARED: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
RIVAL: Final = f"{DEFAULT_BASE}id/agreement/by-cn-2017"


def quads(text: str) -> list[ox.Quad]:
    graph = ox.NamedNode(DEFAULT_BASE + CONTRIBUTIONS)
    return [
        ox.Quad(*triple, graph)
        for triple in (q.triple for q in Document("c.ttl", f"{DECLARED}{text}".encode()).quads())
    ]


@pytest.mark.slow
def test_a_name_that_another_thing_has_is_told_in_the_receipt(tmp_path: Path) -> None:
    running = made(tmp_path / "home")
    secret = running.token("Bob", "facts")
    same = GOOD.replace('"Test"@en', '"Agreement of Belarus with China, 2017"@en')
    answer = running.add(DECLARED + same, Authorization=f"Bearer {secret}")
    running.stop()
    assert answer.status == 201, answer.body
    found = [w for w in answer.value["warnings"] if RIVAL in {w["focusNode"], str(w["value"]).strip("<>")}]
    assert found
    assert {w["severity"] for w in found} == {"Warning"}


@pytest.mark.parametrize(
    ("label", "warned"),
    [
        ('"AGREEMENT of Belarus - with China (2017)"@en', True),
        ('"Пагадненне Беларусі з КІТАЕМ - 2017 год"@be', True),
        ('"Pahadnenne Belarusi z Kitaem, 2017 hod"@be', False),  # another way of writing г, which stands for two sounds
        ('"Pagadnenne Bielarusi z Kitaem, 2017 god"@en', False),
        ('"Soglashenie Belarusi s Kitaem, 2017 god"@en', True),
        ('"Agreement of Belarus with China, 2018"@en', False),
    ],
)
def test_a_name_in_another_spelling_is_told(dataset: Dataset, label: str, warned: bool) -> None:  # noqa: FBT001
    store, index = ox.Store(), NameIndex()
    store.extend(dataset.store)
    index.build(store)
    new = quads(f"agreement:test a coop:Agreement ; skos:prefLabel {label} .")
    store.extend(new)
    index.update(store, new, ())
    found = similar_names(store, index, new, DEFAULT_BASE).results
    assert [str(result.value) for result in found] == [f"<{RIVAL}>"] * warned
    assert all("agreement:by-cn-2017" in result.message(language) for result in found for language in LANGUAGES)


def test_another_class_the_same_spelling_and_what_is_gone_are_no_rivals(dataset: Dataset) -> None:
    store, index = ox.Store(), NameIndex()
    store.extend(dataset.store)
    index.build(store)
    shouted = quads('topic:test a coop:Topic ; skos:prefLabel "AGREEMENT OF BELARUS WITH CHINA, 2017"@en .')
    same = quads('agreement:test a coop:Agreement ; skos:prefLabel "Agreement of Belarus with China, 2017"@en .')
    store.extend(shouted + same)
    index.update(store, shouted + same, ())
    assert similar_names(store, index, shouted + same, DEFAULT_BASE).results == ()
    gone = list(store.quads_for_pattern(ox.NamedNode(RIVAL), None, None, None))
    for quad in [*gone, *same]:
        store.remove(quad)
    index.update(store, (), [*gone, *same])
    new = quads('agreement:test a coop:Agreement ; skos:prefLabel "AGREEMENT OF BELARUS WITH CHINA, 2017"@en .')
    store.extend(new)
    assert similar_names(store, index, new, DEFAULT_BASE).results == ()


def test_the_published_names_are_not_alike(dataset: Dataset) -> None:
    assert similar_names(dataset.store, NameIndex(), dataset.store, DEFAULT_BASE).results == ()


def test_the_command_line_tells_it_too(tmp_path: Path) -> None:
    document = tmp_path / "shouted.ttl"
    document.write_text(DECLARED + GOOD.replace('"Test"@en', '"AGREEMENT OF BELARUS WITH CHINA, 2017"@en'))
    result = run_coopkg("validate", str(document))
    assert result.returncode == 0, result.stdout
    assert "is that of agreement:by-cn-2017 but for case" in result.stdout
