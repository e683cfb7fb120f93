"""Writes to running servers: who may, what becomes of them, and that nothing acknowledged is ever lost.

``make durability`` runs the full counts; COOPKG_ROUNDS is how many rounds, COOPKG_SEED what chance begins with.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from conftest import BASE, ROOT, free_port, run_coopkg
from contribution_texts import GOOD
from coopkg.dataset import tokens
from coopkg.dataset.commit_log import canonical_digest, read_dataset, read_seed
from coopkg.dataset.export import accepted_facts, with_accepted_facts
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_end import NAME as END
from coopkg.dataset.published_files import find_published
from coopkg.rdf.namespaces import prefixes
from coopkg.settings import Settings
from running import TURTLE, Answer, Running, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

SEED: Final = int(os.environ.get("COOPKG_SEED", "20261122"))
FULL: Final = "COOPKG_ROUNDS" in os.environ
ROUNDS: Final = int(os.environ.get("COOPKG_ROUNDS", "2"))
"""Rounds of kill -9; there are ten times as many of two writers."""
WRITES: Final = 200 if FULL else 40
GRAPH: Final = f"{BASE}graph/contributions"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = made(tmp_path_factory.mktemp("writes") / "home", COOPKG_LOG="all")
    yield running
    log = running.stop()
    assert tokens.PREFIX not in log
    assert '"path": "/facts"' in log


@pytest.fixture
def server(shared_server: Running) -> Running:
    return shared_server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Make servers of a test's own, which end with it; with one worker, they stop as soon as they are told."""
    started: list[Running] = []

    def make(name: str = "home", **environment: str) -> Running:
        started.append(made(tmp_path / name, **{"COOPKG_WORKERS": "1", **environment}))
        return started[-1]

    yield make
    for running in started:
        if running.process is not None and running.process.poll() is None:
            running.kill()


def fact(number: int, value: str = "1") -> str:
    return f"<http://e/s{number}> <http://e/p> {value} ; <http://e/q> {value} ."


def test_facts_are_added_and_their_commit_is_described(server: Running) -> None:
    text = "?message=Two%20facts%0aof%20%22mine%22&source=https://example.org/source"
    found = server.add("<http://e/described> <http://e/p> 1.10, 'да'@ru .", text)
    assert found.status == 201
    version, commit = found.value["version"], found.value["commit"]
    assert found.headers["location"] == f"/changes/{version}"
    assert found.headers["etag"] == f'"{found.value["tag"]}"'
    assert server.rows(f"SELECT ?o {{ GRAPH <{GRAPH}> {{ <http://e/described> ?p ?o }} }} ORDER BY ?o")
    described = server.ask("GET", f"/changes/{version}").value
    assert {key: described[key] for key in ("version", "id", "author", "message", "source", "added", "removed")} == {
        "version": version, "id": commit, "author": "Ann", "message": 'Two facts\nof "mine"',
        "source": "https://example.org/source", "added": 2, "removed": 0,
    }  # fmt: skip
    assert '"1.10"^^' in " ".join(described["rows"])
    patch = server.ask("GET", f"/changes/{version}", Accept="application/rdf-patch")
    assert patch.headers["content-type"] == "application/rdf-patch; charset=utf-8"
    assert patch.body in (server.home / NAME).read_bytes()
    prov = "http://www.w3.org/ns/prov#"
    triples = list(ox.parse(server.ask("GET", f"/changes/{version}.ttl").body, ox.RdfFormat.TURTLE))
    said = {
        (q.predicate.value.removeprefix(prov), q.object.value) for q in triples if isinstance(q.object, ox.NamedNode)
    }
    assert ("used", "https://example.org/source") in said
    assert ("generated", f"{BASE}changes/{version}#version") in said
    assert {"endedAtTime", "wasAssociatedWith"} < {q.predicate.value.removeprefix(prov) for q in triples}


