"""What follows from the facts, as it is served: beside them, told apart, explained, and held against contradictions."""

from __future__ import annotations

import json
import random
import urllib.parse
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import pytest

from conftest import BASE, run_coopkg, start_server, stop
from coopkg.dataset.changes import POST, UPDATE, Change, Payload, compute_patch
from coopkg.dataset.consistency import contradictions
from coopkg.dataset.entailment import explanation, load_with_closure, update_closure, with_closure
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import Dataset, copy_of, load_dataset
from coopkg.dataset.validation import validate_published
from coopkg.errors import Forbidden, NotFound
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import INFERRED
from coopkg.rdf.terms import Document
from coopkg.reasoning.proofs import Step, leaves_of
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.workers.evaluation import answer
from coopkg.workers.tasks import Task
from random_graphs import BATCHES, ONE, ONTOLOGY, random_quad
from running import Running, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

GRAPH: Final = f"{BASE}{INFERRED}"
SUPERTWIN: Final = f"{BASE}id/project/supertwin"
INVOLVES: Final = f"{BASE}ontology#involvesCountry"
BELARUS: Final = f"{BASE}id/country/BY"
ASK: Final = f"ASK {{ <{SUPERTWIN}> <{INVOLVES}> <{BELARUS}> }}"
WHY: Final = {"subject": SUPERTWIN, "predicate": INVOLVES, "object": BELARUS}
OWL: Final = "http://www.w3.org/2002/07/owl#"


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def asked(client: FlaskClient, **parameters: str) -> Any:  # noqa: ANN401 - JSON
    answer = client.get("/sparql", query_string=parameters, headers={"Accept": "application/sparql-results+json"})
    return answer.json if answer.status_code == 200 else answer.status_code


def test_what_follows_is_in_the_answer_unless_it_is_unwanted(client: FlaskClient) -> None:
    assert asked(client, query=ASK)["boolean"] is True
    assert asked(client, query=ASK, entailment="on")["boolean"] is True
    assert asked(client, query=ASK, entailment="off")["boolean"] is False
    assert asked(client, query=ASK, entailment="maybe") == 400
    there = f"ASK {{ GRAPH <{GRAPH}> {{ <{SUPERTWIN}> <{INVOLVES}> <{BELARUS}> }} }}"
    assert [asked(client, query=there, entailment=e)["boolean"] for e in ("on", "off")] == [True, False]


def test_the_two_answers_have_different_tags_and_addresses(client: FlaskClient) -> None:
    answers = [client.get("/sparql", query_string={"query": ASK, "entailment": e}) for e in ("on", "off")]
    assert len({answer.headers["ETag"] for answer in answers}) == 2
    assert "entailment=off" in answers[1].headers["Content-Location"]


def test_nothing_is_both_asserted_and_inferred(dataset: Dataset) -> None:
    assert dataset.closure is not None
    assert dataset.count_inferred() == len(dataset.closure) > 1000
    assert not any(quad.graph_name == ox.NamedNode(GRAPH) for quad in dataset.store)
    inferred = dataset.closure.store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH))
    stated = ((q, dataset.store.quads_for_pattern(q.subject, q.predicate, q.object, None)) for q in inferred)
    assert [str(quad) for quad, found in stated if next(found, None)] == []


@pytest.mark.parametrize("regime", ["none", "rdfs"])
def test_another_regime_infers_less_and_has_another_tag(dataset: Dataset, regime: str) -> None:
    other = load_with_closure(Settings(entailment=regime))
    assert other.count_inferred() < dataset.count_inferred()
    assert (other.count_inferred() == 0) == (regime == "none")
    assert other.tag != dataset.tag
    assert other.digest == dataset.digest


def test_the_description_names_the_regime(client: FlaskClient) -> None:
    text = client.get("/sparql", headers={"Accept": "application/n-triples"}).text
    sd = "http://www.w3.org/ns/sparql-service-description#"
    assert f"<{sd}defaultEntailmentRegime> <http://www.w3.org/ns/entailment/OWL-RDF-Based>" in text
    assert f"<{sd}defaultSupportedEntailmentProfile> <http://www.w3.org/ns/owl-profile/RL>" in text
    assert f"<{GRAPH}#named> <{sd}entailmentRegime> <http://www.w3.org/ns/entailment/Simple>" in text
    assert "entailment=off" in text


