"""A crawler: every IRI under the base that the data have resolves on a real server, in every format, and all agree."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from contextlib import closing
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

import pages
from conftest import BASE
from coopkg.answers.descriptions import SHOWN_TRIPLES
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.namespaces import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

PARTS = 4
"""Parts of the documents, so that several processors can share them."""
ANYWHERE = "{ ?iri ?p ?o } UNION { ?s ?iri ?o } UNION { ?s ?p ?iri }"
TERMS = f"""
SELECT DISTINCT ?iri WHERE {{
  {ANYWHERE} UNION {{ GRAPH ?iri {{}} }} UNION {{ GRAPH <{BASE}{EXAMPLES}> {{ {ANYWHERE} }} }}
  FILTER(ISIRI(?iri) && STRSTARTS(STR(?iri), "{BASE}"))
}}
"""


class Crawler:
    """A client that keeps its connection, as a well-behaved one does."""

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        self.wire = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)

    def get(self, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        self.wire.request("GET", target, headers=headers)
        response = self.wire.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def documents(self) -> list[str]:
        """Give the documents of all IRIs that the data have, without their fragments, from the base on."""
        query = urllib.parse.urlencode({"query": TERMS, "format": "json"})
        status, _, body = self.get(f"/sparql?{query}")
        assert status == 200, body
        iris = [row["iri"]["value"] for row in json.loads(body)["results"]["bindings"]]
        return sorted({iri.removeprefix(BASE).partition("#")[0] for iri in iris})

    def check(self, path: str) -> None:
        """Fetch one document in every format, by Accept and by suffix; hold its page against its Turtle."""
        found: dict[str, bytes] = {}
        for fmt in GRAPH_FORMATS:
            status, headers, body = self.get(f"/{path}", Accept=fmt.media_type)
            assert (status, headers["content-type"]) == (200, fmt.content_type), (path, fmt.name, body[:200])
            assert headers["vary"].startswith("Accept")
            if path != "sparql":
                assert headers["etag"].startswith('"')
                assert 'rel="canonical"' in headers["link"], path
            found[fmt.name] = body
        status, headers, body = self.get(f"/{path}", Accept="text/html")
        if path == "sparql":
            assert status == 303
            return
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        if not path.startswith("queries/"):
            _agree(path, found, body.decode())
            _, by_suffix, same = self.get(f"/{path}.ttl")
            assert (same, by_suffix["content-location"]) == (found["ttl"], f"/{path}.ttl")


def _agree(path: str, found: dict[str, bytes], html: str) -> None:
    """See that all formats have the same triples, and that the page shows them."""
    graphs = {fmt.name: _triples(found[fmt.name], fmt.rdf) for fmt in GRAPH_FORMATS}
    assert graphs["ttl"], path
    assert all(pages.loose(graph) == pages.loose(graphs["ttl"]) for graph in graphs.values()), path
    assert len({len(graph) for graph in graphs.values()}) == 1, path
    shown = pages.read(html, BASE + path).triples
    if len(graphs["ttl"]) > SHOWN_TRIPLES:
        assert "the data below have all" in html
        assert shown <= pages.loose(graphs["ttl"])
    else:
        assert shown == pages.loose(graphs["ttl"]), path


def _triples(body: bytes, fmt: ox.RdfFormat | None) -> list[ox.Triple]:
    return list(dict.fromkeys(quad.triple for quad in ox.parse(body, fmt)))


@pytest.fixture
def crawler(server: str) -> Iterator[Crawler]:
    found = Crawler(server)
    with closing(found.wire):
        yield found


@pytest.mark.parametrize("part", range(PARTS))
def test_all_that_the_data_name_resolves_and_agrees(crawler: Crawler, part: int) -> None:
    documents = crawler.documents()
    assert len(documents) > 800
    assert len({path.rpartition("/")[0] or path for path in documents}) > 40
    for path in documents[part::PARTS]:
        crawler.check(path)
