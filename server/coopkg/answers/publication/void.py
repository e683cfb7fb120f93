"""The description of the graph in VoID (W3C Interest Group Note, 3 March 2011): computed for each version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.answers.publication.dumps import offered
from coopkg.answers.publication.statistics import statistics
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.namespaces import LANGUAGES, LICENCE, STANDARD_PREFIXES, VOID
from coopkg.rdf.terms import plain, triple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.answers.publication.statistics import Class, Links, Statistics
    from coopkg.answers.service import Service
    from coopkg.rdf.terms import Triple

_VOID: Final = STANDARD_PREFIXES["void"]
_EXT: Final = "http://ldf.fi/void-ext#"
"""The extension with the datatypes of values, which the query editor of SIB reads."""
_SD: Final = STANDARD_PREFIXES["sd"]
_TERMS: Final = STANDARD_PREFIXES["dcterms"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_INTEGER: Final = STANDARD_PREFIXES["xsd"] + "integer"
TITLE: Final = {
    "en": "Description of the graph: what it has, how much, and links to others",
    "ru": "Описание графа: что в нём есть, сколько и какие ссылки ведут к другим",
    "be": "Апісанне графа: што ў ім ёсць, колькі і якія спасылкі вядуць да іншых",
}


def void_description(service: Service) -> list[Triple]:
    """Describe the dataset, its partitions, link sets and named graphs. Raises the errors of evaluation."""
    figures, base = statistics(service), service.settings.base
    document, dataset = base + VOID, f"{base}catalog#dataset"
    triples = [
        triple(document, _TYPE, _VOID + "DatasetDescription"),
        triple(document, STANDARD_PREFIXES["foaf"] + "primaryTopic", dataset),
        *(triple(document, _TERMS + "title", TITLE[language], language) for language in LANGUAGES),
        triple(dataset, _TYPE, _VOID + "Dataset"),
        triple(dataset, _TERMS + "license", LICENCE),
        triple(dataset, _VOID + "sparqlEndpoint", f"{base}sparql"),
        triple(dataset, _VOID + "uriSpace", plain(f"{base}id/")),
        *_counts(dataset, figures),
        *(triple(dataset, _VOID + "feature", fmt.iri) for fmt in GRAPH_FORMATS),
        *(triple(dataset, _VOID + "vocabulary", space) for space in vocabularies(figures, base)),
        *(triple(dataset, _VOID + "dataDump", f"{base}dumps/{d.name}") for d in offered(service) if d.graph is None),
    ]
    # Examples must resolve here, which entities of other publishers do not.
    own = (c.example for c in figures.classes if c.iri.startswith(base) and c.example.startswith(base))
    triples += [triple(dataset, _VOID + "exampleResource", example) for example in own]
    triples += _partitions(f"{document}#", dataset, figures)
    for number, links in enumerate(figures.links, 1):
        triples += _linkset(f"{document}#links-{number}", dataset, links)
    return [*triples, *_graphs(service, dataset, figures)]


def _counts(node: str, figures: Statistics) -> Iterator[Triple]:
    for name, number in (
        ("triples", figures.triples),
        ("entities", figures.entities),
        ("distinctSubjects", figures.subjects),
        ("distinctObjects", figures.objects),
        ("classes", len(figures.classes)),
        ("properties", len(figures.properties)),
    ):
        yield _number(node, name, number)


def _number(node: str, name: str, number: int) -> Triple:
    return triple(node, _VOID + name, plain(str(number), _INTEGER))


def vocabularies(figures: Statistics, base: str) -> list[str]:
    """Return the sorted namespaces of the classes and properties in use, those of this ontology included."""
    terms = (*(c.iri for c in figures.classes), *(p.iri for p in figures.properties))
    spaces = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in terms}
    return sorted(space for space in spaces if not space.startswith(f"{base}id/"))


def _partitions(stem: str, dataset: str, figures: Statistics) -> Iterator[Triple]:
    """Describe the property and class partitions (VoID, section 4.5)."""
    # IRIs made of numbers, not blank nodes: the description is merged with others, and keeps its nodes in every format.
    for number, prop in enumerate(figures.properties, 1):
        node = f"{stem}property-{number}"
        yield triple(dataset, _VOID + "propertyPartition", node)
        yield triple(node, _VOID + "property", prop.iri)
        yield _number(node, "triples", prop.triples)
        yield _number(node, "distinctSubjects", prop.subjects)
        yield _number(node, "distinctObjects", prop.objects)
    for number, cls in enumerate(figures.classes, 1):
        node = f"{stem}class-{number}"
        yield triple(dataset, _VOID + "classPartition", node)
        yield triple(node, _VOID + "class", cls.iri)
        yield _number(node, "entities", cls.entities)
        yield from _of_class(node, cls)


def _of_class(node: str, cls: Class) -> Iterator[Triple]:
    for number, prop in enumerate(cls.properties, 1):
        part = f"{node}-property-{number}"
        yield triple(node, _VOID + "propertyPartition", part)
        yield triple(part, _VOID + "property", prop.iri)
        yield _number(part, "triples", prop.triples)
        for index, target in enumerate(cls.to_classes.get(prop.iri, ()), 1):
            yield triple(part, _VOID + "classPartition", f"{part}-class-{index}")
            yield triple(f"{part}-class-{index}", _VOID + "class", target)
        for index, target in enumerate(cls.to_datatypes.get(prop.iri, ()), 1):
            yield triple(part, _EXT + "datatypePartition", f"{part}-datatype-{index}")
            yield triple(f"{part}-datatype-{index}", _EXT + "datatype", target)


def _linkset(node: str, dataset: str, links: Links) -> Iterator[Triple]:
    """Describe a linkset (VoID, section 5), which is a subset of the dataset with the subjects of its links."""
    target = f"{node}-target"
    yield triple(dataset, _VOID + "subset", node)
    yield triple(node, _TYPE, _VOID + "Linkset")
    yield triple(node, _VOID + "linkPredicate", links.property)
    yield triple(node, _VOID + "subjectsTarget", dataset)
    yield triple(node, _VOID + "objectsTarget", target)
    yield _number(node, "triples", links.triples)
    yield triple(target, _TYPE, _VOID + "Dataset")
    yield triple(target, _VOID + "uriSpace", plain(links.space))


def _graphs(service: Service, dataset: str, figures: Statistics) -> Iterator[Triple]:
    """Describe the named graphs as subsets of the dataset, under the IRIs of the service description."""
    base = service.settings.base
    dumps = [dump for dump in offered(service) if dump.graph is not None]
    for graph, size in figures.graphs.items():
        named = f"{graph}#named"
        yield triple(dataset, _VOID + "subset", graph)
        yield triple(graph, _TYPE, _VOID + "Dataset")
        yield _number(graph, "triples", size)
        yield triple(f"{base}sparql#dataset", _SD + "namedGraph", named)
        yield triple(named, _SD + "name", graph)
        yield triple(named, _SD + "graph", graph)
        for dump in dumps:
            if dump.graph == graph:
                yield triple(graph, _VOID + "dataDump", f"{base}dumps/{dump.name}")
