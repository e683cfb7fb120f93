"""Reifiers of RDF 1.2 that a client sends: they become statements, and what they say is checked as if it were those."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from conftest import run_coopkg
from contribution_texts import GOOD
from coopkg.dataset.changes import DELETE, POST, PUT, UPDATE, Change, Payload, compute_patch, from_json
from coopkg.dataset.document_validation import examine, private_copy
from coopkg.dataset.entailment import update_closure
from coopkg.dataset.graph_extract import GraphExtract
from coopkg.dataset.licences import open_licences
from coopkg.dataset.process import compute_change
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation_questions import Question, Upload
from coopkg.errors import DoesNotConform, InputUnreadable, TooLarge
from coopkg.rdf.formats import GRAPH_FORMATS, RDF_1_2_FORMATS, serialize_triples
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE, prefixes
from coopkg.rdf.reification import RDF_REIFIES
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import Bound, read_facts
from coopkg.shacl.gate import open_gate
from running import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.store import Dataset
    from coopkg.shacl.gate import Gate

GRAPH: Final = DEFAULT_BASE + CONTRIBUTIONS
HEAD: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes(DEFAULT_BASE).items())
ONLY: Final = re.sub(
    r"a rdf:Statement ; rdf:subject (\S+) ; rdf:predicate (\S+) ; rdf:object (\S+) \.",
    r"rdf:reifies <<( \1 \2 \3 )>> .", GOOD,
)  # fmt: skip
"""A contribution without any statement: its claim supports reifiers."""
BOTH: Final = GOOD + "".join(line + "\n" for line in ONLY.splitlines() if "rdf:reifies" in line)
SHORT: Final = re.sub(r"triple:test-001-. rdf:reifies .*\n", "", ONLY).replace(
    "coop:hasParty country:BY, country:MN ;",
    "coop:hasParty country:BY ~ triple:test-001-1, country:MN ~ triple:test-001-2 ;",
)


@pytest.fixture(scope="module")
def gate() -> Gate:
    return open_gate(find_published().shapes(), DEFAULT_BASE)


@pytest.fixture
def ground(ground_of_all: Dataset) -> Iterator[Dataset]:
    """Give a dataset in which nothing of a test stays."""
    yield ground_of_all
    if ox.NamedNode(GRAPH) in set(ground_of_all.store.named_graphs()):
        back = compute_patch(ground_of_all.store, Change(DELETE, graph=GRAPH), ground_of_all.lexical_forms)
        update_closure(ground_of_all, back.removed)


@pytest.fixture(scope="module")
def ground_of_all(dataset: Dataset) -> Dataset:
    return private_copy(dataset)


def put(ground: Dataset, gate: Gate, text: str, kind: str = POST, format_name: str = "ttl") -> None:
    """Send a document as a contribution. Raises DoesNotConform."""
    payload = Payload((HEAD if format_name == "ttl" else "") + text, format_name, DEFAULT_BASE, "c.ttl")
    change = Change(kind, graph=GRAPH, base=DEFAULT_BASE, payloads=(payload,), contribution=True)
    compute_change(ground, gate, change, open_licences(find_published(), DEFAULT_BASE))


def stored(ground: Dataset) -> set[ox.Quad]:
    return set(ground.store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH)))


def test_the_forms_of_these_tests_say_the_same() -> None:
    assert "rdf:Statement" not in ONLY + SHORT
    assert "rdf:reifies" not in GOOD + SHORT
    assert (
        BOTH.count("rdf:reifies") == ONLY.count("rdf:reifies") == BOTH.count("rdf:Statement") == SHORT.count("~") == 2
    )


@pytest.mark.parametrize("text", [ONLY, BOTH, SHORT], ids=["only", "both", "short"])
@pytest.mark.parametrize("kind", [PUT, POST])
def test_reifiers_are_stored_as_statements(ground: Dataset, gate: Gate, text: str, kind: str) -> None:
    put(ground, gate, GOOD)
    expected = stored(ground)
    put(ground, gate, text, kind)
    assert stored(ground) == expected
    compute_patch(ground.store, Change(DELETE, graph=GRAPH), ground.lexical_forms)
    put(ground, gate, text, kind)
    assert stored(ground) == expected
    assert not any(quad.predicate == RDF_REIFIES for quad in expected)


@pytest.mark.parametrize("fmt", RDF_1_2_FORMATS, ids=lambda fmt: fmt.name)
def test_what_a_server_gave_can_be_sent_back(ground: Dataset, gate: Gate, fmt: object) -> None:
    put(ground, gate, GOOD)
    expected = stored(ground)
    given = next(f for f in RDF_1_2_FORMATS if f == fmt)
    body = serialize_triples([quad.triple for quad in expected], given, prefixes(DEFAULT_BASE))
    assert body.count(b"reifies") >= 2
    plain = next(f.name for f in GRAPH_FORMATS if f.rdf == given.rdf)
    put(ground, gate, body.decode(), PUT, plain)
    assert stored(ground) == expected
    extract = GraphExtract(GRAPH, "nq?version=1.2").answer(ground)
    put(ground, gate, extract.decode(), PUT, "nq")
    assert stored(ground) == expected
    assert GraphExtract(GRAPH, "nq?version=1.2").answer(ground) == extract


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONLY.replace("country:MN )>>", "country:FR )>>"), "supports"),
        (ONLY.replace("<<( agreement:test coop:hasParty country:BY )>>", "triple:test-001-2"), "has no class"),
        (BOTH.replace("country:MN )>>", "country:FR )>>"), "exactly one subject"),
        (ONLY + "triple:test-001-1 rdf:reifies <<( agreement:test coop:hasParty country:MN )>> .", "exactly one"),
        (ONLY.replace("<<( agreement:test coop:hasParty country:BY )>>", "<<( _:b coop:hasParty country:BY )>>"), ""),
        (ONLY.replace("coop:hasParty country:BY )>>", "coop:cooperatesWith country:BY )>>"), "only ever inferred"),
    ],
    ids=["another triple", "no triple", "two forms differ", "two triples", "blank subject", "inferred"],
)  # fmt: skip
def test_what_reifiers_say_is_checked(ground: Dataset, gate: Gate, text: str, words: str) -> None:
    with pytest.raises(DoesNotConform) as caught:
        put(ground, gate, text)
    assert words in str(caught.value.members["results"])


def test_a_reifier_that_contradicts_a_stored_statement_is_refused(ground: Dataset, gate: Gate) -> None:
    put(ground, gate, GOOD)
    with pytest.raises(DoesNotConform, match="exactly one subject"):
        put(ground, gate, "triple:test-001-1 rdf:reifies <<( agreement:test coop:hasParty country:FR )>> .")


def test_an_update_with_reifiers_is_refused_with_what_to_write() -> None:
    text = "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX e: <http://e/> INSERT DATA { %s }"
    for said in ("e:t rdf:reifies <<( e:s e:p 1 )>>", "e:s e:p 1 ~ e:t", "e:s e:p 1 {| e:by e:x |}"):
        change = Change(UPDATE, text % said)
        with pytest.raises(InputUnreadable, match="rdf:Statement with rdf:subject, rdf:predicate and rdf:object"):
            compute_patch(ox.Store(), change)
    compute_patch(ox.Store(), Change(UPDATE, text % "e:a e:p <<( e:s e:p 1 )>>"))


def test_a_scratch_dataset_has_what_it_is_given() -> None:
    store, reifier = (
        ox.Store(),
        "<http://e/t> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( <x:s> <x:p> 1 )>> .",
    )
    change = Change(POST, graph="http://e/g", payloads=(Payload(reifier, "ttl"),), reifiers=True)
    compute_patch(store, from_json(change.as_json()))
    compute_patch(store, Change(UPDATE, f"INSERT DATA {{ {reifier} }}", reifiers=True))
    assert [quad.predicate for quad in store] == [RDF_REIFIES, RDF_REIFIES]


def report(dataset: Dataset, gate: Gate, text: str, **options: str) -> str:
    published = str(find_published().root)
    documents = (Upload("c.ttl", (HEAD + text).encode(), "ttl"),)
    shapes = tuple(Upload("s.ttl", value.encode(), "ttl") for value in options.values())
    question = Question(documents, published, DEFAULT_BASE, shapes, graph=None if shapes else GRAPH, face="json")
    return examine(private_copy(dataset), gate, question, open_licences(find_published(), DEFAULT_BASE)).decode()


def test_validation_says_what_a_change_would_be_told(dataset: Dataset, gate: Gate) -> None:
    assert '"conforms": true' in report(dataset, gate, ONLY)
    found = report(dataset, gate, BOTH.replace("country:MN )>>", "country:FR )>>"))
    assert '"conforms": false' in found
    assert "exactly one subject" in found


def test_the_command_line_reads_documents_as_the_server_does(tmp_path: Path) -> None:
    for name, text, code in (("good", ONLY, 0), ("bad", BOTH.replace("country:MN )>>", "country:FR )>>"), 1)):
        file = tmp_path / f"{name}.ttl"
        file.write_text(HEAD + text, encoding="utf-8")
        found = run_coopkg("validate", str(file))
        assert found.returncode == code, found.stdout + found.stderr
        assert ("exactly one subject" in found.stdout) == bool(code)


def test_shapes_of_a_client_can_be_about_reifiers(dataset: Dataset, gate: Gate) -> None:
    shape = """PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX e: <http://e/>
    e:S a sh:NodeShape ; sh:targetSubjectsOf e:p ; sh:property [ sh:path e:p ; sh:reificationRequired true ;
        sh:reifierShape [ sh:nodeKind sh:IRI ] ] ."""
    said = "<http://e/s> <http://e/p> <http://e/o> ."
    assert '"conforms": false' in report(dataset, gate, said, shapes=shape)
    assert '"conforms": true' in report(dataset, gate, f"{said[:-1]} ~ <http://e/t> .", shapes=shape)


def test_a_graph_of_100_000_statements_is_written_with_their_reifiers(dataset: Dataset) -> None:
    ground, number, name = private_copy(dataset), 100_000, ox.NamedNode("http://e/many")
    own = "<http://e/t{}> a rdf:Statement ; rdf:subject e:s{} ; rdf:predicate e:p ; rdf:object {} .\n"
    text = f"{HEAD}@prefix e: <http://e/> .\n" + "".join(own.format(n, n % 7, n) for n in range(number))
    ground.store.bulk_load(text.encode(), ox.RdfFormat.TURTLE, to_graph=name)
    plain = GraphExtract(name.value, "nq").answer(ground).split(b"\n")
    both = GraphExtract(name.value, "nq?version=1.2").answer(ground).split(b"\n")
    assert [line for line in both if b"reifies" not in line] == plain
    assert sum(b"reifies" in line for line in both) == number


def test_what_reifiers_stand_for_keeps_within_the_bound() -> None:
    document = Document("c.ttl", (HEAD + "<x:t> rdf:reifies <<( <x:s> <x:p> 1 )>> .").encode())
    assert len(read_facts(document, Bound(4)).quads) == 4
    with pytest.raises(TooLarge):
        read_facts(document, Bound(3))


@pytest.mark.slow
def test_a_graph_goes_out_and_comes_back_over_http(tmp_path: Path) -> None:
    running = made(tmp_path / "home", COOPKG_WORKERS="1")
    try:
        assert running.add(HEAD + ONLY).status == 201
        path = f"/graphs?graph={GRAPH}"
        given = running.ask("GET", path, Accept="text/turtle;version=1.2")
        assert given.headers["content-type"] == "text/turtle; version=1.2; charset=utf-8"
        assert given.body.count(b"rdf:reifies <<(") == 2
        plain = running.ask("GET", path, Accept="text/turtle")
        assert b"reifies" not in plain.body
        # The tag of a representation in RDF 1.2 stands for the version, as every other does.
        sent = {"Content_Type": "text/turtle", "If_Match": given.headers["etag"]}
        assert running.ask("PUT", path, given.body, **sent).status == 204
        assert running.add(given.body.decode()).value["changed"] is False
        assert running.ask("GET", path, Accept="text/turtle").body == plain.body
        other, replaced = re.subn(rb"country:MN \)>>", b"country:FR )>>", given.body)
        assert replaced == 1
        assert running.ask("PUT", path, other, **sent).status == 422
        update = "INSERT DATA { <x:t> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( <x:s> <x:p> 1 )>> }"
        found = running.ask("POST", "/update", update, Content_Type="application/sparql-update")
        assert found.status == 400
        assert "rdf:Statement" in found.value["detail"]
    finally:
        running.stop()
