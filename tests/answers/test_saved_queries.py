"""The saved queries: pinned answers, headers, parameters bound as terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopkg.answers.federation.circuit_breaker import Health
from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.endpoint_client import EndpointClient
from coopkg.answers.federation.executor import Federation
from coopkg.answers.federation.recorded_answers import FOLDER, Recorded, Recorder
from coopkg.answers.saved_queries import Parameter, find_query, load_queries, read_query
from coopkg.answers.saved_query_runs import run_query, same_answer
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import load_dataset
from coopkg.errors import BadParameter, DatasetBroken, Forbidden, NotFound
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.settings import Settings
from endpoints import endpoint, oxigraph

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset

QUERIES = load_queries(find_published())
RECORDED = open_federation(Settings(), find_published(), transport=Recorded(find_published().root / FOLDER))


@pytest.mark.parametrize("slug", QUERIES)
def test_answers_as_pinned(slug: str, dataset: Dataset, published: Published) -> None:
    query = QUERIES[slug]
    suffix = "ttl" if query.format.name == "ttl" else "srj"
    expected = (published.root / "queries" / "expected" / f"{slug}.{suffix}").read_bytes()
    for _ in range(2):  # asked again, it is answered alike
        assert same_answer(query, run_query(dataset, query, {}, query.format, RECORDED), expected)


FEDERATED = [slug for slug, query in QUERIES.items() if query.federated]


@pytest.fixture(scope="module")
def live(shared: Path) -> Iterator[Federation]:
    """Give a federation with two servers of somebody else's making over the published files of others."""
    peers = shared / "federation"
    eu_files = sorted((peers / "eu-authority").glob("*.ttl"))
    with oxigraph(eu_files) as eu, oxigraph([peers / "cordis2017-orgs-partner-countries.ttl"]) as cordis:
        endpoints = {e.alias: e for e in (endpoint("eu", eu), endpoint("cordis", cordis))}
        yield Federation(endpoints, Settings().base, EndpointClient(Health()), Health(), 30)


@pytest.mark.slow
@pytest.mark.parametrize("slug", FEDERATED)
def test_federated_queries_answer_live_as_pinned(
    slug: str, live: Federation, dataset: Dataset, published: Published
) -> None:
    expected = (published.root / "queries" / "expected" / f"{slug}.srj").read_bytes()
    assert same_answer(QUERIES[slug], run_query(dataset, QUERIES[slug], {}, QUERIES[slug].format, live), expected)


def test_there_are_six_federated_ones_and_without_endpoints_they_say_so(dataset: Dataset) -> None:
    assert len(FEDERATED) >= 6
    with pytest.raises(Forbidden, match="asks other endpoints"):
        run_query(dataset, QUERIES[FEDERATED[0]], {}, SOLUTION_FORMATS[0])


def test_what_is_recorded_is_what_is_asked_and_no_more(dataset: Dataset, published: Published) -> None:
    recorder = Recorder(Recorded(published.root / FOLDER))
    health = Health()
    federation = Federation(RECORDED.endpoints, Settings().base, recorder, health, 30) if RECORDED else None
    for slug in FEDERATED:
        run_query(dataset, QUERIES[slug], {}, QUERIES[slug].format, federation)
    assert recorder.answers == Recorded(published.root / FOLDER).answers


def test_every_expected_answer_has_its_query(published: Published) -> None:
    assert {p.stem for p in (published.root / "queries" / "expected").iterdir()} == set(QUERIES)


def test_there_are_enough() -> None:
    assert len(QUERIES) >= 44
    assert sum(bool(q.parameters) for q in QUERIES.values()) >= 10
    assert sum("start-here" in q.tags for q in QUERIES.values()) == 6


@pytest.mark.parametrize("slug", [s for s, q in QUERIES.items() if any(p.type == "iri" for p in q.parameters)])
def test_a_hostile_parameter_stays_a_term(slug: str, dataset: Dataset) -> None:
    query = QUERIES[slug]
    name = next(p.name for p in query.parameters if p.type == "iri")
    with pytest.raises(BadParameter):
        run_query(dataset, query, {name: "http://e/> } INSERT { <http://e/a"}, SOLUTION_FORMATS[0])
    assert b'"bindings":' in run_query(dataset, query, {name: "http://e/unknown"}, SOLUTION_FORMATS[0])


def test_an_unknown_query_gets_a_hint() -> None:
    with pytest.raises(NotFound, match="Did you mean"):
        find_query(QUERIES, next(iter(QUERIES))[:-1])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("decimal", ["1,234", "1 234", "1,5", "1e3"]),
        ("integer", ["1,234", "1.5"]),
        ("date", ["2023-02-31", "2023-02-29", "2023-13-01", "31.01.2023", "2023-02-28T00:00:00"]),
        ("boolean", ["yes", "True"]),
    ],
)
def test_a_parameter_is_taken_in_the_form_of_its_datatype_alone(kind: str, wrong: list[str]) -> None:
    for text in wrong:
        with pytest.raises(BadParameter, match=f"of type {kind}"):
            Parameter("p", kind).bind(text, {})
    for known, text in (("decimal", "1.234"), ("date", "2024-02-29"), ("integer", "-12"), ("boolean", "true")):
        assert str(Parameter("p", known).bind(text, {})).startswith(f'"{text}"')


def test_an_unknown_parameter_is_named(dataset: Dataset) -> None:
    with pytest.raises(BadParameter, match="nonsense"):
        run_query(dataset, next(iter(QUERIES.values())), {"nonsense": "1"}, SOLUTION_FORMATS[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * {}", "header is missing"),
        ("#+ summary: [\nSELECT * {}", "not YAML"),
        ("#+ summary: x\n#+ nonsense: 1\nSELECT * {}", "nonsense"),
        ("#+ summary: x\nSELECT * {}", "must be given in en, ru, be"),
        ("#+ params: {x: {type: iri}}\nSELECT ?y { ?y ?z ?x }", "must be a variable that the SELECT projects"),
    ],
)
def test_broken_headers_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.rq"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetBroken, match=message):
        read_query(path)


def test_another_base_moves_queries_and_data(published: Published) -> None:
    base = "https://data.example.org/coop/"
    dataset = load_dataset(Settings(base=base))
    query = load_queries(published, base)["commissions-2019-partners"]
    answer = run_query(dataset, query, {}, SOLUTION_FORMATS[2]).decode()
    assert base + "id/country/GE" in answer
    assert "127.0.0.1" not in answer
