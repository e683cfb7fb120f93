"""The service: one dataset with its saved queries, and the one way to ask it. Everything hangs from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopkg.engine.evaluate import evaluate
from coopkg.errors import DoesNotConform
from coopkg.files import find_published
from coopkg.queries import load_queries
from coopkg.shacl.report import Report, Severity, human
from coopkg.shacl.validate import validate_published
from coopkg.store import load_dataset
from coopkg.vocab import prefixes

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
    """Load dataset and saved queries, unchecked. Raises DatasetBroken, RdfSyntaxError, QuerySyntaxError."""
    published = find_published(settings.published)
    return Service(settings, load_dataset(settings), load_queries(published, settings.base))


def check_published(settings: Settings) -> None:
    """Hold the published files against their shapes. Raises DoesNotConform with file and line of what is wrong."""
    report = validate_published(find_published(settings.published))
    if report.refused_at(Severity.VIOLATION):
        violations = Report(tuple(r for r in report.results if r.severity is Severity.VIOLATION))
        raise DoesNotConform(f"The published data violate their shapes:\n{human(violations, prefixes())}")
