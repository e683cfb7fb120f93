"""What others learn of the graph: that it is true, complete and valid, and that what it names is there."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET  # our own answer is read, no one else's
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

import pages
from conftest import BASE, ROOT
from coopkg.answers.publication import crawlers
from coopkg.answers.publication.dcat import catalogue
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl import reference_implementation
from coopkg.shacl.validation import validate
from coopkg.web.app import create_app
from coopkg.workers.evaluation import select

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from coopkg.answers.service import Service
    from coopkg.dataset.store import Dataset

VOID = STANDARD_PREFIXES["void"]
DCAT = STANDARD_PREFIXES["dcat"]
TERMS = STANDARD_PREFIXES["dcterms"]
SHAPES = ROOT / "tests" / "cases" / "dcat-ap" / "shapes.ttl"
DATASET = ox.NamedNode(f"{BASE}catalog#dataset")


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


@pytest.fixture(scope="module")
def void(client: FlaskClient) -> ox.Store:
    store = ox.Store()
    store.load(client.get("/.well-known/void.nt").data, ox.RdfFormat.N_TRIPLES)
    return store


def number(store: ox.Store, subject: ox.NamedNode, name: str) -> int:
    (found,) = store.quads_for_pattern(subject, ox.NamedNode(VOID + name), None, None)
    assert isinstance(found.object, ox.Literal)
    return int(found.object.value)


def objects(store: ox.Store, subject: ox.NamedNode, predicate: str) -> set[str]:
    found = store.quads_for_pattern(subject, ox.NamedNode(predicate), None, None)
    return {quad.object.value for quad in found if isinstance(quad.object, ox.NamedNode | ox.Literal)}


def test_the_counts_are_those_of_a_plain_count(void: ox.Store, dataset: Dataset) -> None:
    triples = {quad.triple for quad in dataset.view(entailment=True)}
    assert number(void, DATASET, "triples") == len(triples)
    assert number(void, DATASET, "distinctSubjects") == len({t.subject for t in triples})
    assert number(void, DATASET, "distinctObjects") == len({t.object for t in triples})
    assert number(void, DATASET, "properties") == len({t.predicate for t in triples})
    kinds = {t.object for t in triples if t.predicate.value.endswith("#type") and isinstance(t.object, ox.NamedNode)}
    assert number(void, DATASET, "classes") == len(kinds)
    partitions = objects(void, DATASET, VOID + "propertyPartition")
    assert sum(number(void, ox.NamedNode(p), "triples") for p in partitions) == len(triples)


def test_partitions_of_a_class_say_what_its_instances_have(void: ox.Store, dataset: Dataset) -> None:
    rows = select(
        void,
        f"""PREFIX void: <{VOID}> SELECT ?entities ?triples ?to WHERE {{
          ?class void:class <{BASE}ontology#CommissionSession> ; void:entities ?entities .
          ?class void:propertyPartition ?part .
          ?part void:property <{BASE}ontology#hasParty> ; void:triples ?triples ; void:classPartition/void:class ?to
        }}""",
    )
    (entities,), (triples,) = {r["entities"].value for r in rows}, {r["triples"].value for r in rows}
    sessions = select(dataset.store, f"SELECT ?s WHERE {{ ?s a <{BASE}ontology#CommissionSession> }}")
    assert (int(entities), int(triples)) == (len(sessions), 2 * len(sessions))
    assert f"{BASE}ontology#Country" in {r["to"].value for r in rows}


def test_linksets_count_the_links_to_each_register(void: ox.Store) -> None:
    rows = select(
        void,
        f"""PREFIX void: <{VOID}> SELECT ?space ?triples WHERE {{
          ?links a void:Linkset ; void:linkPredicate <{STANDARD_PREFIXES["skos"]}exactMatch> ; void:triples ?triples ;
            void:subjectsTarget <{DATASET.value}> ; void:objectsTarget/void:uriSpace ?space }}""",
    )
    found = {r["space"].value: int(r["triples"].value) for r in rows}
    assert found["http://www.wikidata.org/entity/"] == found["https://sws.geonames.org/"] == 25
    assert found["http://publications.europa.eu/resource/authority/country/"] == 25


def test_what_void_and_the_catalogue_name_is_there(client: FlaskClient, void: ox.Store, service: Service) -> None:
    named = {
        quad.object.value
        for predicate in (VOID + "dataDump", VOID + "exampleResource", VOID + "sparqlEndpoint")
        for quad in void.quads_for_pattern(None, ox.NamedNode(predicate), None, None)
        if isinstance(quad.object, ox.NamedNode)
    }
    named |= {
        t.object.value
        for t in catalogue(service)
        if t.predicate.value.removeprefix(DCAT) in {"accessURL", "downloadURL", "endpointURL", "landingPage"}
        and isinstance(t.object, ox.NamedNode)
    }
    assert len(named) > 60
    for iri in named:
        assert client.get(iri.removeprefix(BASE.rstrip("/"))).status_code == 200, iri


def conforms(triples: list[ox.Triple]) -> bool:
    return validate(quads_of(triples), ox.parse(SHAPES.read_bytes(), ox.RdfFormat.TURTLE)).conforms


def quads_of(triples: list[ox.Triple]) -> list[ox.Quad]:
    return [ox.Quad(t.subject, t.predicate, t.object) for t in triples]


def test_the_catalogue_is_valid_against_dcat_ap(service: Service) -> None:
    assert conforms(catalogue(service))
    shapes = ox.parse(SHAPES.read_bytes(), ox.RdfFormat.TURTLE)
    assert reference_implementation.validate(quads_of(catalogue(service)), shapes).conforms


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        ("Catalog", TERMS + "title"),
        ("Catalog", TERMS + "description"),
        ("Catalog", TERMS + "publisher"),
        ("Dataset", TERMS + "title"),
        ("Dataset", TERMS + "description"),
        ("Distribution", DCAT + "accessURL"),
        ("DataService", DCAT + "endpointURL"),
        ("DataService", TERMS + "title"),
        ("Agent", STANDARD_PREFIXES["foaf"] + "name"),
    ],
)
def test_what_dcat_ap_makes_mandatory_is_missed(service: Service, kind: str, predicate: str) -> None:
    triples = catalogue(service)
    of_kind = {
        t.subject for t in triples if t.predicate.value.endswith("#type") and t.object.value.endswith(kind)  # type: ignore[union-attr]
    }  # fmt: skip
    assert of_kind
    assert not conforms([t for t in triples if t.subject not in of_kind or t.predicate.value != predicate])


def test_the_service_description_leads_to_the_others(client: FlaskClient) -> None:
    text = client.get("/sparql", headers={"Accept": "application/n-triples"}).data.decode()
    for name in (".well-known/void", "catalog", ".well-known/sparql-examples"):
        assert f"seeAlso> <{BASE}{name}>" in text


def test_llms_txt_leads_to_pages_that_are_there(client: FlaskClient) -> None:
    text = client.get("/llms.txt").data.decode()
    links = re.findall(r"\]\((http[^)]+)\)", text)
    assert len(links) > 50
    for link in links:
        assert client.get(link.removeprefix(BASE.rstrip("/"))).status_code == 200, link


def test_the_sitemap_lists_every_entity(client: FlaskClient, dataset: Dataset) -> None:
    response = client.get("/sitemap.xml")
    listed = [element.text for element in ET.fromstring(response.data).iter() if element.tag.endswith("}loc")]  # noqa: S314
    entities = {
        q.subject.value
        for q in dataset.view(entailment=True)
        if isinstance(q.subject, ox.NamedNode) and q.subject.value.startswith(f"{BASE}id/")
    }
    assert listed == sorted(name for name in entities if not name.startswith(f"{BASE}id/triple/"))
    assert client.get("/sitemap.xml", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert client.get("/sitemap.xml?page=0").status_code == 400
    assert f"Sitemap: {BASE}sitemap.xml" in client.get("/robots.txt").data.decode()


def test_a_sitemap_of_many_entities_has_pages(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawlers, "PER_SITEMAP", 300)
    pages_ = re.findall(r"page=(\d+)", crawlers.sitemap(service, None))
    listed = [loc for page in pages_ for loc in re.findall("<loc>(.*?)</loc>", crawlers.sitemap(service, int(page)))]
    assert len(pages_) == 3
    assert len(listed) == len(set(listed)) > 700


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_the_home_page_is_marked_as_a_dataset(client: FlaskClient, language: str) -> None:
    html = client.get(f"/?lang={language}", headers={"Accept": "text/html"}).data.decode()
    (data,) = pages.read(html, BASE).structured
    assert (data["@type"], data["@id"]) == ("Dataset", DATASET.value)
    assert 50 < len(data["description"]) < 5000
    for download in data["distribution"]:
        assert client.get(download["contentUrl"].removeprefix(BASE.rstrip("/"))).status_code == 200


def test_a_figure_is_worked_out_once_for_a_version(service: Service) -> None:
    counted = replace(service, engine=_Counting(service))  # type: ignore[arg-type]
    client = create_app(service=counted).test_client()
    client.get("/.well-known/void.ttl")
    before = counted.engine.asked  # type: ignore[attr-defined]
    client.get("/.well-known/void.nt")
    assert counted.engine.asked == before  # type: ignore[attr-defined]


class _Counting:
    """An engine that counts what it is asked."""

    def __init__(self, service: Service) -> None:
        self.engine = service.engine
        self.asked = 0

    def ask(self, task: object) -> object:
        self.asked += 1
        return self.engine.ask(task)  # type: ignore[arg-type]

    def tag(self) -> str:
        return f"{self.engine.tag()}0"


def test_a_program_can_read_the_list_of_saved_queries(client: FlaskClient, service: Service) -> None:
    listed = json.loads(client.get("/queries", headers={"Accept": "application/json"}).data)
    assert {query["slug"] for query in listed} == set(service.queries)
