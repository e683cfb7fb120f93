"""The three tests of the Service Description suite: it is RDF, it names its endpoint, it keeps to its vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from w3c.exchange import GRAPHS, Broken, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

SUITE: Final = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/service-description/manifest#"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"
RDF_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_SERVICE, _GRAPHS, _NAMED = frozenset({"Service"}), frozenset({"Dataset", "GraphCollection"}), frozenset({"NamedGraph"})
# Property: the classes that its subjects may be stated to have, and the class that its objects may be stated to have.
PROPERTIES: Final[dict[str, tuple[frozenset[str], str]]] = {
    "endpoint": (_SERVICE, ""),
    "feature": (_SERVICE, "Feature"),
    "defaultEntailmentRegime": (_SERVICE, "EntailmentRegime"),
    "defaultSupportedEntailmentProfile": (_SERVICE, "EntailmentProfile"),
    "entailmentRegime": (_NAMED, "EntailmentRegime"),
    "supportedEntailmentProfile": (_NAMED, "EntailmentProfile"),
    "extensionFunction": (_SERVICE, "Function"),
    "extensionAggregate": (_SERVICE, "Aggregate"),
    "languageExtension": (_SERVICE, "Feature"),
    "supportedLanguage": (_SERVICE, "Language"),
    "propertyFeature": (_SERVICE, "Feature"),
    "defaultDataset": (_SERVICE, "Dataset"),
    "availableGraphs": (_SERVICE, "GraphCollection"),
    "resultFormat": (_SERVICE, ""),
    "inputFormat": (_SERVICE, ""),
    "defaultGraph": (frozenset({"Dataset"}), "Graph"),
    "namedGraph": (_GRAPHS, "NamedGraph"),
    "name": (_NAMED, ""),
    "graph": (_NAMED, "Graph"),
}
CLASSES: Final = frozenset(
    {
        "Service", "Feature", "Language", "Function", "Aggregate", "EntailmentRegime", "EntailmentProfile",
        "GraphCollection", "Dataset", "Graph", "NamedGraph",
    }
)  # fmt: skip
LANGUAGES: Final = frozenset({"SPARQL10Query", "SPARQL11Query", "SPARQL11Update", "SPARQL12Query", "SPARQL12Update"})
FEATURES: Final = frozenset(
    {"DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery"}
)


def read(wire: Wire, accept: str | None = None) -> list[ox.Quad]:
    """Ask the endpoint without a query. Raises Broken where the answer is no RDF."""
    reply = wire.send("GET", "/sparql", {"Accept": accept} if accept else {})
    if reply.status != 200 or reply.media_type not in GRAPHS:
        raise Broken(f"{reply.status} {reply.media_type}")
    try:
        return list(ox.parse(reply.body, GRAPHS[reply.media_type], base_iri=f"{wire.address}/sparql"))
    except SyntaxError as error:
        raise Broken(f"the body is no {reply.media_type}: {error}") from None


def returns_rdf(wire: Wire) -> str:
    """A request without parameters is answered in RDF, whatever RDF format is asked for or none."""
    for accept in (None, "text/turtle", "application/rdf+xml", "application/n-triples"):
        if not read(wire, accept):
            return f"no triple for Accept: {accept}"
    return ""


def has_endpoint_triple(wire: Wire) -> str:
    """A service says that it is at the address where the description was asked for."""
    endpoints = {quad.object for quad in read(wire) if quad.predicate.value == f"{SD}endpoint"}
    own = ox.NamedNode(f"{wire.address}/sparql")
    return "" if own in endpoints else f"{own} is not among the endpoints {sorted(map(str, endpoints))}"


def conforms_to_schema(wire: Wire) -> str:
    """Every term of the vocabulary exists and stands where the vocabulary has it; a service has one endpoint."""
    quads = read(wire)
    types: dict[str, set[str]] = {}
    for quad in quads:
        if quad.predicate == RDF_TYPE:
            types.setdefault(str(quad.subject), set()).add(str(quad.object))
    services = [node for node, classes in types.items() if f"<{SD}Service>" in classes]
    if not services:
        return "there is no sd:Service"
    endpoints = [str(quad.subject) for quad in quads if quad.predicate.value == f"{SD}endpoint"]
    faults = [f"{node} has {endpoints.count(node)} endpoints" for node in services if endpoints.count(node) != 1]
    return "; ".join(faults + [fault for quad in quads for fault in _faults(quad, types)])


def _faults(quad: ox.Quad, types: dict[str, set[str]]) -> list[str]:
    faults = []
    if quad.predicate.value.startswith(SD):
        name = quad.predicate.value.removeprefix(SD)
        if name not in PROPERTIES:
            return [f"sd:{name} is no property"]
        subjects, objects = PROPERTIES[name]
        if not types.get(str(quad.subject), set()) & {f"<{SD}{c}>" for c in subjects}:
            faults.append(f"the subject of sd:{name} is none of {sorted(subjects)}")
        if isinstance(quad.object, ox.Literal | ox.Triple):
            faults.append(f"the object of sd:{name} is no resource")
        stated = types.get(str(quad.object))
        if objects and stated and not _belongs(stated, objects):
            faults.append(f"the object of sd:{name} is {sorted(stated)}")
        known = {"supportedLanguage": LANGUAGES, "feature": FEATURES}.get(name)
        if known and _foreign(quad.object, known):
            faults.append(f"{quad.object} is no value of sd:{name}")
    elif quad.predicate == RDF_TYPE and _foreign(quad.object, CLASSES):
        faults.append(f"{quad.object} is no class")
    return faults


def _belongs(stated: set[str], wanted: str) -> bool:
    below = {"GraphCollection": {"Dataset"}, "Feature": {"Language"}}.get(wanted, set())
    return bool(stated & {f"<{SD}{name}>" for name in {wanted, *below}})


def _foreign(term: object, known: frozenset[str]) -> bool:
    iri = term.value if isinstance(term, ox.NamedNode) else ""
    return iri.startswith(SD) and iri.removeprefix(SD) not in known


TESTS: Final[dict[str, Callable[[Wire], str]]] = {
    "has-endpoint-triple": has_endpoint_triple,
    "returns-rdf": returns_rdf,
    "conforms-to-schema": conforms_to_schema,
}
