"""``coopkg doctor``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from coopkg.cli.log import history_of
from coopkg.cli.options import dataset_options, emit, home_option, settings_from
from coopkg.cli.progress import stage
from coopkg.dataset.commit_log import read_dataset, read_seed
from coopkg.dataset.diagnosis import causes
from coopkg.dataset.entailment import with_closure
from coopkg.rdf.namespaces import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.stored_violations import Cause


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--lang", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@home_option()
@dataset_options
def command(home: Path, *, as_json: bool, lang: str, **options: object) -> None:
    """List what the stored data violate: graph, version, author, and what is wrong. A server may go on meanwhile.

    Contributions of an older version of coopkg are held against what contributions may add today. Exit code 0: nothing
    is wrong; 1: something is.
    """
    history = history_of(home)
    settings = settings_from(home=home, **options)
    with stage("reading the journal"):
        dataset = with_closure(read_dataset(settings))
        seed = read_seed(settings)
    with stage("validating"):
        found = causes(dataset, seed, settings, history)
    for cause in found:
        emit(json.dumps(_object(cause), ensure_ascii=False) + "\n" if as_json else _line(cause, lang))
    raise SystemExit(1 if found else 0)


def _line(cause: Cause, language: str) -> str:
    version, author = (cause.record.version, cause.record.author) if cause.record else (1, "")
    graph = getattr(cause.graph, "value", "")
    return f"{graph}\t{version}\t{author}\t{cause.result.focus_node}: {cause.result.message(language)}\n"


def _object(cause: Cause) -> dict[str, object]:
    result = cause.result
    return {
        "graph": getattr(cause.graph, "value", None), "version": cause.record.version if cause.record else 1,
        "author": cause.record.author if cause.record else None, "focusNode": result.focus_node, "path": result.path,
        "value": None if result.value is None else str(result.value), "shape": result.shape,
        "messages": dict(result.messages),
    }  # fmt: skip
