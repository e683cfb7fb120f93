"""The beginning of an answer, with the number of its rows: what a page shows, whatever the size of the whole."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.json_terms import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.terms import Term

COUNTED: Final = 10_000
"""Rows past those listed that are counted; where there are more, the answer says "more".

To count every row of a large answer would take as long as to compute it, which is what a preview is meant to save.
"""


def preview(result: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, rows: int, skip: int = 0) -> bytes:
    """Serialise up to ``rows`` rows of a result, after the first ``skip``, as a JSON object.

    It has ``boolean``, or ``vars`` and ``rows`` (terms as in SPARQL 1.1 Query Results JSON Format). ``total`` is the
    number of rows in all, and ``more`` says that there are more than even that. The rows of a graph are its triples.
    """
    if isinstance(result, ox.QueryBoolean):
        return json.dumps({"boolean": bool(result)}).encode()
    solutions: Iterator[Iterable[Term | None]]
    if isinstance(result, ox.QueryTriples):
        names, solutions = ["subject", "predicate", "object"], _distinct(result)
    else:
        names, solutions = [variable.value for variable in result.variables], iter(result)
    skipped = sum(1 for _ in islice(solutions, skip))
    listed = [[None if term is None else to_json(term) for term in row] for row in islice(solutions, rows)]
    rest = sum(1 for _ in islice(solutions, COUNTED + 1))
    total = skipped + len(listed) + min(rest, COUNTED)
    answer = {"vars": names, "rows": listed, "total": total, "more": rest > COUNTED}
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _distinct(triples: Iterable[ox.Triple]) -> Iterator[list[Term]]:
    """Yield the triples of a graph, which has each once, though a template may give it often."""
    yielded: set[ox.Triple] = set()
    for triple in triples:
        if triple not in yielded:
            yielded.add(triple)
            yield [triple.subject, triple.predicate, triple.object]
