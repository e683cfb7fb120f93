"""The dataset in this process, as a federated query wants it: for the command line, and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopkg.engine.evaluate import Answer, Task, answer
from coopkg.engine.remote import Remote, Table, read

if TYPE_CHECKING:
    from coopkg.store import Dataset


@dataclass(frozen=True)
class LocalDataset:
    """Evaluates and reads in this process, where nothing ends it."""

    dataset: Dataset

    def ask(self, task: Task, deadline: float | None = None) -> Answer:  # noqa: ARG002 - nothing ends it here
        """Give the whole answer. Raises the errors of ``engine.evaluate``."""
        return Answer(answer(self.dataset, task), self.dataset.tag)

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:  # noqa: ARG002 - the same
        """Read the answer of another endpoint. Raises EndpointFailed."""
        return read(remote)
