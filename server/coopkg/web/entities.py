"""Dereferencing: every IRI of the graph resolves here, as a page for people and as RDF for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint

from coopkg.descriptions import describe
from coopkg.web.documents import PLAIN, Face, document, split_suffix
from coopkg.web.sources import source_page
from coopkg.web.values import service

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("entities", __name__)
FACES: Final = {"source/": Face("source.html", source_page)}
"""How a description is shown whose path begins so."""


@blueprint.get("/<path:path>")
def entity(path: str) -> Response:
    """Answer for an IRI of the graph: by suffix, by Accept, or as a page."""
    stem, suffix = split_suffix(path)
    face = next((face for start, face in FACES.items() if stem.startswith(start)), PLAIN)
    return document(describe(service().settings.base, stem), stem, suffix, face)
