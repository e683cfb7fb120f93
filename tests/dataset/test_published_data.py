"""The promises about evidence, checked on the published data themselves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import opened
from coopkg.answers.evidence.verification import verify
from coopkg.answers.saved_queries import load_queries
from coopkg.answers.saved_query_runs import run_query
from coopkg.cli.fmt import declared_prefixes
from coopkg.dataset.published_files import FOLDERS
from coopkg.dataset.store import load_dataset
from coopkg.errors import UsageError
from coopkg.rdf.canonical_turtle import canonical_turtle
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.workers.evaluation import select

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset

COOP = "PREFIX coop: <http://127.0.0.1:8000/ontology#> PREFIX certainty: <http://127.0.0.1:8000/id/certainty/> "
WORDS = re.compile(r"[\w]+", re.UNICODE)
RUN = 8


def test_every_passage_matches_the_article(shared: Path, dataset: Dataset) -> None:
    verification = verify(dataset, shared / "source" / "high-tech-country.txt")
    assert (verification.checked, verification.mismatches) == (124, ())


def test_the_claims_agree_with_the_notes(shared: Path, dataset: Dataset) -> None:
    """Offsets, certainty and voice of all 124 claims are those of the checked notes."""
    notes = json.loads((shared / "domain" / "claims.json").read_text(encoding="utf-8"))
    rows = select(
        dataset.store,
        COOP + "PREFIX oa: <http://www.w3.org/ns/oa#> PREFIX prov: <http://www.w3.org/ns/prov#> "
        "SELECT ?n ?start ?end ?certainty WHERE { ?c coop:claimNumber ?n ; coop:hasCertainty ?certainty ; "
        "prov:wasDerivedFrom <http://127.0.0.1:8000/source/high-tech-country> ; oa:hasTarget/oa:hasSelector ?s . "
        "?s oa:start ?start ; oa:end ?end }",
    )
    stored = {
        (int(r["n"].value), int(r["start"].value), int(r["end"].value), r["certainty"].value.rpartition("/")[2])
        for r in rows
    }
    assert stored == {(c["n"], c["start"], c["end"], c["cert"]) for c in notes}


def test_no_run_of_eight_words_of_the_article_is_in_the_repository(shared: Path, published: Published) -> None:
    article = WORDS.findall((shared / "source" / "high-tech-country.txt").read_text(encoding="utf-8").lower())
    runs = {tuple(article[i : i + RUN]) for i in range(len(article) - RUN + 1)}
    found = []
    folders = (*FOLDERS, "server", "tests", "docs")
    paths = [p for folder in folders for p in (published.root / folder).rglob("*") if p.is_file()]
    for path in [*paths, *(p for p in published.root.glob("*.*") if p.is_file())]:
        if path.suffix in {".pyc", ".png", ".lock"}:
            continue
        words = WORDS.findall(path.read_text(encoding="utf-8").lower())
        found += [(path, run) for i in range(len(words) - RUN + 1) if (run := tuple(words[i : i + RUN])) in runs]
    assert not found


@pytest.mark.parametrize(
    "slug", ["asserted-claims-without-node", "domain-nodes-without-claim", "statements-without-evidence"]
)
def test_evidence_has_no_exception(slug: str, published: Published, dataset: Dataset) -> None:
    answer = json.loads(run_query(dataset, load_queries(published)[slug], {}, SOLUTION_FORMATS[0]))
    assert answer["results"]["bindings"] == []


def test_an_asserted_node_rests_on_asserted_claims_alone(dataset: Dataset) -> None:
    rows = select(
        dataset.store,
        COOP + "SELECT ?node ?claim WHERE { ?node coop:hasCertainty certainty:asserted ; coop:hasEvidence ?claim . "
        "?claim coop:hasCertainty ?c FILTER(?c NOT IN (certainty:asserted, certainty:corrected)) }",
    )
    assert rows == []


def test_the_page_counter_is_evidence_for_nothing(dataset: Dataset) -> None:
    rows = select(
        dataset.store,
        COOP + "SELECT ?node WHERE { ?node coop:hasEvidence ?claim . ?claim coop:hasCertainty certainty:non-fact }",
    )
    assert rows == []


def test_bounds_are_kept(dataset: Dataset) -> None:
    rows = select(
        dataset.store,
        COOP + "SELECT ?value ?bound WHERE { ?o a coop:Observation ; coop:value ?value ; coop:hasBound ?bound }",
    )
    bounds = {(int(r["value"].value), r["bound"].value.rpartition("/")[2]) for r in rows}
    assert {(8_000_000, "more-than"), (1_000_000, "almost"), (14_000_000_000, "almost"), (50, "more-than")} <= bounds


def test_every_iri_of_our_own_resolves(dataset: Dataset) -> None:
    """Whatever the graph names under its base IRI is told of when it is dereferenced: RDF by every suffix."""
    client = create_app(service=opened(dataset)).test_client()
    names = {
        term.value.partition("#")[0].removeprefix(dataset.base)
        for quad in dataset.store
        for term in quad
        if isinstance(term, ox.NamedNode) and term.value.startswith(dataset.base)
    }
    names.discard("")
    failed = [name for name in sorted(names) if client.get(f"/{name}.nt").status_code != 200]
    assert len(names) > 500
    assert failed == []


def test_files_are_in_canonical_form(published: Published) -> None:

    for path in published.turtle():
        text = path.read_text(encoding="utf-8")
        document = Document(path.name, text.encode(), base=DEFAULT_BASE)
        assert canonical_turtle(document, declared_prefixes(text)) == text, path


@pytest.mark.parametrize(("wanted", "count"), [("all", 6), ("none", 0), ("eurio", 1), ("wikidata, geonames", 2)])
def test_each_alignment_can_be_loaded_or_not(wanted: str, count: int) -> None:
    manifest = load_dataset(Settings(alignments=wanted)).manifest
    assert sum(entry.file.startswith("ontology/alignments/") for entry in manifest) == count


def test_an_unknown_alignment_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="there are eu-authority, eurio"):
        load_dataset(Settings(alignments="nonsense"))
