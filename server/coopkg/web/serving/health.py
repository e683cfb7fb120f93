"""``/health``: whether the processes of the server are alive, from their heartbeats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from coopkg import __version__
from coopkg.answers.http.protocol import COMMON_HEADERS, HttpResponse
from coopkg.workers.liveness import DATASET, HUNG_AFTER, SUPERVISOR, Heartbeats, read_progress
from coopkg.workers.version_tag import CurrentTag

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES: Final = {"supervisor": SUPERVISOR, "dataset_process": DATASET}


def health(folder: Path) -> HttpResponse:
    """Return 200 while supervisor and dataset process give heartbeats, 503 with those that do not otherwise.

    That the dataset is still being loaded is no fault: ``/ready`` tells that.
    """
    beats = Heartbeats(folder)
    silent = [name for name, place in PROCESSES.items() if beats.silent(place) > HUNG_AFTER]
    state: dict[str, object] = {"status": "failing" if silent else "ok", "software": __version__}
    if silent:
        state["silent"] = silent
    if not CurrentTag(folder).get():
        state["loading"] = read_progress(folder)
    headers = {**COMMON_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store"}
    return HttpResponse(503 if silent else 200, headers, json.dumps(state).encode() + b"\n")
