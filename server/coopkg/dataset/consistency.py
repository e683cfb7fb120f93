"""Contradictions of the ontology's axioms as validation results: the gate refuses them like any violation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.entailment import with_closure
from coopkg.dataset.store import Dataset
from coopkg.rdf.namespaces import LANGUAGES, prefixes
from coopkg.reasoning.proofs import leaves_of, steps_of
from coopkg.shacl.components.cardinality import MaxCount
from coopkg.shacl.components.shape_based import Property
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.report import Ground, Report, Result, Severity
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.targets import is_target
from coopkg.shacl.validator import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.graph import Node
    from coopkg.reasoning.closure import Closure
    from coopkg.reasoning.inconsistencies import Inconsistency
    from coopkg.shacl.constraints import Shape

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


def contradictions_of(
    quads: Iterable[ox.Quad], base: str, regime: str = "owl-rl", shapes: Mapping[Node, Shape] | None = None
) -> Report:
    """Find the contradictions among quads that are in no dataset, and in what follows from them.

    With ``shapes`` also the properties that have too many values by what follows.
    """
    store = ox.Store()
    store.bulk_extend(quads)
    # Version and digest are never asked for: this dataset lives for one check.
    dataset = with_closure(Dataset(store, base, 1, "", (), regime=regime))
    report = contradictions(dataset)
    if shapes and dataset.closure is not None:
        inferred = dataset.closure.store.quads_for_pattern(None, None, None, dataset.closure.graph)
        report = report.and_(inferred_excess(dataset, shapes, inferred))
    return report


def inferred_excess(dataset: Dataset, shapes: Mapping[Node, Shape], inferred: Iterable[ox.Quad]) -> Report:
    """Find the properties that have more values than a shape allows once the ``inferred`` quads are among them.

    Shapes see what is asserted; an inverse or a narrower property can give a value that nobody asserted.
    """
    closure = dataset.closure
    bounds: dict[Node, list[tuple[Shape, Shape, MaxCount]]] = {}
    for shape in shapes.values():
        for constraint in shape.constraints if shape.targets else ():
            inner = shapes[constraint.value] if isinstance(constraint, Property) else None
            if inner is not None and isinstance(inner.path, Predicate):
                counts = (c for c in inner.constraints if isinstance(c, MaxCount) and c.value)
                bounds.setdefault(inner.path.iri, []).extend((shape, inner, count) for count in counts)
    found: dict[tuple[Node, Node], Result] = {}
    graph = StoreGraph(dataset.store, dataset.lexical_forms)
    run = Run(shapes, graph, dataset.store)
    for quad in inferred if closure is not None else ():
        for shape, inner, count in bounds.get(quad.predicate, ()):
            quads = closure.store.quads_for_pattern(quad.subject, quad.predicate, None, None) if closure else ()
            if len({q.object for q in quads}) > count.value and is_target(graph, shape, quad.subject, run):
                proof = closure.explain((quad.subject, quad.predicate, quad.object)) if closure else None
                facts = dict.fromkeys(ox.Triple(*leaf.fact) for leaf in leaves_of(proof)) if proof else {}
                found[inner.node, quad.subject] = Result(
                    focus=quad.subject,
                    shape=inner.name,
                    component=count.component,
                    severity=inner.severity,
                    path=quad.predicate.value,
                    value=quad.object,
                    messages=inner.messages,
                    grounds=tuple(map(Ground, facts)),
                )
    return Report.of(found.values())


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
