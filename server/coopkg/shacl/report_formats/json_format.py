"""The face for programs: JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.shacl.change_preview import Outcome

if TYPE_CHECKING:
    from coopkg.rdf.terms import Term
    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Edit, Fix, Ground, Place, Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView


def render(view: ReportView) -> str:
    """Return the report as a JSON object; ``conforms`` is null where nothing could be validated."""
    document: dict[str, Any] = {"conforms": view.report.conforms if view.readable else None}
    if view.readable:
        document["counts"] = view.report.counts()
        if view.report.omitted:
            document["omitted"] = sum(view.report.omitted.values())
        document["results"] = [as_object(view, result) for result in view.report.results]
    else:
        document |= faults(view.faults, more=view.more_faults)
    if view.facts is not None:
        document["facts"] = view.facts
    if view.effects:
        document["changes"] = _effects(view.effects)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def faults(found: tuple[SyntaxIssue, ...], *, more: bool) -> dict[str, Any]:
    """Return the syntax errors as members of a JSON object; ``more`` says that there are others."""
    return {"errors": [_fault(fault) for fault in found], "more": more}


def _fault(fault: SyntaxIssue) -> dict[str, Any]:
    return {
        **_place(fault.place),
        "message": fault.message,
        "suggestion": fault.suggestion or None,
        "fix": _fix(fault.fix),
    }


def as_object(view: ReportView, result: Result) -> dict[str, Any]:
    """Return one result as a JSON object."""

    def term(node: Term) -> str:
        if isinstance(node, ox.BlankNode):
            return result.show(node, view.prefixes, view.language)
        return node.value if isinstance(node, ox.NamedNode) else str(node)

    unnamed = result.shape.startswith("_:")
    return {
        "focusNode": term(result.focus),
        "path": result.path,
        "value": None if result.value is None else str(result.value) if isinstance(result.value, ox.NamedNode)
        else term(result.value),
        "shape": result.show_shape(view.prefixes, view.language) if unnamed else result.shape,
        "constraintComponent": result.component,
        "severity": result.severity.value,
        "message": result.message(view.language),
        "messages": dict(result.messages),
        "expected": dict(result.expected) or None,
        "grounds": [_ground(view, result, ground) for ground in result.grounds] or None,
        "wanted": [str(node) for node in result.wanted if not isinstance(node, ox.BlankNode)],
        **_place(result.place),
        "fix": _fix(result.fix),
    }  # fmt: skip


def _ground(view: ReportView, result: Result, ground: Ground) -> dict[str, Any]:
    text = result.show_ground(ground, view.prefixes, view.language)
    return {"triple": text, "axiom": ground.axiom, **_place(ground.place)}


def _place(place: Place | None) -> dict[str, Any]:
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    return {"diff": fix.diff, "edits": [_edit(edit) for edit in fix.edits]} if fix else None


def _edit(edit: Edit) -> dict[str, Any]:
    return {"file": edit.file, "start": edit.start, "end": edit.end, "text": edit.text}


def _effects(effects: ChangePreview) -> dict[str, Any]:
    document: dict[str, Any] = {
        "version": effects.version,
        "graph": effects.graph,
        "added": [str(quad) for quad in effects.added],
        "removed": [str(quad) for quad in effects.removed],
        "queries": {
            "different": [
                {"slug": query.slug, "before": query.before, "after": query.after}
                for query in effects.of(Outcome.DIFFERENT)
            ],
            "same": [query.slug for query in effects.of(Outcome.SAME)],
            "notRun": [query.slug for query in effects.of(Outcome.NOT_RUN)],
        },
    }
    if effects.created:
        document["created"] = [node.value for node in effects.created]
    if effects.alike:
        document["alike"] = [{"node": a.node.value, "other": a.other.value, "name": a.name} for a in effects.alike]
    if effects.inferred is not None:
        document["inferred"] = [str(quad) for quad in effects.inferred]
        document["uninferred"] = [str(quad) for quad in effects.uninferred or ()]
    return document
