"""Saved queries and prefixes as RDF, where query editors look for them: SHACL's SPARQL executables, as SIB has them.

They are an available graph (sd:availableGraphs): GRAPH and FROM reach it, and it is no part of the default graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.answers.saved_queries import load_queries
from coopkg.rdf.namespaces import EXAMPLES, STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import in_graph, plain, triple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.saved_queries import SavedQuery
    from coopkg.dataset.published_files import Published
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.terms import Triple

_SH: Final = STANDARD_PREFIXES["sh"]
_SPEX: Final = "https://purl.expasy.org/sparql-examples/ontology#"
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_FORMS: Final = {
    "SELECT": ((_SH + "SPARQLSelectExecutable", _SH + "select"),),
    "ASK": ((_SH + "SPARQLAskExecutable", _SH + "ask"),),
    "CONSTRUCT": ((_SH + "SPARQLConstructExecutable", _SH + "construct"),),
    "DESCRIBE": ((_SPEX + "SPARQLDescribeExecutable", _SPEX + "describe"), ("", _SH + "describe")),
}
"""Class and property of each query form (SHACL Advanced Features, section 5). SHACL has none for DESCRIBE: SIB's
vocabulary declares one, and its editor asks for another."""


def with_examples(dataset: Dataset, published: Published) -> Dataset:
    """Return the dataset with the saved queries as an available graph. Raises what ``load_queries`` raises."""
    base = dataset.base
    triples = examples(load_queries(published, base).values(), base)
    return dataset.with_available_graphs(in_graph(triples, base + EXAMPLES))


def examples(queries: Iterable[SavedQuery], base: str) -> list[Triple]:
    """Describe the saved queries as examples, with the prefixes that they may use."""
    triples = declared(prefixes(base), base)
    for query in queries:
        triples += example(query, base)
    return triples


def example_iri(query: SavedQuery, base: str) -> str:
    """Return the IRI of a saved query as an example."""
    return f"{base}{EXAMPLES}#{query.slug}"


def example(query: SavedQuery, base: str) -> list[Triple]:
    """Describe one saved query as an example."""
    node = example_iri(query, base)
    triples = [triple(node, _TYPE, _SH + "SPARQLExecutable")]
    for cls, text in _FORMS[query.form]:
        triples += [triple(node, _TYPE, cls)] if cls else []
        triples.append(triple(node, text, plain(query.text)))
    for language, summary in query.summary.items():
        triples.append(triple(node, STANDARD_PREFIXES["rdfs"] + "comment", summary, language))
    for language, text in query.description.items():
        triples.append(triple(node, STANDARD_PREFIXES["dcterms"] + "description", text, language))
    triples += [triple(node, STANDARD_PREFIXES["schema"] + "keywords", plain(tag)) for tag in query.tags]
    triples += [
        triple(node, STANDARD_PREFIXES["schema"] + "target", f"{base}sparql"),
        triple(node, STANDARD_PREFIXES["foaf"] + "page", f"{base}queries/{query.slug}"),
        triple(node, _SH + "prefixes", f"{base}{EXAMPLES}#prefixes"),
    ]
    return triples


def declared(names: Mapping[str, str], base: str) -> list[Triple]:
    """Declare prefixes in the manner of SHACL (SHACL, section 5.2.1)."""
    # IRIs, not blank nodes: editors and the dumps of different versions must name the same declarations.
    ontology = f"{base}{EXAMPLES}#prefixes"
    triples = [triple(ontology, _TYPE, STANDARD_PREFIXES["owl"] + "Ontology")]
    for name, namespace in names.items():
        node = f"{base}{EXAMPLES}#prefix-{name}"
        triples += [
            triple(ontology, _SH + "declare", node),
            triple(node, _TYPE, _SH + "PrefixDeclaration"),
            triple(node, _SH + "prefix", plain(name)),
            triple(node, _SH + "namespace", plain(namespace, STANDARD_PREFIXES["xsd"] + "anyURI")),
        ]
    return triples
