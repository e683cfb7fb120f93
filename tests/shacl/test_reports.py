"""One report, many faces; every place exact, every syntax error told, whatever the bytes."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import time
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from conftest import ROOT
from coopkg.cli import cli
from coopkg.dataset import document_validation, validation_questions
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation import validate_sources
from coopkg.dataset.validation_questions import Question, Upload
from coopkg.errors import CoopkgError, DatasetBroken, InputUnreadable, NothingValidated, RdfSyntaxError, RemoteContext
from coopkg.rdf.formats import SOLUTION_FORMATS, by_name
from coopkg.rdf.graph import RDF_REST, Graph
from coopkg.rdf.namespaces import DEFAULT_BASE, LANGUAGES, prefixes
from coopkg.rdf.terms import Document, same_graph
from coopkg.settings import Settings
from coopkg.shacl.change_preview import ChangePreview, Outcome, QueryChange
from coopkg.shacl.documents import read
from coopkg.shacl.gate import open_gate
from coopkg.shacl.reference_implementation import PyshaclValidator
from coopkg.shacl.report import Place, Report, Result, Severity, SyntaxIssue
from coopkg.shacl.report_formats import NAMES, REPORT_FORMATS, report_format
from coopkg.shacl.report_formats.outcome import ReportView, report_prefixes
from coopkg.shacl.source_locations import locate
from coopkg.shacl.syntax_errors import MOST, syntax_errors
from coopkg.workers.tasks import Task
from documents import BROKEN, DATA, LINKED, QUADS, SEED, SEEDS, TRIG, XML, mutated
from processor_time import growth

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset

SH = "http://www.w3.org/ns/shacl#"
ROUNDS = int(os.environ.get("COOPKG_FUZZ", "60"))
SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix e: <http://e/ns#> .
e:S a sh:NodeShape ; sh:targetClass e:C ;
    sh:property [ sh:path e:n ; sh:datatype <http://www.w3.org/2001/XMLSchema#date> ] ;
    sh:property [ sh:path e:q ; sh:node e:Inner ; sh:severity sh:Warning ; sh:message "Look, inside: 100%"@en ] .
e:Inner sh:property [ sh:path e:r ; sh:minCount 2 ; sh:severity sh:Info ] .
e:T a sh:NodeShape ; sh:targetSubjectsOf e:r ; sh:property [ sh:path e:r ; sh:minCount 2 ; sh:severity sh:Info ] .
"""


@pytest.fixture(scope="module")
def view() -> ReportView:
    source = read(Document("a,b:c.ttl", DATA.encode()))
    report = validate_sources([source], read(Document("shapes.ttl", SHAPES.encode())).quads)
    return ReportView(report, report_prefixes([source]), texts={source.name: source.text})


FAULTY = ReportView(
    Report(()),
    prefixes(),
    texts={"f.ttl": "a b , .\n"},
    syntax_errors=(SyntaxIssue(Place("f.ttl", 1, 5), ", is not a <term>", "perhaps:"),),
    more_syntax_errors=True,
)


def test_each_result_has_its_place_its_expectation_and_names(view: ReportView) -> None:
    found = {(str(r.place).removeprefix("a,b:c.ttl:"), r.severity) for r in view.report.results}
    assert found == {
        ("4:9", Severity.VIOLATION), ("5:9", Severity.VIOLATION), ("6:9", Severity.WARNING), ("6:23", Severity.INFO),
    }  # fmt: skip
    for result in view.report.results:
        assert set(result.expected) == set(LANGUAGES)
        assert set(result.messages) >= {"en"}
        assert set(LANGUAGES) <= set(result.messages)


def test_no_face_shows_a_bare_blank_node(view: ReportView) -> None:
    ids = {str(t)[2:] for r in view.report.results for t in (r.focus, r.value) if isinstance(t, ox.BlankNode)}
    ids |= {r.shape[2:] for r in view.report.results if r.shape.startswith("_:")}
    assert ids
    for name in sorted(set(NAMES) - {"turtle", "jsonld"}):
        text = report_format(name).render(view)
        assert not [i for i in ids if i in text], name
        assert "unnamed e:D" in text
        assert "Inside" in text
        assert "line 6" in text


def test_a_blank_node_has_its_name_in_every_language(view: ReportView) -> None:
    inner = next(r for r in view.report.results if r.severity is Severity.INFO)
    names = [inner.show(inner.focus, view.prefixes, language) for language in LANGUAGES]
    assert names == [
        "unnamed e:D “Inside” (line 6)",
        "безымянный узел e:D “Inside” (строка 6)",
        "безыменны вузел e:D “Inside” (радок 6)",
    ]
    assert inner.show_shape(view.prefixes) == "the shape for e:r in e:T"