def test_why_as_a_page_as_json_and_as_text(client: FlaskClient) -> None:
    page = client.get("/explain", query_string={**WHY, "lang": "be"}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["Content-Language"] == "be"
    assert "уласцівасці ўтвараюць ланцужок" in page.text
    value = client.get("/explain", query_string=WHY).json
    assert value["proof"]["rule"] == "prp-spo2"
    claim = value["proof"]["premises"][0]["claims"][0]
    assert claim["claim"] == f"{BASE}id/claim/high-tech-country-096"
    assert set(claim["paraphrase"]) == {"en", "ru", "be"}
    text = client.get("/explain", query_string=WHY, headers={"Accept": "text/plain", "Accept-Language": "ru"})
    assert text.headers["Content-Language"] == "ru"
    assert text.text == value["text"]["ru"] + "\n"
    known = {"Accept": "text/plain", "If-None-Match": text.headers["ETag"]}
    assert client.get("/explain", query_string=WHY, headers={**known, "Accept-Language": "ru"}).status_code == 304
    assert client.get("/explain", query_string=WHY, headers=known).status_code == 200, "English is another text"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"object": f"{BASE}id/country/CN"}, 404),
        ({"object": ""}, 400),
        ({"subject": "no iri"}, 400),
        ({"subject": "project:supertwin", "predicate": "coop:involvesCountry", "object": "<" + BELARUS + ">"}, 200),
        ({"format": "pdf"}, 406),
        ({"object": '"a" . <x:a> <x:b> <x:c>'}, 400),
        ({"object": '"<script>"'}, 404),
    ],
)
def test_what_explain_does_not_know(client: FlaskClient, changed: dict[str, str], status: int) -> None:
    for accept in ("application/json", "text/html"):
        answer = client.get("/explain", query_string={**WHY, **changed}, headers={"Accept": accept})
        assert answer.status_code == status, answer.text
        assert accept == "application/json" or "<script>" not in answer.text


def test_an_axiom_with_a_list_is_explained(client: FlaskClient, dataset: Dataset) -> None:
    """The premises and axioms of every proof, blank nodes and all, can be shown."""
    assert dataset.closure is not None
    graph = ox.NamedNode(GRAPH)
    quads = [q for q in dataset.closure.store.quads_for_pattern(None, None, None, graph) if _named(q)][::200]
    for quad in quads:
        why = {"subject": str(quad.subject), "predicate": str(quad.predicate), "object": str(quad.object)}
        answer = client.get("/explain", query_string=why, headers={"Accept": "text/html"})
        assert answer.status_code == 200, why
        proof = explanation(dataset, quad.subject, quad.predicate, quad.object)  # type: ignore[arg-type]
        assert isinstance(proof, Step)
        for leaf in leaves_of(proof):
            assert next(dataset.store.quads_for_pattern(*leaf.fact, None), None), leaf  # type: ignore[arg-type]


def _named(quad: ox.Quad) -> bool:
    return not isinstance(quad.subject, ox.BlankNode) and not isinstance(quad.object, ox.BlankNode | ox.Triple)


def test_what_is_inferred_cannot_be_written() -> None:
    payload = Payload("<http://e/a> <http://e/p> 1 .", "ttl", BASE)
    changes = (
        Change(UPDATE, f"INSERT DATA {{ GRAPH <{GRAPH}> {{ <http://e/a> <http://e/p> 1 }} }}", BASE),
        Change(UPDATE, f"COPY DEFAULT TO <{GRAPH}>", BASE),
        Change(UPDATE, f"CREATE GRAPH <{GRAPH}>", BASE),
        Change(POST, base=BASE, graph=GRAPH, payloads=(payload,)),
    )
    for change in changes:
        store = ox.Store()
        store.add(ox.Quad(*map(ox.NamedNode, ("http://e/a", "http://e/p", "http://e/b"))))
        with pytest.raises(Forbidden):
            compute_patch(store, change)


