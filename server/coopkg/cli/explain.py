"""``coopkg explain``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from coopkg.cli.options import dataset_options, emit, home_option, settings_from
from coopkg.engine.ledger import read_dataset
from coopkg.entailment import entailed, explanation
from coopkg.reasoning.explain import as_json, as_text
from coopkg.terms import named_node, term_of
from coopkg.vocab import prefixes

if TYPE_CHECKING:
    from pathlib import Path


@click.command("explain")
@click.argument("subject")
@click.argument("predicate")
@click.argument("object_", metavar="OBJECT")
@click.option("-f", "--format", "name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@home_option(required=False)
@dataset_options
def command(subject: str, predicate: str, object_: str, name: str, home: Path | None, **options: object) -> None:
    """Say why the graph holds the triple SUBJECT PREDICATE OBJECT.

    Each is an IRI or a prefixed name, such as project:supertwin; OBJECT may be a literal as Turtle has it. What is
    inferred is led back, step by step, to asserted triples, their graphs and the claims that they rest on.
    """
    settings = settings_from(home=home, **options)
    names = prefixes(settings.base)
    fact = (
        named_node(subject, names, "subject"),
        named_node("rdf:type" if predicate == "a" else predicate, names, "predicate"),
        term_of(object_, names, "object"),
    )
    proof = explanation(entailed(read_dataset(settings)), *fact)
    emit(f"{as_text(proof, names) if name == 'text' else json.dumps(as_json(proof), ensure_ascii=False, indent=2)}\n")
