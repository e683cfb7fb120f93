"""Suggestions for misspelt names of terms and entities, from the dataset."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import compact, named_node
from coopkg.sparql.query_text import query_text
from coopkg.sparql.suggestions import CLOSE

if TYPE_CHECKING:
    from coopkg.answers.service import Service

MANY: Final = 5000
"""Names in one namespace above which none is suggested, since comparing all of them takes too long."""


def similar(service: Service, iri: str) -> list[str]:
    """Find up to three IRIs of the graph that this one may have meant, as prefixed names.

    First those with the local name as a literal, a label or a code, so that ``country:Belarus`` leads to
    ``country:BY``; else those with a similar local name, the most similar first.
    """
    folder = iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]
    # Terms are built and serialised, not concatenated: the IRI comes from an address and could close the query's
    # pattern.
    start = named_node(folder, {}, "iri")
    rows = service.rows(
        query_text(
            "SELECT DISTINCT ?s { ?s ?p ?o FILTER(ISLITERAL(?o) && LCASE(STR(?o)) = LCASE([[name]])) "
            "FILTER(ISIRI(?s) && STRSTARTS(STR(?s), STR([[start]]))) } LIMIT 3",
            name=ox.Literal(iri[len(folder) :]),
            start=start,
        )
    )
    if rows:
        return [compact(row["s"], prefixes(service.settings.base)) for row in rows]
    rows = service.rows(
        query_text(
            "SELECT DISTINCT ?s { ?s ?p ?o FILTER(ISIRI(?s) && STRSTARTS(STR(?s), STR([[start]]))) } LIMIT [[most]]",
            start=start,
            most=MANY + 1,
        )
    )
    # One row more than allowed was asked for, which tells that there are too many.
    if len(rows) > MANY:
        return []
    names = {row["s"][len(folder) :].casefold(): row["s"] for row in rows}
    close = get_close_matches(iri[len(folder) :].casefold(), names, 3, CLOSE)
    return [compact(names[name], prefixes(service.settings.base)) for name in close]


def is_known(service: Service, iri: str) -> bool:
    """Check whether any triple of the graph has that IRI as its subject or object."""
    text = query_text(
        "SELECT (1 AS ?x) { { [[node]] ?p ?o } UNION { ?s ?p [[node]] } } LIMIT 1", node=named_node(iri, {}, "iri")
    )
    return bool(service.rows(text))