def test_a_change_and_its_inverse_leave_what_was_there() -> None:
    dataset = load_with_closure(Settings(alignments="none"))
    assert dataset.closure is not None
    before = set(dataset.closure.store)
    graph = ox.NamedNode(f"{BASE}graph/contributions")
    lab, academy = ox.NamedNode("http://e/lab"), ox.NamedNode(f"{BASE}id/body/nasb")
    unit, part = (ox.NamedNode(f"{BASE}ontology#{name}") for name in ("isUnitOf", "isPartOf"))
    quad = ox.Quad(lab, unit, academy, graph)
    dataset.store.add(quad)
    came, difference = update_closure(dataset, [quad])
    assert came == (quad,)
    assert ox.Triple(lab, part, academy) in {added.triple for added in difference.added}
    dataset.store.remove(quad)
    dataset.store.remove_graph(graph)
    update_closure(dataset, [quad])
    assert set(dataset.closure.store) == before
    with pytest.raises(NotFound):
        explanation(dataset, lab, unit, academy)


def counted(dataset: Dataset, query: str, *, entailment: bool = True) -> list[int]:
    found = json.loads(answer(dataset, Task(query, SOLUTION_FORMATS[0], entailment=entailment)))
    return [int(row["n"]["value"]) for row in found["results"]["bindings"]]


