"""The SPARQL endpoint as functions of values: parse, choose, ask, answer (SPARQL 1.1 Protocol, section 2)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from coopkg.answers.federation.source_report import SOURCES_HEADER, source_headers
from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.answers.http.protocol import COMMON_HEADERS, QUERY_METHODS, HttpResponse, parse_query, query_hash
from coopkg.answers.http.validators import etag, matches
from coopkg.answers.service_description import service_description
from coopkg.errors import NotAcceptable
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS, Format, Shape, formats_for
from coopkg.rdf.namespaces import DEFAULT_BASE, INFERRED, prefixes
from coopkg.workers.tasks import Query, Task

if TYPE_CHECKING:
    from coopkg.answers.http.protocol import HttpRequest, SparqlRequest
    from coopkg.answers.service import Service
    from coopkg.errors import CoopkgError
    from coopkg.settings import Settings
    from coopkg.sparql.reading import Reading
    from coopkg.workers.tasks import Answer

SHAPES: Final = {"SELECT": Shape.SOLUTIONS, "ASK": Shape.BOOLEAN, "CONSTRUCT": Shape.GRAPH, "DESCRIBE": Shape.GRAPH}
# Anybody may read, from any site: requests carry no cookies, and "*" forbids credentials. Since "*" among the allowed
# header fields does not cover Authorization, the fields are listed as well. A day is the longest that any browser
# caches it.
PREFLIGHT: Final = {
    "Allow": ", ".join(QUERY_METHODS),
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": ", ".join(QUERY_METHODS),
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Accept",
    "Access-Control-Max-Age": "86400",
}
"""The answer to a preflight (Fetch standard, CORS protocol)."""


LONGEST_PERMALINK: Final = 4096
"""Characters of a query that came in a body, up to which its answer gets an address by GET."""
_PRINTABLE_ASCII: Final = re.compile(r"[!-~]*")


@dataclass(frozen=True)
class Pending:
    """A task that is still to be evaluated, with the header of its response; ``deadline`` is in seconds.

    ``stable`` says that the same version always gives the same answer, which then has an entity tag. Of an ``unread``
    query it is not known yet.
    """

    task: Task | Query
    headers: dict[str, str]
    stable: bool
    deadline: float | None = None
    federated: bool = False
    unread: Unread | None = None


@dataclass(frozen=True)
class Unread:
    """An operation whose text nobody has read yet, with its request."""

    request: HttpRequest
    operation: SparqlRequest


def handle(request: HttpRequest, service: Service) -> HttpResponse | None:
    """Build the response to any request to ``/sparql``, or None where a browser should get the page instead.

    Raises the errors of the protocol, admission, negotiation and evaluation.
    """
    begun = begin(request, service)
    while isinstance(begun, Pending):
        begun = finish(begun, service)
    return begun


def explain(error: CoopkgError, request: HttpRequest) -> CoopkgError:
    """Add to an error the hash by which the log names its query; return it."""
    error.members["queryId"] = query_hash(request)
    return error


def begin(request: HttpRequest, service: Service) -> HttpResponse | Pending | None:
    """Parse and choose; return the response where it needs no evaluation. Raises as ``handle`` does."""
    if request.method == "OPTIONS":
        return HttpResponse(204, PREFLIGHT)
    operation = parse_query(request)
    if operation is not None:
        reading = service.readings.get(operation.text)
        if reading is None:
            return _unread(request, operation, service)
        return _chosen(request, operation, reading, service)
    accept = request.headers.get("accept")
    if prefers_html(accept, GRAPH_FORMATS):
        return None
    fmt = choose_format(accept, None, Shape.GRAPH)
    return HttpResponse(
        200, answer_headers(fmt), service_description(service, fmt, _address(request, service.settings))
    )


def _address(request: HttpRequest, settings: Settings) -> str:
    """Return the IRI of the endpoint: under the base IRI that the operator chose, else at the host of the request."""
    # Host is a client's text and goes into RDF, so only a name or address with a port is taken over.
    host = request.headers.get("host", "")
    if settings.base == DEFAULT_BASE and re.fullmatch(
        r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?", host
    ):
        return f"http://{host}/sparql"
    return f"{settings.base}sparql"


def _unread(request: HttpRequest, operation: SparqlRequest, service: Service) -> Pending:
    """Have a worker read the query and evaluate it at once, in the format that this client gets for its form."""
    formats = {}
    for form in SHAPES:
        with suppress(NotAcceptable):  # raised once it is known that the query is of that form
            if (fmt := _format(request, operation, form)) is not None:
                formats[form] = fmt.name
    task = task_of(operation, SOLUTION_FORMATS[0], service.settings)
    query = service.query(task, formats)
    return Pending(query, {}, stable=False, deadline=operation.timeout, unread=Unread(request, operation))


def _format(request: HttpRequest, operation: SparqlRequest, form: str) -> Format | None:
    """Choose the format of an answer to a query of that form; None where a page is wanted. Raises NotAcceptable."""
    accept, shape = request.headers.get("accept"), SHAPES[form]
    # A page only where nothing names a format: QUERY is sent by programs, and a link with format= asks for data.
    if operation.format_name is None and request.method != "QUERY" and prefers_html(accept, formats_for(shape)):
        return None
    return choose_format(accept, operation.format_name, shape)


def _chosen(
    request: HttpRequest, operation: SparqlRequest, reading: Reading, service: Service
) -> HttpResponse | Pending | None:
    """Choose the format for a query that has been read, and return as ``begin``. Raises NotAcceptable."""
    fmt = _format(request, operation, reading.form)
    if fmt is None:
        return None
    response = prepare(request, service, task_of(operation, fmt, service.settings), stable=reading.stable)
    response = replace(response, headers={**response.headers, **_links(request, operation, fmt)})
    if not isinstance(response, Pending):
        return response
    return replace(response, deadline=operation.timeout, federated=reading.federated)


def _links(request: HttpRequest, operation: SparqlRequest, fmt: Format) -> dict[str, str]:
    """Build the links to the service description (RFC 8631, section 4.2) and to the answer's own address by GET."""
    links = {"Link": '</sparql>; rel="service-desc"'}
    if request.method in {"GET", "HEAD"} and _PRINTABLE_ASCII.fullmatch(request.query_string):
        # Only printable ASCII goes into a header field: no CR or LF can begin another one.
        chosen = "" if operation.format_name else f"&format={fmt.name}"
        links["Content-Location"] = f"/sparql?{request.query_string}{chosen}"
    elif len(operation.text) <= LONGEST_PERMALINK:
        links["Content-Location"] = f"{permalink(operation)}&format={fmt.name}"
    return links


