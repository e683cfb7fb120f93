"""``/validate``: documents held against the shapes, and what they would change; nothing is stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from coopkg.engine.examine import Question, Upload, copied, examine
from coopkg.engine.pool import ReaderPool
from coopkg.errors import BadParameter, NotAcceptable, ProtocolError, UnsupportedMediaType
from coopkg.files import find_published
from coopkg.negotiation import choose, prefers_html
from coopkg.protocol import FORM, decode, form_fields, media_type
from coopkg.rendering import PAGE_HEADERS
from coopkg.results import GRAPH_FORMATS, SOLUTION_FORMATS, by_name
from coopkg.service import LocalEngine
from coopkg.shacl.faces import FACES, NAMES, Face, face
from coopkg.terms import format_of, named_node
from coopkg.vocab import LANGUAGES, prefixes
from coopkg.web.facts import CONTRIBUTIONS
from coopkg.web.page import page
from coopkg.web.values import service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.engine.evaluate import Task
    from coopkg.service import Service

blueprint = Blueprint("validate", __name__)
MULTIPART: Final = "multipart/form-data"
_GUESSED: Final = frozenset({"", "application/octet-stream", "text/plain"})
"""Media types that clients give to files whose suffix says more."""
_OPTIONS: Final = ("against", "graph", "whole", "format", "lang", "input")


@blueprint.get("/validate")
def form() -> Response:
    """Show the form: paste or upload."""
    return page("validate.html", formats=[f.name for f in GRAPH_FORMATS])


@blueprint.post("/validate")
def validate() -> Response:
    """Give the report on the documents of the body: 200 whether or not they conform, 400 where they are unreadable."""
    running = service()
    documents, shapes, fields = _body()
    if not documents:
        raise ProtocolError("There is nothing to validate.")
    options = {**fields, **{name: value for name, value in request.args.items() if name in _OPTIONS}}
    chosen = _face(options.get("format"))
    question = _question(running, documents, shapes, options, chosen)
    engine = running.engine
    if isinstance(engine, ReaderPool):
        body = engine.validate(question)
    elif isinstance(engine, LocalEngine):
        body = examine(copied(engine.dataset), None, question)
    else:
        raise TypeError("this engine cannot validate")
    headers = {"Cache-Control": "no-store", "Vary": "Accept", **(PAGE_HEADERS if chosen.name == "html" else {})}
    return Response(body, content_type=chosen.format.content_type, headers=headers)


def _question(
    running: Service, documents: list[Upload], shapes: list[Upload], options: Mapping[str, str], chosen: Face
) -> Question:
    """Give what is asked. Raises BadParameter."""
    settings = running.settings
    against, language = options.get("against") or "dataset", options.get("lang") or LANGUAGES[0]
    if against not in {"dataset", "nothing"}:
        raise BadParameter(f"Documents are validated against the dataset or against nothing, not {against!r}.")
    if language not in LANGUAGES:
        raise BadParameter(f"The language is one of {', '.join(LANGUAGES)}, not {language!r}.")
    graph = options.get("graph") or settings.base + CONTRIBUTIONS
    merged = against == "dataset"
    return Question(
        tuple(documents),
        str(find_published(settings.published).root),
        settings.base,
        shapes=tuple(shapes),
        graph=named_node(graph, prefixes(settings.base), "graph").value if merged else None,
        whole=_yes(options.get("whole")),
        face=chosen.name,
        language=language,
        queries=_saved(running) if merged else {},
        answer_bytes=settings.answer_bytes,
    )


def _yes(value: str | None) -> bool:
    if value not in {None, "", "true", "false"}:
        raise BadParameter(f"The parameter whole is true or false, not {value!r}.")
    return value == "true"


def _saved(running: Service) -> dict[str, Task]:
    """Give the saved queries that need no parameter and always have the same answer to the same data."""
    triples = by_name("nt") or GRAPH_FORMATS[0]
    return {
        slug: saved.task({}, triples if saved.form in {"CONSTRUCT", "DESCRIBE"} else SOLUTION_FORMATS[0],
                         running.settings.base)
        for slug, saved in running.queries.items()
        if saved.stable and all(parameter.default is not None for parameter in saved.parameters)
    }  # fmt: skip


def _face(name: str | None) -> Face:
    """Choose the face by name, else by Accept. Raises NotAcceptable."""
    if name:
        if name not in NAMES:
            raise NotAcceptable(f"There is no report in {name!r}; there are {', '.join(NAMES)}.", available=list(NAMES))
        return face(name)
    accept = request.headers.get("Accept")
    offered = [f.format for f in FACES]
    if prefers_html(accept, [f for f in offered if f.name != "html"]):
        return face("html")
    return face(choose(accept, offered).name)


def _body() -> tuple[list[Upload], list[Upload], dict[str, str]]:
    """Give the documents, the shapes and the other fields of the body. Raises UnsupportedMediaType, ProtocolError."""
    content_type = request.headers.get("Content-Type")
    kind = media_type(content_type)
    if kind == MULTIPART:
        return _multipart()
    if kind == FORM:
        fields = dict(form_fields(decode(request.get_data(cache=True), content_type)))
        return _pasted(fields, "text", "body"), _pasted(fields, "shapes", "shapes"), fields
    data = request.get_data()
    return ([Upload("body", data, _format(kind, "body"))] if data else []), [], {}


def _multipart() -> tuple[list[Upload], list[Upload], dict[str, str]]:
    fields = request.form.to_dict()
    documents, shapes = _pasted(fields, "text", "body"), _pasted(fields, "shapes", "shapes")
    documents += _pasted(fields, "data", "data")
    for field, file in request.files.items(multi=True):
        if not file.filename:
            continue
        name = re.sub(r"[^\w.\- ]", "_", file.filename.replace("\\", "/").rpartition("/")[2])[-100:]
        upload = Upload(_unused(name, [*documents, *shapes]), file.read(), _format(media_type(file.content_type), name))
        (shapes if field == "shapes" else documents).append(upload)
    return documents, shapes, fields


def _unused(name: str, taken: list[Upload]) -> str:
    """Give a name that no other document has."""
    names = {upload.name for upload in taken}
    numbered = (name if number == 1 else f"{number}-{name}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in numbered if candidate not in names)


def _pasted(fields: Mapping[str, str], field: str, name: str) -> list[Upload]:
    text = fields.get(field, "").replace("\r\n", "\n")
    fmt = fields.get("input") or "ttl" if field != "shapes" else "ttl"
    if by_name(fmt) not in GRAPH_FORMATS:
        raise BadParameter(f"The input is in one of {', '.join(f.name for f in GRAPH_FORMATS)}, not {fmt!r}.")
    return [Upload(name, text.encode("utf-8", errors="replace"), fmt)] if text.strip() else []


def _format(kind: str, name: str) -> str:
    """Give the name of the format of a document, by media type or, where that says nothing, by suffix."""
    found = next(
        (f for f in GRAPH_FORMATS if kind == f.media_type or (kind in f.aliases and kind not in _GUESSED)), None
    )
    if found is not None:
        return found.name
    if kind in _GUESSED and "." in name:
        rdf = format_of(name)
        return next(f.name for f in GRAPH_FORMATS if f.rdf == rdf)
    accepted = tuple(f.media_type for f in GRAPH_FORMATS)
    raise UnsupportedMediaType(
        f"No RDF is read from {kind or 'a body without Content-Type'}.", (*accepted, MULTIPART, FORM)
    )