def test_the_face_for_people_shows_the_line_and_what_to_do(view: ReportView) -> None:
    text = report_format("human").render(view)
    assert '    4 |     e:n "2019-04-29" ,\n      |         ^\n    expected: a literal of the datatype xsd:date' in text
    assert '+    e:n "2019-04-29"^^<http://www.w3.org/2001/XMLSchema#date> ,' in text
    assert text.splitlines()[-2:] == [
        "Does not conform: 2 violations, 1 warning, 1 info.",
        "Looked at 5 triples of 7, 2 focus nodes, 2 shapes.",
    ]


def test_json(view: ReportView) -> None:
    document = json.loads(report_format("json").render(view))
    assert (document["conforms"], document["counts"]) == (False, {"Violation": 2, "Warning": 1, "Info": 1})
    first = document["results"][0]
    assert (first["file"], first["line"], first["column"]) == ("a,b:c.ttl", 4, 9)
    assert first["focusNode"] == "http://e/ns#a"
    assert first["wanted"] == ["<http://www.w3.org/2001/XMLSchema#date>"]
    edit = first["fix"]["edits"][0]
    assert DATA[edit["start"] : edit["end"]] == '"2019-04-29"'


def test_turtle_and_json_ld_are_the_same_graph(view: ReportView) -> None:
    turtle, linked = report_format("turtle").render(view).encode(), report_format("jsonld").render(view).encode()
    triples = [ox.Triple(q.subject, q.predicate, q.object) for q in ox.parse(linked, ox.RdfFormat.JSON_LD)]
    assert same_graph(turtle, ox.serialize(triples, format=ox.RdfFormat.TURTLE) or b"")
    graph = Graph(ox.parse(turtle, ox.RdfFormat.TURTLE))
    assert len(list(graph.pairs(ox.NamedNode(SH + "result")))) == 4
    assert [str(o) for _, o in graph.pairs(ox.NamedNode(SH + "conforms"))] == [str(ox.Literal(False))]  # noqa: FBT003


def test_sarif(view: ReportView) -> None:
    log = json.loads(report_format("sarif").render(view))
    run = log["runs"][0]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert [r["level"] for r in run["results"]] == ["error", "error", "warning", "note"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%2Cb%3Ac.ttl"
    assert len({r["partialFingerprints"]["result/v1"] for r in run["results"]}) == 4
    replacement = run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement["deletedRegion"] == {"startLine": 4, "startColumn": 9, "endLine": 4, "endColumn": 21}


def test_junit_is_xml_and_counts_failures(view: ReportView) -> None:
    root = ET.fromstring(report_format("junit").render(view))  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "2", "0")
    suite = root[0]
    assert (suite.get("name"), suite.get("failures")) == ("a,b:c.ttl", "2")
    assert len(suite.findall("testcase/failure")) == 2
    assert len(suite.findall("testcase/system-out")) == 2


def test_github_escapes_what_the_runner_would_read(view: ReportView) -> None:
    lines = report_format("github").render(view).splitlines()
    assert lines[0].startswith("::error file=a%2Cb%3Ac.ttl,line=4,col=9,title=the shape for e%3An in e%3AS::e:a: ")
    assert [line.split(" ")[0] for line in lines[:-2]] == ["::error", "::error", "::warning", "::notice"]
    assert "Look, inside: 100%25" in lines[2]


def test_the_page_escapes_the_data(view: ReportView) -> None:
    text = report_format("html").render(view)
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


@pytest.mark.parametrize("name", NAMES)
def test_every_face_says_conforms(name: str) -> None:
    text = report_format(name).render(ReportView(Report(()), prefixes(), texts={"f.ttl": ""}))
    assert re.search(r"[Cc]onforms|executionSuccessful", text)


@pytest.mark.parametrize("name", [f.name for f in REPORT_FORMATS if f.syntax_errors])
def test_syntax_errors_have_faces_too(name: str) -> None:
    text = report_format(name).render(FAULTY)
    assert "f.ttl" in text
    assert ", is not a" in text
    assert "onforms." not in text


