"""The service description (SPARQL 1.1 Service Description), computed from the tables that serve requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS
from coopkg.rdf.namespaces import CATALOG, EXAMPLES, INFERRED, STANDARD_PREFIXES, VOID, prefixes
from coopkg.rdf.terms import serialize_triples_as, triple
from coopkg.sparql.functions import EXTENSIONS

if TYPE_CHECKING:
    from coopkg.answers.service import Service
    from coopkg.rdf.formats import Format
    from coopkg.rdf.terms import Triple

_SD: Final = STANDARD_PREFIXES["sd"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_ENTAILMENT: Final = "http://www.w3.org/ns/entailment/"
_REGIMES: Final = {"none": "Simple", "rdfs": "RDFS", "owl-rl": "OWL-RDF-Based"}
_LEFT_OUT: Final = (
    "Answers hold what the rules of {rules} infer from the facts and the ontology; it stands in the named graph "
    "<{graph}> too, and the parameter entailment=off leaves it out. Not inferred are the triples that hold in every "
    "graph, those that say that a term is equal or subordinate to itself, literals as subjects, and owl:hasKey."
)


def service_description(service: Service, fmt: Format, endpoint: str) -> bytes:
    """Build the service description in an RDF format; ``endpoint`` is the IRI at which the service is reached."""
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
        *_available_graphs(service),
        *(triple(node, STANDARD_PREFIXES["rdfs"] + "seeAlso", base + name) for name in (VOID, CATALOG, EXAMPLES)),
        *(triple(node, _SD + "extensionFunction", iri) for iri in EXTENSIONS),
        *(triple(node, _SD + "resultFormat", f.iri) for f in (*SOLUTION_FORMATS, *GRAPH_FORMATS)),
    ]
    triples += [triple(node, *statement) for statement in _entailment(service)]
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
            triple(named, _SD + "entailmentRegime", _ENTAILMENT + "Simple"),
            triple(graph, _TYPE, _SD + "Graph"),
        ]
    return serialize_triples_as(triples, fmt.rdf, prefixes(base))


def _available_graphs(service: Service) -> list[Triple]:
    """Describe the graph that a query can name and that is no part of the default dataset (section 3.2.9)."""
    if service.settings.scratch:
        return []
    base = service.settings.base
    collection, named = f"{base}sparql#available-graphs", f"{base}{EXAMPLES}#named"
    return [
        triple(f"{base}sparql#service", _SD + "availableGraphs", collection),
        triple(collection, _TYPE, _SD + "GraphCollection"),
        triple(collection, _SD + "namedGraph", named),
        triple(named, _TYPE, _SD + "NamedGraph"),
        triple(named, _SD + "name", base + EXAMPLES),
    ]


def _entailment(service: Service) -> list[tuple[str, ...]]:
    """Describe the entailment: its regime, the profile of OWL, and in words what is not inferred.

    Each statement is a property, a value, and where the value is text its language.
    """
    regime, base = service.settings.regime, service.settings.base
    statements: list[tuple[str, ...]] = [(_SD + "defaultEntailmentRegime", _ENTAILMENT + _REGIMES[regime])]
    if regime == "owl-rl":
        statements.append((_SD + "defaultSupportedEntailmentProfile", "http://www.w3.org/ns/owl-profile/RL"))
    if regime != "none" and not service.settings.scratch:
        comment = _LEFT_OUT.format(rules={"rdfs": "RDFS", "owl-rl": "OWL 2 RL"}[regime], graph=base + INFERRED)
        statements.append((STANDARD_PREFIXES["rdfs"] + "comment", comment, "en"))
    return statements
