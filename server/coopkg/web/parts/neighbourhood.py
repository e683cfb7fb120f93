"""What stands around a thing: what leads to it, by property and counted, and a drawing of its neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.answers.labels import nodes
from coopkg.rdf.terms import named_node
from coopkg.sparql.query_text import QueryText, query_text
from coopkg.web.charts import graph
from coopkg.web.charts.table import Table
from coopkg.web.parts.named_terms import things

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopkg.answers.service import Service
    from coopkg.web.charts.svg import Drawing
    from coopkg.web.rendering import Visit

LISTED: Final = 6
"""Things that are listed of those that lead here by one property; the page counts the others and leads to them."""
COUNTED: Final = 10_000
"""Links that are counted for one page: to count a million takes seconds."""
PROPERTIES: Final = 40
"""Properties by which things lead here that a page has; where there are more, it says so."""
DRAWN: Final = 24
"""Links of the drawing."""

Link = tuple[str, str, str]
"""Subject, property and object of a link between things, all IRIs."""


@dataclass(frozen=True)
class Incoming:
    """What leads to a thing: by property the number of subjects, the first of them, and the query for all.

    Where it is not ``whole``, only the first ``COUNTED`` links were looked at, and there are more.
    """

    links: tuple[dict[str, Any], ...] = ()
    whole: bool = True


def incoming(running: Service, iri: str) -> Incoming:
    """Return what leads to an IRI."""
    node = named_node(iri, {}, "iri")
    # What states triples of it is shown with those triples.
    text = query_text(
        "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> "
        "SELECT ?p (COUNT(*) AS ?n) WHERE { { SELECT ?s ?p WHERE { ?s ?p [[node]] "
        "FILTER(ISIRI(?s) && ?p NOT IN (rdf:subject, rdf:predicate, rdf:object)) } "
        "LIMIT [[most]] } } GROUP BY ?p ORDER BY ?p",
        node=node,
        most=COUNTED + 1,
    )
    counted = running.rows(text)
    counts = {row["p"]: int(row["n"]) for row in counted if "p" in row}
    whole = sum(counts.values()) <= COUNTED
    blocks = [_first(path, node, whole) for p in list(counts)[:PROPERTIES] for path in nodes([p])]
    first: dict[str, list[str]] = {p: [] for p in counts}
    for row in running.rows(_united(blocks)) if blocks else ():
        first[row["p"]].append(row["s"])
    links = [
        {"property": p, "count": n, "subjects": first[p], "more": n - len(first[p]),
         "query": query_text("SELECT ?thing WHERE {\n  ?thing [[p]] [[node]] .\n}\nORDER BY ?thing",
                             p=ox.NamedNode(p), node=node)}
        for p, n in counts.items()
    ]  # fmt: skip
    return Incoming(tuple(links), whole)


def _first(path: ox.NamedNode, node: ox.NamedNode, whole: bool) -> QueryText:  # noqa: FBT001 - see below
    """Return the pattern of the first things that lead to a node by a property.

    They are in order unless there are too many to sort: then in that of the index.
    """
    order = query_text("ORDER BY ?s" if whole else "")
    return query_text(
        "{ SELECT ?s ?p WHERE { BIND([[path]] AS ?p) { SELECT DISTINCT ?s WHERE { ?s [[path]] [[node]] "
        "FILTER(ISIRI(?s)) } [[order]] LIMIT [[most]] } } }",
        path=path,
        node=node,
        order=order,
        most=LISTED,
    )


def _united(blocks: Sequence[QueryText]) -> QueryText:
    parts = [part for block in blocks for part in (query_text("UNION"), block)]
    return query_text("SELECT ?p ?s WHERE { [[parts]] } ORDER BY ?p ?s", parts=parts[1:])


def drawing(running: Service, visit: Visit, links: Iterable[Link], label: str) -> tuple[Drawing, Table] | None:
    """Return the drawing of links between things and its table; None where there are too few to draw."""
    distinct: Sequence[Link] = list(dict.fromkeys(links))
    if len(distinct) < 2:
        return None
    cells = things(running, {iri for link in distinct[:DRAWN] for iri in link}, visit)
    rows = tuple((cells[s], cells[p], cells[o]) for s, p, o in distinct[:DRAWN])
    table = Table(graph.TRIPLE, rows, len(distinct))
    return graph.draw(table, label), table