def test_a_triple_of_several_graphs_counts_once() -> None:
    """The default graph is a set, whoever said a thing again: sums and counts would double otherwise."""
    dataset = load_with_closure(Settings(alignments="none"))
    one, two = (ox.NamedNode(f"http://e/{name}") for name in ("one", "two"))
    quads = [
        ox.Quad(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/worth"), ox.Literal(5), graph)
        for graph in (one, two)
    ]
    total = "SELECT (SUM(?v) AS ?n) { ?s <http://e/worth> ?v }"
    graphs = "SELECT (COUNT(?g) AS ?n) { GRAPH ?g { ?s <http://e/worth> ?v } }"
    for entailment in (True, False):
        assert counted(dataset, graphs, entailment=entailment) == [0]
    for step, expected in (((quads[:1], ()), (5, 1)), ((quads[1:], ()), (5, 2)), (((), quads[:1]), (5, 1))):
        dataset.store.extend(step[0])
        for quad in step[1]:
            dataset.store.remove(quad)
        update_closure(dataset, (*step[0], *step[1]))
        for entailment in (True, False):
            found = [counted(dataset, query, entailment=entailment)[0] for query in (total, graphs)]
            assert tuple(found) == expected
    dataset.store.remove(quads[1])
    update_closure(dataset, quads[1:])
    assert counted(dataset, "SELECT (COUNT(*) AS ?n) { ?s <http://e/worth> ?v }") == [0]


def made_anew(dataset: Dataset) -> Dataset:
    return with_closure(replace(dataset, store=copy_of(dataset.store), closure=None))


@pytest.mark.parametrize("regime", ["owl-rl", "none"])
def test_what_queries_see_is_kept_up_to_date_by_every_change(regime: str) -> None:
    """After random changes it is what it would be if it were made anew."""
    dataset = load_with_closure(Settings(alignments="none", entailment=regime))
    dataset.view(entailment=True)
    chance = random.Random(20261125)  # noqa: S311 - a test's data
    quads = sorted(dataset.store, key=str)
    graphs = [ox.DefaultGraph(), *(ox.NamedNode(f"http://e/{number}") for number in range(3))]
    for _ in range(20):
        went = chance.sample(quads, 5)
        came = [ox.Quad(q.subject, q.predicate, q.object, chance.choice(graphs)) for q in chance.sample(quads, 5)]
        for quad in went:
            dataset.store.remove(quad)
        dataset.store.extend(came)
        update_closure(dataset, (*went, *came))
    for entailment in (True, False):
        assert set(dataset.view(entailment=entailment)) == set(made_anew(dataset).view(entailment=entailment))


@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_batches_in_a_dataset(seed: int) -> None:
    """The closure, and the merge with it, after each batch of edits, those of axioms among them."""
    chance = random.Random(seed)  # noqa: S311 - a test's data
    store = ox.Store()
    axioms = [ox.Quad(*q.triple, ONE) for q in ox.parse(ONTOLOGY, ox.RdfFormat.TURTLE)]
    store.extend([*axioms, *(random_quad(chance) for _ in range(25))])
    dataset = with_closure(Dataset(store, BASE, 1, "", (), regime="owl-rl", merged=True))
    for _ in range(4):
        there = sorted(dataset.store, key=str)
        went = chance.sample(there, min(len(there), chance.randrange(6)))
        new = [random_quad(chance) for _ in range(chance.randrange(6))]
        came = [ox.Quad(*q.triple, chance.choice([q.graph_name, ox.DefaultGraph()])) for q in new]
        for quad in went:
            dataset.store.remove(quad)
        dataset.store.extend(came)
        update_closure(dataset, (*went, *came))
        assert set(dataset.view(entailment=True)) == set(made_anew(dataset).view(entailment=True))


WRONG_CLASS: Final = f"""
@prefix coop: <{BASE}ontology#> .
<http://e/thing> a <http://e/Other> .
<{SUPERTWIN}> coop:involvesCountry <http://e/thing> .
"""
"""Something that nobody says is a country, where a country should be."""


def test_shapes_see_what_is_asserted_and_nothing_else() -> None:
    """With the inferred range, ``sh:class coop:Country`` could not fail: see docs/reasoning.md."""
    document = Document("wrong.ttl", WRONG_CLASS.encode())
    report = validate_published(find_published(), [document], regime="owl-rl")
    wrong = [r for r in report.results if str(r.value) == "<http://e/thing>"]
    assert {r.shape.rpartition("#")[2] for r in wrong} == {"CountryUse-involvesCountry", "SupportedFact"}
    dataset = load_dataset(Settings(alignments="none"))
    dataset.store.extend(document.quads())
    closed = with_closure(dataset).closure
    assert closed is not None
    country = ox.NamedNode(f"{BASE}ontology#Country")
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    assert ox.Quad(ox.NamedNode("http://e/thing"), kind, country, closed.graph) in closed.store


def test_the_published_data_do_not_contradict_their_ontology(dataset: Dataset) -> None:
    assert not contradictions(dataset).results


SYMMETRIC: Final = f"""<http://e/meets> a <{OWL}SymmetricProperty> .
<http://e/a> <http://e/meets> <http://e/b> .
"""
CONTRADICTION: Final = f"""<http://e/x> <{OWL}sameAs> <http://e/y> .

<http://e/y> <{OWL}differentFrom> <http://e/x> .
"""


@pytest.fixture(scope="module")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = made(tmp_path_factory.mktemp("entailment") / "home")
    yield running
    running.stop()


def holds(running: Running, pattern: str, extra: str = "") -> bool:
    query = urllib.parse.urlencode({"query": f"ASK {{ {pattern} }}"})
    return bool(running.ask("GET", f"/sparql?{query}{extra}", Accept="application/json").value["boolean"])


@pytest.mark.slow
def test_what_follows_comes_and_goes_with_the_facts(writable: Running) -> None:
    back = "<http://e/b> <http://e/meets> <http://e/a>"
    before = writable.ask("GET", "/ready").value["inferred"]
    assert not holds(writable, back)
    added = writable.add(SYMMETRIC)
    assert added.status == 201, added.body
    assert holds(writable, back)
    assert holds(writable, f"GRAPH <{GRAPH}> {{ {back} }}")
    assert not holds(writable, back, "&entailment=off")
    assert writable.ask("GET", "/ready").value["inferred"] > before
    why = urllib.parse.urlencode({"subject": "http://e/b", "predicate": "http://e/meets", "object": "http://e/a"})
    assert writable.ask("GET", f"/explain?{why}").value["proof"]["rule"] == "prp-symp"
    version = added.value["version"]
    assert writable.ask("POST", f"/changes/{version}/revert").status == 201
    assert not holds(writable, back)
    assert writable.ask("GET", "/ready").value["inferred"] == before
    assert writable.ask("GET", f"/explain?{why}").status == 404


@pytest.mark.slow
def test_a_contradiction_is_refused_with_its_grounds_and_lines(writable: Running) -> None:
    before = writable.ask("GET", "/ready").value
    found = writable.add(CONTRADICTION)
    assert (found.status, found.headers["content-type"]) == (422, "application/problem+json")
    result = next(r for r in found.value["results"] if r["constraintComponent"].endswith("#eq-diff1"))
    lines = [ground.get("line") for ground in result["grounds"] if not ground.get("axiom")]
    assert sorted(line for line in lines if line) == [1, 3]
    assert set(result["messages"]) == {"en", "ru", "be"}
    assert writable.ask("GET", "/ready").value == before


@pytest.mark.slow
def test_a_graph_that_is_put_is_followed_too(writable: Running) -> None:
    path = f"/graphs?graph={urllib.parse.quote(f'{BASE}graph/contributions/put')}"
    back = "<http://e/b> <http://e/meets> <http://e/a>"
    assert writable.ask("PUT", path, SYMMETRIC, Content_Type="text/turtle").status in {200, 201, 204}
    assert holds(writable, back)
    assert writable.ask("PUT", path, "<http://e/a> <http://e/p> 1 .", Content_Type="text/turtle").status in {200, 204}
    assert not holds(writable, back)
    assert writable.ask("DELETE", path).status in {200, 204}
    inferred = f"/graphs?graph={urllib.parse.quote(GRAPH)}"
    assert writable.ask("PUT", inferred, SYMMETRIC, Content_Type="text/turtle").status == 403
    assert writable.ask("GET", inferred).status == 200


@pytest.mark.slow
def test_what_follows_is_there_after_a_restart(writable: Running) -> None:
    assert writable.add(SYMMETRIC.replace("meets", "met")).status == 201
    before = writable.ask("GET", "/ready").value
    writable.stop()
    writable.start()
    assert writable.ask("GET", "/ready").value == before
    assert holds(writable, "<http://e/b> <http://e/met> <http://e/a>")


@pytest.mark.slow
def test_scratch_infers_on_request_from_whatever_axioms_are_loaded() -> None:
    process, address = start_server("--scratch", "--entailment", "owl-rl")
    try:
        running = Running(home=None, address=address)  # type: ignore[arg-type]
        update = "update=" + urllib.parse.quote(f"INSERT DATA {{ {SYMMETRIC} }}")
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert running.ask("POST", "/update", update, **form).status == 200
        assert holds(running, "<http://e/b> <http://e/meets> <http://e/a>")
        assert not holds(running, "<http://e/b> <http://e/meets> <http://e/a>", "&entailment=off")
        assert holds(running, f"<http://e/meets> <{OWL}equivalentProperty> <http://e/meets>"), "as the suites expect"
    finally:
        stop(process)


def test_the_commands_explain_and_infer() -> None:
    told = run_coopkg("explain", "project:supertwin", "coop:involvesCountry", "country:BY")
    assert told.returncode == 0
    assert "claimed by claim:high-tech-country-096: " in told.stdout
    proof = json.loads(run_coopkg("explain", "project:supertwin", "a", "coop:Project", "-f", "json").stdout)
    assert proof["asserted"]
    unknown = run_coopkg("explain", "project:supertwin", "coop:involvesCountry", "country:CN")
    assert unknown.returncode != 0
    assert "The graph does not say that project:supertwin coop:involvesCountry country:CN" in unknown.stderr
    written = run_coopkg("infer", "-f", "nt")
    assert len(written.stdout.splitlines()) == load_with_closure(Settings()).count_inferred()
    assert run_coopkg("infer", "--entailment", "none").returncode == 2


@pytest.mark.slow
def test_infer_check_compares_with_owlrl() -> None:
    checked = run_coopkg("infer", "--check")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert "owlrl derives the same" in checked.stderr
