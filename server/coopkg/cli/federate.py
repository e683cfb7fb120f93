"""``coopkg federate``."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.federation.endpoint_client import EndpointClient
from coopkg.answers.federation.recorded_answers import FOLDER, Recorder
from coopkg.answers.saved_queries import load_queries
from coopkg.answers.saved_query_runs import run_query
from coopkg.cli.options import dataset_options, settings_from
from coopkg.dataset.entailment import load_with_closure
from coopkg.dataset.published_files import find_published
from coopkg.errors import EndpointFailed, UsageError

if TYPE_CHECKING:
    from coopkg.answers.federation.executor import Federation
    from coopkg.settings import Settings


@click.group("federate")
def command() -> None:
    """Check the endpoints that SERVICE may reach, and record their answers."""


def _opened(settings: Settings) -> Federation:
    federation = open_federation(settings, find_published(settings.published))
    if federation is None:
        raise UsageError("No endpoint is listed: name a file by --federation.")
    return federation


@command.command("check")
@click.argument("aliases", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Write the results as JSON.")
@dataset_options
def check(aliases: tuple[str, ...], *, as_json: bool, **options: object) -> None:
    """Send each endpoint its probe query. Exits with 4 if one does not answer it."""
    federation = _opened(settings_from(**options))
    unknown = sorted(set(aliases) - set(federation.endpoints))
    if unknown:
        raise UsageError(f"There is no endpoint {unknown[0]!r}; there are {', '.join(sorted(federation.endpoints))}.")
    results = [_probed(federation, alias) for alias in aliases or sorted(federation.endpoints)]
    if as_json:
        click.echo(json.dumps(results, indent=1))
    for result in () if as_json else results:
        outcome = f"{result['milliseconds']} ms" if result["ok"] else result["detail"]
        click.echo(f"{'ok  ' if result['ok'] else 'FAIL'} {result['alias']} ({result['endpoint']}): {outcome}")
    if not all(result["ok"] for result in results):
        raise SystemExit(EndpointFailed.exit_code)


def _probed(federation: Federation, alias: str) -> dict[str, object]:
    endpoint = federation.endpoints[alias]
    began = time.monotonic()
    try:
        federation.probe(alias)
    except EndpointFailed as error:
        return {"alias": alias, "endpoint": endpoint.endpoint, "ok": False, "reason": error.members["reason"],
                "detail": error.detail}  # fmt: skip
    milliseconds = round((time.monotonic() - began) * 1000)
    return {"alias": alias, "endpoint": endpoint.endpoint, "ok": True, "milliseconds": milliseconds}


@command.command("record")
@dataset_options
def record(**options: object) -> None:
    """Evaluate the federated saved queries and record the answers of endpoints in queries/recorded/, for tests."""
    settings = settings_from(**options)
    published = find_published(settings.published)
    federation = _opened(settings)
    recorder = Recorder(EndpointClient(federation.health))
    federation.transport = recorder
    dataset = load_with_closure(settings)
    for saved in load_queries(published, settings.base).values():
        if saved.federated:
            run_query(dataset, saved, {}, saved.format, federation)
    for path in recorder.write(published.root / FOLDER):
        click.echo(path)
