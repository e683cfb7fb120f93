"""The servers of a run: how each is started over the same data, and what it takes until it answers."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from bench.processes import free_port, isolated, memory_bytes, running, send, wait_for
from bench.report import HELLO, OXIGRAPH, RDFLIB, UNCACHED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

FOLDER: Final = Path(sys.executable).parent
"""Where the commands of this environment are, the peers' among them."""
PEERS: Final = {OXIGRAPH: "oxigraph", RDFLIB: "rdflib-endpoint"}
"""The command of each peer."""
_LOADING_SECONDS: Final = 900.0


@dataclass(frozen=True)
class Server:
    """A server to start: its name, its command line, the path that takes a query, the data that it wants sent."""

    name: str
    command: tuple[str | Path, ...]
    path: str
    environment: Mapping[str, str] = field(default_factory=dict)
    upload: Path | None = None


@dataclass(frozen=True)
class Started:
    """A server that answers, and what starting it took: seconds to the first answer, and memory then."""

    name: str
    pid: int
    base: str
    path: str
    seconds: float
    memory: int
    isolated: bool
    answer: bytes


def servers(data: Path, published: Path, workers: int, cache_bytes: int) -> list[Server]:
    """Return the servers over the generated data, which are in both places.

    A peer that is not installed is left out.
    """
    own = {"COOPKG_CACHE_BYTES": str(cache_bytes), "COOPKG_WORKERS": str(workers)}
    everything = [
        Server(HELLO, (sys.executable, "-m", "bench.hello", "PORT", str(workers)), "/sparql"),
        Server(UNCACHED, (FOLDER / "coopkg", "serve", "--published", published, "--bind", "127.0.0.1:PORT"),
               "/sparql", own),
        Server(OXIGRAPH, (FOLDER / "oxigraph", "serve", "--union-default-graph", "--bind", "127.0.0.1:PORT"),
               "/query", upload=data),
        Server(RDFLIB, (FOLDER / "rdflib-endpoint", "serve", "--host", "127.0.0.1", "--port", "PORT", data), "/"),
    ]  # fmt: skip
    return [server for server in everything if server.name not in PEERS or (FOLDER / PEERS[server.name]).is_file()]


def start(server: Server, query: str, stack: ExitStack, logs: Path) -> Started:
    """Start a server and wait for its first answer. Raises ClickException, with its log, where none comes."""
    port = free_port()
    command = [str(part).replace("PORT", str(port)) for part in server.command]
    log = logs / f"{server.name.split(',')[0].replace(' ', '-')}.log"
    base = f"http://127.0.0.1:{port}"
    url = f"{base}{server.path}?query={quote(query)}"
    begun = time.monotonic()
    pid = stack.enter_context(running(command, log, server.environment))
    try:
        body = wait_for(url, pid, _LOADING_SECONDS)
        if server.upload:
            send(f"{base}/store", server.upload, _LOADING_SECONDS)
            body = wait_for(url, pid, _LOADING_SECONDS)
    except (TimeoutError, ChildProcessError) as error:
        raise click.ClickException(f"{server.name}: {error}; its log: {log.read_text()[-2000:]}") from None
    seconds = time.monotonic() - begun
    click.echo(f"{server.name}: first answer after {seconds:.1f} s", err=True)
    return Started(server.name, pid, base, server.path, seconds, memory_bytes(pid), isolated(pid), body)