def test_what_would_change_is_shown() -> None:
    quad = ox.Quad(
        ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), ox.Literal("<o>"), ox.NamedNode("http://e/g")
    )
    queries = (QueryChange("one", Outcome.DIFFERENT, 1, 2), QueryChange("two", Outcome.NOT_RUN))
    effects = ChangePreview(7, "http://e/g", (quad,) * 300, (quad,), queries)
    shown = ReportView(Report(()), prefixes(), change_preview=effects)
    changes = json.loads(report_format("json").render(shown))["changes"]
    assert (changes["version"], len(changes["added"]), len(changes["removed"])) == (7, 300, 1)
    assert changes["queries"] == {
        "different": [{"slug": "one", "before": 1, "after": 2}],
        "same": [],
        "notRun": ["two"],
    }
    assert "inferred" not in changes
    for name in ("human", "html"):
        text = report_format(name).render(shown)
        assert "100 more" in text
        assert "one" in text
        assert "two" in text


# --- places in every format


@pytest.mark.parametrize(
    ("fmt", "text", "columns"),
    [
        (
            ox.RdfFormat.JSON_LD,
            LINKED,
            {"e:b": "3:9", "e:c": "4:9", "x": "5:11", "2019": "5:27", "deep": "6:17", "true": "6:58"},
        ),
        (ox.RdfFormat.RDF_XML, XML, {"жж": "4:3", "1": "4:39", "v": "6:8", "deep": "6:35", "deeper": "7:33"}),
        (
            ox.RdfFormat.TRIG,
            TRIG,
            {"1": "2:15", "2": "2:25", "3": "2:41", "4": "2:49", "x": "3:21", "-5.0": "5:9", "1e3": "5:16"},
        ),
        (ox.RdfFormat.N_QUADS, QUADS, {"x": "1:27", "5": "3:27"}),
    ],
    ids=lambda v: str(v).rsplit(".", 1)[-1] if isinstance(v, ox.RdfFormat) else None,
)
def test_every_triple_is_found_where_it_is_written(fmt: ox.RdfFormat, text: str, columns: dict[str, str]) -> None:
    source = read(Document("d", text.encode(), fmt))
    places = locate(source)
    found: dict[str, str] = {}
    for quad in source.quads:
        if quad.predicate == RDF_REST:
            continue
        written = places.objects[quad.subject, quad.predicate, quad.object]
        value = getattr(quad.object, "value", "").replace("http://e/ns#", "e:")
        found[value] = str(written.place).removeprefix("d:")
    assert {value: found[value] for value in columns} == columns


# --- syntax errors


def at(document: Document) -> list[str]:
    return [f"{f.place.line}:{f.place.column}" for f in syntax_errors(document)[0]]


def test_every_syntax_error_is_told_in_one_go() -> None:
    document = Document("t.ttl", BROKEN.encode())
    assert at(document) == ["2:15", "4:5", "5:24", "7:11", "8:9", "9:5", "9:39"]
    found, more = syntax_errors(document)
    assert not more
    assert found[5].suggestion == f"@prefix coop: <{DEFAULT_BASE}ontology#> ."
    assert found[1].suggestion == "coop:"
    assert found[5].fix is not None
    assert found[5].fix.edits[0].text == f"@prefix coop: <{DEFAULT_BASE}ontology#> .\n"


def test_syntax_errors_inside_of_graphs() -> None:
    text = (
        "@prefix e: <http://e/> .\ne:g { e:a e:p 1 1 . e:b e:p 2 . e:c e:p , . }\ne:h { e:a e:q }\ne:i e:p e:j e:k .\n"
    )
    assert at(Document("t.trig", text.encode(), ox.RdfFormat.TRIG)) == ["2:17", "2:41", "3:15", "4:13"]


def test_syntax_errors_by_lines() -> None:
    lines = [
        '<http://e/a> <http://e/p> "x" .',
        "<http://e/a> <http://e/p> .",
        "<http://e/a> p <z> .",
        '<http://e/a> <http://e/p> "q"',
    ]
    assert at(Document("t.nt", "\n".join(lines).encode(), ox.RdfFormat.N_TRIPLES)) == ["2:27", "3:14", "4:30"]


