"""Documents about an IRI: one description as a page or as RDF, by suffix or by Accept, with links between them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from flask import Response, request

from coopkg.answers.http.negotiation import choose_document_format, document_formats, prefers_html
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.namespaces import LICENCE
from coopkg.web.pages.thing import shown
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.request_values import flask_response, http_request, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.answers.descriptions import Described
    from coopkg.answers.http.protocol import HttpRequest, HttpResponse
    from coopkg.answers.service import Service
    from coopkg.rdf.formats import Format
    from coopkg.web.rendering import Visit

PAGE: Final = "html"
SUFFIXES: Final = (PAGE, *(f.name for f in GRAPH_FORMATS))
"""The suffixes that choose a representation; no IRI of the graph ends in one of them."""
_IRI_SAFE: Final = ":/?#[]@!$&'()*+,;=%~"
"""Characters of an IRI that a header field has as they are (RFC 3987, section 3.1)."""


class Source(Protocol):
    """What a document is made from: see ``descriptions``."""

    @property
    def iri(self) -> str:
        """Return the IRI that is described."""
        ...

    def read(self, service: Service) -> Described:
        """Return the description for a page."""
        ...

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Return the description in an RDF format."""
        ...


def split_suffix(path: str) -> tuple[str, str]:
    """Return the path of the IRI, and the suffix that chooses a representation or ""."""
    stem, _, suffix = path.rpartition(".")
    return (stem, suffix) if stem and suffix in SUFFIXES else (path, "")


@dataclass(frozen=True)
class Face:
    """How a description is shown: by a template, with what a function gives for it."""

    template: str
    values: Callable[[Service, Visit, str, Described], dict[str, Any]]


PLAIN: Final = Face("entity.html", shown)
"""How all is shown that has no page of its own kind."""


def document(source: Source, path: str, suffix: str, face: Face = PLAIN) -> Response:
    """Return the representation of a description that the client asks for.

    The status is 200 also for what is no document, such as a country: Content-Location and the links tell the IRI from
    the address of what is said of it, and who follows many links is spared the detour of 303. The version of RDF is no
    matter of the page. Raises NotAcceptable, and BadParameter for a version that there is not.
    """
    accept, versions = request.headers.get("Accept"), request.args.getlist("version")
    offered = document_formats(suffix, versions)
    if suffix == PAGE or (not suffix and prefers_html(accept, offered)):
        chosen, response = PAGE, _page(source, path, face)
    else:
        fmt = choose_document_format(accept, suffix, versions)
        chosen, response = fmt.name, flask_response(source.respond(http_request(), service(), fmt))
    response.headers["Link"] = _links(source.iri, path, chosen)
    response.headers["Content-Location"] = f"/{quote(path)}.{chosen}"
    return response


def _links(iri: str, path: str, chosen: str) -> str:
    """Return the Link field (RFC 8288): IRI, document and dataset, and every other representation."""
    last, name = f"./{quote(path.rpartition('/')[2])}", quote(iri, safe=_IRI_SAFE)
    types = {PAGE: "text/html", **{f.name: f.media_type for f in GRAPH_FORMATS}}
    links = [f'<{name}>; rel="canonical"', f'<{name}>; rel="describes"', f'<{LICENCE}>; rel="license"']
    links.append('</.well-known/void>; rel="collection"; type="text/turtle"')
    for suffix, kind in types.items():
        relation = "alternate describedby" if suffix != PAGE else "alternate"
        links += [f'<{last}.{suffix}>; rel="{relation}"; type="{kind}"'] if suffix != chosen else []
    return ", ".join(links)


def _page(source: Source, path: str, face: Face) -> Response:
    visit, running = visitor(), service()
    found = face.values(running, visit, source.iri, source.read(running))
    return page(face.template, visit=visit, address=f"/{quote(path)}", formats=GRAPH_FORMATS, **found)
