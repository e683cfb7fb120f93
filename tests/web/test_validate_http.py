"""``/validate`` on a real server: reports in every face, refusals with every place, and nothing that harms it."""

from __future__ import annotations

import json
import os
import random
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from conftest import run_coopkg
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.shacl.report_formats import REPORT_FORMATS
from documents import BROKEN, LINKED, QUADS, SEED, SEEDS, TRIG, XML, mutated
from http_client import multipart

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
ROUNDS = int(os.environ.get("COOPKG_FUZZ_HTTP", "12"))
FACTS = f"""@prefix coop: <{DEFAULT_BASE}ontology#> .
<{DEFAULT_BASE}id/agreement/new> a coop:Agreement ;
    coop:hasParty <{DEFAULT_BASE}id/country/BLR> .
"""
SHAPES = f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix coop: <{DEFAULT_BASE}ontology#> .
<http://e/S> a sh:NodeShape ; sh:targetClass coop:Agreement ; sh:property [ sh:path coop:hasParty ; sh:minCount 9 ] .
"""


def post(
    server: str, body: bytes, content_type: str, accept: str = "application/json", query: str = ""
) -> tuple[int, str, bytes]:
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{server}validate{query}", data=body, headers={"Content-Type": content_type, "Accept": accept}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def report(server: str, body: bytes, content_type: str = "text/turtle", query: str = "") -> dict[str, Any]:
    status, _, answer = post(server, body, content_type, query=query)
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def version(server: str) -> object:
    with urllib.request.urlopen(f"{server}ready", timeout=5) as answer:  # noqa: S310 - our own address
        found = json.load(answer)
    return found["version"], found["quads"]


def test_a_report_says_what_is_wrong_and_what_would_change(server: str) -> None:
    before = version(server)
    answer = report(server, FACTS.encode())
    assert not answer["conforms"]
    assert [f"{DEFAULT_BASE}id/country/BY"] in [r["alternatives"] for r in answer["results"]]
    assert len(answer["changes"]["added"]) == 2
    assert "named-graphs-with-counts" in {q["slug"] for q in answer["changes"]["queries"]["different"]}
    assert answer["changes"]["queries"]["notRun"] == []
    assert version(server) == before
    assert "changes" not in report(server, FACTS.encode(), query="?against=nothing")


@pytest.mark.parametrize("face", REPORT_FORMATS, ids=lambda f: f.name)
def test_every_face_is_negotiated_and_named(server: str, face: Any) -> None:  # noqa: ANN401
    by_name = post(server, FACTS.encode(), "text/turtle", query=f"?format={face.name}&against=nothing")
    assert (by_name[0], by_name[1]) == (200, face.format.content_type)
    by_accept = post(server, FACTS.encode(), "text/turtle", face.format.media_type, "?against=nothing")
    assert by_accept[:2] == by_name[:2]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (FACTS, "text/turtle"), (TRIG, "application/trig"), (QUADS, "application/n-quads"),
        (QUADS.split("\n")[1], "application/n-triples"), (LINKED, "application/ld+json"), (XML, "application/rdf+xml"),
    ],
)  # fmt: skip
def test_every_format_is_read(server: str, text: str, kind: str) -> None:
    assert report(server, text.encode(), kind)["changes"]["added"]


def test_forms_carry_files_shapes_and_options(server: str) -> None:
    body, kind = multipart(
        ("data", "../../facts.ttl", "application/octet-stream", FACTS), ("shapes", "s.ttl", "text/turtle", SHAPES),
        ("against", "", "", "nothing"), ("lang", "", "", "ru"),
    )  # fmt: skip
    (result,) = report(server, body, kind)["results"]
    assert (result["file"], result["line"], result["message"]) == (
        "facts.ttl", 3, "Ожидается: значений coop:hasParty: 9 или больше.",
    )  # fmt: skip
    pasted = {"text": f"<http://e/x> a <{DEFAULT_BASE}ontology#Agreement> .", "input": "ttl", "against": "nothing"}
    status, _, answer = post(server, urllib.parse.urlencode(pasted).encode(), "application/x-www-form-urlencoded")
    assert (status, json.loads(answer)["facts"]) == (200, 1)


HEAD = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .\n"
DEEP = (
    HEAD
    + "ex:S sh:targetNode ex:a ; sh:node ex:N0 .\n"
    + "".join(f"ex:N{n} sh:not ex:N{n + 1} .\n" for n in range(2000))
    + "ex:N2000 sh:class ex:C ."
)
TWICE = (
    HEAD
    + "ex:S sh:targetNode ex:a ; sh:node ex:N0 .\n"
    + "".join(f"ex:N{n} sh:or ( [ sh:node ex:N{n + 1} ] [ sh:node ex:N{n + 1} ] ) .\n" for n in range(30))
    + "ex:N30 sh:class ex:C ."
)
UNION = (
    HEAD
    + 'ex:S sh:targetClass ex:C ; sh:sparql [ sh:select """SELECT $this ?value { '
    + "{ $this <http://example.org/p> ?value FILTER(?value < 0) } UNION "
    + '{ $this <http://example.org/q> ?value . $this <http://example.org/p> ?v FILTER(?value != ?v) } }""" ] .'
)
MANY = HEAD + "".join(f"ex:i{n} a ex:C ; ex:p {n} ; ex:q {n if n % 1000 else n + 1} .\n" for n in range(5000))


