"""Evidence is for statements: what no claim supports is listed by the saved query and refused by the gate."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from coopkg.answers.saved_queries import load_queries
from coopkg.answers.saved_query_runs import run_query
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import load_dataset
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.settings import Settings
from coopkg.shacl.gate import Gate, open_gate
from coopkg.shacl.store_graph import StoreGraph
from shape_cases import published_quads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset
    from coopkg.shacl.report import Report

COOP = f"{DEFAULT_BASE}ontology#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
GRAPH = ox.NamedNode(f"{DEFAULT_BASE}graph/contributions")
SUPPORTED = {f"{DEFAULT_BASE}shapes#Supported{name}" for name in ("Fact", "Country")}
Row = tuple[str, str, str]


def turtle(text: str) -> list[ox.Quad]:
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
    return [ox.Quad(t.subject, t.predicate, t.object, GRAPH) for t in ox.parse(head + text, ox.RdfFormat.TURTLE)]


def facts(text: str) -> set[Row]:
    return {(str(q.subject), str(q.predicate), str(q.object)) for q in turtle(text)}


def exceptions(dataset: Dataset, published: Published) -> set[Row]:
    answer = run_query(dataset, load_queries(published)["unsupported-facts"], {}, SOLUTION_FORMATS[0])
    rows = json.loads(answer)["results"]["bindings"]

    def term(value: dict[str, str]) -> str:
        if value["type"] == "uri":
            return f"<{value['value']}>"
        return str(ox.Literal(value["value"], language=value.get("xml:lang")))

    return {(term(r["node"]), term(r["property"]), term(r["value"])) for r in rows}


@pytest.fixture(scope="module")
def gate() -> Gate:
    return open_gate(find_published().shapes(), DEFAULT_BASE)


@pytest.fixture
def graph() -> StoreGraph:
    store, forms = ox.Store(), LexicalForms()
    quads = [ox.Quad(q.subject, q.predicate, q.object) for q in published_quads()]
    forms.add(quads, store)
    store.bulk_extend(quads)
    return StoreGraph(store, forms)


def changed(gate: Gate, graph: StoreGraph, added: Iterable[ox.Quad], removed: Iterable[ox.Quad] = ()) -> Report:
    """Report on a change as the write gate does."""
    new, old = list(added), list(removed)
    graph.lexical_forms.add(new, graph.store)
    graph.store.extend(new)
    graph.lexical_forms.remove(old)
    for quad in old:
        graph.store.remove(quad)
    return gate.check(graph, new, old)


def unsupported(report: Report) -> set[Row]:
    return {(f"<{r.focus_node}>", f"<{r.path}>", str(r.value)) for r in report.results if r.shape in SUPPORTED}


ADDED = {
    "a third party": "agreement:by-cn-2017 coop:hasParty country:RS .",
    "a membership": "country:BY coop:isMemberOf body:european-union .",
    "another membership": "country:UA coop:isMemberOf body:cis .",
    "a topic": "agreement:by-cn-2017 coop:hasTopic topic:genomics .",
    "a second program": "project:supertwin coop:isUnderProgram program:cis-innovation-2020 .",
    "what is only inferred": "country:BY coop:cooperatesWith country:FR .",
    "evidence of another matter": "agreement:by-mn a coop:Agreement ; coop:hasCertainty certainty:asserted ; "
    "coop:hasParty country:BY, country:MN ; coop:hasEvidence claim:high-tech-country-093 .",
    "a number of a register": 'body:nasb coop:picCode "999999999" .',
    "another value": "observation:high-tech-exports-2018 coop:value 15000000000 .",
}


@pytest.mark.parametrize("text", ADDED.values(), ids=ADDED)
def test_what_nobody_says_is_listed_and_refused(text: str, gate: Gate, graph: StoreGraph, published: Published) -> None:
    """The query and the gate see exactly the triples that came without a claim."""
    wanted = {row for row in facts(text) if not row[1].rstrip(">").endswith(("hasCertainty", "hasEvidence", "type"))}
    dataset = load_dataset(Settings(alignments="none", entailment="none"))
    dataset.store.extend(turtle(text))
    assert {row[:2] for row in exceptions(dataset, published)} == {row[:2] for row in wanted}
    assert unsupported(changed(gate, graph, turtle(text))) == wanted


@pytest.mark.parametrize("seed", range(6))
def test_a_fact_whose_statement_goes_is_listed_and_refused(
    seed: int, gate: Gate, graph: StoreGraph, published: Published
) -> None:
    """Of each statement that alone supports its fact: without it, without its ground, or about something else."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    quads = list(graph.store)
    parts: dict[object, dict[str, ox.Term]] = {}
    for quad in quads:
        if quad.predicate.value.startswith(RDF) and "/id/triple/" in str(quad.subject):
            parts.setdefault(quad.subject, {})[quad.predicate.value.removeprefix(RDF)] = quad.object
    triples = [(p["subject"], p["predicate"], p["object"]) for p in parts.values()]
    exempt = {q.subject for q in quads if q.predicate.value == f"{COOP}needsNoEvidence"}
    alone = [s for s, t in zip(parts, triples, strict=True) if triples.count(t) == 1 and t[1] not in exempt]
    statement = chance.choice(sorted(alone, key=str))
    whole = {q for q in quads if statement in {q.subject, q.object}}
    ground = {q for q in whole if q.predicate.value.endswith(("supports", "wasDerivedFrom", "dc/terms/source"))}
    removed = (whole, ground, {q for q in whole if q.predicate.value == f"{RDF}predicate"})[seed % 3]
    fact = tuple(str(parts[statement][name]) for name in ("subject", "predicate", "object"))
    dataset = load_dataset(Settings(alignments="none", entailment="none"))
    for quad in list(dataset.store):
        if ox.Quad(quad.subject, quad.predicate, quad.object) in removed:
            dataset.store.remove(quad)
    assert {row[:2] for row in exceptions(dataset, published)} == {fact[:2]}
    assert unsupported(changed(gate, graph, (), removed)) == {fact}


