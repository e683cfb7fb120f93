"""What stands around a thing: what leads to it, by property and counted, and a drawing of its neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coopkg.charts import graph
from coopkg.charts.table import Table
from coopkg.labels import nodes
from coopkg.terms import named_node
from coopkg.web.answers import things

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopkg.charts.svg import Drawing
    from coopkg.rendering import Visit
    from coopkg.service import Service

LISTED: Final = 6
"""Things that are listed of those that lead here by one property; the page counts the others and leads to them."""
PROPERTIES: Final = 40
"""Properties by which things lead here that a page has; where there are more, it says so."""
DRAWN: Final = 24
"""Links of the drawing."""

Link = tuple[str, str, str]
"""Subject, property and object of a link between things, all IRIs."""


def incoming(running: Service, iri: str) -> list[dict[str, Any]]:
    """Give what leads to an IRI: by property the number of subjects, the first of them, and the query for all."""
    node = str(named_node(iri, {}, "iri"))
    counted = running.rows(
        f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s ?p {node} FILTER(ISIRI(?s)) }} GROUP BY ?p ORDER BY ?p"
    )
    found = {row["p"]: int(row["n"]) for row in counted if "p" in row}
    if not found:
        return []
    blocks = [_first(path, node) for p in list(found)[:PROPERTIES] if (path := nodes([p]))]
    first: dict[str, list[str]] = {p: [] for p in found}
    for row in running.rows(f"SELECT ?p ?s WHERE {{ {' UNION '.join(blocks)} }} ORDER BY ?p ?s"):
        first[row["p"]].append(row["s"])
    return [
        {"property": p, "count": n, "subjects": first[p], "more": n - len(first[p]),
         "query": f"SELECT ?thing WHERE {{\n  ?thing <{p}> {node} .\n}}\nORDER BY ?thing"}
        for p, n in found.items()
    ]  # fmt: skip


def _first(path: str, node: str) -> str:
    """Give the pattern of the first things that lead to a node by a property."""
    subjects = f"SELECT DISTINCT ?s WHERE {{ ?s {path} {node} FILTER(ISIRI(?s)) }} ORDER BY ?s LIMIT {LISTED}"
    return f"{{ SELECT ?s ?p WHERE {{ BIND({path} AS ?p) {{ {subjects} }} }} }}"


def drawing(running: Service, visit: Visit, links: Iterable[Link], label: str) -> tuple[Drawing, Table] | None:
    """Give the drawing of links between things and its table; None where there are too few to draw."""
    kept: Sequence[Link] = list(dict.fromkeys(links))
    if len(kept) < 2:
        return None
    cells = things(running, {iri for link in kept[:DRAWN] for iri in link}, visit)
    rows = tuple((cells[s], cells[p], cells[o]) for s, p, o in kept[:DRAWN])
    table = Table(graph.TRIPLE, rows, len(kept))
    return graph.draw(table, label), table
