"""``coopkg evidence``."""

from __future__ import annotations

from pathlib import Path

import click

from coopkg.answers.evidence.verification import verify as run
from coopkg.cli.options import dataset_options, settings_from
from coopkg.dataset.store import load_dataset


@click.group("evidence")
def command() -> None:
    """Check claims against the text of their source."""


@command.command("verify")
@click.option("--source", required=True, type=click.Path(path_type=Path), help="The text of the source document.")
@dataset_options
def verify(source: Path, **options: object) -> None:
    """Check the offsets and the digest of every claim against the source document."""
    verification = run(load_dataset(settings_from(**options)), source)
    for mismatch in verification.mismatches:
        click.echo(f"{mismatch.claim}: {mismatch.reason}")
    matching = verification.checked - len(verification.mismatches)
    click.echo(f"{verification.document}: {matching} of {verification.checked} passages match")
    if verification.mismatches or not verification.checked:
        raise SystemExit(1)
