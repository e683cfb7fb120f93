"""What the server says of itself: the service description (SPARQL 1.1 Service Description), computed, never written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.results import GRAPH_FORMATS, SOLUTION_FORMATS
from coopkg.terms import serialize_triples_as, triple
from coopkg.vocab import STANDARD_PREFIXES, prefixes

if TYPE_CHECKING:
    from coopkg.results import Format
    from coopkg.service import Service

_SD: Final = STANDARD_PREFIXES["sd"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"


def service_description(service: Service, fmt: Format, endpoint: str) -> bytes:
    """Give the service description in an RDF format; formats and graphs come from the tables that serve requests."""
    base = service.settings.base
    node = f"{base}sparql#service"
    dataset, default = f"{base}sparql#dataset", f"{base}sparql#default-graph"
    triples = [
        triple(node, _TYPE, _SD + "Service"),
        triple(node, _SD + "endpoint", endpoint),
        triple(node, _SD + "supportedLanguage", _SD + "SPARQL10Query"),
        triple(node, _SD + "supportedLanguage", _SD + "SPARQL11Query"),
        triple(node, _SD + "defaultDataset", dataset),
        triple(dataset, _TYPE, _SD + "Dataset"),
        triple(dataset, _SD + "defaultGraph", default),
        triple(default, _TYPE, _SD + "Graph"),
        *(triple(node, _SD + "resultFormat", f.iri) for f in (*SOLUTION_FORMATS, *GRAPH_FORMATS)),
    ]
    if service.settings.scratch:
        triples.append(triple(node, _SD + "supportedLanguage", _SD + "SPARQL11Update"))
    else:
        triples.append(triple(node, _SD + "feature", _SD + "UnionDefaultGraph"))
    if service.federation is not None:
        triples.append(triple(node, _SD + "feature", _SD + "BasicFederatedQuery"))
    for row in service.rows("SELECT ?g WHERE { GRAPH ?g {} } ORDER BY ?g"):
        named, graph = f"{row['g']}#named", row["g"]
        triples += [
            triple(dataset, _SD + "namedGraph", named),
            triple(named, _TYPE, _SD + "NamedGraph"),
            triple(named, _SD + "name", graph),
            triple(named, _SD + "graph", graph),
            triple(graph, _TYPE, _SD + "Graph"),
        ]
    return serialize_triples_as(triples, fmt.rdf, prefixes(base))
