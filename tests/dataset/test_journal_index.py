"""Records are found by version and by what they removed, whatever has become of the files that say where."""

from __future__ import annotations

import random
import shutil
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from coopkg.dataset.history import History
from coopkg.dataset.journal import Journal
from coopkg.dataset.journal_format import Head, Record, now
from coopkg.dataset.journal_index import INDEX, REMOVALS
from small_home import in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def iri(number: int) -> str:
    return f"http://e/s{number}"


def opened(path: Path) -> tuple[Journal, list[Record]]:
    journal, records = Journal.open(path, Head("5eed", "http://127.0.0.1:8000/")), list[Record]()
    journal.replay(records.append)
    return journal, records


def removing(*numbers: int) -> Record:
    rows = "\n".join(f'D <{iri(number)}> <http://e/p> "x y" <http://e/g> .' for number in numbers)
    return Record(0, str(uuid.uuid4()), "", now(), "Ann", rows or "A <http://e/a> <http://e/p> <http://e/b> .")


def assert_found(path: Path, records: list[Record], removed: dict[int, int], asked: list[int]) -> None:
    with closing(History(path)) as history:
        for version in (1, 2, 3, len(records) // 2, len(records), len(records) + 1, len(records) + 2):
            expected = records[version - 2] if 2 <= version <= len(records) + 1 else None
            assert history.record(version) == expected
        assert history.last() == records[-1].place
        for number in asked:
            assert history.removed_by(iri(number)) == removed.get(number)


def written(path: Path, chance: random.Random, commits: int, most: int) -> tuple[list[Record], dict[int, int]]:
    """Write commits that remove triples of some things, and open the journal anew now and then."""
    journal, records = opened(path)
    removed: dict[int, int] = {}
    for _ in range(commits):
        numbers = [chance.randrange(most) for _ in range(chance.randrange(12))]
        record = journal.append(removing(*numbers))
        records.append(record)
        removed.update(dict.fromkeys(numbers, record.version))
        if chance.random() < 0.03:
            journal.close()
            journal, again = opened(path)
            assert again == records
    journal.close()
    return records, removed


def test_what_removed_a_thing_is_found_however_many_there_are(tmp_path: Path) -> None:
    chance, path = random.Random(20261130), tmp_path / "journal.rdfp"  # noqa: S311 - a test's own
    records, removed = written(path, chance, 200, 500)
    assert_found(path, records, removed, list(range(500)))
    journal, records = opened(path)
    large = journal.append(removing(*range(400, 9000)))
    removed.update(dict.fromkeys(range(400, 9000), large.version))
    journal.close()
    assert (tmp_path / REMOVALS).stat().st_size > 2 * 8600 * 16
    assert_found(path, [*records, large], removed, [*range(0, 9000, 70), 9001])
    with closing(History(path)) as history:
        assert history.removed_by("http://e/g") == large.version
        assert history.removed_by("http://e/p") is None
        assert history.removed_by("\ud800") is None
        assert history.record(2**64) is None


@pytest.mark.parametrize("name", [INDEX, REMOVALS])
def test_a_file_that_is_missing_old_or_damaged_leads_to_no_wrong_record(tmp_path: Path, name: str) -> None:
    chance, path = random.Random(20261130), tmp_path / "journal.rdfp"  # noqa: S311 - a test's own
    file, asked = tmp_path / name, list(range(0, 60, 3))
    written(path, chance, 20, 50)
    old = file.read_bytes()
    journal, _ = opened(path)
    for _ in range(20):
        journal.append(removing(*[chance.randrange(50) for _ in range(3)]))
    journal.close()
    journal, records = opened(path)
    journal.close()
    removed = {
        n: record.version for record in records for n in range(50) if f"<{iri(n)}>" in record.rows
    }  # the last one wins
    whole = file.read_bytes()
    assert_found(path, records, removed, asked)
    file.write_bytes(old)
    assert_found(path, records, removed, asked)
    for size in (0, 10, 64, 65, len(whole) - 5):
        file.write_bytes(whole[:size])
        assert_found(path, records, removed, asked)
    file.unlink()
    assert_found(path, records, removed, asked)
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            at = chance.randrange(64, len(whole))
            broken[at] = chance.randrange(256)
        file.write_bytes(broken)
        with closing(History(path)) as history:
            for version in range(2, len(records) + 2):
                assert history.record(version) == records[version - 2]
            for number in asked:
                # An entry that is gone cannot be missed, but none that is there misleads.
                found = history.removed_by(iri(number))
                assert found is None or f"<{iri(number)}>" in records[found - 2].rows
    # A start makes it anew if it is not that of the journal, and takes what it has for hints else.
    file.write_bytes(b"\0" * len(whole))
    opened(path)[0].close()
    assert file.read_bytes() == whole or name == REMOVALS
    assert_found(path, records, removed, asked)


def test_files_of_another_journal_are_not_used(tmp_path: Path) -> None:
    chance = random.Random(20261130)  # noqa: S311 - a test's own
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = tmp_path / "one" / "journal.rdfp", tmp_path / "other" / "journal.rdfp"
    records, removed = written(one, chance, 30, 20)
    written(other, chance, 40, 20)
    for name in (INDEX, REMOVALS):
        shutil.copy(other.with_name(name), one.with_name(name))
    assert_found(one, records, removed, list(range(20)))
    opened(one)[0].close()
    assert_found(one, records, removed, list(range(20)))


def test_a_reader_sees_what_is_appended_before_the_index_has_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    journal, _ = opened(path)
    journal.append(removing(1))
    history = History(path)
    before = [(tmp_path / name).read_bytes() for name in (INDEX, REMOVALS)]
    record = journal.append(removing(1, 2))
    assert (history.record(3), history.removed_by(iri(1)), history.removed_by(iri(2))) == (record, 3, 3)
    for name, data in zip((INDEX, REMOVALS), before, strict=True):
        (tmp_path / name).write_bytes(data)
    assert (history.record(3), history.removed_by(iri(1)), history.removed_by(iri(2))) == (record, 3, 3)
    history.close()
    journal.close()
