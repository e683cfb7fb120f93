"""A data directory over a published graph of a few triples, on which a thousand starts take seconds."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.dataset import tokens
from coopkg.dataset.backup import back_up
from coopkg.dataset.changes import Change
from coopkg.dataset.commit_log import CommitLog, canonical_digest, read_dataset
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.proposals import Proposal
from coopkg.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.store import Dataset

GRAPH: Final = "<http://127.0.0.1:8000/graph/contributions>"
CATALOG: Final = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
<http://127.0.0.1:8000/catalog#facts> dcterms:identifier "data/facts.ttl" ;
    sd:name <http://127.0.0.1:8000/graph/reference> .
"""
CONTRIBUTION: Final = """@prefix sh: <http://www.w3.org/ns/shacl#> .
<http://127.0.0.1:8000/shapes#Contribution> a sh:NodeShape ; sh:closed sh:ByTypes .
"""
FACTS: Final = "<http://e/a> <http://e/p> 1.10 , [ <http://e/p> 2 ] .\n"


@dataclass(frozen=True)
class SmallHome:
    """A folder with a small published graph, a data directory, and the same directory as it was at first."""

    root: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.root / "home", published=self.root / "published", alignments="none", entailment="none"
        )

    @property
    def home(self) -> Path:
        return self.root / "home"

    def reset(self) -> None:
        for path in self.root.iterdir():
            if path.name not in {"published", "first", "first.tar"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.root / "first", self.home)

    def publish(self, facts: str = FACTS) -> None:
        for name in ("ontology", "data", "shapes", "queries"):
            (self.root / "published" / name).mkdir(parents=True, exist_ok=True)
        (self.root / "published" / "data" / "catalog.ttl").write_text(CATALOG, encoding="utf-8")
        licences = self.root / "published" / "shapes" / "contribution"
        licences.mkdir(exist_ok=True)
        (licences / "contribution.ttl").write_text(CONTRIBUTION, encoding="utf-8")
        (self.root / "published" / "data" / "facts.ttl").write_text(facts, encoding="utf-8")


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    """Give a folder in memory, where there is one: thousands of flushes cost nothing there, and all calls are made."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is a new one, of this user alone
    folder = Path(tempfile.mkdtemp(prefix="coopkg-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def rows(number: int) -> str:
    """Give the patch of a commit: two facts that belong together come, and those of the one before go."""
    added = [f'A <http://e/s{number}> <http://e/{p}> "{number}" {GRAPH} .' for p in "pq"]
    return "\n".join([*added, *(row.replace(f"{number}", f"{number - 1}").replace("A ", "D ", 1) for row in added)])


def commit(log: CommitLog, number: int) -> None:
    note = Proposal(Change("patch"), "Ann", key=f"k{number}", request=f"r{number}").note()
    assert log.commit(log.dataset.version, note, f"id-{number}", rows(number)) is not None


def made(root: Path) -> SmallHome:
    """Make a data directory with three commits and a snapshot file after the second."""
    found = SmallHome(root)
    found.publish()
    found.home.mkdir()
    tokens.add_token(found.home / tokens.NAME, "Ann", frozenset({"admin"}))
    with closing(CommitLog.open(found.settings)) as log:
        for number in (2, 3, 4):
            commit(log, number)
            if number == 3:
                log.write_snapshot()
    back_up(found.settings, found.home, root / "first.tar")
    found.home.rename(root / "first")
    found.reset()
    return found


def state(dataset: Dataset) -> tuple[object, ...]:
    """Give all that makes a version what it is."""
    forms = dataset.lexical_forms
    spelt = {(str(quad), forms.written(quad.subject, quad.predicate, quad.object)) for quad in dataset.store}
    return (
        dataset.version, dataset.digest, dataset.tag, {str(quad) for quad in dataset.store},
        {str(quad) for quad in forms.restored(dataset.store)},
        {quad: frozenset(map(str, written)) for quad, written in spelt},
        {str(name) for name in dataset.store.named_graphs()},
    )  # fmt: skip


def assert_whole(place: SmallHome, acknowledged: list[str], most: int) -> None:
    """Open the directory and see that it has the commits that were acknowledged, all of each, and at most so many."""
    with closing(CommitLog.open(place.settings)) as log:
        version = log.dataset.version
        assert max(4, *map(int, acknowledged or ["0"])) <= version <= most
        facts = {str(quad) for quad in log.dataset.store if "/s" in str(quad.subject)}
        assert facts == {f'<http://e/s{version}> <http://e/{p}> "{version}" {GRAPH}' for p in "pq"}
        for number in range(2, version + 1):
            assert log.commits[f"id-{number}"].version == log.commits["Ann", f"k{number}"].version == number
        commit(log, version + 1)
        digest, tag = canonical_digest(log.dataset.store), log.dataset.tag
    for replay in (False, True):
        found = read_dataset(place.settings, replay=replay)
        assert (canonical_digest(found.store), found.tag) == (digest, tag)
    with closing(History(place.home / NAME)) as history:
        assert [record.version for record in history.newest_first()] == list(range(version + 1, 1, -1))
        for number in range(2, version + 2):
            record = history.record(number)
            assert record is not None
            assert (record.id, record.version) == (f"id-{number}", number)
            assert history.removed_by(f"http://e/s{number - 1}") == number
        assert history.removed_by(f"http://e/s{version + 1}") is None
