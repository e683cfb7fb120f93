"""The catalogue in DCAT-AP 3: the triples of the catalogue file, and for each version those that are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.answers.publication.dumps import Dump, offered, size
from coopkg.rdf.formats import GRAPH_FORMATS, by_name
from coopkg.rdf.namespaces import CATALOG, LANGUAGES, LICENCE, STANDARD_PREFIXES, VOID
from coopkg.rdf.terms import plain, read_triples, triple
from coopkg.sparql.query_text import query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.answers.service import Service
    from coopkg.rdf.terms import Triple

_DCAT: Final = STANDARD_PREFIXES["dcat"]
_TERMS: Final = STANDARD_PREFIXES["dcterms"]
_FOAF: Final = STANDARD_PREFIXES["foaf"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_DATE_TIME: Final = STANDARD_PREFIXES["xsd"] + "dateTime"
_MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
_THEME: Final = "http://publications.europa.eu/resource/authority/data-theme/TECH"
_NTRIPLES: Final = next(f for f in GRAPH_FORMATS if f.name == "nt")
_ENDPOINT: Final = {"en": "SPARQL endpoint", "ru": "Точка доступа SPARQL", "be": "Пункт доступу SPARQL"}
_CATALOGUE: Final = {
    "en": "Every named graph of the knowledge graph, with its files, licence and sources, and the service that answers queries.",  # noqa: E501
    "ru": "Все именованные графы графа знаний с их файлами, лицензией и источниками, а также служба, которая отвечает на запросы.",  # noqa: E501
    "be": "Усе найменаваныя графы графа ведаў з іх файламі, ліцэнзіяй і крыніцамі, а таксама служба, якая адказвае на запыты.",  # noqa: E501
}
_GRAPH: Final = {
    "en": "The named graph {graph}: {title}. Triples: {size}.",
    "ru": "Именованный граф {graph}: {title}. Троек: {size}.",
    "be": "Найменаваны граф {graph}: {title}. Троек: {size}.",
}
_DATASETS: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
SELECT DISTINCT ?dataset ?graph ?title ?language ?described WHERE { GRAPH [[catalog]] {
  ?dataset dcat:distribution/sd:name ?graph ; dcterms:title ?title BIND(LANG(?title) AS ?language)
  BIND(EXISTS { ?dataset dcterms:description ?text } AS ?described)
} } ORDER BY ?dataset ?graph ?language"""
_FILES: Final = """
PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
SELECT DISTINCT ?file ?graph WHERE { GRAPH [[catalog]] { ?file sd:name ?graph } } ORDER BY ?file"""


def catalogue(service: Service) -> list[Triple]:
    """Describe the dataset, its named graphs, their files and dumps, and the service.

    Raises the errors of evaluation.
    """
    base, graph = service.settings.base, ox.NamedNode(f"{service.settings.base}graph/catalog")
    text = query_text("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH [[graph]] { ?s ?p ?o } }", graph=graph)
    written = read_triples(service.ask(Task(text, _NTRIPLES, base)))
    triples = [*written, *_head(service), *_service(base), *_dataset(service)]
    files = service.rows(query_text(_FILES, catalog=graph))
    triples += [triple(row["file"], _DCAT + "accessURL", row["graph"]) for row in files]
    triples += _named_graphs(service, graph)
    return list(dict.fromkeys(triples))


def _head(service: Service) -> Iterator[Triple]:
    base = service.settings.base
    node, publisher = base + CATALOG, f"{base}{CATALOG}#contributors"
    for language in LANGUAGES:
        yield triple(node, _TERMS + "description", _CATALOGUE[language], language)
    yield triple(node, _TERMS + "publisher", publisher)
    yield triple(node, _FOAF + "homepage", base)
    yield triple(node, _DCAT + "service", f"{base}sparql#service")
    changed = changed_at(service)
    if changed:
        yield triple(node, _TERMS + "modified", plain(changed, _DATE_TIME))


def changed_at(service: Service) -> str:
    """Return the time of the commit that made the current version, as xsd:dateTime; "" for version 1."""
    # The tag ends with a full stop and the number of the version.
    version = int(service.engine.tag().rpartition(".")[2] or 0)
    record = service.commit(version)
    return "" if record is None else record.time


def _service(base: str) -> Iterator[Triple]:
    node = f"{base}sparql#service"
    yield triple(node, _TYPE, _DCAT + "DataService")
    for language in LANGUAGES:
        yield triple(node, _TERMS + "title", _ENDPOINT[language], language)
    yield triple(node, _DCAT + "endpointURL", f"{base}sparql")
    yield triple(node, _DCAT + "endpointDescription", f"{base}sparql")
    yield triple(node, _DCAT + "servesDataset", f"{base}{CATALOG}#dataset")
    yield triple(node, _TERMS + "license", LICENCE)
    yield triple(node, _TERMS + "publisher", f"{base}{CATALOG}#contributors")


def _dataset(service: Service) -> Iterator[Triple]:
    base = service.settings.base
    node, version = f"{base}{CATALOG}#dataset", service.engine.tag().rpartition(".")[2]
    yield triple(node, _TERMS + "publisher", f"{base}{CATALOG}#contributors")
    yield triple(node, _DCAT + "theme", _THEME)
    yield triple(node, _DCAT + "landingPage", base)
    yield triple(node, _DCAT + "hasCurrentVersion", f"{base}changes/{version}#version")
    yield triple(node, _FOAF + "isPrimaryTopicOf", base + VOID)
    for dump in offered(service):
        if dump.graph is None:
            yield triple(node, _DCAT + "distribution", f"{base}dumps/{dump.name}")
            yield from _distribution(base, dump, base + CATALOG)


def _distribution(base: str, dump: Dump, access: str) -> Iterator[Triple]:
    """Describe a dump as a distribution, whose IRI is its address."""
    node, fmt = f"{base}dumps/{dump.name}", by_name(dump.format)
    yield triple(node, _TYPE, _DCAT + "Distribution")
    yield triple(node, _DCAT + "accessURL", access)
    yield triple(node, _DCAT + "downloadURL", node)
    yield triple(node, _TERMS + "license", LICENCE)
    yield triple(node, _TERMS + "title", plain(dump.name))
    if fmt is not None:
        yield triple(node, _DCAT + "mediaType", _MEDIA_TYPES + fmt.media_type)
    if dump.zipped:
        yield triple(node, _DCAT + "compressFormat", f"{_MEDIA_TYPES}application/gzip")


def _named_graphs(service: Service, catalog: ox.NamedNode) -> Iterator[Triple]:
    """Describe what the catalogue file omits about its named graphs: descriptions, publisher, dumps."""
    base, dumps = service.settings.base, offered(service)
    described: set[str] = set()
    sizes: dict[str, int] = {}
    for row in service.rows(query_text(_DATASETS, catalog=catalog)):
        dataset, graph = row["dataset"], row["graph"]
        if graph not in sizes:
            sizes[graph] = size(service, graph)
        if row["described"] == "false":
            text = _GRAPH[row["language"]].format(graph=graph, title=row["title"], size=sizes[graph])
            yield triple(dataset, _TERMS + "description", text, row["language"])
        # There is a row for each language of the title; what has no language is described once.
        if dataset in described:
            continue
        described.add(dataset)
        yield triple(dataset, _TERMS + "publisher", f"{base}{CATALOG}#contributors")
        for dump in dumps:
            if dump.graph == graph:
                yield triple(dataset, _DCAT + "distribution", f"{base}dumps/{dump.name}")
                yield from _distribution(base, dump, graph)
