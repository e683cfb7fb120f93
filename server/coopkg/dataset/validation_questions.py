"""Requests to validate documents, as values and as JSON."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopkg.workers import tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.workers.tasks import Task


@dataclass(frozen=True)
class Upload:
    """A document as it was sent: its name in messages, its bytes, and its format by name."""

    name: str
    data: bytes
    format_name: str


@dataclass(frozen=True)
class Question:
    """A request to validate ``documents`` against ``shapes``, or without those against the shapes in ``published``.

    With a ``graph``, the documents are merged into the dataset first: triples without a graph go into that one, beside
    its triples or (``whole``) in place of them. Without one they are validated alone, or with the ``ontology``.
    ``removed`` are N-Quads that the
    change would remove. ``face`` names the format of the report, ``queries`` are saved queries, by slug, whose answers
    before and after are compared. ``answer_bytes`` bounds the report, ``triples`` each document.
    """

    documents: tuple[Upload, ...]
    published: str
    base: str
    shapes: tuple[Upload, ...] = ()
    graph: str | None = None
    whole: bool = False
    ontology: bool = False
    removed: str = ""
    face: str = "json"
    language: str = "en"
    queries: Mapping[str, Task] = field(default_factory=dict)
    answer_bytes: int | None = None
    triples: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Encode the question as a JSON object, bytes in Base64."""

        def uploads(files: Iterable[Upload]) -> list[dict[str, str]]:
            return [{**vars(u), "data": base64.b64encode(u.data).decode("ascii")} for u in files]

        # Base64 above, because JSON has no bytes and a document need not be UTF-8.
        queries = {slug: tasks.encode(task) for slug, task in self.queries.items()}
        return {
            **vars(self),
            "documents": uploads(self.documents),
            "shapes": uploads(self.shapes),
            "queries": queries,
        }


def from_json(value: dict[str, Any]) -> Question:
    """Parse the JSON object that ``Question.as_json`` returns."""

    def uploads(files: Iterable[dict[str, str]]) -> tuple[Upload, ...]:
        return tuple(Upload(u["name"], base64.b64decode(u["data"]), u["format_name"]) for u in files)

    queries = {slug: tasks.decode(task) for slug, task in value["queries"].items()}
    return Question(
        **{**value, "documents": uploads(value["documents"]), "shapes": uploads(value["shapes"]), "queries": queries}
    )
