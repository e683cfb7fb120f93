"""Where a document says what: file, line and column of each triple, for every RDF format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.jsonld_contexts import project_context
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.shacl.source_locations import json_ld, rdf_xml, turtle
from coopkg.shacl.source_locations.index import SourceLocations, aligned, find_place, place_of_triple

if TYPE_CHECKING:
    from coopkg.shacl.documents import Source

__all__ = ["EDITABLE", "SourceLocations", "find_place", "locate", "place_of_triple"]

EDITABLE: Final = (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG, ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS)
"""Formats whose terms are written as Turtle writes them, so that one can be put in the place of another."""


def locate(source: Source, seconds: float | None = None) -> SourceLocations:
    """Return the places in a document, or in as much of it as is read in time; blank nodes are those of its quads."""
    document = source.document
    if document.format == ox.RdfFormat.JSON_LD:
        places = json_ld.locate(document, source.text, project_context(document.base or DEFAULT_BASE))
    elif document.format == ox.RdfFormat.RDF_XML:
        places = rdf_xml.locate(document, source.text)
    else:
        places = turtle.locate(document, source.text, seconds)
    return places.renamed(aligned(places.edges, source.quads, source.labels))