def permalink(operation: SparqlRequest) -> str:
    """Return the path and query string of the operation by GET, without a format."""
    graphs = [("default-graph-uri", g) for g in operation.default_graphs]
    graphs += [("named-graph-uri", g) for g in operation.named_graphs]
    entailment = [] if operation.entailment else [("entailment", "off")]
    return f"/sparql?{urlencode([('query', operation.text), *graphs, *entailment])}"


def prepare(request: HttpRequest, service: Service, task: Task, *, stable: bool) -> HttpResponse | Pending:
    """Return 304 or a cached answer where the client or the cache has it, else what is to be evaluated.

    A task is ``stable`` if the same version always gives the same answer; another one has no entity tag.
    """
    headers = answer_headers(task.format)
    if not stable:
        return Pending(task, {**headers, "Cache-Control": "no-store"}, stable)
    headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    tag = _tag(task, service.engine.tag())
    if matches(request.headers.get("if-none-match"), tag):
        return HttpResponse(304, {**headers, "ETag": tag})
    body = service.cache.get(tag)
    return Pending(task, headers, stable) if body is None else HttpResponse(200, {**headers, "ETag": tag}, body)


def finish(pending: Pending, service: Service) -> HttpResponse | Pending | None:
    """Evaluate a pending request and return as ``conclude``. Raises the errors of evaluation."""
    if isinstance(pending.task, Query):
        return conclude(pending, service.engine.ask(pending.task, pending.deadline), service)
    return conclude(pending, service.answer(pending.task, pending.deadline), service)


