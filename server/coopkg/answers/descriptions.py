"""What is told of an IRI when it is dereferenced: one description graph behind its page and all of its RDF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from coopkg.answers.http.protocol import HttpResponse
from coopkg.answers.http.validators import etag, matches
from coopkg.answers.sparql_endpoint import Pending, answer_headers, finish, prepare
from coopkg.answers.suggestions import similar
from coopkg.errors import Gone, NotFound
from coopkg.rdf.formats import GRAPH_FORMATS
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
"""How many triples of a description its page shows; it says so where there are more, and the RDF has all."""
ALL: Final = QueryText("all")
NONE: Final = QueryText("none")
_NTRIPLES: Final = next(f for f in GRAPH_FORMATS if f.name == "nt")
_GRAPHS: Final = re.compile(rf"graph/.+|{re.escape(EXAMPLES)}")


@dataclass(frozen=True)
class Described:
    """A description as a page wants it: the triples, those of them that are inferred, and whether more are left out."""

    triples: list[Triple]
    inferred: frozenset[Triple]
    more: bool = False


@dataclass(frozen=True)
class Description:
    """The query whose answer describes an IRI; ``inferred`` is the pattern of what is inferred in it, ALL or NONE.

    The RDF is that answer, in whichever format, and a page is made from that answer: the two cannot disagree. The
    pattern ``known`` has a solution where there is a description.
    """

    iri: str
    query: str
    inferred: QueryText
    known: QueryText

    def task(self, fmt: Format, base: str, limit: int | None = None) -> Task:
        """Return the task that answers with the description, or with no more than ``limit`` triples of a graph."""
        bounded = f"{self.query} LIMIT {limit}" if limit and self.query.startswith("CONSTRUCT") else self.query
        return Task(bounded, fmt, base, prefixes=prefixes(base))

    def read(self, service: Service) -> Described:
        """Return the description for a page. Raises NotFound, Gone and the errors of evaluation."""
        self._find(service)
        base = service.settings.base
        triples = _triples(service, self.task(_NTRIPLES, base, SHOWN_TRIPLES + 1))
        shown = triples[:SHOWN_TRIPLES]
        return Described(shown, self._inferred(service, shown), len(triples) > len(shown))

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Return the description in an RDF format, with its validators. Raises as ``read`` does.

        Who has it already is told so before anything is asked: only a description that was found has an entity tag.
        """
        prepared = prepare(request, service, self.task(fmt, service.settings.base), stable=True)
        if not isinstance(prepared, Pending):
            return prepared
        self._find(service)
        return finish(prepared, service)

    def _find(self, service: Service) -> None:
        """See that there is a description. Raises NotFound if the graph never said anything of the IRI, else Gone."""
        if not service.rows(query_text("SELECT ?s WHERE { [[known]] } LIMIT 1", known=self.known)):
            raise _missing(service, self.iri)

    def _inferred(self, service: Service, shown: list[Triple]) -> frozenset[Triple]:
        if self.inferred in {ALL, NONE}:
            return frozenset(shown if self.inferred == ALL else ())
        base = service.settings.base
        pattern = _in_graph(base + INFERRED, self.inferred)
        return frozenset(_triples(service, Task(_construct(pattern), _NTRIPLES, base)))


@dataclass(frozen=True)
class Computed:
    """A description that is computed from the version of the graph, such as the catalogue: its triples."""

    iri: str
    triples: list[Triple]

    def read(self, service: Service) -> Described:  # noqa: ARG002 - as Description.read
        """Return the description for a page."""
        return Described(self.triples[:SHOWN_TRIPLES], frozenset(), len(self.triples) > SHOWN_TRIPLES)

    def respond(self, request: HttpRequest, service: Service, fmt: Format) -> HttpResponse:
        """Return the description in an RDF format, with its validators."""
        body = serialize_triples_as(self.triples, fmt.rdf, prefixes(service.settings.base))
        tag = etag(service.engine.tag(), self.iri, fmt.name)
        headers = {**answer_headers(fmt), "ETag": tag, "Cache-Control": "public, max-age=0, must-revalidate"}
        if matches(request.headers.get("if-none-match"), tag):
            return HttpResponse(304, headers)
        return HttpResponse(200, headers, body)


def computed(service: Service, path: str, work_out: Callable[[Service], list[Triple]]) -> Computed:
    """Return a description that is worked out once for a version and kept. Raises Busy, and what that raises."""
    tag = etag(service.engine.tag(), path, "computed")
    kept = service.cache.get(tag)
    if kept is None:
        with service.files.turn():
            kept = service.cache.get(tag) or serialize_triples_as(
                list(dict.fromkeys(work_out(service))), _NTRIPLES.rdf, {}
            )
            service.cache.put(tag, kept)
    return Computed(service.settings.base + path, read_triples(kept))


def _triples(service: Service, task: Task) -> list[Triple]:
    return read_triples(service.ask(task))


def describe(base: str, path: str) -> Description:
    """Return the description of ``<base><path>``, the path as its percent escapes read; nothing is known of it yet.

    A named graph is described by its triples, the ontology by those of its graph and what is inferred of its terms,
    anything else by its concise bounded description: the triples of which it is the subject, and so on from their
    blank nodes.
    """
    path = _NO_IRI.sub(lambda found: quote(found[0]), path)
    node = named_node(base + path, {}, "iri")
    anything = query_text("?s ?p ?o")
    if _GRAPHS.fullmatch(path):
        pattern = _in_graph(node.value, anything)
        return Description(base + path, _construct(pattern), ALL if path == INFERRED else NONE, pattern)
    if path == "ontology" or path.startswith("ontology/"):
        terms = ox.Literal(f"{base}ontology#")
        own = query_text("?s ?p ?o FILTER(STRSTARTS(STR(?s), [[terms]]))", terms=terms)
        known, follows = _in_graph(f"{base}graph/ontology", anything), _in_graph(base + INFERRED, own)
        if path != "ontology":
            version = ox.NamedNode(STANDARD_PREFIXES["owl"] + "versionIRI")
            of_version = query_text("?ontology [[version]] [[node]]", version=version, node=node)
            stated = _in_graph(f"{base}graph/ontology", of_version)
            known, follows = (query_text("[[parts]]", parts=(stated, part)) for part in (known, follows))
        both = query_text("{ [[known]] } UNION { [[follows]] }", known=known, follows=follows)
        return Description(base + path, _construct(both), own, known)
    pattern = query_text("VALUES ?s { [[node]] } ?s ?p ?o", node=node)
    return Description(base + path, query_text("DESCRIBE [[node]]", node=node), pattern, pattern)


_NO_IRI: Final = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f]|%(?![0-9A-Fa-f]{2})")
"""What stands in an IRI as a percent escape only (RFC 3987, section 2.2)."""


def _construct(pattern: QueryText) -> QueryText:
    return query_text("CONSTRUCT { ?s ?p ?o } WHERE { [[pattern]] }", pattern=pattern)


def _in_graph(graph: str, pattern: QueryText) -> QueryText:
    return query_text("GRAPH [[graph]] { [[pattern]] }", graph=ox.NamedNode(graph), pattern=pattern)


def _missing(service: Service, iri: str) -> NotFound:
    """Return the error for an IRI of which the graph says nothing: 410 if a commit removed what it said, else 404."""
    version = service.history.removed_by(iri) if service.history is not None else None
    if version is not None:
        return Gone(f"The graph no longer says anything of {iri}: version {version} removed it.", version=version)
    close = similar(service, iri)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return NotFound(f"The graph says nothing of {iri}.{hint}", suggestion=close)
