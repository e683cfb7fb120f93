"""``coopkg infer``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from coopkg.cli.options import dataset_options, emit, home_option, settings_from
from coopkg.cli.progress import say, stage
from coopkg.dataset.commit_log import read_dataset
from coopkg.dataset.entailment import with_closure
from coopkg.errors import UsageError
from coopkg.rdf.formats import GRAPH_FORMATS, by_name
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import serialize_triples_as
from coopkg.reasoning.notation import Names

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.reasoning.closure import Closure
    from coopkg.reasoning.rules import Fact

DIFFERS: Final = 1
_NAMES: Final = [f.name for f in GRAPH_FORMATS if not f.quads]


@click.command("infer")
@click.option("-f", "--format", "name", type=click.Choice(_NAMES), default=_NAMES[0], show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file.")
@click.option("--check", is_flag=True, help="Compare with what owlrl derives; exit code 1 if they differ.")
@home_option(required=False)
@dataset_options
def command(name: str, output: Path | None, home: Path | None, *, check: bool, **options: object) -> None:
    """Write what follows from the published facts and is not asserted."""
    settings = settings_from(home=home, **options)
    with stage("loading the graph"):
        dataset = read_dataset(settings)
    with stage("inferring"):
        closure = with_closure(dataset).closure
    if closure is None:
        raise UsageError("With the entailment none, nothing is inferred.")
    names = prefixes(settings.base)
    if check:
        if settings.regime != "owl-rl":
            raise UsageError("The comparison is about the rules of OWL 2 RL.")
        raise SystemExit(_compare(closure, names))
    quads = closure.store.quads_for_pattern(None, None, None, closure.graph)
    fmt = by_name(name)
    emit(serialize_triples_as(sorted((q.triple for q in quads), key=str), fmt.rdf if fmt else None, names), output)


def _compare(closure: Closure, names: dict[str, str]) -> int:
    """Compare with owlrl, except for its documented faults; print the differences and return the exit code."""
    from coopkg.reasoning.reference_implementation import compare  # noqa: PLC0415 - imports owlrl and rdflib

    say("owlrl computes its own closure; that takes a while")
    with stage("comparing with owlrl"):
        comparison = compare(closure.store, closure.graph)
    for mark, facts in (("-", comparison.missing), ("+", comparison.extra)):
        emit("".join(f"{mark} {line}\n" for line in _lines(facts, names)))
    count = len(closure)
    difference = f"owlrl derives {len(comparison.missing)} more and {len(comparison.extra)} fewer"
    say(f"{count} inferred; {'owlrl derives the same' if comparison.equal else difference}")
    return 0 if comparison.equal else DIFFERS


def _lines(facts: frozenset[Fact], names: dict[str, str]) -> list[str]:
    notation = Names(names)
    return sorted(notation.fact(fact) for fact in facts)
