"""The data of a page about a report, as JSON: terms as the page shows them, so that no page parses untrusted text.

Nobody can ask for this format by name: ``render`` is for a worker and ``read`` for the pages of the same program.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.shown_terms import ShownTerm, shown_term
from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.constraint_descriptions import LABELS
from coopkg.shacl.report import looked_at
from coopkg.shacl.report_formats.json_format import as_object
from coopkg.shacl.report_formats.outcome import MOST_QUADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.terms import Term
    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Ground, Result
    from coopkg.shacl.report_formats.outcome import ReportView

NAME: Final = "page"
_NAMES: Final = 1000
"""Nodes of the documents whose names are given."""
_KINDS: Final = ("added", "removed", "inferred", "uninferred")
"""Kinds of changed facts."""


def render(view: ReportView) -> str:
    """Write the report with its terms in short, and what would change, at most ``MOST_QUADS`` triples of a kind."""
    document = {
        "counts": view.report.counts(),
        "omitted": sum(view.report.omitted.values()),
        "facts": view.facts,
        "looked_at": looked_at(view.report.coverage, view.prefixes) if view.report.coverage else "",
        "notes": [note.text(view.language) for note in view.report.notes],
        "results": [_result(view, result) for result in view.report.results],
        "changes": _changes(view, view.change_preview) if view.change_preview else None,
    }
    return json.dumps(document, ensure_ascii=False, default=ShownTerm.members)


def read(data: bytes) -> dict[str, Any]:
    """Return what ``render`` wrote, its terms as terms again.

    They are found by their places: a label of the documents could have the members of a term.
    """
    report: dict[str, Any] = json.loads(data)
    for result in report["results"]:
        result["focus"] = ShownTerm(**result["focus"])
        result["found"] = ShownTerm(**result["found"]) if result["found"] is not None else None
        for ground in result["grounds"]:
            ground["triple"] = _terms(ground["triple"])
    changes = report["changes"]
    if changes:
        changes["graph"] = ShownTerm(**changes["graph"])
        for kind in _KINDS:
            changes[kind]["rows"] = [_terms(row) for row in changes[kind]["rows"]]
        changes["created"]["nodes"] = _terms(changes["created"]["nodes"])
        for pair in changes["alike"]:
            pair["node"], pair["other"] = _terms((pair["node"], pair["other"]))
    return report


def _terms(members: Iterable[dict[str, Any]]) -> list[ShownTerm]:
    return [ShownTerm(**each) for each in members]


def _result(view: ReportView, result: Result) -> dict[str, Any]:
    return {
        **as_object(view, result),
        "focus": _shown(view, result.focus, result),
        "found": None if result.value is None else _shown(view, result.value, result),
        "rule": result.show_shape(view.prefixes, view.language),
        "grounds": [_ground(view, result, ground) for ground in result.grounds],
    }


def _ground(view: ReportView, result: Result, ground: Ground) -> dict[str, Any]:
    terms = (ground.triple.subject, ground.triple.predicate, ground.triple.object)
    place = {"file": ground.place.file, "line": ground.place.line} if ground.place else None
    return {"triple": [_shown(view, term, result) for term in terms], "axiom": ground.axiom, "place": place}


def _shown(view: ReportView, term: Term, result: Result | None = None) -> ShownTerm:
    """Return a term as a page shows it: a blank node of a document by the name that the report has for it."""
    if isinstance(term, ox.BlankNode) and result is not None:
        return ShownTerm(result.show(term, view.prefixes, view.language), node=str(term))
    return shown_term(term, view.prefixes)


def _changes(view: ReportView, preview: ChangePreview) -> dict[str, Any]:
    kinds = {kind: getattr(preview, kind) or () for kind in _KINDS}  # those that nobody worked out are None
    return {
        "version": preview.version,
        "graph": _shown(view, ox.NamedNode(preview.graph)),
        **{kind: {"count": len(quads), "rows": _rows(view, quads[:MOST_QUADS])} for kind, quads in kinds.items()},
        "different": [vars(query) | {"outcome": None} for query in preview.of(Outcome.DIFFERENT)],
        "not_run": [query.slug for query in preview.of(Outcome.NOT_RUN)],
        "created": {
            "count": len(preview.created),
            "nodes": [_shown(view, node) for node in preview.created[:MOST_QUADS]],
        },
        "alike": [
            {"node": _shown(view, a.node), "other": _shown(view, a.other), "name": a.name} for a in preview.alike
        ],
        "names": _names(preview.added),
    }  # fmt: skip


def _rows(view: ReportView, quads: Iterable[ox.Quad]) -> list[list[ShownTerm]]:
    return [[_shown(view, term) for term in (quad.subject, quad.predicate, quad.object)] for quad in quads]


def _names(quads: Iterable[ox.Quad]) -> dict[str, dict[str, str]]:
    """Return the names that documents give to the nodes that they describe, by IRI and language."""
    names: dict[str, dict[str, str]] = {}
    for quad in quads:
        if quad.predicate in LABELS and isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
            if len(names) > _NAMES:
                break
            names.setdefault(quad.subject.value, {}).setdefault(quad.object.language or "", quad.object.value[:200])
    return names
