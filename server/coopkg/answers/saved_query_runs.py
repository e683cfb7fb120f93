"""Evaluate saved queries in this process and compare their answers: for the command line and for tests."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from coopkg.dataset.engine import LocalEngine
from coopkg.errors import Forbidden
from coopkg.rdf.formats import GRAPH_FORMATS
from coopkg.rdf.terms import same_graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.federation.executor import Federation
    from coopkg.answers.saved_queries import SavedQuery
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.formats import Format


def run_query(
    dataset: Dataset, saved: SavedQuery, values: Mapping[str, str], fmt: Format, federation: Federation | None = None
) -> bytes:
    """Evaluate a saved query in this process and return the whole answer.

    Raises BadParameter, QuerySyntaxError, for a federated query what ``Federation.run`` raises, and Forbidden where no
    endpoint is listed.
    """
    task = saved.task(values, fmt, dataset.base)
    if not saved.federated:
        return LocalEngine(dataset).ask(task).body
    if federation is None:
        raise Forbidden(f"The query {saved.slug} asks other endpoints with SERVICE, and none is listed here.")
    return federation.run(task, LocalEngine(dataset)).body


def same_answer(saved: SavedQuery, actual: bytes, expected: bytes) -> bool:
    """Compare two answers: solutions as a list where the query has ORDER BY, else as a multiset; graphs as sets."""
    if saved.format in GRAPH_FORMATS:
        return same_graph(actual, expected)
    actual_answer, expected_answer = json.loads(actual), json.loads(expected)
    if "boolean" in actual_answer:
        return bool(actual_answer == expected_answer)
    rows = [
        [json.dumps(row, sort_keys=True) for row in answer["results"]["bindings"]]
        for answer in (actual_answer, expected_answer)
    ]
    if not re.search(r"\bORDER\s+BY\b", saved.text, re.IGNORECASE):
        rows = [sorted(answer) for answer in rows]
    return bool(actual_answer["head"].get("vars") == expected_answer["head"].get("vars") and rows[0] == rows[1])