@pytest.mark.parametrize(
    ("fmt", "data", "place"),
    [
        (ox.RdfFormat.JSON_LD, b'{"@id": "x:a",\n "x:p" 1}', "2:8"),
        (ox.RdfFormat.JSON_LD, b"[" * 100_000, "1:201"),
        (ox.RdfFormat.RDF_XML, b'<a xmlns="http://e/">\n<b></a>', "2:6"),
        (ox.RdfFormat.RDF_XML, b"<!--" + b"-" * 9000 + "ы-->\n<a/>".encode(), "1:7"),
        (ox.RdfFormat.JSON_LD, b" " * 9000 + b'{"@id": "x:a",\n "x:p": [{"@value": []}]}', "2:25"),
        (
            ox.RdfFormat.RDF_XML,
            b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            "2:13",
        ),
        (ox.RdfFormat.TURTLE, b'<x:a> <x:b> "\n\xff" .', "2:1"),
        (ox.RdfFormat.TURTLE, b"<x:a> <x:b> " + b"[" * 100_000, "1:213"),
        (ox.RdfFormat.TURTLE, b"http://127.0.0.1/data.ttl .", "1:1"),
        (ox.RdfFormat.TURTLE, b"/etc/passwd", "1:1"),
    ],
)
def test_other_errors_have_a_place_too(fmt: ox.RdfFormat, data: bytes, place: str) -> None:
    assert at(Document("d", data, fmt))[0] == place


def test_the_number_of_syntax_errors_is_bounded_and_so_is_the_time() -> None:
    def find(lines: int) -> None:
        text = "@prefix e: <http://e/> .\n" + 'e:b e:c e:d, 4, "x"@en .\n' * lines + "e:a e:p 1 1 .\n" * 100
        found, more = syntax_errors(Document("t.ttl", text.encode()))
        assert (len(found), more) == (MOST, True)

    assert max(growth(find, 2_000)) < 8


# --- what a reader does for POST /validate, in this process


def ask(dataset: Dataset, data: bytes, fmt: str = "ttl", **options: Any) -> dict[str, Any]:  # noqa: ANN401
    question = Question((Upload("body", data, fmt),), str(find_published().root), Settings().base, **options)
    same = validation_questions.from_json(json.loads(json.dumps(question.as_json())))
    assert same.as_json() == question.as_json()
    answer: dict[str, Any] = json.loads(
        document_validation.examine(document_validation.private_copy(dataset), None, same)
    )
    return answer


FACTS = f"""@prefix coop: <{DEFAULT_BASE}ontology#> .
<{DEFAULT_BASE}id/amount/new> a coop:MonetaryAmount ; coop:value "1.10" .
""".encode()
GRAPH = f"{DEFAULT_BASE}graph/contributions"


def test_the_answer_says_what_would_change(dataset: Dataset) -> None:
    task = Task(f"SELECT ?s {{ ?s a <{DEFAULT_BASE}ontology#MonetaryAmount> }}", SOLUTION_FORMATS[0])
    other = Task(f"ASK {{ ?s a <{DEFAULT_BASE}ontology#Country> }}", SOLUTION_FORMATS[0])
    dump = Task("CONSTRUCT WHERE { ?s a ?t }", by_name("nt") or SOLUTION_FORMATS[0])
    before = len(dataset.store)
    answer = ask(dataset, FACTS, graph=GRAPH, queries={"amounts": task, "countries": other, "types": dump})
    changes = answer["changes"]
    assert len(dataset.store) == before
    assert (len(changes["added"]), changes["removed"], changes["graph"]) == (2, [], GRAPH)
    different = {row["slug"]: row["after"] - row["before"] for row in changes["queries"]["different"]}
    assert different == {"amounts": 1, "types": 3}
    assert changes["queries"]["same"] == ["countries"]
    assert not answer["conforms"]
    assert {r["file"] for r in answer["results"]} == {"body"}
    assert any(r["line"] == 2 and '"1.10"' in str(r["value"]) for r in answer["results"])


@pytest.mark.slow
def test_a_gate_that_is_open_already_gives_the_same_report(dataset: Dataset) -> None:
    gate = open_gate(find_published().shapes(), DEFAULT_BASE)
    question = Question((Upload("body", FACTS, "ttl"),), str(find_published().root), DEFAULT_BASE, graph=GRAPH)
    with_gate, without = (
        json.loads(document_validation.examine(document_validation.private_copy(dataset), opened, question))
        for opened in (gate, None)
    )
    # What was looked at is counted from the nodes that the change affects, or from all; of its triples it is the same.
    coverages = [report.pop("coverage") for report in (with_gate, without)]
    assert {(coverage["triples"], coverage["unseen"]) for coverage in coverages} == {(2, 0)}
    assert with_gate == without


