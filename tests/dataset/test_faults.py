"""A disk that fails, and kill -9, at every call that a commit, a snapshot file, a backup or a restore makes.

Whatever happens, the data directory opens again by itself, every commit that was acknowledged is there, none is there
in part, and what is read by a snapshot file or an index is what the journal says.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from contextlib import closing
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from coopkg.dataset.backup import back_up, restore
from coopkg.dataset.commit_log import CommitLog
from coopkg.dataset.durable_files import NEW
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.journal_index import INDEX, REMOVALS
from coopkg.dataset.snapshot_writer import SnapshotWriter
from coopkg.errors import StorageExceeded
from faults import MODES, Faults, carried_out, points, quiet
from processor_time import PATIENCE
from small_home import SmallHome, assert_whole, commit, in_memory, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults import Act, Say

pytestmark = pytest.mark.slow


@pytest.fixture
def place() -> Iterator[SmallHome]:
    with quiet(), in_memory() as folder:
        yield made(folder)


def commits(place: SmallHome) -> Act:
    def act(say: Say, arm: Callable[[], None]) -> None:
        log = CommitLog.open(place.settings)
        arm()
        for _ in range(2):
            with contextlib.suppress(StorageExceeded):
                commit(log, log.dataset.version + 1)
            say(str(log.dataset.version))  # where it failed, the one before is still the last, and is there

    return act


def starts(place: SmallHome) -> Act:
    def act(say: Say, arm: Callable[[], None]) -> None:
        arm()
        try:
            log = CommitLog.open(place.settings)
            commit(log, log.dataset.version + 1)
            say(str(log.dataset.version))
        except StorageExceeded:
            pass

    return act


def snapshots(place: SmallHome) -> Act:
    def act(say: Say, arm: Callable[[], None]) -> None:
        log = CommitLog.open(place.settings)
        commit(log, 5)
        say("5")
        arm()
        for deed in (log.write_snapshot, lambda: commit(log, 6)):
            try:
                deed()
                say(str(log.dataset.version))
            except StorageExceeded:
                say("5")

    return act


def compacts(place: SmallHome) -> Act:
    def act(say: Say, arm: Callable[[], None]) -> None:
        arm()
        try:
            log = CommitLog.open(place.settings, replay=True)
            log.write_snapshot()
        except StorageExceeded:
            pass
        say("4")

    return act


@pytest.mark.parametrize("make", [commits, starts, snapshots, compacts])
def test_nothing_is_lost_and_nothing_is_there_in_part(place: SmallHome, make: Callable[[SmallHome], Act]) -> None:
    tried = 0
    for mode, number, outcome in points(make(place), place.reset):
        assert outcome.said == "", (mode, number)
        assert_whole(place, outcome.acknowledged, 6)
        tried += 1
    assert tried > 4 * 15


@pytest.mark.parametrize("missing", [(END, INDEX, REMOVALS, "snapshot-3"), (END,), (INDEX,), (REMOVALS, "snapshot-3")])
def test_a_folder_that_lacks_files_is_completed_whatever_fails(place: SmallHome, missing: tuple[str, ...]) -> None:
    """An earlier version of coopkg has left the journal and the tokens alone."""

    def reset() -> None:
        place.reset()
        for name in missing:
            (place.home / name).unlink()

    for mode, number, outcome in points(starts(place), reset):
        assert outcome.said == "", (mode, number)
        assert_whole(place, outcome.acknowledged, 6)


def test_a_folder_is_begun_whatever_fails(place: SmallHome) -> None:
    def reset() -> None:
        place.reset()
        shutil.rmtree(place.home)
        place.home.mkdir()

    for mode, number, outcome in points(starts(place), reset):
        assert outcome.said == "", (mode, number)
        with closing(CommitLog.open(place.settings)) as log:
            assert (log.dataset.version >= 2) if outcome.acknowledged else (log.dataset.version <= 2)


def test_a_writer_of_snapshot_files_may_fail_or_be_killed_anywhere(place: SmallHome) -> None:
    """Commits go on meanwhile and afterwards."""
    settings = replace(place.settings, snapshot_commits=1)
    written = 0
    for mode, number in product(MODES, range(1, 14)):

        def act(say: Say, arm: Callable[[], None], mode: str = mode, number: int = number) -> None:
            del arm
            with closing(CommitLog.open(settings)) as log:
                writer, faults = SnapshotWriter(log), Faults(number, mode)
                faults.arm()
                writer.begin_if_due()
                faults.number = 10**9  # the child has the number that it was forked with
                commit(log, 5)
                say("5")
                deadline = time.monotonic() + PATIENCE
                while writer.running() and time.monotonic() < deadline:
                    time.sleep(0.001)
                commit(log, 6)
                say("6")

        place.reset()
        outcome = carried_out(act, 0, "")
        assert outcome.said == "", (mode, number)
        assert outcome.acknowledged == ["5", "6"]
        written += (place.home / "snapshot-4").exists()
        assert_whole(place, outcome.acknowledged, 6)
    assert 4 < written < 4 * 13


def test_a_backup_is_whole_or_is_not_there(place: SmallHome) -> None:
    target, before = place.root / "backup.tar", (place.root / "first.tar").read_bytes()

    def act(say: Say, arm: Callable[[], None]) -> None:
        arm()
        try:
            back_up(place.settings, place.home, target)
            say("4")
        except StorageExceeded:
            pass

    def reset() -> None:
        place.reset()
        target.write_bytes(before)  # an earlier one must not be lost to one that fails

    for mode, number, outcome in points(act, reset):
        assert outcome.said == "", (mode, number)
        elsewhere = replace(place.settings, home=place.root / "elsewhere")
        shutil.rmtree(place.root / "elsewhere", ignore_errors=True)
        manifest, same = restore(elsewhere, place.root / "elsewhere", target)
        assert (manifest["version"], same) == (4, True)
        assert_whole(place, [], 4)


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_a_restore_is_whole_or_leaves_nothing(place: SmallHome, there: bool) -> None:  # noqa: FBT001
    def act(say: Say, arm: Callable[[], None]) -> None:
        arm()
        try:
            restore(place.settings, place.home, place.root / "first.tar")
            say("4")
        except StorageExceeded:
            pass

    def reset() -> None:
        place.reset()
        shutil.rmtree(place.home)
        if there:
            place.home.mkdir()

    tried = 0
    for mode, number, outcome in points(act, reset):
        assert outcome.said == "", (mode, number)
        beside = place.home.with_name(f"{place.home.name}{NEW}")
        restored = place.home.exists() and any(place.home.iterdir())
        assert restored or not outcome.acknowledged
        if outcome.ended:  # a kill may leave what was begun, but beside the place and not in it
            assert not beside.exists(), (mode, number)
        if not restored:
            restore(place.settings, place.home, place.root / "first.tar")
            assert not beside.exists()
        assert_whole(place, ["4"], 4)
        tried += 1
    assert tried > 4 * 50
