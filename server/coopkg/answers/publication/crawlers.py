"""Documents for crawlers and language models: robots.txt, sitemap, llms.txt, and the dataset in schema.org terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import pyoxigraph as ox

from coopkg.answers.publication.dumps import offered
from coopkg.answers.publication.schema_org import CONTEXT
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS
from coopkg.rdf.namespaces import CATALOG, EXAMPLES, LANGUAGES, LICENCE, VOID, prefixes
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from coopkg.answers.service import Service

PER_SITEMAP: Final = 50_000
"""Addresses that one sitemap may list (sitemaps.org, protocol 0.9)."""
_SITEMAPS: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ENTITIES: Final = """
SELECT DISTINCT ?s WHERE { ?s ?p ?o [[entity]] }
ORDER BY ?s LIMIT [[limit]] OFFSET [[offset]]"""
_COUNT: Final = """
SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o [[entity]] }"""
# Statements of triples are shown where their claims are, and are nothing to read by themselves.
_ENTITY: Final = """
FILTER(ISIRI(?s) && STRSTARTS(STR(?s), [[things]]) && !STRSTARTS(STR(?s), [[statements]]))"""
_ABOUT: Final = """
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?p ?o WHERE {
  VALUES ?p { dcterms:title dcterms:description dcat:version } [[dataset]] ?p ?o
  FILTER(LANG(?o) IN ("", [[language]]))
}"""
_ROBOTS: Final = """User-agent: *
Disallow: /sparql?
Disallow: /explain?
Sitemap: {base}sitemap.xml
"""
_LLMS: Final = """# {title}

> {description}

Licence: {licence} (ontology, data, shapes, queries). Version: {version}. Every fact has a certainty, and is stated by
an rdf:Statement that a claim of a source supports (coop:supports); what is inferred is in <{base}graph/inferred>.

## Ask

- [SPARQL 1.1 endpoint]({base}sparql): GET, POST or QUERY; answers as {solutions}, graphs as {graphs}
- [Saved queries]({base}queries): each as a page and as an interface; add .csv, .json or .rq to its address
- [Saved queries as SHACL executables]({base}queries.ttl): also the named graph <{base}{examples}>
- [Limits]({base}limits)

## Read

- [Ontology]({base}ontology): classes and properties with definitions
- [Catalogue in DCAT]({base}{catalog}), [description in VoID]({base}{void})
- [Downloads]({base}dumps): everything, and each named graph, with SHA-256
- Every IRI under {base} resolves; add .ttl, .nt, .jsonld, .rdf or .html

## Prefixes

{prefixes}

## Saved queries

{queries}
"""


def robots(base: str) -> str:
    """Build robots.txt (RFC 9309), which keeps crawlers from computed answers; the dumps have everything."""
    return _ROBOTS.format(base=base)


def sitemap(service: Service, page: int | None) -> str:
    """Build the sitemap of all entities, or page ``page`` of it; an index of pages where one sitemap is too small."""
    base = service.settings.base
    things, statements = ox.Literal(f"{base}id/"), ox.Literal(f"{base}id/triple/")
    entity = query_text(_ENTITY, things=things, statements=statements)
    count = int(service.rows(query_text(_COUNT, entity=entity))[0]["n"])
    if page is None and count > PER_SITEMAP:
        pages = range(1, -(-count // PER_SITEMAP) + 1)
        body = "".join(f"<sitemap><loc>{escape(base)}sitemap.xml?page={number}</loc></sitemap>\n" for number in pages)
        return f'{_XML}<sitemapindex xmlns="{_SITEMAPS}">\n{body}</sitemapindex>\n'
    offset = ((page or 1) - 1) * PER_SITEMAP
    rows = service.rows(query_text(_ENTITIES, entity=entity, limit=PER_SITEMAP, offset=offset))
    # An IRI may contain an ampersand.
    body = "".join(f"<url><loc>{escape(row['s'])}</loc></url>\n" for row in rows)
    return f'{_XML}<urlset xmlns="{_SITEMAPS}">\n{body}</urlset>\n'


def llms(service: Service) -> str:
    """Build llms.txt (llmstxt.org): the content of the dataset and the ways to query it, as Markdown."""
    base, about = service.settings.base, _about(service, LANGUAGES[0])
    namespaces = "\n".join(f"- `{name}:` <{iri}>" for name, iri in prefixes(base).items() if iri.startswith(base))
    queries = "\n".join(f"- [{q.summary[LANGUAGES[0]]}]({base}queries/{q.slug})" for q in service.queries.values())
    return _LLMS.format(
        base=base, licence=LICENCE, prefixes=namespaces, queries=queries, examples=EXAMPLES, catalog=CATALOG, void=VOID,
        title=about["title"], description=about["description"], version=about["version"],
        solutions=", ".join(f.name for f in SOLUTION_FORMATS), graphs=", ".join(f.name for f in GRAPH_FORMATS),
    )  # fmt: skip


def dataset_markup(service: Service, language: str) -> dict[str, Any]:
    """Describe the dataset as a schema.org Dataset with its downloads, as JSON-LD for the home page."""
    base, about = service.settings.base, _about(service, language)
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": f"{base}{CATALOG}#dataset",
        "name": about["title"],
        "description": about["description"],
        "inLanguage": list(LANGUAGES),
        "version": about["version"],
        "url": base,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": "coopkg contributors"},
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": base + CATALOG},
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": f"{base}dumps/{dump.name}",
                "encodingFormat": dump.media_type.partition(";")[0],
                "name": dump.name,
            }
            for dump in offered(service)
            if dump.graph is None
        ],
    }


def _about(service: Service, language: str) -> dict[str, str]:
    """Return title, description and version of the dataset from the catalogue; "" for a missing one."""
    dataset = ox.NamedNode(f"{service.settings.base}catalog#dataset")
    rows = service.rows(query_text(_ABOUT, dataset=dataset, language=ox.Literal(language)))
    values = {row["p"].rpartition("#")[2].rpartition("/")[2]: row["o"] for row in rows}
    return {name: values.get(name, "") for name in ("title", "description", "version")}
