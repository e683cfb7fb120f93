"""The service: one dataset with its saved queries, and the one way to ask it. Everything hangs from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopkg.engine.evaluate import evaluate
from coopkg.files import find_published
from coopkg.queries import load_queries
from coopkg.store import load_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.engine.evaluate import Task
    from coopkg.queries import SavedQuery
    from coopkg.settings import Settings
    from coopkg.store import Dataset


@dataclass(frozen=True)
class Service:
    """What a running coopkg consists of."""

    settings: Settings
    dataset: Dataset
    queries: Mapping[str, SavedQuery]

    def ask(self, task: Task) -> bytes:
        """Evaluate and give the whole answer. Raises the errors of ``engine.evaluate``."""
        return evaluate(self.dataset.store, task)


def open_service(settings: Settings) -> Service:
    """Load dataset and saved queries. Raises DatasetBroken, RdfSyntaxError, QuerySyntaxError."""
    published = find_published(settings.published)
    return Service(settings, load_dataset(settings), load_queries(published, settings.base))
