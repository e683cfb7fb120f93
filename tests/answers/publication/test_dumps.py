"""Dumps: what they hold, that their digests are theirs, and how they are sent."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import resource
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import BASE
from coopkg.answers.publication.dumps import Dump, made
from coopkg.answers.shared_files import SharedFiles
from coopkg.dataset.commit_log import read_seed
from coopkg.dataset.graph_extract import GraphExtract
from coopkg.dataset.store import read_manifest, read_quads
from coopkg.settings import Settings
from coopkg.web.app import create_app
from http_client import connection, get

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from coopkg.answers.service import Service
    from coopkg.dataset.published_files import Published


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def canonical(quads: list[ox.Quad]) -> ox.Dataset:
    found = ox.Dataset(quads)
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found


def test_every_dump_that_is_listed_is_what_the_list_says(client: FlaskClient) -> None:
    manifest = json.loads(client.get("/dumps/manifest.json").data)["files"]
    sums = dict(reversed(line.split("  ")) for line in client.get("/dumps/SHA256SUMS").data.decode().splitlines())
    assert {file["name"]: file["sha256"] for file in manifest} == sums
    for file in manifest:
        response = client.get(f"/dumps/{file['name']}")
        digest = hashlib.sha256(response.data)
        assert (response.status_code, len(response.data), digest.hexdigest()) == (200, file["bytes"], file["sha256"])
        assert response.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        if file["name"].endswith(".gz"):
            assert gzip.decompress(response.data) == client.get(f"/dumps/{file['name'][:-3]}").data


def test_a_dump_has_the_files_as_they_were_written(client: FlaskClient, published: Published) -> None:
    written = list(read_quads(published, read_manifest(published)))
    for name, fmt in (("all.nq", ox.RdfFormat.N_QUADS), ("all.trig", ox.RdfFormat.TRIG)):
        quads = list(ox.parse(client.get(f"/dumps/{name}").data, fmt))
        facts = [quad for quad in quads if quad.graph_name != ox.NamedNode(f"{BASE}graph/inferred")]
        assert canonical(facts) == canonical(written)
        assert len(quads) > len(facts)


def test_the_graphs_are_all_of_it_and_what_is_inferred_is_a_file_of_its_own(client: FlaskClient) -> None:
    files = [file for file in json.loads(client.get("/dumps").data)["files"] if file["graph"] is not None]
    turtle = {f["graph"]: client.get(f"/dumps/{f['name']}").data for f in files if f["name"].endswith(".ttl")}
    quads = [
        ox.Quad(q.subject, q.predicate, q.object, ox.NamedNode(graph))
        for graph, body in turtle.items()
        for q in ox.parse(body, ox.RdfFormat.TURTLE)
    ]
    assert f"{BASE}graph/inferred" in turtle
    assert canonical(quads) == canonical(list(ox.parse(client.get("/dumps/all.nq").data, ox.RdfFormat.N_QUADS)))


def test_the_spelling_of_a_literal_is_kept() -> None:
    seed = read_seed(Settings())
    quad = ox.Quad(
        ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"),
        ox.Literal("1.10", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")), ox.NamedNode("http://e/g"),
    )  # fmt: skip
    seed.lexical_forms.add([quad], seed.store)
    seed.store.add(quad)
    assert b'"1.10"' in GraphExtract("http://e/g", "nq").answer(seed)
    assert b"1.10" in GraphExtract("http://e/g", "ttl").answer(seed)
    assert GraphExtract("http://e/none", "nq").answer(seed) == b""


def test_the_same_files_give_the_same_bytes_in_every_process() -> None:
    one, other = read_seed(Settings()), read_seed(Settings())
    for graph in (f"{BASE}graph/ontology", f"{BASE}graph/reference"):
        for fmt in ("nq", "ttl", "trig"):
            assert GraphExtract(graph, fmt).answer(one) == GraphExtract(graph, fmt).answer(other)


def test_statuses_of_dumps(client: FlaskClient) -> None:
    tag = client.get("/dumps/all.nq.gz").headers["ETag"]
    assert client.get("/dumps/all.nq.gz", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/dumps/all.ttl").status_code == 404
    assert client.get("/dumps/../../etc/passwd").status_code == 404
    assert client.get("/dumps", headers={"Accept": "text/html"}).status_code == 200


def test_files_of_versions_that_passed_are_let_go(service: Service, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "dumps" / name).mkdir(parents=True)
    dump = Dump("graph/catalog", f"{BASE}graph/catalog", "nq")
    assert made(replace(service, files=SharedFiles(tmp_path)), dump).path.exists()
    assert len(list((tmp_path / "dumps").iterdir())) == 2


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-4", 200, slice(None)),
        ("bytes=0-1,5-6", 200, slice(None)),
        ("lines=0-1", 200, slice(None)),
        ("bytes=999999999999-", 200, slice(None)),
    ],
)
def test_ranges_on_a_real_server(server: str, asked: str, status: int, part: slice) -> None:
    whole = get(f"{server}dumps/graph/catalog.nq")
    found = get(f"{server}dumps/graph/catalog.nq", Range=asked)
    assert (found[0], found[2]) == (status, whole[2][part])
    assert found[1]["content-length"] == str(len(found[2]))
    assert found[1]["repr-digest"] == whole[1]["repr-digest"]
    if status == 206:
        start = len(whole[2]) + part.start if part.start < 0 else part.start
        assert found[1]["content-range"] == f"bytes {start}-{start + len(found[2]) - 1}/{len(whole[2])}"


def test_a_range_of_another_version_is_the_whole_file(server: str) -> None:
    found = get(f"{server}dumps/graph/catalog.nq", Range="bytes=0-9", **{"If-Range": '"other"'})
    assert found[0] == 200


def test_head_of_a_dump_on_a_real_server(server: str) -> None:
    wire = connection(server)
    wire.request("HEAD", "/dumps/all.nq.gz")
    response = wire.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert response.headers["content-length"] == str(len(get(f"{server}dumps/all.nq.gz")[2]))
    wire.close()
    assert get(f"{server}dumps/none.nq")[0] == 404


def test_who_asks_while_others_have_files_made_is_told_to_come_back(service: Service, tmp_path: Path) -> None:
    busy = replace(service, files=SharedFiles(tmp_path))
    client = create_app(service=busy).test_client()
    with busy.files.turn():
        refused = client.get("/dumps/all.nq")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert client.get("/dumps/all.nq").status_code == 200


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left_on_it(service: Service, tmp_path: Path) -> None:
    client = create_app(service=replace(service, files=SharedFiles(tmp_path))).test_client()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        refused = client.get("/dumps/all.nq.gz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (refused.status_code, [p for p in tmp_path.rglob("*") if p.is_file()]) == (507, [])
    assert client.get("/dumps/all.nq.gz").status_code == 200
