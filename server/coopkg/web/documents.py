"""Documents about an IRI: one description as a page or as RDF, by suffix or by Accept, with links between them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from flask import Response, request

from coopkg.descriptions import SHOWN, incoming
from coopkg.display import called, iri_cell, sections
from coopkg.endpoint import choose_format
from coopkg.negotiation import prefers_html
from coopkg.results import GRAPH_FORMATS, Shape
from coopkg.schema_org import script, structured
from coopkg.terms import compact
from coopkg.vocab import LANGUAGES, LICENCE, prefixes
from coopkg.web.page import page, visitor
from coopkg.web.values import flask_response, http_request, service

if TYPE_CHECKING:
    from coopkg.descriptions import Described
    from coopkg.protocol import HttpRequest, HttpResponse
    from coopkg.results import Format
    from coopkg.service import Service

PAGE: Final = "html"
SUFFIXES: Final = (PAGE, *(f.name for f in GRAPH_FORMATS))
"""The suffixes that choose a representation; no IRI of the graph ends in one of them."""
_IRI_SAFE: Final = ":/?#[]@!$&'()*+,;=%~"
"""Characters of an IRI that a header field has as they are (RFC 3987, section 3.1)."""


class Source(Protocol):
    """What a document is made from: see ``descriptions``."""

    @property
    def iri(self) -> str:
        """Give the IRI that is described."""
        ...

    def read(self, service: Service) -> Described:
        """Give the description for a page."""
        ...

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Give the description in an RDF format."""
        ...


def split_suffix(path: str) -> tuple[str, str]:
    """Give the path of the IRI, and the suffix that chooses a representation or ""."""
    stem, _, suffix = path.rpartition(".")
    return (stem, suffix) if stem and suffix in SUFFIXES else (path, "")


def document(source: Source, path: str, suffix: str) -> Response:
    """Give the representation of a description that the client asks for.

    The status is 200 also for what is no document, such as a country: Content-Location and the links tell the IRI from
    the address of what is said of it, and who follows many links is spared the detour of 303. Raises NotAcceptable.
    """
    accept = request.headers.get("Accept")
    if suffix == PAGE or (not suffix and prefers_html(accept, GRAPH_FORMATS)):
        chosen, response = PAGE, _page(source, path)
    else:
        fmt = choose_format(accept, suffix or None, Shape.GRAPH)
        chosen, response = fmt.name, flask_response(source.respond(http_request(), service(), fmt))
    response.headers["Link"] = _links(source.iri, path, chosen)
    response.headers["Content-Location"] = f"/{quote(path)}.{chosen}"
    return response


def _links(iri: str, path: str, chosen: str) -> str:
    """Give the Link field (RFC 8288): IRI, document and dataset, and every other representation."""
    last, name = f"./{quote(path.rpartition('/')[2])}", quote(iri, safe=_IRI_SAFE)
    types = {PAGE: "text/html", **{f.name: f.media_type for f in GRAPH_FORMATS}}
    links = [f'<{name}>; rel="canonical"', f'<{name}>; rel="describes"', f'<{LICENCE}>; rel="license"']
    links.append('</.well-known/void>; rel="collection"; type="text/turtle"')
    for suffix, kind in types.items():
        relation = "alternate describedby" if suffix != PAGE else "alternate"
        links += [f'<{last}.{suffix}>; rel="{relation}"; type="{kind}"'] if suffix != chosen else []
    return ", ".join(links)


def _page(source: Source, path: str) -> Response:
    visit = visitor()
    return page("entity.html", visit=visit, address=f"/{quote(path)}", **_shown(source, service(), visit.language))


def _shown(source: Source, running: Service, language: str) -> dict[str, Any]:
    """Give what the template shows of a description."""
    names, iri, described = prefixes(running.settings.base), source.iri, source.read(running)
    links, short = incoming(running, iri), compact(iri, names).strip("<>")
    return {
        "iri": iri,
        "short": short,
        "name": called(described.triples, iri, (language, *LANGUAGES)) or short,
        "sections": sections(described.triples, described.inferred, names, iri),
        "more": len(described.triples) if described.more else 0,
        "links": [(iri_cell(row["s"], names), iri_cell(row["p"], names)) for row in links[:SHOWN]],
        "more_links": len(links) > SHOWN,
        "correctable": iri.startswith(f"{running.settings.base}id/")
        and any(t.predicate.value.endswith("ontology#hasEvidence") for t in described.triples),
        "formats": GRAPH_FORMATS,
        "structured": script(structured(described.triples, iri)),
    }
