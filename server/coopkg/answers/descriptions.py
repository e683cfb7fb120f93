"""Descriptions of IRIs that are dereferenced: one graph behind the page and every RDF format."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from coopkg.answers.http.protocol import HttpResponse
from coopkg.answers.http.validators import etag, matches
from coopkg.answers.sparql_endpoint import Pending, answer_headers, prepare, respond
from coopkg.answers.suggestions import similar
from coopkg.errors import DatasetBroken, Gone, NotFound
from coopkg.rdf.formats import GRAPH_FORMATS, serialize_triples
from coopkg.rdf.namespaces import EXAMPLES, INFERRED, STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import named_node, read_triples, serialize_triples_as
from coopkg.sparql.query_text import QueryText, query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.answers.http.protocol import HttpRequest
    from coopkg.answers.service import Service
    from coopkg.rdf.formats import Format
    from coopkg.rdf.terms import Triple

SHOWN_TRIPLES: Final = 250
"""Triples of a description on its page, which says where there are more; the RDF has all."""
ALL: Final = query_text("all")
NONE: Final = query_text("none")
_NTRIPLES: Final = next(f for f in GRAPH_FORMATS if f.name == "nt")
_GRAPHS: Final = re.compile(rf"graph/.+|{re.escape(EXAMPLES)}")


@dataclass(frozen=True)
class Described:
    """A description for a page: the triples, those of them that are inferred, and whether more are left out."""

    triples: list[Triple]
    inferred: frozenset[Triple]
    more: bool = False


@dataclass(frozen=True)
class Description:
    """The query whose answer describes an IRI: the RDF is that answer in any format, and the page is made from it too.

    ``inferred`` is the pattern of the inferred triples in it, or ALL or NONE. The pattern ``known`` has a solution
    where there is a description.
    """

    iri: str
    query: str
    inferred: QueryText
    known: QueryText

    def task(self, fmt: Format, base: str, limit: int | None = None) -> Task:
        """Return the task whose answer is the description, of a named graph ``limit`` triples at most."""
        bounded = f"{self.query} LIMIT {limit}" if limit and self.query.startswith("CONSTRUCT") else self.query
        return Task(bounded, fmt, base, prefixes=prefixes(base))

    def read(self, service: Service) -> Described:
        """Return the description for a page. Raises NotFound, Gone and the errors of evaluation."""
        self._require(service)
        base = service.settings.base
        triples = _triples(service, self.task(_NTRIPLES, base, SHOWN_TRIPLES + 1))
        page_triples = triples[:SHOWN_TRIPLES]
        return Described(page_triples, self._inferred(service, page_triples), len(triples) > len(page_triples))

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Return the description in an RDF format, with its validators. Raises as ``read`` does."""
        # A match of the entity tag is a 304 before anything is evaluated: only an IRI that has a description ever got a
        # tag.
        task = self.task(fmt, service.settings.base)
        prepared = prepare(request, service, task, stable=True)
        if not isinstance(prepared, Pending):
            return prepared
        self._require(service)
        return respond(request, service, task, stable=True)

    def _require(self, service: Service) -> None:
        """Check that there is a description. Raises Gone where a commit has removed it, else NotFound."""
        if not service.rows(query_text("SELECT ?s WHERE { [[known]] } LIMIT 1", known=self.known)):
            raise _missing(service, self.iri)

    def _inferred(self, service: Service, page_triples: list[Triple]) -> frozenset[Triple]:
        if self.inferred in {ALL, NONE}:
            return frozenset(page_triples if self.inferred == ALL else ())
        base = service.settings.base
        pattern = _in_graph(base + INFERRED, self.inferred)
        return frozenset(_triples(service, Task(_construct(pattern), _NTRIPLES, base)))


