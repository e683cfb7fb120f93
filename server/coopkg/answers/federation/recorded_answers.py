"""Recorded answers of endpoints, so that the federated saved queries can be tested without a network.

``queries/recorded/<alias>.json`` has the source and licence of the answers, and a line for each query with its answer.
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
    """A transport that answers from the files alone; a query without a recorded answer fails."""

    def __init__(self, folder: Path) -> None:
        self.answers = {path.stem: dict(_read(path)) for path in sorted(folder.glob("*.json"))}

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return the recorded answer to exactly this query. Raises EndpointFailed where there is none."""
        budget.spend()
        answer = self.answers.get(endpoint.alias, {}).get(query)
        if answer is None:
            raise failed(endpoint, "not-recorded", "no answer of it to this query is recorded")
        return RemoteBody(json.dumps(answer).encode(), "json")


def _read(path: Path) -> list[tuple[str, Any]]:
    return [(entry["query"], entry["answer"]) for entry in json.loads(path.read_text(encoding="utf-8"))["answers"]]


class Recorder:
    """A transport that passes queries on and records the answers, which must be JSON."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.answers: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, str] = {}

    def fetch(self, endpoint: Endpoint, query: str, budget: Budget) -> RemoteBody:
        """Return and record the answer.

        Raises EndpointFailed as the transport does, and for another format than JSON.
        """
        reply = self.transport.fetch(endpoint, query, budget)
        if reply.format != "json":
            raise failed(endpoint, "media-type", "only JSON is recorded")
        self.answers.setdefault(endpoint.alias, {})[query] = json.loads(reply.body)
        self.sources[endpoint.alias] = f"{endpoint.title}, {endpoint.licence}"
        return reply

    def write(self, folder: Path) -> list[Path]:
        """Write the recorded answers, a file for each endpoint; return the paths."""
        folder.mkdir(exist_ok=True)
        written = []
        for alias, answers in sorted(self.answers.items()):
            # Sorted, a line each: recording again changes only the lines whose answers have changed.
            entries = [{"query": query, "answer": answer} for query, answer in sorted(answers.items())]
            lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
            path = folder / f"{alias}.json"
            source = json.dumps(self.sources[alias], ensure_ascii=False)
            path.write_text(f'{{"source": {source}, "answers": [\n{lines}\n]}}\n', encoding="utf-8")
            written.append(path)
        return written
