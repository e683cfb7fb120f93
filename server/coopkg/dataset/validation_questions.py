"""What validation of documents is asked, as values and as JSON."""

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
    """A document as it was sent: what to call it, its bytes, its format by name."""

    name: str
    data: bytes
    format_name: str


@dataclass(frozen=True)
class Question:
    """What is asked: ``documents`` against the published ``shapes``, or against those that came along.

    ``graph`` is the one that triples without one go into, beside or (``whole``) in place of what it has. None for the
    ``graph`` leaves the dataset out. ``removed`` are N-Quads that would go. ``face`` names the form of the answer,
    ``queries`` are the saved ones to compare.
    """

    documents: tuple[Upload, ...]
    published: str
    base: str
    shapes: tuple[Upload, ...] = ()
    graph: str | None = None
    whole: bool = False
    removed: str = ""
    face: str = "json"
    language: str = "en"
    queries: Mapping[str, Task] = field(default_factory=dict)
    answer_bytes: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the question as a JSON object."""

        def uploads(found: Iterable[Upload]) -> list[dict[str, str]]:
            return [{**vars(u), "data": base64.b64encode(u.data).decode("ascii")} for u in found]

        queries = {slug: tasks.encode(task) for slug, task in self.queries.items()}
        return {
            **vars(self),
            "documents": uploads(self.documents),
            "shapes": uploads(self.shapes),
            "queries": queries,
        }


def from_json(value: dict[str, Any]) -> Question:
    """Return the question that a JSON object stands for."""

    def uploads(found: Iterable[dict[str, str]]) -> tuple[Upload, ...]:
        return tuple(Upload(u["name"], base64.b64decode(u["data"]), u["format_name"]) for u in found)

    queries = {slug: tasks.decode(task) for slug, task in value["queries"].items()}
    return Question(
        **{**value, "documents": uploads(value["documents"]), "shapes": uploads(value["shapes"]), "queries": queries}
    )
