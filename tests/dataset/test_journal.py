"""The journal: what was acknowledged is there again, and damage is never taken for the end."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coopkg.dataset.history import History
from coopkg.dataset.journal import Journal, create
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.journal_format import Head, Record, now
from coopkg.errors import DatasetBroken, HomeInUse, StorageExceeded
from small_home import in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = Head("5eed", "http://127.0.0.1:8000/")
ROWS = (
    'A <http://e/s> <http://e/p> "1.10"^^<http://www.w3.org/2001/XMLSchema#decimal> <http://e/g> .',
    'D <http://e/s> <http://e/p> "a line\u2028and\\nTC .\\n" <http://e/g> .\nA _:b <http://e/p> _:b <http://e/g> .',
    "GD <http://e/g> .\nGA <http://e/h> .",
)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def proposed(rows: str, message: str = "", key: str = "") -> Record:
    return Record(0, str(uuid.uuid4()), "", now(), "Ann", rows, message, key=key, request="r" if key else "")


def opened(path: Path) -> tuple[Journal, list[Record], int]:
    """Open a journal to append to; give its records, and how many bytes of an unfinished one were dropped."""
    journal, records = Journal.open(path, HEAD), list[Record]()
    try:
        dropped = journal.replay(records.append)
    except BaseException:
        journal.close()
        raise
    return journal, records, dropped


def filled(path: Path) -> list[Record]:
    """Write a journal with a record for each of the patches and give what it holds."""
    journal, _, _ = opened(path)
    found = [
        journal.append(proposed(rows, f'why "{n}"\n\\H id <uuid:x> .\r\x85', f"k{n}")) for n, rows in enumerate(ROWS)
    ]
    journal.close()
    return found


def reopened(path: Path) -> tuple[list[Record], int]:
    journal, records, dropped = opened(path)
    journal.close()
    return records, dropped


def test_what_was_appended_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    written = filled(path)
    assert reopened(path) == (written, 0)
    assert [r.version for r in written] == [2, 3, 4]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_reader_takes_in_what_was_appended_since(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    create(path, HEAD)
    history = History(path)
    assert list(history.records()) == []
    written = filled(path)
    assert list(history.records()) == list(history.newest_first())[::-1] == written
    assert list(history.records(written[0].place)) == written[1:]
    assert history.last() == written[-1].place
    assert [history.record(version) for version in (1, 2, 3, 4, 5)] == [None, *written, None]


def test_a_patch_is_written_as_rdf_patch_has_it(tmp_path: Path) -> None:
    text = filled(tmp_path / "journal.rdfp")[1].text()
    assert {line.split(" ", 1)[0] for line in text.split("\n") if line} == {"H", "TX", "TC", "A", "D"}
    assert text.index("\nTX .\n") < text.index("\nD ") < text.index("\nA ") < text.index("\nTC .\n")


def test_the_inverse_takes_back_what_was_done(tmp_path: Path) -> None:
    _, second, last = filled(tmp_path / "journal.rdfp")
    assert {row[0] for row in second.inverse().split("\n")} == {"A", "D"}
    assert set(replace(second, rows=second.inverse()).inverse().split("\n")) == set(second.rows.split("\n"))
    assert last.inverse() == "GA <http://e/g> ."


def steps(path: Path) -> tuple[list[Record], list[int], list[bytes]]:
    """Write a journal; give its records, and where it ended and what journal.end was after each, from the head on."""
    written, sizes, ends = [], [], []
    for rows in ("", *ROWS):
        journal, _, _ = opened(path)
        if rows:
            written.append(journal.append(proposed(rows)))
        journal.close()
        sizes.append(path.stat().st_size)
        ends.append(path.with_name(END).read_bytes())
    return written, sizes, ends


def test_every_truncation_recovers_or_refuses(tmp_path: Path) -> None:
    """Of what was acknowledged nothing may be missing; a record that was not may be there or not, but whole."""
    path, end = tmp_path / "journal.rdfp", tmp_path / END
    written, sizes, ends = steps(path)
    whole = path.read_bytes()
    near = {size + step for size in sizes for step in range(-40, 40)}
    for size in sorted({0, *range(0, len(whole), 11), *near} & set(range(len(whole) + 1))):
        count = sum(known <= size for known in sizes) - 1
        for acknowledged in {None, max(count, 0), min(count + 1, len(ROWS))}:
            path.write_bytes(whole[:size])
            end.unlink(missing_ok=True)
            if acknowledged is not None:
                end.write_bytes(ends[acknowledged])
            if size < sizes[0] or count < (acknowledged or 0):
                with pytest.raises(
                    DatasetBroken, match=r"journal.rdfp(: the record at byte [0-9]+ is damaged| ends at)"
                ):
                    reopened(path)
                assert path.read_bytes() == whole[:size]
                continue
            assert reopened(path) == (written[:count], size - sizes[count])
            assert path.stat().st_size == sizes[count]


def test_a_cut_at_the_end_of_a_record_is_told_with_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    written, sizes, _ = steps(path)
    path.write_bytes(path.read_bytes()[: sizes[1]])
    said = "ends at version 2, and journal.end beside it says that version 4 had been acknowledged: the journal was cut"
    with pytest.raises(DatasetBroken, match=said):
        reopened(path)
    path.with_name(END).unlink()
    assert reopened(path) == (written[:1], 0)
    path.unlink()
    with pytest.raises(DatasetBroken, match=r"journal.rdfp is missing, and journal.end beside it"):
        reopened(path)
    assert not path.exists()


def test_another_journal_does_not_belong_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = tmp_path / "one" / "journal.rdfp", tmp_path / "other" / "journal.rdfp"
    steps(one)
    steps(other)
    one.write_bytes(other.read_bytes())
    with pytest.raises(DatasetBroken, match=r"another record of version 4 than journal\.end beside it"):
        reopened(one)


def test_a_write_of_the_end_that_was_torn_leaves_the_one_before(tmp_path: Path) -> None:
    path, end = tmp_path / "journal.rdfp", tmp_path / END
    written, _, ends = steps(path)
    changed = [place for place in range(len(ends[3])) if ends[3][place] != ends[2][place]]
    for place in changed:
        end.write_bytes(ends[3][:place] + ends[2][place:])
        assert reopened(path) == (written, 0)
        assert end.read_bytes() == ends[3]


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
def test_a_flip_of_any_byte_of_the_end_makes_no_other_end(tmp_path: Path, mask: int) -> None:
    path, end = tmp_path / "journal.rdfp", tmp_path / END
    written, sizes, ends = steps(path)
    used = [place for place in range(len(ends[3])) if ends[3][place]]
    for place in (*used, used[-1] + 1, len(ends[3]) // 2 - 1, len(ends[3]) - 1):
        end.write_bytes(ends[3][:place] + bytes([ends[3][place] ^ mask]) + ends[3][place + 1 :])
        assert reopened(path) == (written, 0)
    for blank in (b"", b"\0" * len(ends[3]), b"x" * len(ends[3])):
        end.write_bytes(blank)
        with pytest.raises(DatasetBroken, match=r"journal.end is damaged, so whether the journal is whole"):
            reopened(path)
    assert path.stat().st_size == sizes[-1]


@pytest.mark.parametrize("deed", ["removed", "replaced", "cut", "written to"])
def test_a_journal_that_somebody_changes_meanwhile_takes_no_more(tmp_path: Path, deed: str) -> None:
    path = tmp_path / "journal.rdfp"
    journal, _, _ = opened(path)
    kept = [journal.append(proposed(ROWS[0]))]
    whole, aside = path.read_bytes(), tmp_path / "aside"
    if deed == "removed":
        path.rename(aside)
    elif deed == "replaced":
        path.rename(aside)
        path.write_bytes(whole)
    else:
        path.write_bytes(whole[:-1] if deed == "cut" else whole + b"\n")
    for _ in range(2):
        with pytest.raises(StorageExceeded, match=f"The journal was {deed}.* while the server runs.* reads go on"):
            journal.append(proposed(ROWS[1]))
    if deed in {"removed", "replaced"}:
        assert journal.history.record(2) == kept[0]
        aside.rename(path)
    else:
        path.write_bytes(whole)
    kept.append(journal.append(proposed(ROWS[1])))
    journal.close()
    assert reopened(path) == (kept, 0)


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
def test_a_flip_of_any_byte_is_noticed_and_nothing_is_dropped(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "journal.rdfp"
    filled(path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= mask
        path.write_bytes(broken)
        with pytest.raises(DatasetBroken):
            reopened(path)
        assert path.read_bytes() == broken


def test_a_nul_byte_in_place_of_any_other_is_noticed(tmp_path: Path) -> None:
    """But for the last: a file that ends in zeros is one whose last write did not arrive."""
    path = tmp_path / "journal.rdfp"
    filled(path)
    whole = path.read_bytes()
    for place in range(len(whole) - 1):
        path.write_bytes(whole[:place] + b"\0" + whole[place + 1 :])
        with pytest.raises(DatasetBroken):
            reopened(path)


def test_zeros_where_a_write_did_not_arrive_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    written, _, ends = steps(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40] + b"\0" * 40)
    path.with_name(END).write_bytes(ends[2])
    records, dropped = reopened(path)
    assert records == written[:2]
    assert dropped == len(whole) - path.stat().st_size


def test_records_of_another_journal_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = tmp_path / "one", tmp_path / "other" / "one"
    create(other, HEAD)
    begin = other.stat().st_size
    filled(one)
    filled(other)
    size = one.stat().st_size
    one.write_bytes(one.read_bytes() + other.read_bytes()[begin:])
    with pytest.raises(DatasetBroken, match=f"byte {size} "):
        reopened(one)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.rdfp"
    create(path, HEAD)
    path.write_bytes(path.read_bytes().replace(b"journal-1", b"journal-2"))
    with pytest.raises(DatasetBroken, match="has format 2, and this coopkg knows format 1"):
        reopened(path)


def test_one_process_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coopkg.dataset.journal._WAIT", 0.0)
    journal, _, _ = opened(tmp_path / "journal.rdfp")
    with pytest.raises(HomeInUse):
        Journal.open(tmp_path / "journal.rdfp", HEAD)
    journal.close()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_takes_no_more_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A fault at the n-th write or fsync of an append, for every n that there is."""
    path = tmp_path / "journal.rdfp"
    journal, _, _ = opened(path)
    kept = [journal.append(proposed(ROWS[0]))]
    before = path.read_bytes()
    real = {"write": os.write, "fsync": os.fsync}
    for allowed in range(3):
        left = [allowed]

        def failing(descriptor: int, data: memoryview | None = None, left: list[int] = left) -> int | None:
            if not left[0]:
                left[0] = -1  # the disk is full for one call: what takes the record back again succeeds
                raise OSError(28, "No space left on device")
            left[0] -= 1
            return real["write"](descriptor, data[:100]) if data is not None else real["fsync"](descriptor)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, failing)
            if call == "fsync" and allowed:
                kept.append(journal.append(proposed(ROWS[1])))
                before = path.read_bytes()
            else:
                with pytest.raises(StorageExceeded, match="No space left"):
                    journal.append(proposed(ROWS[1]))
        assert path.read_bytes() == before
    kept.append(journal.append(proposed(ROWS[2])))
    journal.close()
    assert reopened(path) == (kept, 0)


def test_a_journal_that_cannot_be_mended_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.rdfp"
    journal, _, _ = opened(path)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StorageExceeded, match="Input/output error"):
            journal.append(proposed(ROWS[0]))
    with pytest.raises(StorageExceeded, match="restart"):
        journal.append(proposed(ROWS[0]))
    journal.close()
    assert reopened(path) == ([], 0)
