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
"""The extension that SIB's tools read: datatypes of values."""
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
    """Return the description. Raises the errors of evaluation."""
    figures, base = statistics(service), service.settings.base
    document, dataset = base + VOID, f"{base}catalog#dataset"
    found = [
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
    own = (c.example for c in figures.classes if c.iri.startswith(base) and c.example.startswith(base))
    found += [triple(dataset, _VOID + "exampleResource", example) for example in own]
    found += _partitions(f"{document}#", dataset, figures)
    for number, links in enumerate(figures.links, 1):
        found += _linkset(f"{document}#links-{number}", dataset, links)
    return [*found, *_graphs(service, dataset, figures)]


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
    """Return the namespaces of the classes and properties in use, ours among them."""
    terms = (*(c.iri for c in figures.classes), *(p.iri for p in figures.properties))
    spaces = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in terms}
    return sorted(space for space in spaces if not space.startswith(f"{base}id/"))


def _partitions(stem: str, dataset: str, figures: Statistics) -> Iterator[Triple]:
    for number, found in enumerate(figures.properties, 1):
        node = f"{stem}property-{number}"
        yield triple(dataset, _VOID + "propertyPartition", node)
        yield triple(node, _VOID + "property", found.iri)
        yield _number(node, "triples", found.triples)
        yield _number(node, "distinctSubjects", found.subjects)
        yield _number(node, "distinctObjects", found.objects)
    for number, cls in enumerate(figures.classes, 1):
        node = f"{stem}class-{number}"
        yield triple(dataset, _VOID + "classPartition", node)
        yield triple(node, _VOID + "class", cls.iri)
        yield _number(node, "entities", cls.entities)
        yield from _of_class(node, cls)


def _of_class(node: str, cls: Class) -> Iterator[Triple]:
    for number, found in enumerate(cls.properties, 1):
        part = f"{node}-property-{number}"
        yield triple(node, _VOID + "propertyPartition", part)
        yield triple(part, _VOID + "property", found.iri)
        yield _number(part, "triples", found.triples)
        for place, target in enumerate(cls.to_classes.get(found.iri, ()), 1):
            yield triple(part, _VOID + "classPartition", f"{part}-class-{place}")
            yield triple(f"{part}-class-{place}", _VOID + "class", target)
        for place, target in enumerate(cls.to_datatypes.get(found.iri, ()), 1):
            yield triple(part, _EXT + "datatypePartition", f"{part}-datatype-{place}")
            yield triple(f"{part}-datatype-{place}", _EXT + "datatype", target)


def _linkset(node: str, dataset: str, links: Links) -> Iterator[Triple]:
    """Return a linkset (VoID, section 5): it is a part of the dataset that its links begin in."""
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
    """Return the named graphs as parts of the dataset, which the service description names too."""
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
