"""Contradictions of the ontology's axioms as results of a validation: the gate refuses them like any violation."""

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
"""Contradictions that are told; one axiom can make as many as there are facts, and these are enough to refuse."""


def contradictions(dataset: Dataset, changes: Iterable[ox.Quad] | None = None) -> Report:
    """Return the contradictions of a dataset with its closure: all, or those of quads that came, asserted or inferred.

    None are found where nothing is inferred.
    """
    closure = dataset.closure
    if closure is None:
        return Report(())
    found = closure.inconsistencies(changes)[:MOST]
    return Report.of(_result(closure, one, dataset.base) for one in found)


def contradictions_of(quads: Iterable[ox.Quad], base: str, regime: str = "owl-rl") -> Report:
    """Return the contradictions among quads that are in no dataset, with what follows from them."""
    store = ox.Store()
    store.bulk_extend(quads)
    return contradictions(with_closure(Dataset(store, base, 1, "", (), regime=regime)))


def _result(closure: Closure, found: Inconsistency, base: str) -> Result:
    names = prefixes(base)
    return Result(
        focus=found.facts[0][0],
        shape=f"{base}ontology",
        component=f"{RULES}{found.rule}",
        severity=Severity.VIOLATION,
        messages={language: found.sentence(names, language) for language in LANGUAGES},
        grounds=_grounds(closure, found),
    )


def _grounds(closure: Closure, found: Inconsistency) -> tuple[Ground, ...]:
    """Return the asserted triples that the contradiction comes down to, then the axioms that led there."""
    proofs = [proof for fact in found.facts if (proof := closure.explain(fact)) is not None]
    facts = dict.fromkeys(ox.Triple(*leaf.fact) for proof in proofs for leaf in leaves_of(proof))
    axioms = dict.fromkeys(found.axioms)
    axioms |= dict.fromkeys(axiom for proof in proofs for step in steps_of(proof) for axiom in step.axioms)
    return (*map(Ground, facts), *(Ground(axiom, axiom=True) for axiom in axioms if axiom not in facts))