def conclude(pending: Pending, answer: Answer, service: Service) -> HttpResponse | Pending | None:
    """Build the response to a pending request from its answer, and cache the answer.

    Where the query has only been read, what is to be done with it is returned, as by ``begin``.
    """
    if pending.unread is not None and answer.reading is not None:
        request, operation = pending.unread.request, pending.unread.operation
        service.readings.put(operation.text, answer.reading)
        chosen = _chosen(request, operation, answer.reading, service)
        return conclude(chosen, answer, service) if answer.evaluated and isinstance(chosen, Pending) else chosen
    return _response(pending, answer, service)


def _response(pending: Pending, answer: Answer, service: Service) -> HttpResponse:
    if isinstance(pending.task, Query):
        raise TypeError("an answer to a query that nobody has read has no format")
    if not pending.stable:
        return HttpResponse(200, {**pending.headers, **source_headers(answer.sources)}, answer.body)
    # With the version that the worker answered from, which may be newer than the one that was current when the request
    # came.
    tag = _tag(pending.task, answer.tag)
    service.cache.put(tag, answer.body)
    return HttpResponse(200, {**pending.headers, "ETag": tag}, answer.body)


def respond(request: HttpRequest, service: Service, task: Task, *, stable: bool) -> HttpResponse:
    """Build the response with the answer to an internal task. Raises the errors of evaluation."""
    prepared = prepare(request, service, task, stable=stable)
    if not isinstance(prepared, Pending):
        return prepared
    return _response(prepared, service.answer(task, prepared.deadline), service)


def _tag(task: Task, version: str) -> str:
    # Everything that the answer depends on. The empty parts keep default graphs, named graphs and bindings apart.
    bound = [f"{name}={term}" for name, term in sorted((task.substitutions or {}).items())]
    return etag(
        version,
        task.text,
        task.format.name,
        str(task.union),
        str(task.entailment),
        str(task.rows),
        str(task.skip),
        *task.default_graphs,
        "",
        *task.named_graphs,
        "",
        *bound,
    )


def task_of(operation: SparqlRequest, fmt: Format, settings: Settings) -> Task:
    """Build the task that evaluates the operation, its answer in the format ``fmt``."""
    return Task(
        text=operation.text,
        format=fmt,
        base=settings.base,
        default_graphs=operation.default_graphs,
        named_graphs=operation.named_graphs,
        union=not settings.scratch,
        prefixes=prefixes(settings.base) if fmt in GRAPH_FORMATS else None,
        answer_bytes=settings.answer_bytes,
        entailment=operation.entailment,
        inferred=settings.base + INFERRED if settings.scratch and settings.regime != "none" else None,
    )


# Most clients send one of a few Accept fields; the bound keeps invented ones from filling the memory.
@lru_cache(maxsize=512)
def choose_format(accept: str | None, name: str | None, shape: Shape) -> Format:
    """Return the format of an answer of that shape, as ``choose`` does. Raises NotAcceptable with those available."""
    return choose(accept, formats_for(shape), name)


def answer_headers(fmt: Format) -> dict[str, str]:
    """Build the header fields of a whole answer in that format."""
    return {
        **COMMON_HEADERS,
        "Content-Type": fmt.content_type,
        # Accept selects the format and Accept-Encoding the coding: a cache must keep a response for each of their
        # values.
        "Vary": "Accept, Accept-Encoding, Origin",
        "Access-Control-Allow-Origin": "*",
        # Scripts of other sites see no header field beyond a few basic ones unless it is named here.
        "Access-Control-Expose-Headers": f"ETag, Link, Retry-After, Content-Location, {SOURCES_HEADER}",
    }
