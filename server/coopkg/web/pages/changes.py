"""``/changes``: the versions that the graph has gone through: who made each, when, why, and what it changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from coopkg.answers.descriptions import Computed
from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.dataset.changes import PATCH, Change
from coopkg.dataset.journal_format import SEED_VERSION
from coopkg.dataset.provenance import provenance, seed, summary
from coopkg.errors import BadParameter, DatasetBroken, NotFound
from coopkg.rdf.formats import Format
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import serialize_triples_as
from coopkg.web.pages.documents import PAGE, document
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.patch_view import mentions, shown
from coopkg.web.parts.request_values import one_argument, origin, refuse_other_sites, service
from coopkg.web.parts.write_requests import TRIPLE_FORMATS, author_for, proposal, receipt_response

if TYPE_CHECKING:
    from coopkg.dataset.history import History
    from coopkg.dataset.journal_format import Record

blueprint = Blueprint("changes", __name__)
blueprint.before_request(refuse_other_sites)
SHOWN: Final = 50
"""Versions that one answer lists."""
_JSON: Final = Format("json", "application/json", "")
_PATCH: Final = Format("rdfp", "application/rdf-patch", "", charset=True)
OFFERED: Final = (_JSON, _PATCH, *TRIPLE_FORMATS)


@blueprint.get("/changes")
def versions() -> Response:
    """List the versions, the newest first, as a page or as JSON; ``before`` leads on to older ones."""
    current = _current()
    before = one_argument("before", str(current + 1))
    if not before.isascii() or not before.isdigit():
        raise BadParameter("before is the number of a version.")
    newest = min(int(before[:18]) - 1, current)
    records = [found for v in range(newest, max(newest - SHOWN, 0), -1) if (found := _found(v)) is not None]
    older = records[-1].version if records and records[-1].version > 2 else None
    if prefers_html(request.headers.get("Accept"), (_JSON,)):
        things = mentions(service(), visitor(), records)
        return page("changes.html", changes=[summary(r) for r in records], things=things, older=older, current=current)
    answer = Response(
        json.dumps({"version": current, "changes": [summary(r) for r in records]}, ensure_ascii=False),
        content_type="application/json", headers={"Vary": "Accept", "ETag": f'"{service().engine.tag()}"'},
    )  # fmt: skip
    if older:
        answer.headers["Link"] = f'</changes?before={older}>; rel="next"'
    return answer


@blueprint.get("/changes/<name>")
def version(name: str) -> Response:
    """Show the commit that made a version: a page, JSON, its RDF Patch, or its provenance in RDF.

    No commit made the first version, which is described as what the published files have.
    """
    number, _, suffix = name.partition(".")
    if number == str(SEED_VERSION):
        base = service().settings.base
        return document(Computed(f"{base}changes/{number}", seed(base)), f"changes/{number}", suffix)
    record = _record(number)
    if suffix == PAGE or (not suffix and prefers_html(request.headers.get("Accept"), OFFERED)):
        root = origin().rstrip("/")
        response = page("change.html", change=summary(record), root=root, **shown(service(), visitor(), record))
        response.headers["Link"] = _alternates(record, PAGE)
        return response
    fmt = choose(request.headers.get("Accept"), OFFERED, suffix)
    headers = {
        "Vary": "Accept",
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{record.id}.{fmt.name}"',
        "Link": _alternates(record, fmt.name),
        "Content-Location": f"/changes/{record.version}.{fmt.name}",
    }
    return Response(_represented(record, fmt), content_type=fmt.content_type, headers=headers)


def _alternates(record: Record, chosen: str) -> str:
    types = {PAGE: "text/html", **{f.name: f.media_type for f in OFFERED}}
    links = [f'</changes/{record.version}.{n}>; rel="alternate"; type="{t}"' for n, t in types.items() if n != chosen]
    return ", ".join((f'<{service().settings.base}changes/{record.version}>; rel="canonical"', *links))


@blueprint.post("/changes/<number>/revert")
def revert(number: str) -> Response:
    """Undo a commit by a new one: what it added goes, what it removed comes back, as far as that is still so."""
    author = author_for("admin")
    record = _record(number)
    asked = proposal(Change(PATCH, record.inverse(), service().settings.base), author)
    receipt = service().propose(asked.saying(f"Revert version {record.version}"))
    return receipt_response(receipt, 201 if receipt.changed else 200)


def _represented(record: Record, fmt: Format) -> str | bytes:
    if fmt is _JSON:
        return json.dumps({**summary(record), "rows": record.rows.split("\n")}, ensure_ascii=False)
    if fmt is _PATCH:
        return record.text()
    base = service().settings.base
    return serialize_triples_as(provenance(record, base), fmt.rdf, prefixes(base))


def _history() -> History | None:
    return service().history


def _current() -> int:
    return int(service().engine.tag().rpartition(".")[2] or 0)


def _found(version: int) -> Record | None:
    """Return the commit that made a version, or None. Raises DatasetBroken where it is missing from the journal."""
    history = _history()
    record = None if history is None else history.record(version)
    # A dataset that is not kept has versions, too, and no commits.
    if record is None and service().settings.home is not None and SEED_VERSION < version <= _current():
        raise DatasetBroken(f"The journal does not have version {version} any more: it was changed from outside.")
    return record


def _record(number: str) -> Record:
    """Return the commit that made a version that workers have. Raises NotFound."""
    found = _found(int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else None
    if found is None or found.version > _current():
        raise NotFound(f"No commit made a version {number!r} here.")
    return found
