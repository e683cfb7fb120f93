"""The load generator: wrk, asking one server for one subject after another over connections that stay open."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bench.processes import cpu_seconds
from bench.sample import Sample

if TYPE_CHECKING:
    from bench.servers import Started

SCRIPT: Final = Path(__file__).with_name("lookups.lua")


@dataclass
class Lookups:
    """Lookups of as many subjects at a server, in turn and round again; ``query`` has %s where the number goes."""

    server: Started
    query: str
    subjects: int
    turn: int = 0

    def take(self, clients: int, seconds: int) -> Sample:
        """Measure with so many clients at once; CPU is that of the server's process tree."""
        before, after = (quote(part) for part in self.query.split("%s"))
        command = [
            "wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s", "-s", str(SCRIPT), self.server.base,
            "--", f"{self.server.path}?query={before}", after, str(self.turn % self.subjects), str(self.subjects),
        ]  # fmt: skip
        cpu = cpu_seconds(self.server.pid)
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
        cpu = cpu_seconds(self.server.pid) - cpu
        found = json.loads(output.strip().rpartition("\n")[2])
        requests = int(found["requests"])
        self.turn += requests
        return Sample(
            requests, found["seconds"], found["p50"], found["p99"], cpu / max(1, requests), int(found["errors"])
        )
