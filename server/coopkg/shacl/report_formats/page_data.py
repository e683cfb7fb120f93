"""The data of a page about a report, as JSON: terms as the page shows them, so that no page parses untrusted text.

It is no report format of its own: only the page of ``/validate`` uses it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.terms import cell
from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.constraint_descriptions import LABELS
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


def render(view: ReportView) -> str:
    """Write the report with its terms in short, and what would change, at most ``MOST_QUADS`` triples of a kind."""
    document = {
        "counts": view.report.counts(),
        "omitted": sum(view.report.omitted.values()),
        "facts": view.facts,
        "results": [_result(view, result) for result in view.report.results],
        "changes": _changes(view, view.change_preview) if view.change_preview else None,
    }
    return json.dumps(document, ensure_ascii=False)


def _result(view: ReportView, result: Result) -> dict[str, Any]:
    return {
        **as_object(view, result),
        "focus": _cell(view, result.focus, result),
        "found": None if result.value is None else _cell(view, result.value, result),
        "rule": result.show_shape(view.prefixes, view.language),
        "grounds": [_ground(view, result, ground) for ground in result.grounds],
    }


def _ground(view: ReportView, result: Result, ground: Ground) -> dict[str, Any]:
    terms = (ground.triple.subject, ground.triple.predicate, ground.triple.object)
    place = {"file": ground.place.file, "line": ground.place.line} if ground.place else None
    return {"triple": [_cell(view, term, result) for term in terms], "axiom": ground.axiom, "place": place}


def _cell(view: ReportView, term: Term, result: Result | None = None) -> dict[str, str]:
    """Return a term as a page shows it; ``iri`` for one that may have a name."""
    if isinstance(term, ox.BlankNode) and result is not None:
        return {"text": result.show(term, view.prefixes, view.language)}
    return cell(term, view.prefixes)


def _changes(view: ReportView, preview: ChangePreview) -> dict[str, Any]:
    kinds = {"added": preview.added, "removed": preview.removed,
             "inferred": preview.inferred or (), "uninferred": preview.uninferred or ()}  # fmt: skip
    return {
        "version": preview.version,
        "graph": _cell(view, ox.NamedNode(preview.graph)),
        **{kind: {"count": len(quads), "rows": _rows(view, quads[:MOST_QUADS])} for kind, quads in kinds.items()},
        "different": [vars(query) | {"outcome": None} for query in preview.of(Outcome.DIFFERENT)],
        "not_run": [query.slug for query in preview.of(Outcome.NOT_RUN)],
        "created": {
            "count": len(preview.created),
            "nodes": [_cell(view, node) for node in preview.created[:MOST_QUADS]],
        },
        "alike": [
            {"node": _cell(view, a.node), "other": _cell(view, a.other), "name": a.name} for a in preview.alike
        ],
        "names": _names(preview.added),
    }  # fmt: skip


def _rows(view: ReportView, quads: Iterable[ox.Quad]) -> list[list[dict[str, str]]]:
    return [[_cell(view, term) for term in (quad.subject, quad.predicate, quad.object)] for quad in quads]


def _names(quads: Iterable[ox.Quad]) -> dict[str, dict[str, str]]:
    """Return the names that documents give to the nodes that they describe, by IRI and language."""
    names: dict[str, dict[str, str]] = {}
    for quad in quads:
        if quad.predicate in LABELS and isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
            if len(names) > _NAMES:
                break
            names.setdefault(quad.subject.value, {}).setdefault(quad.object.language or "", quad.object.value[:200])
    return names