def test_what_a_commit_removed_is_gone_and_what_never_was_is_not_found(server: Running) -> None:
    iri = f"{BASE}id/topic/for-a-while"
    server.add(f"<{iri}> <http://e/p> 1 .")
    assert server.ask("GET", "/id/topic/for-a-while.ttl").status == 200
    update = f"DELETE WHERE {{ GRAPH ?g {{ <{iri}> ?p ?o }} }}"
    gone = server.ask("POST", "/update", update, Content_Type="application/sparql-update")
    found = server.ask("GET", "/id/topic/for-a-while")
    assert (gone.status, found.status, found.value["version"]) == (200, 410, gone.value["version"])
    assert server.ask("GET", "/id/topic/never").status == 404
    server.add(f"<{iri}> <http://e/p> 2 .")
    assert server.ask("GET", "/id/topic/for-a-while").status == 200


def test_the_graph_of_saved_queries_is_never_written(server: Running) -> None:
    graph = f"{BASE}.well-known/sparql-examples"
    put = server.ask("POST", f"/graphs?graph={graph}", "<http://e/s> <http://e/p> 1 .", Content_Type=TURTLE)
    update = f"INSERT DATA {{ GRAPH <{graph}> {{ <http://e/s> <http://e/p> 1 }} }}"
    inserted = server.ask("POST", "/update", update, Content_Type="application/sparql-update")
    assert (put.status, inserted.status) == (403, 403)


def test_changes_are_listed_for_programs_and_people(server: Running) -> None:
    server.add("<http://e/before> <http://e/p> 1 .")
    version = server.add("<http://e/listed> <http://e/p> '<script>' .", "?message=%3Cscript%3E").value["version"]
    listed = server.ask("GET", "/changes", Accept="application/json").value
    assert (listed["version"], listed["changes"][0]["version"]) == (version, version)
    assert server.ask("GET", f"/changes?before={version}", Accept="application/json").value["changes"][0][
        "version"
    ] == (version - 1)
    for path in ("/changes", f"/changes/{version}"):
        page = server.ask("GET", path, Accept="text/html")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert b"<script>" not in page.body
        assert b"&lt;script&gt;" in page.body
    statuses = [server.ask("GET", f"/changes/{v}").status for v in (0, version + 1, "x", "9" * 30, f"{version}.exe")]
    assert statuses == [404, 404, 404, 404, 406]
    seed = server.ask("GET", "/changes/1.nt").body.decode()
    assert f"<{BASE}changes/1#version> <http://www.w3.org/ns/prov#wasDerivedFrom> <{BASE}catalog>" in seed


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/turtle", "<http://e/kinds> <http://e/turtle> 1 ."),
        ("application/n-triples", "<http://e/kinds> <http://e/nt> <http://e/o> ."),
        ("application/trig", "<http://e/kinds> <http://e/trig> 1 ."),
        ("application/n-quads", f"<http://e/kinds> <http://e/nq> <http://e/o> <{GRAPH}> ."),
        (
            "application/ld+json",
            f'{{"@context": "{BASE}context.jsonld", "@id": "http://e/jsonld-thing", "http://e/jsonld": 1}}',
        ),
        (
            "application/rdf+xml",
            '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'  # noqa: ISC004
            '<r:Description r:about="http://e/kinds"><e:xml>1</e:xml></r:Description></r:RDF>',
        ),
    ],
)
def test_facts_are_read_from_every_format(server: Running, kind: str, text: str) -> None:
    assert server.add(text, Content_Type=kind).status == 201
    again = server.add(text, Content_Type=kind)
    assert (again.status, again.value["changed"], again.value["commit"]) == (200, False, None)


