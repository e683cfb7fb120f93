"""Contradictions of the ontology's axioms as validation results: the gate refuses them like any violation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.entailment import with_closure
from coopkg.dataset.store import Dataset
from coopkg.rdf.namespaces import LANGUAGES, prefixes
from coopkg.reasoning.proofs import leaves_of, steps_of
from coopkg.shacl.report import Ground, Report, Result, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.reasoning.closure import Closure
    from coopkg.reasoning.inconsistencies import Inconsistency

RULES: Final = "urn:x-coopkg:owl2rl#"
"""The namespace in which results name the rules of OWL 2 RL (OWL 2 Profiles, section 4.3) as constraint components."""
MOST: Final = 1000
"""Contradictions that are reported. One axiom can have as many as there are facts, and one is enough to refuse."""


def contradictions(dataset: Dataset, changes: Iterable[ox.Quad] | None = None) -> Report:
    """Find the contradictions of a dataset with its closure: all, or those that involve ``changes``, its added quads.

    ``changes`` has the inferred ones too. Where nothing is inferred, the report is empty.
    """
    closure = dataset.closure
    if closure is None:
        return Report(())
    inconsistencies = closure.inconsistencies(changes)[:MOST]
    return Report.of(_result(closure, inconsistency, dataset.base) for inconsistency in inconsistencies)


def contradictions_of(quads: Iterable[ox.Quad], base: str, regime: str = "owl-rl") -> Report:
    """Find the contradictions among quads that are in no dataset, and in what follows from them."""
    store = ox.Store()
    store.bulk_extend(quads)
    # Version and digest are never asked for: this dataset lives for one check.
    return contradictions(with_closure(Dataset(store, base, 1, "", (), regime=regime)))


def _result(closure: Closure, inconsistency: Inconsistency, base: str) -> Result:
    names = prefixes(base)
    return Result(
        focus=inconsistency.facts[0][0],
        shape=f"{base}ontology",
        component=f"{RULES}{inconsistency.rule}",
        severity=Severity.VIOLATION,
        messages={language: inconsistency.sentence(names, language) for language in LANGUAGES},
        grounds=_grounds(closure, inconsistency),
    )


def _grounds(closure: Closure, inconsistency: Inconsistency) -> tuple[Ground, ...]:
    """Return the asserted triples that the contradiction follows from, then the axioms used in the derivation."""
    proofs = [proof for fact in inconsistency.facts if (proof := closure.explain(fact)) is not None]
    # Dictionaries in place of sets: they keep the order of the derivation, so that reports are reproducible.
    facts = dict.fromkeys(ox.Triple(*leaf.fact) for proof in proofs for leaf in leaves_of(proof))
    axioms = dict.fromkeys(inconsistency.axioms)
    axioms |= dict.fromkeys(axiom for proof in proofs for step in steps_of(proof) for axiom in step.axioms)
    return (*map(Ground, facts), *(Ground(axiom, axiom=True) for axiom in axioms if axiom not in facts))
