"""The versions of the dataset, what they amount to, tokens and backups: without a server."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from coopkg.dataset import tokens
from coopkg.dataset.backup import back_up, restore
from coopkg.dataset.changes import PATCH, POST, PUT, UPDATE, Change, Payload, apply_lines, compute_patch
from coopkg.dataset.commit_log import CommitLog, canonical_digest, read_dataset, read_seed
from coopkg.dataset.data_directory import lock_data_directory
from coopkg.dataset.export import accepted_facts, with_accepted_facts
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.proposals import Proposal
from coopkg.errors import (
    BadParameter,
    DatasetBroken,
    EngineFault,
    Forbidden,
    HomeInUse,
    InputUnreadable,
    KeyReused,
    NotFound,
    ProtocolError,
    RdfSyntaxError,
    RemoteContext,
    Stale,
    Unauthorized,
    UsageError,
)
from coopkg.rdf.canonical_turtle import canonical_turtle
from coopkg.rdf.jsonld_contexts import with_bundled_contexts
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import prefixes
from coopkg.settings import Settings

if TYPE_CHECKING:
    from coopkg.dataset.published_files import Published

BASE = Settings().base
CONTRIBUTIONS = f"{BASE}graph/contributions"
SECRET = "coopkg_0123456789"  # noqa: S105 - no token of anybody


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    return Settings(home=home, alignments="none")


def propose(log: CommitLog, change: Change, identifier: str, **note: str) -> int:
    """Commit a change as the engine and the dataset process do; give the version that it made."""
    store = ox.Store()
    store.bulk_extend(log.dataset.store)
    lexical_forms = LexicalForms()
    lexical_forms.add(log.dataset.lexical_forms.restored(log.dataset.store), ox.Store())
    rows = compute_patch(store, change, lexical_forms).lines()
    note = Proposal(change, "Ann", **note).note()
    commit = log.commit(log.dataset.version, note, identifier, rows)
    assert commit is not None
    return commit.version


def facts(text: str, graph: str = CONTRIBUTIONS) -> Change:
    return Change(POST, base=BASE, graph=graph, payloads=(Payload(text, "ttl", BASE),))


def test_a_commit_log_is_the_same_after_a_restart(settings: Settings) -> None:
    log = CommitLog.open(settings)
    propose(log, facts("<a> <p> 1.10 ; <q> _:b . _:b <p> 'x'@en ."), "1", key="k")
    propose(log, Change(UPDATE, f"DELETE WHERE {{ GRAPH <{CONTRIBUTIONS}> {{ ?s <{BASE}q> ?o }} }}"), "2")
    assert log.journal is not None
    log.journal.close()
    again = CommitLog.open(settings)
    assert (again.dataset.version, again.dataset.tag) == (3, log.dataset.tag)
    assert canonical_digest(again.dataset.store) == canonical_digest(log.dataset.store)
    assert again.commits == log.commits
    assert read_dataset(settings).tag == log.dataset.tag
    assert read_dataset(settings, 2).version == 2


def test_a_key_is_good_for_one_request(settings: Settings) -> None:
    log = CommitLog.open(settings)
    assert propose(log, facts("<a> <p> 1 ."), "1", key="k", request="r") == 2
    assert propose(log, facts("<a> <p> 2 ."), "2", key="k", request="r") == 2
    with pytest.raises(KeyReused):
        propose(log, facts("<a> <p> 3 ."), "3", key="k", request="other")
    assert log.commit(1, Proposal(facts(""), "Ann").note(), "1", "") == log.commits["1"]


def test_another_version_is_not_written_over(settings: Settings) -> None:
    log = CommitLog.open(settings)
    tag = log.dataset.tag
    propose(log, facts("<a> <p> 1 ."), "1", expected=tag)
    with pytest.raises(Stale):
        propose(log, facts("<a> <p> 2 ."), "2", expected=tag)
    assert log.commit(1, Proposal(facts(""), "Ann").note(), "2", "A <http://e/a> <http://e/p> 1 .") is None


def test_rows_that_are_no_patch_never_reach_the_journal(settings: Settings) -> None:
    log = CommitLog.open(settings)
    size = (settings.home or Path()).joinpath(NAME).stat().st_size
    with pytest.raises(EngineFault):
        log.commit(1, Proposal(facts(""), "Ann").note(), "1", 'A <http://e/a> <http://e/p> "x"@not!a!tag .')
    assert (settings.home or Path()).joinpath(NAME).stat().st_size == size


def test_a_journal_of_another_base_is_refused(settings: Settings) -> None:
    CommitLog.open(settings)
    with pytest.raises(UsageError, match="--base http://127"):
        read_dataset(replace(settings, base="https://example.org/"))


def test_changed_published_files_are_told_of(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    log = CommitLog.open(settings)
    scheme = f"{BASE}graph/alignments"
    quad = next(iter(CommitLog.open(replace(settings, home=None, alignments="eurio")).dataset.store.quads_for_pattern(
        None, None, None, ox.NamedNode(scheme)
    )))  # fmt: skip
    propose(log, facts(f"{quad.subject} {quad.predicate} {quad.object} .", scheme), "1")
    assert log.journal is not None
    log.journal.close()
    again = CommitLog.open(replace(settings, alignments="eurio"))
    assert "have changed since the journal was begun; 1 of its rows do nothing" in capsys.readouterr().err
    assert again.dataset.version == 2


def test_blank_nodes_of_published_files_keep_their_labels(settings: Settings) -> None:
    first, second = read_seed(settings), read_seed(settings)
    blank = {q for q in first.store if isinstance(q.subject, ox.BlankNode)}
    assert blank
    assert blank == {q for q in second.store if isinstance(q.subject, ox.BlankNode)}


def test_patches_say_all_that_changes_do_to_spellings() -> None:
    """A store that is given the patches has what the store has on which they were worked out, spelling for spelling."""
    chance = random.Random(20261122)  # noqa: S311 - a test's own
    literals = ("1.10", "1.1", '"5"^^<http://www.w3.org/2001/XMLSchema#byte>', "5", "'x'")
    for _ in range(100):
        here, there, spelt, told = ox.Store(), ox.Store(), LexicalForms(), LexicalForms()
        for _ in range(12):
            graph, subject = (
                chance.choice(["http://e/g", "http://e/h"]),
                chance.choice(["<http://e/a>", "<http://e/b>"]),
            )
            triple = f"{subject} <http://e/p> {chance.choice(literals)}"
            change = chance.choice([
                Change(POST, graph=graph, payloads=(Payload(f"{triple} .", "ttl"),)),
                Change(PUT, graph=graph, payloads=(Payload(f"{triple} .", "ttl"),)),
                Change(UPDATE, f"DELETE WHERE {{ GRAPH <{graph}> {{ {subject} ?p ?o }} }}"),
                Change(UPDATE, f"DELETE DATA {{ GRAPH <{graph}> {{ {triple} }} }}"),
                Change(UPDATE, f"INSERT DATA {{ GRAPH <{graph}> {{ {triple} }} }}"),
            ])  # fmt: skip
            apply_lines(there, compute_patch(here, change, spelt).lines(), told)
            assert set(here) == set(there)
            assert set(spelt.restored(here)) == set(told.restored(there))


def test_accepted_facts_are_written_as_they_were_proposed(settings: Settings, published: Published) -> None:
    log = CommitLog.open(settings)
    reference = f"{BASE}graph/reference"
    country = f"<{BASE}id/country/VN>"
    propose(log, facts("<id/x> <http://e/p> 1.10, 2.0 ."), "1")
    propose(log, facts(f"{country} <http://e/p> '5'^^<http://www.w3.org/2001/XMLSchema#byte> .", reference), "2")
    removal = f"DELETE DATA {{ GRAPH <{reference}> {{ {country} <{BASE}ontology#isoAlpha2> 'VN' }} }}"
    propose(log, Change(UPDATE, removal), "3")
    propose(log, Change(UPDATE, f"DELETE DATA {{ GRAPH <{CONTRIBUTIONS}> {{ <{BASE}id/x> <http://e/p> 2.0 }} }}"), "4")
    found = accepted_facts(read_seed(settings), log.dataset)
    changed = {
        d.name: canonical_turtle(d, prefixes()) for d in with_accepted_facts(published, found, BASE) if d.changed
    }
    assert set(changed) == {"data/contributions.ttl", "data/reference.ttl"}
    assert "<http://e/p> 1.10 ;" in changed["data/contributions.ttl"]
    assert "2.0" not in changed["data/contributions.ttl"]
    before = published.path("data/reference.ttl").read_text(encoding="utf-8").splitlines()
    after = changed["data/reference.ttl"].splitlines()
    assert [line.strip() for line in after if line not in before and "@prefix" not in line] == [
        '<http://e/p> "5"^^xsd:byte ;'
    ]
    assert [line.strip() for line in before if line not in after] == ['coop:isoAlpha2 "VN" ;']


def test_what_is_undone_is_gone(settings: Settings) -> None:
    log = CommitLog.open(settings)
    before = canonical_digest(log.dataset.store)
    propose(log, facts("<a> <p> 1.10 ."), "1")
    propose(log, facts("<b> <p> 1 ."), "2")
    for version, identifier in ((2, "3"), (3, "4")):
        record = History((settings.home or Path()) / NAME).record(version)
        assert record is not None
        propose(log, Change(PATCH, record.inverse()), identifier)
    assert canonical_digest(log.dataset.store) == before


def test_a_backup_is_restored_to_the_same_dataset(settings: Settings, tmp_path: Path) -> None:
    home = settings.home or Path()
    log = CommitLog.open(settings)
    propose(log, facts("<a> <p> 1.10, [ <p> 2 ] ."), "1")
    tokens.add_token(home / tokens.NAME, "Ann", frozenset({"facts"}))
    manifest = back_up(settings, home, tmp_path / "backup.tar")
    other = replace(settings, home=tmp_path / "other")
    again, same = restore(other, tmp_path / "other", tmp_path / "backup.tar")
    assert (again, same) == (manifest, True)
    assert manifest["dataset"] == canonical_digest(read_dataset(other).store)
    assert [t.name for t in tokens.read_tokens(tmp_path / "other" / tokens.NAME)] == ["Ann"]
    with pytest.raises(HomeInUse):
        restore(other, tmp_path / "other", tmp_path / "backup.tar")


def repacked(source: Path, target: Path, **changed: bytes | dict[str, object]) -> None:
    """Pack a backup anew with another journal, its SHA-256 in the manifest, or with other values there."""
    with tarfile.open(source) as archive:
        members = {m.name: (archive.extractfile(m) or io.BytesIO()).read() for m in archive}
    manifest = json.loads(members["manifest.json"])
    journal = changed.get("journal", members[NAME])
    assert isinstance(journal, bytes)
    manifest["files"][NAME] = hashlib.sha256(journal).hexdigest()
    manifest = {name: value for name, value in {**manifest, **changed}.items() if value is not None}
    manifest.pop("journal", None)
    with tarfile.open(target, "w") as archive:
        for name, data in {**members, NAME: journal, "manifest.json": json.dumps(manifest).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_a_shortened_backup_restores_nothing(settings: Settings, tmp_path: Path) -> None:
    home, path, other = settings.home or Path(), tmp_path / "backup.tar", replace(settings, home=tmp_path / "other")
    log = CommitLog.open(settings)
    for number in (1, 2, 3):
        propose(log, facts(f"<a> <p> {number} ."), str(number))
    back_up(settings, home, path)
    whole = (home / NAME).read_bytes()
    ends = [record.end for record in History(home / NAME).records()]
    for end in (*ends[:-1], ends[0] + 5):
        repacked(path, tmp_path / "short.tar", journal=whole[:end])
        with pytest.raises(DatasetBroken, match="its manifest says 4: the backup was shortened"):
            restore(other, tmp_path / "other", tmp_path / "short.tar")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.tar", "home", "short.tar"]
    for wrong in ({"commit": "x"}, {"digest": "0" * 64}, {"version": 5}):
        repacked(path, tmp_path / "short.tar", **wrong)
        with pytest.raises(DatasetBroken, match="shortened"):
            restore(other, tmp_path / "other", tmp_path / "short.tar")
    # A backup of an earlier version says less of the journal's end.
    repacked(path, tmp_path / "earlier.tar", digest=None, end=None)
    assert restore(other, tmp_path / "other", tmp_path / "earlier.tar")[1]
    with closing(CommitLog.open(other)) as again:
        assert again.snapshot == again.place


def test_a_backup_is_not_restored_over_anything(settings: Settings, tmp_path: Path) -> None:
    home, path, target = settings.home or Path(), tmp_path / "backup.tar", tmp_path / "target"
    CommitLog.open(settings).close()
    back_up(settings, home, path)
    with pytest.raises(UsageError, match="mount point"):
        restore(settings, Path("/proc"), path)
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(HomeInUse, match="not empty"):
        restore(settings, target, path)
    (target / "mine").unlink()
    (tmp_path / "target.new").mkdir()
    (tmp_path / "target.new" / NAME).write_text("half of one", encoding="utf-8")  # of a restore that was killed
    (tmp_path / "link").symlink_to(target)
    assert restore(replace(settings, home=tmp_path / "link"), tmp_path / "link", path)[1]
    assert (target / NAME).read_bytes() == (home / NAME).read_bytes()
    assert not (tmp_path / "target.new").exists()


def test_a_damaged_backup_restores_nothing(settings: Settings, tmp_path: Path) -> None:
    home, path = settings.home or Path(), tmp_path / "backup.tar"
    propose(CommitLog.open(settings), facts("<a> <p> 1 ."), "1")
    back_up(settings, home, path)
    whole = path.read_bytes()
    with tarfile.open(path) as archive:
        place = archive.getmember(NAME).offset_data + 7
    path.write_bytes(whole[:place] + b"?" + whole[place + 1 :])
    with pytest.raises(DatasetBroken, match="damaged; nothing was restored"):
        restore(replace(settings, home=tmp_path / "other"), tmp_path / "other", path)
    for broken in (whole[:900], b"", b"no tar"):
        path.write_bytes(broken)
        with pytest.raises(InputUnreadable):
            restore(replace(settings, home=tmp_path / "other"), tmp_path / "other", path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.tar", "home"]


def test_one_process_has_the_directory(tmp_path: Path) -> None:
    lock_data_directory(tmp_path)
    code = (
        "from pathlib import Path; from coopkg.dataset.data_directory import lock_data_directory; "
        f"lock_data_directory(Path({str(tmp_path)!r}))"
    )
    path = str(Path(tokens.__file__).parent.parent)
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={"PYTHONPATH": path}
    )
    assert "HomeInUse" in found.stderr


def test_a_token_is_known_by_its_secret_alone(tmp_path: Path) -> None:
    path = tmp_path / tokens.NAME
    with pytest.raises(Forbidden, match="there is no token"):
        tokens.authorize(path, f"Bearer {SECRET}", "facts")
    secret = tokens.add_token(path, "Ann Lee", frozenset({"facts"}), tokens.expiry("1h"))
    assert secret.startswith(tokens.PREFIX)
    assert secret not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert tokens.authorize(path, f"bearer  {secret}", "facts").name == "Ann Lee"
    for field in (None, "", "Bearer", f"Basic {secret}", f"Bearer {SECRET}", "Bearer \udcff"):
        with pytest.raises(Unauthorized):
            tokens.authorize(path, field, "facts")
    with pytest.raises(Forbidden, match="scope 'update'"):
        tokens.authorize(path, f"Bearer {secret}", "update")
    tokens.add_token(path, "Bob", frozenset({"admin"}))
    tokens.revoke_token(path, "Ann Lee")
    with pytest.raises(Unauthorized):
        tokens.authorize(path, f"Bearer {secret}", "facts")


def test_a_token_ends(tmp_path: Path) -> None:
    path = tmp_path / tokens.NAME
    secret = tokens.add_token(path, "Ann", frozenset({"admin"}), tokens.expiry("2001-01-01"))
    with pytest.raises(Unauthorized, match="time is over"):
        tokens.authorize(path, f"Bearer {secret}", "facts")


def test_odd_tokens_are_refused(tmp_path: Path) -> None:
    path = tmp_path / tokens.NAME
    tokens.add_token(path, "Ann", frozenset({"facts"}))
    for name in ("Ann", "", " ", "a\tb", "a\nb", "x" * 81):
        with pytest.raises(BadParameter):
            tokens.add_token(path, name, frozenset({"facts"}))
    for text in ("0d", "90", "soon", "2026-13-01"):
        with pytest.raises(BadParameter):
            tokens.expiry(text)
    with pytest.raises(NotFound):
        tokens.revoke_token(path, "Bob")
    path.chmod(0o644)
    with pytest.raises(DatasetBroken, match="open to other users"):
        tokens.read_tokens(path)
    path.chmod(0o600)
    path.write_text("nonsense\n", encoding="utf-8")
    with pytest.raises(DatasetBroken, match="tokens:1: this is no token"):
        tokens.read_tokens(path)


def test_the_bundled_context_is_the_only_one() -> None:
    document = {"@context": [f"{BASE}context.jsonld", {"x": "http://e/"}], "@id": "country:BY", "x:p": [{"@id": "x:a"}]}
    text = with_bundled_contexts(json.dumps(document), BASE)
    assert [str(q) for q in ox.parse(text.encode(), ox.RdfFormat.JSON_LD)] == [
        f"<{BASE}id/country/BY> <http://e/p> <http://e/a>"
    ]
    for context in ("https://schema.org/", "file:///etc/passwd", {"@import": "x"}, [{"a": {"@context": "http://e/"}}]):
        with pytest.raises(RemoteContext):
            with_bundled_contexts(json.dumps({"@context": context}), BASE)
    for broken in ("{", "[" * 100_000):
        with pytest.raises(RdfSyntaxError):
            with_bundled_contexts(broken, BASE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trig", "<http://e/other> { <a> <p> 1 }"),
        ("nq", "<http://e/a> <http://e/p> <http://e/b> <http://e/other> ."),
        ("rdf", '<!DOCTYPE r []><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'),
    ],
)
def test_a_document_cannot_choose_its_graph_or_its_entities(name: str, text: str) -> None:
    with pytest.raises((ProtocolError, RdfSyntaxError)):
        compute_patch(ox.Store(), Change(POST, graph=CONTRIBUTIONS, payloads=(Payload(text, name, BASE),)))