def test_no_more_results_are_listed_than_anybody_reads_and_all_are_counted(dataset: Dataset) -> None:
    shapes = "e:S a sh:NodeShape ; sh:targetSubjectsOf e:p ; sh:property [ sh:path e:q ; sh:minCount 1 ] ."
    answer = with_shapes(
        dataset, shapes, b"".join(b"<x:%d> <http://e/p> 1 .\n" % n for n in range(document_validation.MOST + 5))
    )
    assert (len(answer["results"]), answer["omitted"]) == (document_validation.MOST, 5)
    assert answer["counts"]["Violation"] == document_validation.MOST + 5


def test_a_whole_graph_can_be_replaced(dataset: Dataset) -> None:
    target = dataset.manifest[0].graph
    there = len(list(dataset.store.quads_for_pattern(None, None, None, ox.NamedNode(target))))
    changes = ask(dataset, b"<x:a> <x:b> <x:c> .", graph=target, whole=True)["changes"]
    assert (len(changes["added"]), len(changes["removed"])) == (1, there)


def test_facts_that_are_there_already_change_nothing(dataset: Dataset) -> None:
    data = (find_published().root / "data" / "reference.ttl").read_bytes()
    answer = ask(dataset, data, graph=f"{DEFAULT_BASE}graph/reference")
    assert (answer["conforms"], answer["changes"]["added"], answer["changes"]["removed"]) == (True, [], [])


def test_a_slow_saved_query_is_left_out(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_validation, "_QUERY_SECONDS", 0.0)
    slow = Task("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }", SOLUTION_FORMATS[0])
    changes = ask(dataset, FACTS, graph=GRAPH, queries={"slow": slow})["changes"]
    assert changes["queries"] == {"different": [], "same": [], "notRun": ["slow"]}


def test_against_nothing_knows_the_ontology_only(dataset: Dataset) -> None:
    answer = ask(dataset, FACTS)
    assert "changes" not in answer
    assert {r["focusNode"] for r in answer["results"]} == {f"{DEFAULT_BASE}id/amount/new"}


def with_shapes(dataset: Dataset, shapes: str, data: bytes = b"<http://e/x> <http://e/p> 1 .") -> dict[str, Any]:
    head = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://e/> .\n"
    return ask(dataset, data, shapes=(Upload("shapes", (head + shapes).encode(), "ttl"),))


def test_shapes_that_came_along_are_used(dataset: Dataset) -> None:
    answer = with_shapes(
        dataset, "e:S a sh:NodeShape ; sh:targetNode e:x ; sh:property [ sh:path e:p ; sh:minCount 2 ] ."
    )
    (result,) = answer["results"]
    assert (result["line"], result["column"], result["shape"]) == (1, 27, "the shape for <http://e/p> in <http://e/S>")
    assert result["expected"]["be"] == "значэнняў <http://e/p>: 2 або больш"


@pytest.mark.parametrize(
    ("shapes", "needle"),
    [
        (
            'e:S sh:targetNode e:x ; sh:sparql [ sh:select "SELECT $this { SERVICE <http://x/> { $this ?p ?o } }" ] .',
            "SERVICE",
        ),
        (
            'e:S sh:targetNode e:x ; sh:sparql [ sh:select "SELECT $this FROM <file:///x> { $this ?p ?o }" ] .',
            "names a graph",
        ),
        ('e:S a sh:NodeShape ; sh:targetNode e:x ; sh:sparql [ sh:select "SELECT" ] .', "cannot be used"),
        ("e:S a sh:NodeShape ; sh:targetNode e:x ; sh:property [ sh:path 5 ] .", "cannot be used"),
        ("e:S sh:targetNode e:x ; sh:node e:T . e:T sh:property [ sh:path e:p ; sh:node e:S ] .", "refers to itself"),
    ],
)
def test_shapes_that_cannot_be_used_are_refused(dataset: Dataset, shapes: str, needle: str) -> None:
    with pytest.raises(InputUnreadable, match=needle):
        with_shapes(dataset, shapes)


QUOTED: Final = r"""e:S sh:targetNode e:x ;
    sh:sparql [ sh:select 'SELECT $this { $this ?p "\\u0022 SERVICE?p{} #"}' ] ."""
"""A string with an escaped quote; rdflib, which reads the escape first, would end the string there."""


def test_a_keyword_in_a_string_refuses_nothing_but_in_pyshacl(dataset: Dataset) -> None:
    assert with_shapes(dataset, QUOTED)["conforms"]
    prefixed = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://e/> .\n" + QUOTED
    with pytest.raises(DatasetBroken, match="SERVICE"):
        PyshaclValidator(read(Document("shapes.ttl", prefixed.encode())).quads)