@pytest.mark.parametrize(
    ("shapes", "data", "results"),
    [
        (DEEP, HEAD + "ex:a a ex:C .", 0),
        (DEEP, HEAD + "ex:a a ex:D .", 1),
        (TWICE, HEAD + "ex:a a ex:D .", 1),
        (UNION, MANY, 5),
        (HEAD + "ex:S sh:targetClass ex:T ; sh:property [ sh:path ex:n ; sh:pattern '^\\\\p{Lu}' ] .",
         HEAD + "ex:a a ex:T ; ex:n 'anna' . ex:b a ex:T ; ex:n 'Bob' .", 1),
    ],
    ids=["deep", "deep, violated", "doubling", "union", "pattern"],
)  # fmt: skip
def test_a_clients_shapes_are_evaluated_by_our_engine(server: str, shapes: str, data: str, results: int) -> None:
    body, kind = multipart(("data", "d.ttl", "text/turtle", data), ("shapes", "s.ttl", "text/turtle", shapes))
    assert len(report(server, body, kind, "?against=nothing")["results"]) == results


@pytest.mark.parametrize(
    ("shapes", "status", "says"),
    [
        ("ex:S sh:targetNode ex:a ; sh:node [ sh:property [ sh:path ex:p ; sh:node ex:S ] ] .", 400, "itself"),
        ("ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; sh:minlength 3 ] .", 400, "s.ttl:2:39"),
        (
            "ex:S sh:targetNode ex:a ; sh:sparql [ sh:select 'SELECT $this { SERVICE <http://e/> { } }' ] .",
            400,
            "SERVICE",
        ),
        ("ex:S a sh:Nodeshape ; sh:property [ sh:path ex:p ] .", 422, "Nothing was looked at"),
        ("ex:S sh:targetClass ex:Other ; sh:property [ sh:path ex:p ] .", 422, "Nothing was looked at"),
    ],
)
def test_shapes_that_say_nothing_of_the_data_are_refused(server: str, shapes: str, status: int, says: str) -> None:
    parts = (
        ("data", "d.ttl", "text/turtle", HEAD + "ex:a ex:p 1 ."),
        ("shapes", "s.ttl", "text/turtle", HEAD + shapes),
    )
    found, _, answer = post(server, *multipart(*parts), query="?against=nothing")
    assert (found, says in answer.decode()) == (status, True), answer


def test_all_syntax_errors_are_in_the_problem(server: str) -> None:
    status, kind, answer = post(server, BROKEN.encode(), "text/turtle")
    problem = json.loads(answer)
    assert (status, kind) == (400, "application/problem+json")
    assert [f"{e['line']}:{e['column']}" for e in problem["errors"]] == [
        "2:15",
        "4:5",
        "5:24",
        "7:11",
        "8:9",
        "9:5",
        "9:39",
    ]


@pytest.mark.parametrize(
    ("body", "kind", "query", "status"),
    [
        (b"", "text/turtle", "", 400),
        (b"<x:a> <x:b> 1 .", "text/csv", "", 415),
        (b"<x:a> <x:b> 1 .", "text/turtle", "?against=everything", 400),
        (b"<x:a> <x:b> 1 .", "text/turtle", "?format=gif", 406),
        (b"<x:a> <x:b> 1 .", "text/turtle", "?lang=xx", 400),
        (b'{"@context": "http://127.0.0.1:1/"}', "application/ld+json", "", 422),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "application/rdf+xml", "", 400),
        (b"file:///etc/passwd", "text/turtle", "", 400),
    ],
)
def test_refusals(server: str, body: bytes, kind: str, query: str, status: int) -> None:
    assert post(server, body, kind, query=query)[0] == status


