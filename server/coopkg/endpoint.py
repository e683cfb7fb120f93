"""The SPARQL endpoint as a function of values: parse, choose, ask, answer (SPARQL 1.1 Protocol, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.catalogue import service_description
from coopkg.engine.evaluate import Task
from coopkg.errors import NotAcceptable, ProtocolError, TooLarge
from coopkg.negotiation import choose, prefers_html
from coopkg.problems import COMMON_HEADERS
from coopkg.protocol import QUERY_METHODS, HttpResponse, parse_query
from coopkg.representation import etag, matches
from coopkg.results import GRAPH_FORMATS, Format, Shape, formats_for
from coopkg.sparql.admission import FORMS, admit
from coopkg.vocab import prefixes

if TYPE_CHECKING:
    from coopkg.protocol import HttpRequest, SparqlRequest
    from coopkg.service import Service
    from coopkg.settings import Settings

SHAPES: Final = {"SELECT": Shape.SOLUTIONS, "ASK": Shape.BOOLEAN, "CONSTRUCT": Shape.GRAPH, "DESCRIBE": Shape.GRAPH}
PREFLIGHT: Final = {
    "Allow": ", ".join(QUERY_METHODS),
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": ", ".join(QUERY_METHODS),
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Accept",
    "Access-Control-Max-Age": "86400",
}
"""The answer to a preflight (Fetch standard, CORS protocol)."""


def handle(request: HttpRequest, service: Service) -> HttpResponse | None:
    """Give the response to any request to ``/sparql``; None where a person should see the page instead.

    Raises the errors of the protocol, admission, negotiation and evaluation.
    """
    if request.method == "OPTIONS":
        return HttpResponse(204, PREFLIGHT)
    operation = parse_query(request)
    if operation is not None:
        return answer(request, operation, service)
    accept = request.headers.get("accept")
    if prefers_html(accept, GRAPH_FORMATS):
        return None
    fmt = choose_format(accept, None, Shape.GRAPH)
    return HttpResponse(200, answer_headers(fmt), service_description(service, fmt))


def answer(request: HttpRequest, operation: SparqlRequest, service: Service) -> HttpResponse:
    """Give the response to a query operation. Raises the errors of admission, negotiation and evaluation."""
    settings = service.settings
    if len(operation.text.encode()) > settings.query_bytes:
        raise TooLarge(f"The query is longer than {settings.query_bytes} bytes.", bound=settings.query_bytes)
    admitted = admit(operation.text)
    if admitted.form not in FORMS:
        raise ProtocolError("The text is no SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    fmt = choose_format(request.headers.get("accept"), operation.format_name, SHAPES[admitted.form])
    return respond(request, service, task_of(operation, fmt, settings), stable=admitted.stable)


def respond(request: HttpRequest, service: Service, task: Task, *, stable: bool) -> HttpResponse:
    """Give the answer to a task, or 304 before anything is evaluated where the client has it already.

    A task is stable if the same version always gives the same answer; one that is not has no entity tag.
    """
    headers = answer_headers(task.format)
    if not stable:
        return HttpResponse(200, {**headers, "Cache-Control": "no-store"}, service.ask(task))
    headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    tag = _tag(task, service.engine.tag())
    if matches(request.headers.get("if-none-match"), tag):
        return HttpResponse(304, {**headers, "ETag": tag})
    body = service.cache.get(tag)
    if body is None:
        found = service.engine.ask(task)
        tag, body = _tag(task, found.tag), found.body
        service.cache.put(tag, body)
    return HttpResponse(200, {**headers, "ETag": tag}, body)


def _tag(task: Task, version: str) -> str:
    bound = [f"{name}={term}" for name, term in sorted((task.substitutions or {}).items())]
    return etag(
        version, task.text, task.format.name, str(task.union), *task.default_graphs, "", *task.named_graphs, "", *bound
    )


def task_of(operation: SparqlRequest, fmt: Format, settings: Settings) -> Task:
    """Give the evaluation that the operation asks for."""
    return Task(
        text=operation.text,
        format=fmt,
        base=settings.base,
        default_graphs=operation.default_graphs,
        named_graphs=operation.named_graphs,
        union=not settings.scratch,
        prefixes=prefixes(settings.base),
        answer_bytes=settings.answer_bytes,
    )


def choose_format(accept: str | None, name: str | None, shape: Shape) -> Format:
    """Give the format named by ``format=``, else the one negotiated. Raises NotAcceptable with what is on offer."""
    offered = formats_for(shape)
    if name is None:
        return choose(accept, offered)
    found = next((f for f in offered if name in {f.name, f.media_type}), None)
    if found is None:
        names = [f.name for f in offered]
        raise NotAcceptable(
            f"There is no format {name!r} for this query; there are {', '.join(names)}.", available=names
        )
    return found


def answer_headers(fmt: Format) -> dict[str, str]:
    """Give the header fields of a whole answer in that format."""
    return {
        **COMMON_HEADERS,
        "Content-Type": fmt.content_type,
        "Vary": "Accept, Accept-Encoding, Origin",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Link, Retry-After, Content-Location",
    }
