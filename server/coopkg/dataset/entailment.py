"""The closure of a dataset: computed once, then maintained with each change of the asserted triples."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.dataset.similar_names import NameIndex
from coopkg.dataset.store import ASSERTED, apply_to_view, copy_of, load_dataset, merge
from coopkg.errors import NotFound
from coopkg.rdf.namespaces import INFERRED, LANGUAGES, prefixes
from coopkg.rdf.terms import from_ntriples
from coopkg.reasoning.axioms import axiom_quads
from coopkg.reasoning.closure import Closure, Difference
from coopkg.reasoning.notation import Names
from coopkg.reasoning.proofs import as_json, as_text, claims_of
from coopkg.reasoning.rule_compiler import compile_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.dataset.store import Dataset
    from coopkg.rdf.terms import Bindable
    from coopkg.reasoning.proofs import Paraphrases, Proof
    from coopkg.settings import Settings


def load_with_closure(settings: Settings) -> Dataset:
    """Load the published files and compute their closure. Raises what ``load_dataset`` raises."""
    return with_closure(load_dataset(settings), axiomatic=settings.scratch)


def with_closure(dataset: Dataset, *, axiomatic: bool = False) -> Dataset:
    """Return the dataset with its closure, as its regime has it; without one where the regime is "none".

    ``axiomatic`` adds the triples that hold in every graph (SPARQL 1.1 Entailment Regimes, sections 3 and 4). They are
    for ``--scratch``, where test suites expect them; a published graph does without.
    """
    # Both belong to one store. The dataset may be a copy with a store of its own, and must not share them.
    dataset = replace(dataset, views={}, names=NameIndex())
    if dataset.regime == "none":
        return dataset
    store = merge(dataset.store) if dataset.merged else copy_of(dataset.store)
    axioms = dataset.store if axiomatic else axiom_quads(dataset.store)
    rules = compile_rules(axioms, dataset.regime, base=dataset.base, axiomatic=axiomatic)
    graph = ox.NamedNode(dataset.base + INFERRED)
    closure = Closure(store, rules, graph, dataset.store, merged=dataset.merged)
    closure.compute()
    return replace(dataset, closure=closure)


def update_closure(dataset: Dataset, changed: Iterable[ox.Quad]) -> tuple[tuple[ox.Quad, ...], Difference]:
    """Maintain closure and names after quads were added to or removed from ``dataset.store``; ``changed`` are both.

    Returns the added quads, as the store has them, and the difference in the graph of inferred triples.
    """
    # A quad may come in any lexical form. A store of their own rewrites them as the dataset's store has done, and
    # whether that has a quad now tells whether it was added or removed.
    stored = ox.Store()
    stored.extend(changed)
    added = tuple(quad for quad in stored if quad in dataset.store)
    removed = tuple(quad for quad in stored if quad not in dataset.store)
    dataset.names.update(dataset.store, added, removed)
    # With a closure the view without inference is dropped, and built again if a query needs it, which few do.
    closure, asserted = dataset.closure, dataset.views.pop(ASSERTED, None)
    if closure is not None:
        apply_to_view(dataset, closure.store, added, removed)
        return added, closure.maintain(added, removed)
    if asserted is not None:
        apply_to_view(dataset, asserted, added, removed)
        dataset.views[ASSERTED] = asserted
    return added, Difference()


def explanation(dataset: Dataset, subject: ox.NamedNode, predicate: ox.NamedNode, obj: Bindable) -> Proof:
    """Derive the proof of a triple, down to asserted triples and the claims that support them. Raises NotFound."""
    # Without entailment all triples are asserted, which is what a closure without rules says of each.
    closure = dataset.closure or Closure(dataset.store, compile_rules(()), ox.NamedNode(dataset.base + INFERRED))
    proof = closure.explain((subject, predicate, obj))
    if proof is None:
        text = Names(prefixes(dataset.base)).fact((subject, predicate, obj))
        raise NotFound(f"The graph does not say that {text}.")
    return proof


def paraphrases_of(dataset: Dataset, proof: Proof) -> Paraphrases:
    """Return the paraphrases of the claims in a proof: claim to language to text."""
    paraphrase = ox.NamedNode(f"{dataset.base}ontology#paraphrase")
    return {
        claim: {
            quad.object.language: quad.object.value
            for quad in dataset.store.quads_for_pattern(claim, paraphrase, None, None)
            if isinstance(quad.object, ox.Literal) and quad.object.language
        }
        for claim in claims_of(proof)
    }


@dataclass(frozen=True)
class ExplanationRequest:
    """A request to explain why a triple holds; its terms are in N-Triples syntax."""

    subject: str
    predicate: str
    object: str

    def answer(self, dataset: Dataset) -> bytes:
        """Return the proof as JSON: ``proof`` is the tree, ``text`` its lines by language.

        Raises NotFound, and TypeError for a subject or predicate that is no IRI.
        """
        subject, predicate, obj = map(from_ntriples, (self.subject, self.predicate, self.object))
        if not isinstance(subject, ox.NamedNode) or not isinstance(predicate, ox.NamedNode):
            raise TypeError("only an IRI can be a subject or a predicate here")
        proof = explanation(dataset, subject, predicate, obj)
        paraphrases, names = paraphrases_of(dataset, proof), prefixes(dataset.base)
        text = {language: as_text(proof, names, paraphrases, language) for language in LANGUAGES}
        answer = {"proof": as_json(proof, paraphrases), "text": text}
        return json.dumps(answer, ensure_ascii=False).encode()
