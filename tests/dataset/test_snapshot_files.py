"""A start from a snapshot file is the start that the whole journal gives, or the file is not used."""

from __future__ import annotations

import gzip
import hashlib
import random
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from coopkg.dataset.changes import PATCH, POST, UPDATE, Change, Payload, compute_patch
from coopkg.dataset.commit_log import CommitLog, read_dataset
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.proposals import Proposal
from coopkg.dataset.snapshot_writer import SnapshotWriter
from coopkg.errors import DatasetBroken, KeyReused, UsageError
from coopkg.rdf.lexical_forms import LexicalForms
from small_home import FACTS, assert_whole, commit, made, state

if TYPE_CHECKING:
    from pathlib import Path

    from small_home import SmallHome

LITERALS = (
    "1.10", "1.1", '"5"^^<http://www.w3.org/2001/XMLSchema#byte>', "5", "'x'", "'y\\n\\u2028'@en", "'ש'@he--rtl",
    '"2026-11-30T24:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>', "[ <http://e/q> 1.0 ]",
    "<<( <x:a> <x:b> 1 )>>",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> SmallHome:
    return made(tmp_path)


def propose(log: CommitLog, change: Change, number: int) -> None:
    """Commit a change, if it changes anything, as a worker and the dataset process do."""
    store = ox.Store()
    store.extend(log.dataset.store)
    for name in log.dataset.store.named_graphs():
        store.add_graph(name)
    forms = LexicalForms()
    forms.add(log.dataset.lexical_forms.restored(log.dataset.store), ox.Store())
    rows = compute_patch(store, change, forms).lines()
    note = Proposal(change, "Ann", key=f"k{number}", request="r").note()
    if rows:
        assert log.commit(log.dataset.version, note, f"id-{number}", rows) is not None


def any_change(chance: random.Random) -> Change:
    graph = chance.choice(["http://e/g", "http://e/h", "http://127.0.0.1:8000/graph/reference"])
    triple = f"<http://e/{chance.choice('ab')}> <http://e/p> {chance.choice(LITERALS)}"
    return chance.choice([
        Change(POST, graph=graph, payloads=(Payload(f"{triple} .", "ttl"),)),
        Change(POST, graph=graph, payloads=(Payload(f"{triple} .", "ttl"),)),
        Change(UPDATE, f"DELETE WHERE {{ GRAPH <{graph}> {{ <http://e/{chance.choice('ab')}> ?p ?o }} }}"),
        Change(UPDATE, f"DROP SILENT GRAPH <{graph}>"),
        Change(UPDATE, f"CREATE SILENT GRAPH <{graph}>"),
    ])  # fmt: skip


def test_a_start_from_a_snapshot_file_is_the_start_that_the_journal_gives(place: SmallHome) -> None:
    chance = random.Random(20261130)  # noqa: S311 - a test's own
    log = CommitLog.open(place.settings)
    for number in range(120):
        propose(log, any_change(chance), number)
        if chance.random() < 0.15:
            if chance.random() < 0.7:
                log.write_snapshot()
            before, commits = state(log.dataset), list(log.commits.values())
            log.close()
            log = CommitLog.open(place.settings)
            assert state(log.dataset) == before == state(read_dataset(place.settings, replay=True))
            assert list(log.commits.values()) == commits
    assert log.snapshot is not None
    assert log.snapshot.version > 20
    for version in range(1, log.dataset.version, 7):
        found = read_dataset(place.settings, version)
        assert found.version == version
        assert state(found) == state(read_dataset(place.settings, version, replay=True))
    log.close()


def test_what_was_requested_before_the_file_is_known_after_it(place: SmallHome) -> None:
    settings = replace(place.settings, entailment="rdfs")
    with closing(CommitLog.open(settings)) as log:
        commit(log, 5)
        first = log.commits["id-2"]
        assert "-rdfs." in first.tag
        log.write_snapshot()
    with closing(CommitLog.open(settings)) as log:
        note = Proposal(Change("patch"), "Ann", key="k2", request="r2").note()
        assert log.known(note) == log.known({**note, "key": ""}, "id-2") == first
        with pytest.raises(KeyReused):
            log.known({**note, "request": "other"})
        assert log.known({**note, "author": "Bob"}) is None
    with closing(CommitLog.open(replace(settings, entailment="none"))) as log:
        assert log.commits["id-2"].tag == first.tag.replace("-rdfs", "")


def test_a_file_in_which_anything_is_wrong_is_not_used(place: SmallHome, capfd: pytest.CaptureFixture[str]) -> None:
    chance, path = random.Random(20261130), place.home / "snapshot-3"  # noqa: S311 - a test's own
    whole, sound = path.read_bytes(), state(read_dataset(place.settings, replay=True))
    places = {*range(90), *chance.sample(range(len(whole)), 150)}
    wrong = [whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :] for at in places]
    wrong += [whole[:size] for size in (0, 1, 50, 83, 84, len(whole) - 1)]
    wrong += [whole + b"\0", b"x" * 1000, whole.replace(b"snapshot-1", b"snapshot-2")]
    for data in wrong:
        path.write_bytes(data)
        with closing(CommitLog.open(place.settings)) as log:
            assert log.snapshot is None
            assert state(log.dataset) == sound
        assert "coopkg: snapshot-3 is" in capfd.readouterr().err
    path.write_bytes(whole)
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is not None
    assert capfd.readouterr().err == ""


def test_the_one_before_is_used_if_the_newest_is_damaged(place: SmallHome) -> None:
    with closing(CommitLog.open(place.settings)) as log:
        log.write_snapshot()
    (place.home / "snapshot-4").write_bytes(b"")
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is not None
        assert log.snapshot.version == 3
    assert_whole(place, ["4"], 4)


