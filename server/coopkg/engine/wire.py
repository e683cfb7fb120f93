"""A task as JSON and back: terms travel in N-Triples, formats by name."""

from __future__ import annotations

from typing import Any

from coopkg.engine.evaluate import Task
from coopkg.results import by_name
from coopkg.terms import from_ntriples


def encode(task: Task) -> dict[str, Any]:
    """Give a task as a JSON object."""
    return {
        "text": task.text,
        "format": task.format.name,
        "base": task.base,
        "default_graphs": task.default_graphs,
        "named_graphs": task.named_graphs,
        "union": task.union,
        "prefixes": dict(task.prefixes or {}),
        "substitutions": {name: str(term) for name, term in (task.substitutions or {}).items()},
        "answer_bytes": task.answer_bytes,
        "entailment": task.entailment,
        "inferred": task.inferred,
        "rows": task.rows,
        "skip": task.skip,
    }


def decode(value: dict[str, Any]) -> Task:
    """Give the task that a JSON object stands for."""
    fmt = by_name(value["format"])
    if fmt is None:
        raise ValueError(f"there is no format {value['format']!r}")
    return Task(
        text=value["text"],
        format=fmt,
        base=value["base"],
        default_graphs=tuple(value["default_graphs"]),
        named_graphs=tuple(value["named_graphs"]),
        union=value["union"],
        prefixes=value["prefixes"],
        substitutions={name: from_ntriples(term) for name, term in value["substitutions"].items()},
        answer_bytes=value["answer_bytes"],
        entailment=value["entailment"],
        inferred=value["inferred"],
        rows=value["rows"],
        skip=value["skip"],
    )
