"""Answers of endpoints as files, so that the federated saved queries can be tested without a network.

``queries/recorded/<alias>.json`` says whose the answers are and holds what was asked and answered, a line a question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.federation.endpoint_client import RemoteBody, failed

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.answers.federation.endpoint_client import Budget, Transport
    from coopkg.answers.federation.endpoints import Endpoint

FOLDER: Final = "queries/recorded"


class Recorded:
    """Answers from the files alone; what was never asked fails."""

    def __init__(self, folder: Path) -> None:
        self.answers = {path.stem: dict(_read(path)) for path in sorted(folder.glob("*.json"))}

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the recorded answer. Raises EndpointFailed where there is none to this very query."""
        budget.spend()
        answer = self.answers.get(endpoint.alias, {}).get(query)
        if answer is None:
            raise failed(endpoint, "not-recorded", "no answer of it to this query is recorded")
        return RemoteBody(json.dumps(answer).encode(), "json")


def _read(path: Path) -> list[tuple[str, Any]]:
    return [(entry["query"], entry["answer"]) for entry in json.loads(path.read_text(encoding="utf-8"))["answers"]]


class Recorder:
    """Passes questions on, and remembers the answers that come back as JSON."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.answers: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, str] = {}

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the answer. Raises EndpointFailed as the transport does, and for an answer that is no JSON."""
        found = self.transport.fetch(endpoint, query, budget)
        if found.format != "json":
            raise failed(endpoint, "media-type", "only JSON is recorded")
        self.answers.setdefault(endpoint.alias, {})[query] = json.loads(found.body)
        self.sources[endpoint.alias] = f"{endpoint.title}, {endpoint.licence}"
        return found

    def write(self, folder: Path) -> list[Path]:
        """Write what was asked and answered, a file an endpoint; return the files."""
        folder.mkdir(exist_ok=True)
        written = []
        for alias, answers in sorted(self.answers.items()):
            entries = [{"query": query, "answer": answer} for query, answer in sorted(answers.items())]
            lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
            path = folder / f"{alias}.json"
            source = json.dumps(self.sources[alias], ensure_ascii=False)
            path.write_text(f'{{"source": {source}, "answers": [\n{lines}\n]}}\n', encoding="utf-8")
            written.append(path)
        return written