def test_the_same_facts_are_accepted_with_a_claim_that_supports_them(gate: Gate, graph: StoreGraph) -> None:
    text = """
    country:BY coop:isMemberOf body:cis .
    triple:reference-by-1 a rdf:Statement ; rdf:subject country:BY ; rdf:predicate coop:isMemberOf ;
        rdf:object body:cis ; dcterms:source <https://cis.minsk.by/> .
    agreement:by-cn-2017 coop:hasTopic topic:genomics ; coop:hasEvidence claim:gknt-2017-12-12-013 .
    claim:gknt-2017-12-12-013 a coop:Claim ; coop:claimNumber 13 ; coop:hasCertainty certainty:asserted ;
        coop:hasVoice voice:article ; coop:paraphrase "The agreement speaks of genomics."@en,
        "Соглашение говорит о геномике."@ru, "Пагадненне кажа пра геноміку."@be ;
        prov:wasAttributedTo source:gknt-2017-12-12 ; prov:wasDerivedFrom source:gknt-2017-12-12 ;
        coop:supports triple:gknt-2017-12-12-013-1 .
    triple:gknt-2017-12-12-013-1 a rdf:Statement ; rdf:subject agreement:by-cn-2017 ;
        rdf:predicate coop:hasTopic ; rdf:object topic:genomics .
    """
    assert changed(gate, graph, turtle(text)).conforms


def test_the_published_evidence_is_counted(dataset: Dataset) -> None:
    """Claims with one, several and no triples; nothing is hidden among the exceptions."""
    store = dataset.store
    claims = {
        q.subject for q in store.quads_for_pattern(None, ox.NamedNode(RDF + "type"), ox.NamedNode(COOP + "Claim"))
    }
    counted = {c: len(list(store.quads_for_pattern(c, ox.NamedNode(COOP + "supports"), None))) for c in claims}  # type: ignore[arg-type]
    without = {str(c).rpartition("/")[2] for c, n in counted.items() if not n}
    assert without == {"high-tech-country-004>"}
    assert len(claims) == 161
    exempt = {
        q.subject.value.rpartition("#")[2]
        for q in store.quads_for_pattern(None, ox.NamedNode(COOP + "needsNoEvidence"), None)
    }  # type: ignore[union-attr]
    assert not exempt & {"hasParty", "value", "hasTopic", "isMemberOf", "isLocatedIn", "hasStatus", "involvesCountry"}
