"""``/validate``: documents held against the shapes, and what they would change; nothing is stored."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.answers.http.protocol import FORM, decode, form_fields, media_type
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation_questions import Question, Upload
from coopkg.errors import BadParameter, NotAcceptable, ProtocolError, RdfSyntaxError, UnsupportedMediaType
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS, by_name
from coopkg.rdf.namespaces import CONTRIBUTIONS, LANGUAGES, prefixes
from coopkg.rdf.terms import format_of, named_node, without_mark
from coopkg.shacl.report_formats import NAMES, REPORT_FORMATS, ReportFormat, page_data, report_format
from coopkg.web.parts.named_terms import naming
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.report_view import (
    EDITABLE,
    Listing,
    all_at_once,
    anchor,
    applying,
    by_severity,
    changed,
    listings,
    problems_of,
    with_edits,
)
from coopkg.web.parts.request_values import one_argument, service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.answers.service import Service
    from coopkg.workers.tasks import Task

blueprint = Blueprint("validate", __name__)
MULTIPART: Final = "multipart/form-data"
_GUESSED: Final = frozenset({"", "application/octet-stream", "text/plain"})
"""Media types that clients give to files whose suffix says more."""
_OPTIONS: Final = ("against", "ontology", "graph", "whole", "format", "lang", "input", "save")
_SUFFIXES: Final = {"human": "txt", "turtle": "ttl", "junit": "xml"}
"""How the file of a report ends, where that is not the name of its format."""


@blueprint.get("/validate")
def form() -> Response:
    """Show the form: paste or upload."""
    return page("validate.html", **_form({}))


@blueprint.post("/validate")
def validate() -> Response:
    """Return report on the documents of the body: 200 whether or not they conform, 400 where they are unreadable."""
    running = service()
    documents, shapes, fields = _body()
    if not documents:
        raise ProtocolError("There is nothing to validate.")
    options = {**fields, **{name: one_argument(name) for name in request.args if name in _OPTIONS}}
    chosen = _chosen_format(options.get("format"))
    question = _question(running, documents, shapes, options, chosen)
    if chosen.name == "html":
        return _report_page(running, replace(question, face=page_data.NAME, language=visitor().language), options)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if _yes(options.get("save"), "save"):
        # the name is one of ours: a file name of the upload could carry quotes and line ends into the header
        headers["Content-Disposition"] = f"attachment; filename=report.{_SUFFIXES.get(chosen.name, chosen.name)}"
    return Response(running.engine.validate(question), content_type=chosen.format.content_type, headers=headers)


def _report_page(running: Service, question: Question, options: Mapping[str, str]) -> Response:
    """Return the report as a page, of documents that cannot be read as well.

    Raises what ``examine`` raises but for that.

    The documents are parsed in a worker only; this process cuts their text at line ends.
    """
    try:
        report = page_data.read(running.engine.validate(question))
    except RdfSyntaxError as error:
        members: dict[str, Any] = error.members
        found = members.get("errors")
        if not found:
            raise
        shown = listings(question.documents, found)
        texts = {listing.name: listing for listing in shown}
        faults = [fault | {"number": number, "anchor": anchor(fault, shown), "diff": _diff(fault),
                           "apply": applying(fault["fix"]["edits"], texts) if fault["fix"] else ""}
                  for number, fault in enumerate(found, 1)]  # fmt: skip
        values: dict[str, Any] = {"faults": faults, "more": members.get("more"), "all_fixes": all_at_once(faults)}
        return page("validate.html", status=error.status, stable=False,
                    **_form(options, question, shown), **values)  # fmt: skip
    changes = report["changes"] or {}
    unknown = frozenset(node.iri for node in changes.get("created", {}).get("nodes", ()))
    name = naming(running, visitor(), report, changes.get("names"), unknown)
    shown = listings(question.documents, report["results"])
    problems = problems_of(report, shown, name)
    values = {"report": report, "groups": list(by_severity(problems)), "changes": changed(changes, name),
              "all_fixes": all_at_once(problems), "summaries": _summaries(running)}  # fmt: skip
    return page("validate.html", stable=False, **_form(options, question, shown), **values)


def _diff(fault: Mapping[str, Any]) -> list[str]:
    return str(fault["fix"]["diff"]).split("\n")[2:] if fault["fix"] else []


def _summaries(running: Service) -> dict[str, str]:
    return {slug: saved.summary[visitor().language] for slug, saved in running.queries.items()}


def _form(
    options: Mapping[str, str], question: Question | None = None, shown: Sequence[Listing] = ()
) -> dict[str, Any]:
    """Return what the form shows: its documents, unless they are too long to go along, and its choices."""
    short = sum(len(listing.text) for listing in shown) <= EDITABLE
    shapes = "\n".join(u.data.decode("utf-8", errors="replace") for u in question.shapes) if question else ""
    return {
        "formats": [f.name for f in GRAPH_FORMATS],
        "faces": [name for name in NAMES if name not in {"html", "github"}],
        "options": options,
        "shown": shown,
        "editable": short,
        "shapes": shapes if len(shapes) <= EDITABLE else "",
        "validated": question is not None,
    }


def _question(
    running: Service, documents: list[Upload], shapes: list[Upload], options: Mapping[str, str], chosen: ReportFormat
) -> Question:
    """Return what is asked. Raises BadParameter."""
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
        ontology=_yes(options.get("ontology"), "ontology"),
        face=chosen.name,
        language=language,
        queries=_saved(running) if merged else {},
        answer_bytes=settings.answer_bytes,
        triples=settings.validated_triples,
    )


def _yes(value: str | None, name: str = "whole") -> bool:
    if value not in {None, "", "true", "false"}:
        raise BadParameter(f"The parameter {name} is true or false, not {value!r}.")
    return value == "true"


def _saved(running: Service) -> dict[str, Task]:
    """Return the saved queries that need no parameter and always have the same answer to the same data."""
    triples = by_name("nt") or GRAPH_FORMATS[0]
    return {
        slug: saved.task({}, triples if saved.form in {"CONSTRUCT", "DESCRIBE"} else SOLUTION_FORMATS[0],
                         running.settings.base)
        for slug, saved in running.queries.items()
        if saved.stable and all(parameter.default is not None for parameter in saved.parameters)
    }  # fmt: skip


def _chosen_format(name: str | None) -> ReportFormat:
    """Choose the report format by name, else by Accept. Raises NotAcceptable."""
    if name:
        if name not in NAMES:
            raise NotAcceptable(f"There is no report in {name!r}; there are {', '.join(NAMES)}.", available=list(NAMES))
        return report_format(name)
    accept = request.headers.get("Accept")
    offered = [f.format for f in REPORT_FORMATS]
    if prefers_html(accept, [f for f in offered if f.name != "html"]):
        return report_format("html")
    return report_format(choose(accept, offered).name)


def _body() -> tuple[list[Upload], list[Upload], dict[str, str]]:
    """Return the documents, the shapes and the other fields of the body. Raises UnsupportedMediaType, ProtocolError."""
    content_type = request.headers.get("Content-Type")
    kind = media_type(content_type)
    if kind == MULTIPART:
        return _multipart()
    if kind == FORM:
        pairs = form_fields(decode(request.get_data(cache=True), content_type))
        return _pasted(pairs), _brought(pairs), dict(pairs)
    data = without_mark(request.get_data())
    return ([Upload("body", data, _format(kind, "body"))] if data else []), [], {}


def _multipart() -> tuple[list[Upload], list[Upload], dict[str, str]]:
    pairs = list(request.form.items(multi=True))
    documents, shapes = _pasted(pairs), _brought(pairs)
    for field, file in request.files.items(multi=True):
        if not file.filename:
            continue
        name = _clean(file.filename)
        data, fmt = without_mark(file.read()), _format(media_type(file.content_type), name)
        upload = Upload(_unused(name, [*documents, *shapes]), data, fmt)
        (shapes if field == "shapes" else documents).append(upload)
    return documents, shapes, dict(pairs)


def _clean(name: str) -> str:
    """Return the name of a file without folders and without what a terminal or a page could take for something else."""
    return re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rpartition("/")[2])[-100:]


def _unused(name: str, taken: Sequence[Upload]) -> str:
    """Return a name that no other document has."""
    names = {upload.name for upload in taken}
    numbered = (name if number == 1 else f"{number}-{name}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in numbered if candidate not in names)


def _pasted(pairs: Iterable[tuple[str, str]]) -> list[Upload]:
    """Return the texts of a form, each with its name and format if the form has them, a fix applied if it asks for one.

    Raises BadParameter.
    """
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    texts = [text.replace("\r\n", "\n") for text in (*fields.get("text", ()), *fields.get("data", ()))]
    names, inputs = fields.get("name", []), fields.get("input") or ["ttl"]
    if fields.get("apply"):
        texts = with_edits(texts, fields["apply"][-1])
    documents: list[Upload] = []
    for index, text in enumerate(texts):
        if text.strip():
            name = _clean(names[index]) if index < len(names) else ""
            fmt = _known(inputs[min(index, len(inputs) - 1)] or "ttl")
            documents.append(Upload(_unused(name or "body", documents), text.encode("utf-8", errors="replace"), fmt))
    return documents


def _known(fmt: str) -> str:
    if by_name(fmt) not in GRAPH_FORMATS:
        raise BadParameter(f"The input is in one of {', '.join(f.name for f in GRAPH_FORMATS)}, not {fmt!r}.")
    return fmt


def _brought(pairs: Iterable[tuple[str, str]]) -> list[Upload]:
    """Return the shapes that were pasted."""
    texts = [value.replace("\r\n", "\n") for name, value in pairs if name == "shapes" and value.strip()]
    return [Upload("shapes", text.encode("utf-8", errors="replace"), "ttl") for text in texts[:1]]


def _format(kind: str, name: str) -> str:
    """Return the name of the format of a document, by media type or, where that says nothing, by suffix."""
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
