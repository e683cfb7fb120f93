"""``coopkg align``."""

from __future__ import annotations

from pathlib import Path

import click

from coopkg.answers.federation.document_client import fetch, is_address
from coopkg.cli.options import dataset_options, home_option, settings_from
from coopkg.dataset.alignments import check as run
from coopkg.dataset.alignments import read_register
from coopkg.dataset.commit_log import read_dataset
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import Document, compact, format_of


@click.group("align")
def command() -> None:
    """Check the alignments against a copy of the register that they lead to."""


@command.command("check")
@click.option("--against", required=True, metavar="FILE|URL", help="A copy of the register, in any RDF format.")
@home_option(required=False)
@dataset_options
def check(against: str, **options: object) -> None:
    """Report links whose target is missing from the register, deprecated there, or has another name.

    A register is recognized by the namespaces of its concepts or of its ontology; other links are not checked. Exits
    with 1 where something is reported, and where no link leads into the register at all.
    """
    settings = settings_from(**options)
    document = fetch(against) if is_address(against) else _file(Path(against))
    result = run(read_dataset(settings), read_register(document))
    names = prefixes(settings.base)
    for finding in result.findings:
        link = " ".join(compact(iri, names) for iri in (finding.subject, finding.property, finding.target))
        click.echo(f"{finding.kind}: {link}: {finding.sentence}")
    click.echo(f"{result.checked - len(result.findings)} of {result.checked} links into {against} hold", err=True)
    if result.findings or not result.checked:
        raise SystemExit(1)


def _file(path: Path) -> Document:
    return Document(str(path), path.read_bytes(), format_of(path.name), path.resolve().as_uri())