def test_a_file_that_does_not_fit_the_journal_is_not_used(
    place: SmallHome, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    other = made(tmp_path_factory.mktemp("other"))
    (place.home / "snapshot-3").write_bytes((other.home / "snapshot-3").read_bytes())
    assert_whole(place, ["4"], 4)
    assert "snapshot-3 belongs to another journal, and is not used" in capfd.readouterr().err
    place.reset()
    history = History(place.home / NAME)
    record = history.record(2)
    history.close()
    assert record is not None
    (place.home / NAME).write_bytes((place.home / NAME).read_bytes()[: record.end])
    (place.home / END).unlink()  # the operator takes the journal as it is
    with closing(CommitLog.open(place.settings)) as log:
        assert log.dataset.version == 2
        assert "snapshot-3 does not fit the journal, and is not used" in capfd.readouterr().err
        propose(log, Change(PATCH, 'A <http://e/new> <http://e/p> "of its own" <http://e/g> .'), 77)
        assert log.dataset.version == 3
        log.write_snapshot()
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is not None
        assert "of its own" in "".join(map(str, log.dataset.store))
        assert log.journal is not None
        assert log.journal.history.removed_by("http://e/s3") is None
    assert capfd.readouterr().err == ""


def test_a_forged_digest_is_no_place_in_the_journal(place: SmallHome) -> None:
    """The first line covers a file, and what it says of the journal is compared with the journal."""
    path = place.home / "snapshot-3"
    body = gzip.decompress(path.read_bytes().partition(b"\n")[2])
    for old, new in ((b'"version": 3, "id"', b'"version": 4, "id"'), (b'"start": ', b'"start": 1')):
        assert old in body
        forged = gzip.compress(body.replace(old, new))
        path.write_bytes(b"coopkg-snapshot-1 " + hashlib.sha256(forged).hexdigest().encode() + b"\n" + forged)
        assert_whole(place, ["4"], 4)
        place.reset()


def test_changed_published_files_make_another_start(place: SmallHome, capfd: pytest.CaptureFixture[str]) -> None:
    place.publish(FACTS + "<http://e/more> <http://e/p> 3 .\n")
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is None
        assert "http://e/more" in "".join(map(str, log.dataset.store))
        assert "the published files have changed since the journal was begun" in capfd.readouterr().err
        log.write_snapshot()
        after = state(log.dataset)
    assert sorted(path.name for path in place.home.glob("snapshot-*")) == ["snapshot-3", "snapshot-4"]
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is not None
        assert state(log.dataset) == after
    with pytest.raises(UsageError, match="--base"):
        CommitLog.open(replace(place.settings, base="https://example.org/"))
    place.publish()
    with closing(CommitLog.open(place.settings)) as log:
        assert log.snapshot is not None
        assert log.snapshot.version == 3


def test_two_files_are_kept(place: SmallHome) -> None:
    with closing(CommitLog.open(place.settings)) as log:
        (place.home / "snapshot-9").touch()
        (place.home / "snapshot-3.new").touch()
        for number in (5, 6, 7):
            commit(log, number)
            log.write_snapshot()
    assert sorted(path.name for path in place.home.glob("snapshot*")) == ["snapshot-6", "snapshot-7"]
    assert (place.home / "snapshot-7").stat().st_mode & 0o777 == 0o600


def test_a_file_is_due_after_so_many_commits_or_bytes(place: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(CommitLog.open(replace(place.settings, snapshot_commits=3))) as log:
        due = []
        for number in (5, 6, 7, 8):
            due.append(log.snapshot_due())
            commit(log, number)
        assert due == [False, False, True, True]
        assert not log.snapshot_due(log.place)
        log.write_snapshot()
        assert not log.snapshot_due()
        commit(log, 9)
        monkeypatch.setattr("coopkg.dataset.commit_log.SNAPSHOT_BYTES", 1)
        assert not log.snapshot_due()  # the file has more bytes than that commit
        for number in range(10, 20):
            commit(log, number)
            log.settings = place.settings
        assert log.snapshot_due()
        log.quads = 10_000
        monkeypatch.setattr("coopkg.dataset.commit_log.SNAPSHOT_BYTES", 10**9)
        log.settings = replace(place.settings, snapshot_commits=1)
        assert not log.snapshot_due()  # so large a graph takes longer to load than those commits


def test_one_that_cannot_be_written_is_told_once(place: SmallHome, capfd: pytest.CaptureFixture[str]) -> None:
    settings = replace(place.settings, snapshot_commits=2)
    with closing(CommitLog.open(settings)) as log:
        commit(log, 5)
        (place.home / "snapshot-5.new").mkdir()  # in the way
        writer = SnapshotWriter(log)
        for number in (6, 7, 8):
            writer.begin_if_due()
            while writer.running():
                pass
            commit(log, number)
        said = capfd.readouterr().err
        assert said.count("coopkg: ") == said.count("no snapshot file was written, and nothing else is wrong") == 1
        assert log.snapshot is not None
        assert log.snapshot.version == 7


def test_damage_before_the_file_is_noticed_by_who_reads_it(place: SmallHome) -> None:
    journal = place.home / NAME
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"k2", b"kX", 1))
    with closing(CommitLog.open(place.settings)) as log:
        assert log.dataset.version == 4
        assert log.journal is not None
        assert log.journal.history.record(4) is not None
        with pytest.raises(DatasetBroken, match="is damaged"):
            log.journal.history.record(2)
    with pytest.raises(DatasetBroken, match="is damaged"):
        CommitLog.open(place.settings, replay=True)
