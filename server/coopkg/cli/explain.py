"""``coopkg explain``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from coopkg.cli.options import dataset_options, emit, home_option, settings_from
from coopkg.dataset.commit_log import read_dataset
from coopkg.dataset.entailment import explanation, paraphrases_of, with_closure
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import named_node, term_of
from coopkg.reasoning.proofs import as_json, as_text

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
    """Explain why the graph holds the triple SUBJECT PREDICATE OBJECT.

    Each is an IRI or a prefixed name, such as project:supertwin; OBJECT may be a literal in Turtle syntax. An inferred
    triple is traced back, step by step, to asserted triples, their graphs and the claims that support them.
    """
    settings = settings_from(home=home, **options)
    names = prefixes(settings.base)
    fact = (
        named_node(subject, names, "subject"),
        named_node("rdf:type" if predicate == "a" else predicate, names, "predicate"),
        term_of(object_, names, "object"),
    )
    dataset = with_closure(read_dataset(settings))
    proof = explanation(dataset, *fact)
    paraphrases = paraphrases_of(dataset, proof)
    if name == "text":
        emit(f"{as_text(proof, names, paraphrases)}\n")
    else:
        emit(f"{json.dumps(as_json(proof, paraphrases), ensure_ascii=False, indent=2)}\n")