def test_imports_of_shapes_and_data_are_not_followed(dataset: Dataset) -> None:
    data = b"<http://e/> <http://www.w3.org/2002/07/owl#imports> <file:///etc/passwd> . <http://e/x> <http://e/p> 1 ."
    shapes = "<http://s> <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:1/> . e:S sh:targetNode e:x ; "
    answer = with_shapes(dataset, shapes + "sh:property [ sh:path e:p ; sh:minCount 1 ] .", data)
    assert answer["conforms"]
    (note,) = answer["notes"]
    assert "imports is not followed" in note["message"]
    assert (note["file"], note["line"]) == ("shapes", 2)


def test_a_remote_context_is_not_fetched_and_the_bundled_one_is_known(dataset: Dataset) -> None:
    with pytest.raises(RemoteContext):
        ask(dataset, b'{"@context": "http://127.0.0.1:1/c.jsonld", "@id": "http://e/x"}', "jsonld")
    own = json.dumps({"@context": f"{DEFAULT_BASE}context.jsonld", "@id": "country:BY", "@type": "coop:Claim"}).encode()
    (added,) = ask(dataset, own, "jsonld", graph=GRAPH)["changes"]["added"]
    assert added.startswith(f"<{DEFAULT_BASE}id/country/BY>")


def test_all_errors_of_all_documents_are_told_at_once(dataset: Dataset) -> None:
    with pytest.raises(RdfSyntaxError) as caught:
        ask(dataset, BROKEN.encode())
    errors: Any = caught.value.members["errors"]
    assert len(errors) == 7
    assert caught.value.members["line"] == 2


# --- hostile bytes


def outcome_of(dataset: Dataset, value: Question) -> CoopkgError | dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(document_validation.examine(dataset, None, value))
    except CoopkgError as error:
        return error
    return report


@pytest.mark.slow
@pytest.mark.parametrize("fmt", SEEDS)
def test_every_byte_sequence_gives_a_report_or_a_place(dataset: Dataset, fmt: str) -> None:
    rng = random.Random(f"{SEED} {fmt}")  # noqa: S311
    question = Question((), str(find_published().root), Settings().base, face="json")
    values = [validation_questions.from_json({**question.as_json(), "documents": [
        {"name": "body", "format_name": fmt, "data": base64.b64encode(mutated(rng, SEEDS[fmt].encode())).decode()}
    ]}) for _ in range(ROUNDS)]  # fmt: skip
    for value in values:
        began = time.process_time()
        outcome = outcome_of(dataset, value)
        assert isinstance(outcome, RemoteContext | RdfSyntaxError | NothingValidated | dict), (value, outcome)
        if isinstance(outcome, RdfSyntaxError):
            errors: Any = outcome.members["errors"]
            assert all(one["line"] >= 1 and one["column"] >= 1 for one in errors), (value, errors)
        assert time.process_time() - began < 10  # a thousand times what such a document takes


def test_results_without_places_have_faces() -> None:
    result = Result(ox.BlankNode("hidden"), "_:shape", SH + "MinCountConstraintComponent", Severity.VIOLATION)
    for name in sorted(set(NAMES) - {"turtle", "jsonld"}):
        text = report_format(name).render(ReportView(Report((result,)), prefixes()))
        assert "hidden" not in text
        assert "unnamed node" in text


def documented() -> list[tuple[str, str]]:
    """Give the commands of the documentation and what it says that they print."""
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    found = re.findall(r"^```sh\ncoopkg (validate [^\n]*)\n```\n\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(command, printed) for command, printed in found]


def test_the_documentation_names_every_face_and_shows_each() -> None:
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    shown = " ".join(command for command, _ in documented())
    for one in REPORT_FORMATS:
        assert f"| `{one.name}` | `{one.format.media_type}` |" in text
        assert one.name == "human" or f"-f {one.name} " in shown


@pytest.mark.slow
@pytest.mark.parametrize(("command", "printed"), documented(), ids=lambda v: v if "\n" not in v else "printed")
def test_the_documentation_shows_what_the_program_prints(
    monkeypatch: pytest.MonkeyPatch, command: str, printed: str
) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli, command.split())
    lines = (result.stdout or result.stderr).rstrip("\n").split("\n")
    expected = printed.rstrip("\n").split("\n")
    assert len(lines) == len(expected)
    for line, shown in zip(lines, expected, strict=True):
        assert line == shown or (shown.endswith(" ...") and line.startswith(shown.removesuffix(" ...")))
