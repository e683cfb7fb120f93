"""The SPARQL endpoint as a function of values: parse, choose, ask, answer (SPARQL 1.1 Protocol, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.engine.evaluate import Task
from coopkg.errors import NotAcceptable, ProtocolError, TooLarge
from coopkg.negotiation import choose
from coopkg.problems import COMMON_HEADERS
from coopkg.protocol import HttpResponse
from coopkg.results import Format, Shape, formats_for
from coopkg.sparql.admission import FORMS, admit
from coopkg.vocab import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.protocol import HttpRequest, SparqlRequest
    from coopkg.settings import Settings

SHAPES: Final = {"SELECT": Shape.SOLUTIONS, "ASK": Shape.BOOLEAN, "CONSTRUCT": Shape.GRAPH, "DESCRIBE": Shape.GRAPH}


def answer(
    request: HttpRequest, operation: SparqlRequest, ask: Callable[[Task], bytes], settings: Settings
) -> HttpResponse:
    """Give the response to a query operation. Raises the errors of admission, negotiation and evaluation."""
    if len(operation.text.encode()) > settings.query_bytes:
        raise TooLarge(f"The query is longer than {settings.query_bytes} bytes.", bound=settings.query_bytes)
    form = admit(operation.text).form
    if form not in FORMS:
        raise ProtocolError("The text is no SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    fmt = choose_format(request.headers.get("accept"), operation.format_name, SHAPES[form])
    body = ask(task_of(operation, fmt, settings))
    return HttpResponse(200, answer_headers(fmt), body)


def task_of(operation: SparqlRequest, fmt: Format, settings: Settings) -> Task:
    """Give the evaluation that the operation asks for."""
    return Task(
        text=operation.text,
        format=fmt,
        base=settings.base,
        default_graphs=operation.default_graphs,
        named_graphs=operation.named_graphs,
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
    }
