"""Dereferencing: every IRI of the graph resolves here, as a page for people and as RDF for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, request

from coopkg.answers.descriptions import describe
from coopkg.errors import BadParameter
from coopkg.web.pages.documents import PLAIN, Face, document, split_suffix
from coopkg.web.pages.ontology import ontology_page, term_page
from coopkg.web.pages.source import source_page
from coopkg.web.parts.request_values import service

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("entities", __name__)
ONTOLOGY: Final = "ontology"
FACES: Final = {"source/": Face("source.html", source_page), ONTOLOGY: Face("ontology.html", ontology_page)}
"""How a description is shown whose path is this, or begins so."""
TERM: Final = Face("term.html", term_page)


@blueprint.get("/<path:path>")
def entity(path: str) -> Response:
    """Answer for an IRI of the graph: by suffix, by Accept, or as a page. Raises BadParameter."""
    if "entailment" in request.args:
        raise BadParameter("A description tells inferred facts from asserted ones; /sparql can leave them out.")
    stem, suffix = split_suffix(path)
    face = TERM if stem == ONTOLOGY and "term" in request.args else _face(stem)
    return document(describe(service().settings.base, stem), stem, suffix, face)


def _face(path: str) -> Face:
    return next(
        (f for start, f in FACES.items() if path == start or (start[-1] == "/" and path.startswith(start))), PLAIN
    )