@pytest.mark.parametrize(
    ("kind", "text", "status", "said"),
    [
        ("text/turtle", "<http://e/a> <http://e/b", 400, "line"),
        ("application/trig", "<http://e/other> { <http://e/a> <http://e/b> 1 }", 400, "graph"),
        ("application/ld+json", '{"@context": "http://127.0.0.1:1/", "@id": "a"}', 422, "not fetched"),
        ("application/rdf+xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400, "DOCTYPE"),
        ("text/csv", "a,b", 415, "text/turtle"),
        ("text/turtle; charset=latin-1", "", 415, "UTF-8"),
    ],
)
def test_what_cannot_be_read_changes_nothing(server: Running, kind: str, text: str, status: int, said: str) -> None:
    before = server.ask("GET", "/changes", Accept="application/json").value["version"]
    found = server.add(text, Content_Type=kind)
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert said in found.body.decode()
    assert server.ask("GET", "/changes", Accept="application/json").value["version"] == before


def test_what_violates_a_shape_is_refused_with_the_report(server: Running) -> None:
    size = (server.home / NAME).stat().st_size
    found = server.add(f"<{BASE}id/country/VN> <{BASE}ontology#isoAlpha2> 'XX' .")
    assert found.status == 422
    assert any(r["shape"].endswith("#Country-isoAlpha2") for r in found.value["results"])
    assert (server.home / NAME).stat().st_size == size


def test_writes_want_a_token_with_the_scope(server: Running) -> None:
    few = server.token("Few", "facts")
    gone = server.token("Gone", "admin", expires="2001-01-01")
    update = ("POST", "/update", "update=CLEAR+GRAPH+%3Chttp://e/g%3E")
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    wrong = ("", "Bearer x", f"Bearer {gone}", f"Basic {server.secret}", "Bearer " + server.secret[:-1])
    for field_ in wrong:
        found = server.ask(*update, Authorization=field_, **form)
        assert (found.status, found.headers["www-authenticate"]) == (401, 'Bearer realm="coopkg"')
    assert server.ask(*update, Authorization=f"Bearer {few}", **form).status == 403
    assert server.ask("DELETE", "/graphs?graph=http://e/g", Authorization=f"Bearer {few}").status == 403
    assert server.ask("POST", "/changes/2/revert", Authorization=f"Bearer {few}").status == 403
    declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
    mine = server.add(declared + GOOD, f"?graph={GRAPH}/few", Authorization=f"Bearer {few}")
    assert mine.status == 201
    for graph in (f"{BASE}graph/reference", f"{GRAPH}s", "http://e/g"):
        assert server.add("", f"?graph={graph}", Authorization=f"Bearer {few}").status == 403
    for name in ("access_token", "token", "message"):
        found = server.add("", f"?{name}={server.secret}")
        assert found.status == 400
        assert server.secret not in found.body.decode()
    tokens.revoke_token(server.home / tokens.NAME, "Few")
    assert server.add("", Authorization=f"Bearer {few}").status == 401


def test_without_a_token_nobody_writes(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    running = Running(tmp_path / "home").start()
    found = running.add("<http://e/a> <http://e/p> 1 .", Authorization="Bearer x")
    assert (found.status, "no token" in found.value["detail"]) == (403, True)
    assert running.ask("GET", "/changes", Accept="application/json").value == {"version": 1, "changes": []}
    running.stop()


def test_a_request_that_comes_again_is_made_once(own: Callable[..., Running]) -> None:
    running = own(COOPKG_WORKERS="2")
    key = {"Idempotency_Key": '"5f2b-1"'}
    first = running.add(fact(1), **key)
    assert first.status == 201
    assert running.ask("POST", "/graphs", fact(2), Content_Type=TURTLE, Idempotency_Key="made").status == 201
    removed = "update=" + urllib.parse.quote(f"CLEAR GRAPH <{GRAPH}>")
    assert running.ask("POST", "/update", removed, Content_Type="application/x-www-form-urlencoded").status == 200
    assert running.add(fact(1), **key).value == first.value
    with ThreadPoolExecutor(8) as threads:
        several = list(threads.map(lambda _: running.add(fact(3), Idempotency_Key="same"), range(8)))
    assert {a.value["commit"] for a in several if a.status == 201} == {several[0].value["commit"]}
    other = running.add(fact(4), **key)
    assert (other.status, other.value["type"].rpartition("#")[2]) == (422, "key-reused")
    assert running.add(fact(4), Idempotency_Key="a b").status == 400
    running.stop()
    running.start()
    assert running.add(fact(1), **key).value == first.value
    made_again = running.ask("POST", "/graphs", fact(2), Content_Type=TURTLE, Idempotency_Key="made")
    assert made_again.status == 201
    assert running.ask("GET", f"/changes/{several[0].value['version']}").status == 200
    running.stop()


def test_what_was_not_seen_is_not_written_over(server: Running) -> None:
    graph = urllib.parse.urlencode({"graph": "http://e/matched"})
    first = server.ask("PUT", f"/graphs?{graph}", fact(1), Content_Type=TURTLE)
    assert first.status == 201
    seen = server.ask("GET", f"/graphs?{graph}", Accept=TURTLE).headers["etag"]
    changed = server.ask("PUT", f"/graphs?{graph}", fact(2), Content_Type=TURTLE, If_Match=seen)
    assert changed.status == 204
    for stale in (seen, first.headers["etag"], '"x"', "x", f"W/{changed.headers['etag']}"):
        found = server.ask("PUT", f"/graphs?{graph}", fact(3), Content_Type=TURTLE, If_Match=stale)
        assert found.status == 412
        assert found.value["current"] in changed.headers["etag"]
    for current in ("*", f'"x", {changed.headers["etag"]}'):
        assert server.ask("PUT", f"/graphs?{graph}", fact(2), Content_Type=TURTLE, If_Match=current).status == 204
    assert server.rows("SELECT ?s { GRAPH <http://e/matched> { ?s <http://e/p> ?o } }") == [["http://e/s2"]]


def test_versions_go_on_where_they_ended(own: Callable[..., Running]) -> None:
    running = own()
    before = running.add(fact(1)).headers["etag"]
    running.stop()
    end = (running.home / END).read_bytes()
    running.start()
    assert running.ask("GET", "/ready").value["version"] == 2
    found = running.add(fact(2), If_Match=before)
    assert (found.status, found.value["version"]) == (201, 3)
    running.stop()
    # As if the server had been killed while it wrote the second commit, before it could acknowledge it.
    journal = running.home / NAME
    journal.write_bytes(journal.read_bytes()[:-10])
    (running.home / END).write_bytes(end)
    running.start()
    assert running.ask("GET", "/ready").value["version"] == 2
    assert re.search(r"dropped [0-9]+ bytes of a record that was never finished", running.stop())


def test_a_commit_is_undone_by_a_new_one(own: Callable[..., Running]) -> None:
    running = own()
    assert running.add(fact(1)).value["version"] == 2
    assert running.add(fact(2)).value["version"] == 3
    undone = running.ask("POST", "/changes/2/revert")
    assert (undone.status, undone.value["version"]) == (201, 4)
    assert running.ask("GET", "/changes/4").value["message"] == "Revert version 2"
    assert running.rows("SELECT ?s { ?s <http://e/p> ?o }") == [["http://e/s2"]]
    assert running.ask("POST", "/changes/2/revert").status == 200
    assert running.ask("POST", "/changes/9/revert").status == 404
    os.environ["COOPKG_TOKEN"] = running.secret
    online = run_coopkg("revert", "3", "--server", running.address, "-m", "Why not")
    del os.environ["COOPKG_TOKEN"]
    assert (online.returncode, online.stdout) == (0, "5\n")
    locked = run_coopkg("revert", "4", "--home", str(running.home), "--alignments", "none")
    assert (locked.returncode, "Another coopkg has the data directory" in locked.stderr) == (1, True)
    running.stop()
    offline = run_coopkg("revert", "4", "--home", str(running.home), "--alignments", "none", "--author", "Bob")
    assert (offline.returncode, offline.stdout, offline.stderr) == (0, "6\n", "")
    log = run_coopkg("log", "--home", str(running.home)).stdout.splitlines()
    assert [line.split("\t")[0] for line in log] == ["6", "5", "4", "3", "2"]
    assert log[0].split("\t")[2:] == ["Bob", "+2 -0", "Revert version 4"]
    shown = run_coopkg("show", "2", "--home", str(running.home), "-f", "json")
    assert json.loads(shown.stdout)["added"] == 2
    running.start()
    assert running.rows("SELECT ?s { ?s <http://e/p> ?o }") == [["http://e/s1"]]
    running.stop()


def test_undoing_must_conform_too(own: Callable[..., Running]) -> None:
    running = own()
    assert running.add(claim_of(1, "article")).status == 201
    for old, new in (("The news says so.", "The paper says so."), ("The paper says so.", "The journal says so.")):
        place = f"GRAPH <{GRAPH}> {{ <{BASE}id/claim/round-0001-001> <{BASE}ontology#paraphrase>"
        text = f'DELETE DATA {{ {place} "{old}"@en }} }} ; INSERT DATA {{ {place} "{new}"@en }} }}'
        assert running.ask("POST", "/update", text, Content_Type="application/sparql-update").status == 200
    refused = running.ask("POST", "/changes/3/revert")
    assert (refused.status, refused.value["results"][0]["shape"].rpartition("#")[2]) == (422, "Claim-paraphrase")
    running.stop()
    offline = run_coopkg("revert", "3", "--home", str(running.home), "--alignments", "none")
    assert (offline.returncode, "violate their shapes" in offline.stderr) == (1, True)
    assert len(run_coopkg("log", "--home", str(running.home)).stdout.splitlines()) == 3


def test_accepted_facts_are_exported_to_be_proposed(own: Callable[..., Running], tmp_path: Path) -> None:
    running = own()
    assert running.add("<http://e/a> <http://e/p> 1.10 .").status == 201
    running.stop()
    home = ("--home", str(running.home), "--alignments", "none")
    done = run_coopkg("export", str(tmp_path / "out"), *home)
    written = tmp_path / "out" / "data" / "contributions.ttl"
    assert (done.returncode, f"{written}: written (new: list it in data/catalog.ttl)" in done.stderr) == (0, True)
    assert "<http://e/p> 1.10 ;" in written.read_text(encoding="utf-8")
    assert run_coopkg("fmt", "--check", str(written)).returncode == 0


def test_a_second_server_on_one_directory_refuses_to_start(server: Running) -> None:
    second = run_coopkg("serve", "--bind", f"127.0.0.1:{free_port()}", "--home", str(server.home))
    assert second.returncode == 1
    assert f"Another coopkg has the data directory {server.home}" in second.stderr
    assert "Traceback" not in second.stderr
    assert server.add("<http://e/second> <http://e/p> 1 .").status in {200, 201}


def test_a_damaged_or_newer_journal_is_not_served(own: Callable[..., Running]) -> None:
    running = own()
    running.add(fact(1))
    running.stop()
    journal = running.home / NAME
    whole = journal.read_bytes()
    place = whole.index(b"Ann")
    for data, said in (
        (whole[:place] + b"Bob" + whole[place + 3 :], f"{journal}: the record at byte "),
        (whole.replace(b"journal-1", b"journal-2"), "format 2"),
    ):
        journal.write_bytes(data)
        found = run_coopkg("serve", "--bind", f"127.0.0.1:{free_port()}", "--home", str(running.home))
        assert (found.returncode, said in found.stderr, "Traceback" in found.stderr) == (3, True, False)
        assert journal.read_bytes() == data


def test_a_backup_during_writes_is_restored_to_the_same_dataset(own: Callable[..., Running], tmp_path: Path) -> None:
    running = own()
    going = threading.Event()
    going.set()

    def write() -> int:
        number = 0
        while going.is_set():
            assert running.add(fact(number, "1.10")).status == 201
            number += 1
        return number

    alignments = ("--alignments", "none")
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        while len(running.rows("SELECT ?s { ?s <http://e/p> ?o } LIMIT 5")) < 5:
            time.sleep(0.02)
        backup = run_coopkg("backup", str(tmp_path / "b.tar"), "--home", str(running.home), *alignments)
        going.clear()
        assert writing.result() > 5
    assert backup.returncode == 0, backup.stderr
    restored = run_coopkg("restore", str(tmp_path / "b.tar"), "--home", str(tmp_path / "other"), *alignments)
    assert restored.returncode == 0, restored.stderr
    version, digest = re.findall(r"version ([0-9]+), dataset ([0-9a-f]{64})", restored.stderr)[0]
    assert f"version {version}, dataset {digest}" in backup.stderr
    settings = Settings(home=running.home, alignments="none")
    assert canonical_digest(read_dataset(settings, int(version)).store) == digest
    assert canonical_digest(read_dataset(Settings(home=tmp_path / "other", alignments="none")).store) == digest


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_disk_has_it_before_anybody_hears_of_it(own: Callable[..., Running], tmp_path: Path) -> None:
    running = own()
    trace = tmp_path / "trace"
    calls = "trace=write,fsync,pwrite64,fdatasync,sendto"
    tracer = subprocess.Popen(
        ["strace", "-y", "-s", "300", "-e", calls, "-o", str(trace), "-p", str(running.dataset_process())],
        stderr=subprocess.PIPE,
    )
    assert tracer.stderr is not None
    assert b"attached" in tracer.stderr.readline()
    for number in range(5):
        assert running.add(fact(number)).status == 201
    tracer.terminate()
    tracer.communicate()
    journal, end = (rf"\(\d+<[^>]*journal\.{name}>" for name in ("rdfp", "end"))
    answer = r'\(.*\\"commit|\(.*\\"tag'
    pattern = (
        rf"^(write){journal}|^(fsync){journal}\) += 0$|^(pwrite64){end}|^(fdatasync){end}\) += 0$|^(sendto)(?:{answer})"
    )
    seen = re.findall(pattern, trace.read_text(encoding="utf-8"), re.MULTILINE)
    assert ["".join(call) for call in seen] == ["write", "fsync", "pwrite64", "fdatasync", "sendto"] * 5


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_folder_has_a_new_file_before_it_is_used(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = (
        "from pathlib import Path; from coopkg.dataset.journal import *; create(Path('journal.rdfp'), Head('s', 'b'))"
    )
    command = ["strace", "-y", "-e", "trace=write,fsync,rename", "-o", str(trace), sys.executable, "-B", "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT / "server")})
    seen = re.findall(r"^(\w+)\((?:\d+<([^>]*)>|\"([^\"]*)\")", trace.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(call, Path(one or other).name) for call, one, other in seen] == [
        ("write", "journal.rdfp.new"), ("fsync", "journal.rdfp.new"), ("rename", "journal.rdfp.new"),
        ("fsync", tmp_path.name),
    ]  # fmt: skip


def fill_up(running: Running, begin: int) -> tuple[int, Answer]:
    """Write until the disk is full; give how many writes it took, and the answer to the first that it did not."""
    for number in range(begin, begin + 1000):
        found = running.add(fact(number, f"'{number}{'x' * 500}'"))
        if found.status != 201:
            return number - begin, found
    raise AssertionError("the disk is not full yet")


def assert_refused_whole(running: Running, taken: int, found: Answer) -> None:
    assert (found.status, found.value["type"].rpartition("#")[2]) == (507, "storage-exceeded")
    assert len(running.rows("SELECT ?s { ?s <http://e/p> ?o ; <http://e/q> ?o }")) == taken
    assert running.ask("GET", "/ready").status == 200
    assert running.add(fact(0, f"'{'y' * 20_000}'")).status == 507


def test_a_file_that_may_not_grow_loses_nothing(own: Callable[..., Running]) -> None:
    """The kernel refuses the dataset process's write half-way, as a full disk does."""
    running = own()
    size = (running.home / NAME).stat().st_size + 5000
    resource.prlimit(running.dataset_process(), resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    taken, found = fill_up(running, 0)
    assert 0 < taken < 8
    assert_refused_whole(running, taken, found)
    resource.prlimit(running.dataset_process(), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert running.add(fact(5000)).status == 201
    running.stop()
    running.start()
    assert len(running.rows("SELECT ?s { ?s <http://e/p> ?o ; <http://e/q> ?o }")) == taken + 1
    running.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here; the test with RLIMIT_FSIZE stands for this one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    running = Running(small_disk / "home")
    running.home.mkdir()
    running.secret = running.token()
    log = small_disk.with_name("home.log")
    log.touch()
    (small_disk / "home.log").symlink_to(log)  # what the server says must not be what fills the disk
    running.start()
    try:
        taken, found = fill_up(running, 0)
        assert taken > 50
        assert_refused_whole(running, taken, found)
        running.stop()
        running.start()
        assert_refused_whole(running, taken, running.add(fact(0, f"'{'y' * 20_000}'")))
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        assert running.add(fact(5000)).status == 201
        running.stop()
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


@dataclass
class Hammer:
    """Writers that remember what was acknowledged."""

    running: Running
    acknowledged: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)

    def write(self, numbers: list[int]) -> None:
        """Write until the server is gone."""
        for number in numbers:
            self.tried.add(number)
            try:
                if self.running.add(fact(number)).status == 201:
                    self.acknowledged.add(number)
            except (OSError, http.client.HTTPException):
                return

    def check(self) -> None:
        """See that every acknowledged write is there, and no other half of one."""
        one = {row[0] for row in self.running.rows("SELECT ?s { ?s <http://e/p> ?o }")}
        other = {row[0] for row in self.running.rows("SELECT ?s { ?s <http://e/q> ?o }")}
        assert one == other
        assert {f"http://e/s{n}" for n in self.acknowledged} <= one <= {f"http://e/s{n}" for n in self.tried}


@pytest.mark.parametrize("whole", [False, True], ids=["dataset process", "server"])
def test_nothing_acknowledged_is_lost_by_kill_9(own: Callable[..., Running], whole: bool) -> None:  # noqa: FBT001
    chance = random.Random(SEED + whole)  # noqa: S311 - a test's own
    running = own()
    hammer = Hammer(running)
    for round_ in range(ROUNDS):
        numbers = list(range(round_ * WRITES, (round_ + 1) * WRITES))
        before, strike_after = len(hammer.acknowledged), chance.randrange(WRITES * 3 // 4)
        with ThreadPoolExecutor(2) as threads:
            writing = [threads.submit(hammer.write, numbers[i::2]) for i in range(2)]
            while len(hammer.acknowledged) < before + strike_after and not all(written.done() for written in writing):
                time.sleep(0.001)
            time.sleep(chance.random() * 0.02)
            if whole:
                running.kill()
            else:
                os.kill(running.dataset_process(), signal.SIGKILL)
            for written in writing:
                written.result()
        if whole:
            running.start()
        hammer.check()
    assert len(hammer.acknowledged) > ROUNDS * WRITES // 10
    running.stop()
    running.start()
    hammer.check()
    running.stop()


def claim_of(number: int, voice: str) -> str:
    names = "".join(
        f"@prefix {name}: <{BASE}{path}> .\n"
        for name, path in {
            "certainty": "id/certainty/", "claim": "id/claim/", "coop": "ontology#", "source": "source/",
            "voice": "id/voice/",
        }.items()
    )  # fmt: skip
    return f"""{names}@prefix prov: <http://www.w3.org/ns/prov#> .
claim:round-{number:04}-001 a coop:Claim ; coop:claimNumber 1 ; coop:hasVoice voice:{voice} ;
    coop:paraphrase "The news says so."@en, "Так сообщают новости."@ru, "Так паведамляюць навіны."@be ;
    coop:hasCertainty certainty:asserted ;
    prov:wasAttributedTo source:belta-2019-04-29 ; prov:wasDerivedFrom source:belta-2019-04-29 ."""


def test_of_two_that_do_not_go_together_one_is_accepted(own: Callable[..., Running]) -> None:
    """Each is valid alone; together the claim has two voices, and sh:maxCount allows one."""
    running = own(COOPKG_WORKERS="2")
    winners: list[int] = []
    with ThreadPoolExecutor(2) as threads:
        for number in range(ROUNDS * 10 if FULL else 10):
            both = threads.map(lambda voice, n=number: running.add(claim_of(n, voice)), ["article", "document"])  # type: ignore[misc]
            statuses = [answer.status for answer in both]
            assert sorted(statuses) == [201, 422]
            winners.append(statuses.index(201))
    voices = running.rows(f"SELECT ?c ?v {{ GRAPH <{GRAPH}> {{ ?c <{BASE}ontology#hasVoice> ?v }} }}")
    assert len(voices) == len(winners) == running.ask("GET", "/ready").value["version"] - 1
    running.stop()
    settings = Settings(home=running.home, alignments="none")
    found = accepted_facts(read_seed(settings), read_dataset(settings))
    documents = with_accepted_facts(find_published(), found, BASE)
    if FULL:
        from coopkg.shacl.reference_implementation import validate  # noqa: PLC0415 - seconds of imports

        shapes = [q for path in find_published().shapes() for q in ox.parse(path.read_bytes(), ox.RdfFormat.TURTLE)]
        report = validate([quad for document in documents for quad in document.quads()], shapes)
        assert not [r for r in report.results if r.severity.value == "Violation"]
