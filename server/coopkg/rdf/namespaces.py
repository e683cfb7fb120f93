"""Names that the program itself must know: the base IRI, namespaces and prefixes."""

from __future__ import annotations

from typing import Final

DEFAULT_BASE: Final = "http://127.0.0.1:8000/"
"""The base IRI with which the published files are written; ``--base`` rewrites it on load."""

INFERRED: Final = "graph/inferred"
"""The named graph of what is inferred, relative to the base IRI; nothing is ever written into it."""

CONTRIBUTIONS: Final = "graph/contributions"
"""The graph that contributions go into unless another is named, relative to the base IRI."""

EXAMPLES: Final = ".well-known/sparql-examples"
"""The named graph of saved queries and prefixes, relative to the base IRI, where query editors look for them."""

VOID: Final = ".well-known/void"
"""The document that describes the graph in VoID, relative to the base IRI."""

CATALOG: Final = "catalog"
"""The document of the catalogue in DCAT, relative to the base IRI."""

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
"""The licence of ontology, data, shapes and queries."""

LANGUAGES: Final = ("en", "ru", "be")
"""The languages in which everything that people read is given, the fallback first."""

ENTITY_PREFIXES: Final = {
    "agreement": "id/agreement/", "amount": "id/amount/", "body": "id/body/", "bound": "id/bound/",
    "certainty": "id/certainty/", "claim": "id/claim/", "commission": "id/commission/",
    "component": "id/component/", "country": "id/country/", "dataset": "id/dataset/", "funding": "id/funding/",
    "graph": "graph/", "group": "id/group/", "launch": "id/launch/", "list": "id/list/",
    "measure": "id/measure/", "meeting": "id/meeting/", "observation": "id/observation/",
    "participation": "id/participation/", "partnership": "id/partnership/", "period": "id/period/",
    "person": "id/person/", "place": "id/place/", "post": "id/post/", "precision": "id/precision/",
    "program": "id/program/", "project": "id/project/", "proposal": "id/proposal/", "result": "id/result/",
    "role": "id/role/", "scheme": "id/scheme/", "selector": "id/selector/", "session": "id/session/",
    "source": "source/", "statement": "id/statement/", "status": "id/status/", "structure": "id/structure/",
    "target": "id/target/", "topic": "id/topic/", "triple": "id/triple/",
    "unit": "id/unit/", "voice": "id/voice/",
}  # fmt: skip
"""Prefix of each entity type, relative to the base IRI."""

STANDARD_PREFIXES: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "euc": "http://publications.europa.eu/resource/authority/currency/",
    "eurio": "http://data.europa.eu/s66#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sdmx-attribute": "http://purl.org/linked-data/sdmx/2009/attribute#",
    "sdmx-dimension": "http://purl.org/linked-data/sdmx/2009/dimension#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "wd": "http://www.wikidata.org/entity/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes of the vocabularies that the data reuse."""


def prefixes(base: str = DEFAULT_BASE) -> dict[str, str]:
    """Return every prefix of the project with its namespace IRI, sorted by prefix."""
    own = {"coop": f"{base}ontology#", **{name: base + path for name, path in ENTITY_PREFIXES.items()}}
    return dict(sorted({**own, **STANDARD_PREFIXES}.items()))