@dataclass(frozen=True)
class Computed:
    """A description that no query gives but a function of the version, such as the catalogue: its triples."""

    iri: str
    triples: list[Triple]

    def read(self, service: Service) -> Described:  # noqa: ARG002 - as Description.read
        """Return the description for a page."""
        return Described(self.triples[:SHOWN_TRIPLES], frozenset(), len(self.triples) > SHOWN_TRIPLES)

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Return the description in an RDF format, with its validators."""
        body = serialize_triples(self.triples, fmt, prefixes(service.settings.base))
        tag = etag(service.engine.tag(), self.iri, fmt.name)
        headers = {**answer_headers(fmt), "ETag": tag, "Cache-Control": "public, max-age=0, must-revalidate"}
        if matches(request.headers.get("if-none-match"), tag):
            return HttpResponse(304, headers)
        return HttpResponse(200, headers, body)


def computed(service: Service, path: str, compute: Callable[[Service], list[Triple]]) -> Computed:
    """Return a description that ``compute`` gives once for each version. Raises Busy, and what ``compute`` raises."""
    tag = etag(service.engine.tag(), path, "computed")
    kept = service.cache.get(tag)
    if kept is None:
        with service.files.turn():
            # Looked up again: another thread may have computed it while this one waited for its turn.
            kept = service.cache.get(tag) or serialize_triples_as(
                list(dict.fromkeys(compute(service))), _NTRIPLES.rdf, {}
            )
            service.cache.put(tag, kept)
    return Computed(service.settings.base + path, read_triples(kept))


def _triples(service: Service, task: Task) -> list[Triple]:
    return read_triples(service.ask(task))


def describe(base: str, path: str) -> Description:
    """Return the description of ``<base><path>``, whose path is percent-decoded; whether there is one is not checked.

    A named graph is described by its triples, the ontology by those of its graph and the inferred triples of its terms,
    anything else by its concise bounded description: the triples of which it is the subject, and those of their blank
    nodes in turn.
    """
    # The path comes from an address; what no IRI may contain is escaped again, so that a term can be built of it at
    # all.
    path = _NO_IRI.sub(lambda match: quote(match[0]), path)
    node = named_node(base + path, {}, "iri")
    anything = query_text("?s ?p ?o")
    if _GRAPHS.fullmatch(path):
        pattern = _in_graph(node.value, anything)
        return Description(base + path, _construct(pattern), ALL if path == INFERRED else NONE, pattern)
    if path == "ontology" or path.startswith("ontology/"):
        terms = ox.Literal(f"{base}ontology#")
        own_terms = query_text("?s ?p ?o FILTER(STRSTARTS(STR(?s), [[terms]]))", terms=terms)
        known, inferred = _in_graph(f"{base}graph/ontology", anything), _in_graph(base + INFERRED, own_terms)
        if path != "ontology":
            version = ox.NamedNode(STANDARD_PREFIXES["owl"] + "versionIRI")
            of_version = query_text("?ontology [[version]] [[node]]", version=version, node=node)
            stated = _in_graph(f"{base}graph/ontology", of_version)
            known, inferred = (query_text("[[parts]]", parts=(stated, part)) for part in (known, inferred))
        both = query_text("{ [[known]] } UNION { [[inferred]] }", known=known, inferred=inferred)
        return Description(base + path, _construct(both), own_terms, known)
    pattern = query_text("VALUES ?s { [[node]] } ?s ?p ?o", node=node)
    return Description(base + path, query_text("DESCRIBE [[node]]", node=node), pattern, pattern)


_NO_IRI: Final = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f]|%(?![0-9A-Fa-f]{2})")
"""Characters that an IRI may have as percent escapes only (RFC 3987, section 2.2)."""


def _construct(pattern: QueryText) -> QueryText:
    return query_text("CONSTRUCT { ?s ?p ?o } WHERE { [[pattern]] }", pattern=pattern)


def _in_graph(graph: str, pattern: QueryText) -> QueryText:
    return query_text("GRAPH [[graph]] { [[pattern]] }", graph=ox.NamedNode(graph), pattern=pattern)


def _removed_by(service: Service, iri: str) -> int | None:
    """Return the last version that removed triples of an IRI; None too where the journal cannot be read any more."""
    with contextlib.suppress(DatasetBroken, OSError):
        return None if service.history is None else service.history.removed_by(iri)
    return None


def _missing(service: Service, iri: str) -> NotFound:
    """Build the error for an IRI without triples: 410 if a commit has removed them, else 404 with similar IRIs."""
    version = _removed_by(service, iri)
    if version is not None:
        return Gone(f"The graph no longer says anything of {iri}: version {version} removed it.", version=version)
    close = similar(service, iri)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return NotFound(f"The graph says nothing of {iri}.{hint}", suggestion=close)