def test_unreadable_shapes_are_refused(server: str) -> None:
    body, kind = multipart(("data", "d.ttl", "text/turtle", FACTS), ("shapes", "s.ttl", "text/turtle", "[" * 50_000))
    assert post(server, body, kind)[0] == 400


DUPLICATE = f"""@base <{DEFAULT_BASE}> .
@prefix : <{DEFAULT_BASE}ontology#> . @prefix dcterms: <http://purl.org/dc/terms/> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<id/agreement/by-cn-again> a :Agreement ; skos:prefLabel "Umowa z Chinami"@pl ;
  :hasParty <id/country/BY>, <id/country/CN> ; :hasReferencePeriod <id/period/year-2017> ;
  :hasCertainty <id/certainty/asserted> ; :hasEvidence <id/claim/gazette-1000> .
<source/gazette> a :SourceDocument ; skos:prefLabel "Gazette"@en ; dcterms:issued "2018-01-01"^^xsd:date ;
  :hasCertainty <id/certainty/asserted> ; :hasEvidence <id/claim/gazette-1000> .
<id/claim/gazette-1000> a :Claim ; :claimNumber 1000 ; :hasCertainty <id/certainty/asserted> ;
  :hasVoice <id/voice/document> ; prov:wasAttributedTo <source/gazette> ; prov:wasDerivedFrom <source/gazette> ;
  :paraphrase "Belarus and China signed it."@en, "Беларусь и Китай подписали его."@ru,
    "Беларусь і Кітай падпісалі яго."@be ;
  :supports <id/triple/g-1>, <id/triple/g-2>, <id/triple/g-3>, <id/triple/g-4> .
<id/triple/g-1> a rdf:Statement ; rdf:subject <id/agreement/by-cn-again> ;
  rdf:predicate :hasParty ; rdf:object <id/country/BY> .
<id/triple/g-2> a rdf:Statement ; rdf:subject <id/agreement/by-cn-again> ;
  rdf:predicate :hasParty ; rdf:object <id/country/CN> .
<id/triple/g-3> a rdf:Statement ; rdf:subject <id/agreement/by-cn-again> ;
  rdf:predicate :hasReferencePeriod ; rdf:object <id/period/year-2017> .
<id/triple/g-4> a rdf:Statement ; rdf:subject <source/gazette> ;
  rdf:predicate dcterms:issued ; rdf:object "2018-01-01"^^xsd:date .
"""


def test_a_duplicate_is_warned_of_with_its_rival_and_not_refused(server: str, tmp_path: Path) -> None:
    """Over HTTP and on the command line alike; and a label in Polish alone, under claim 1000, is no fault."""
    file = tmp_path / "duplicate.ttl"
    file.write_text(DUPLICATE, encoding="utf-8")
    told = run_coopkg("validate", "-f", "json", str(file))
    assert told.returncode == 0, told.stderr
    for found in (report(server, DUPLICATE.encode()), json.loads(told.stdout)):
        kinds = {(r["severity"], r["shape"].rpartition("#")[2], r["focusNode"]) for r in found["results"]}
        new, old = (f"{DEFAULT_BASE}id/agreement/{name}" for name in ("by-cn-again", "by-cn-2017"))
        assert {("Warning", "DuplicateParties", new), ("Warning", "DuplicateParties", old)} <= kinds
        assert ("Info", "Label-prefLabel-be", new) in kinds
        assert "Violation" not in {severity for severity, *_ in kinds}
        assert any(old in r["message"] for r in found["results"] if r["focusNode"] == new)


def test_there_is_a_form(server: str) -> None:
    with urllib.request.urlopen(f"{server}validate", timeout=10) as answer:  # noqa: S310 - our own address
        page = answer.read().decode()
    assert 'enctype="multipart/form-data"' in page
    status, kind, report_page = post(server, FACTS.encode(), "text/turtle", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert "country/BLR" in report_page.decode()


def test_hostile_bytes_leave_the_server_well(server: str) -> None:
    rng = random.Random(SEED)  # noqa: S311
    kinds = {
        "ttl": "text/turtle", "trig": "application/trig", "nq": "application/n-quads", "nt": "application/n-triples",
        "jsonld": "application/ld+json", "rdf": "application/rdf+xml",
    }  # fmt: skip
    for name, seed in SEEDS.items():
        for _ in range(ROUNDS):
            data = mutated(rng, seed.encode()) or b" "
            status, _, answer = post(server, data, kinds[name])
            assert status in {200, 400, 422}, (name, data, answer)
            if status == 400:
                problem = json.loads(answer)
                assert problem["line"] >= 1, (name, data, answer)
    assert report(server, FACTS.encode())["conforms"] is False
