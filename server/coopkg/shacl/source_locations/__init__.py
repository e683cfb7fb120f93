"""Source locations: file, line and column of each triple of a document, for every RDF format.

The parser gives no positions, so that each format has a second, tolerant reader here. It is only used on documents that
the parser has accepted, and only to locate results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.jsonld_contexts import project_context
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import rebase_iri, rebase_term
from coopkg.shacl.source_locations import json_ld, rdf_xml, turtle
from coopkg.shacl.source_locations.index import SourceLocations, aligned, find_place, place_of_triple

if TYPE_CHECKING:
    from coopkg.shacl.documents import Source

__all__ = ["EDITABLE", "SourceLocations", "find_place", "locate", "place_of_triple"]

EDITABLE: Final = (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG, ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS)
"""Formats whose terms are written as Turtle writes them, so that one can be put in the place of another."""


def locate(source: Source, seconds: float | None = None) -> SourceLocations:
    """Locate the triples of a document, or as many as are read in time; blank nodes are those of its quads."""
    document = source.document
    if document.format == ox.RdfFormat.JSON_LD:
        locations = json_ld.locate(document, source.text, project_context(document.base or DEFAULT_BASE))
    elif document.format == ox.RdfFormat.RDF_XML:
        locations = rdf_xml.locate(document, source.text)
    else:
        locations = turtle.locate(document, source.text, seconds)
    if document.moved is not None:
        old, new = document.moved
        locations = locations.renamed(lambda term: rebase_term(term, old, new))
        locations.prefixes = {name: rebase_iri(iri, old, new) for name, iri in locations.prefixes.items()}
    names = aligned(locations.edges, source.quads, source.labels)
    return locations.renamed(lambda term: names.get(term, term))
