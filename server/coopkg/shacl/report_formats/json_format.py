"""The report format for programs: JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from coopkg.shacl.change_preview import Outcome
from coopkg.shacl.findings import Finding
from coopkg.shacl.shape_nodes import SH

if TYPE_CHECKING:
    from coopkg.rdf.terms import Term
    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.report import Edit, Fix, Ground, Note, Place, Result, SyntaxIssue
    from coopkg.shacl.report_formats.outcome import ReportView


def render(view: ReportView) -> str:
    """Write the report as a JSON object; ``conforms`` is null where nothing could be validated."""
    document: dict[str, Any] = {"conforms": view.report.conforms if view.readable else None}
    if view.readable:
        document["counts"] = view.report.counts()
        if view.report.omitted:
            document["omitted"] = sum(view.report.omitted.values())
        document["results"] = [as_object(view, result) for result in view.report.results]
    else:
        document |= syntax_error_members(view.syntax_errors, more=view.more_syntax_errors)
    coverage = view.report.coverage
    if coverage is not None:
        document["coverage"] = {
            "triples": coverage.triples, "unseen": coverage.unseen, "focusNodes": coverage.focus_nodes,
            "shapes": coverage.shapes, "idle": [name for name in coverage.idle if not name.startswith("_:")],
        }  # fmt: skip
    if view.report.notes:
        document["notes"] = [as_note(note) for note in view.report.notes]
    if view.facts is not None:
        document["facts"] = view.facts
    if view.change_preview:
        document["changes"] = _change_preview(view.change_preview)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def syntax_error_members(errors: tuple[SyntaxIssue, ...], *, more: bool) -> dict[str, Any]:
    """Return syntax errors as members of a JSON object; ``more`` says that there are others."""
    return {"errors": [_syntax_error(error) for error in errors], "more": more}


def _syntax_error(error: SyntaxIssue) -> dict[str, Any]:
    return {
        **_place(error.place),
        "message": error.message,
        "suggestion": error.suggestion or None,
        "fix": _fix(error.fix),
    }


def as_note(note: Note) -> dict[str, Any]:
    """Return one note as a JSON object."""
    return {
        "message": note.message,
        **({"messages": dict(note.messages)} if note.messages else {}),
        **_place(note.place),
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
        "alternatives": [node.value for node in result.alternatives],
        "hints": result.hints(view.prefixes, view.language),
        **_from_the_shapes(result),
        **({"details": [as_object(view, detail) for detail in result.details]} if result.details else {}),
    }  # fmt: skip


def _from_the_shapes(result: Result) -> dict[str, Any]:
    """Return a path that is no property, and the messages, severity and constraint as the shapes graph has them."""
    if not isinstance(result, Finding):
        return {}
    members: dict[str, Any] = {}
    if result.path is None and result.result_path is not None:
        members["propertyPath"] = result.result_path.sparql()
    if isinstance(result.severity_node, ox.NamedNode) and result.severity_node.value != SH + result.severity.value:
        members["resultSeverity"] = result.severity_node.value
    if isinstance(result.source_constraint, ox.NamedNode):
        members["sourceConstraint"] = result.source_constraint.value
    languages = [term.language for term in result.message_terms]
    if len(set(languages)) < len(languages) or None in languages:
        members["resultMessages"] = [
            {"value": term.value, "language": term.language} for term in result.message_terms
        ]  # fmt: skip
    return members


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


def _change_preview(preview: ChangePreview) -> dict[str, Any]:
    document: dict[str, Any] = {
        "version": preview.version,
        "graph": preview.graph,
        "added": [str(quad) for quad in preview.added],
        "removed": [str(quad) for quad in preview.removed],
        "queries": {
            "different": [
                {"slug": query.slug, "before": query.before, "after": query.after}
                for query in preview.of(Outcome.DIFFERENT)
            ],
            "same": [query.slug for query in preview.of(Outcome.SAME)],
            "notRun": [query.slug for query in preview.of(Outcome.NOT_RUN)],
        },
    }
    if preview.created:
        document["created"] = [node.value for node in preview.created]
    if preview.alike:
        document["alike"] = [{"node": a.node.value, "other": a.other.value, "name": a.name} for a in preview.alike]
    if preview.inferred is not None:
        document["inferred"] = [str(quad) for quad in preview.inferred]
        document["uninferred"] = [str(quad) for quad in preview.uninferred or ()]
    return document
