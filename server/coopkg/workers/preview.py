"""The beginning of an answer, with how much there is of it: what a page shows, whatever the size of the whole."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.terms import Term

COUNTED: Final = 10_000
"""Rows past those shown that are counted; where there are more, the answer says "more"."""


def preview(result: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, rows: int, skip: int = 0) -> bytes:
    """Return a JSON object: ``boolean``, or ``vars`` and ``rows`` (terms as in SPARQL 1.1 Query Results JSON Format).

    The first ``skip`` rows are passed over. ``total`` is how many rows there are in all, and ``more`` says that there
    are more than even that. The rows of a graph are its triples.
    """
    if isinstance(result, ox.QueryBoolean):
        return json.dumps({"boolean": bool(result)}).encode()
    found: Iterator[Iterable[Term | None]]
    if isinstance(result, ox.QueryTriples):
        names, found = ["subject", "predicate", "object"], _distinct(result)
    else:
        names, found = [variable.value for variable in result.variables], iter(result)
    before = sum(1 for _ in islice(found, skip))
    shown = [[None if term is None else term_json(term) for term in row] for row in islice(found, rows)]
    rest = sum(1 for _ in islice(found, COUNTED + 1))
    total = before + len(shown) + min(rest, COUNTED)
    answer = {"vars": names, "rows": shown, "total": total, "more": rest > COUNTED}
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _distinct(triples: Iterable[ox.Triple]) -> Iterator[list[Term]]:
    """Return the triples of a graph, which has each once, though a template may give it often."""
    seen: set[ox.Triple] = set()
    for triple in triples:
        if triple not in seen:
            seen.add(triple)
            yield [triple.subject, triple.predicate, triple.object]


def term_json(term: Term) -> dict[str, Any]:
    """Return a term as an object of the SPARQL 1.1 Query Results JSON Format (section 3.2.2)."""
    match term:
        case ox.NamedNode():
            return {"type": "uri", "value": term.value}
        case ox.BlankNode():
            return {"type": "bnode", "value": term.value}
        case ox.Literal():
            found = {"type": "literal", "value": term.value}
            if term.language:
                return {**found, "xml:lang": term.language}
            return found if term.datatype.value.endswith("#string") else {**found, "datatype": term.datatype.value}
        case _:
            parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
            return {"type": "triple", "value": {name: term_json(part) for name, part in parts.items()}}
