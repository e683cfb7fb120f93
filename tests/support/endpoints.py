"""Other people's SPARQL servers for tests: a real ``oxigraph``, and the parts of a federation over them."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conftest import free_port
from coopkg.answers.federation.circuit_breaker import Health
from coopkg.answers.federation.endpoint_client import EndpointClient
from coopkg.answers.federation.endpoints import Endpoint, Limits
from coopkg.answers.federation.executor import Federation
from coopkg.workers.evaluation import evaluate
from coopkg.workers.remote_results import Remote, Table, read
from coopkg.workers.tasks import Answer, Task
from processor_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyoxigraph as ox

    from coopkg.answers.federation.endpoint_client import Transport

OXIGRAPH: Final = Path(sys.executable).parent / "oxigraph"
BASE: Final = "http://here.example/"


@contextmanager
def oxigraph(files: Iterable[Path]) -> Iterator[str]:
    """Run an ``oxigraph`` server over those files, in memory; give the address of its query endpoint."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [OXIGRAPH, "serve", "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"{address}/query?query=ASK%7B%7D", process)
            for file in files:
                request = urllib.request.Request(  # noqa: S310 - our own server
                    f"{address}/store?default", file.read_bytes(), {"Content-Type": "text/turtle"}, method="POST"
                )
                urllib.request.urlopen(request, timeout=120).close()  # noqa: S310 - the same
            yield f"{address}/query"
        finally:
            process.terminate()


def wait_for(address: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"no answer from {address}")


@dataclass
class Store:
    """A store in this process, as a federation wants what is local."""

    store: ox.Store

    def ask(self, task: Task, deadline: float | None = None) -> Answer:  # noqa: ARG002 - the protocol's
        return Answer(evaluate(self.store, task), "1")

    def read_remote(self, remote: Remote, deadline: float | None = None) -> Table:  # noqa: ARG002 - the protocol's
        return read(remote)


def endpoint(alias: str, address: str, limits: Mapping[str, Any] | None = None, **values: Any) -> Endpoint:  # noqa: ANN401 - as Endpoint's fields
    """Give an endpoint on this machine, which its operator allows."""
    given = {"private": True, "title": alias, "holds": "tests", "licence": "none", **values}
    return Endpoint(alias, address, limits=Limits(**(limits or {})), **given)


def federation(*endpoints: Endpoint, transport: Transport | None = None, seconds: float = 30) -> Federation:
    """Give a federation of those endpoints.

    Results of the engine that earlier tests left in cycles are collected first: they may be dropped in no other thread.
    """
    gc.collect()
    health = Health()
    return Federation({e.alias: e for e in endpoints}, BASE, transport or EndpointClient(health), health, seconds)
