"""What is wrong with what a data directory holds: every violation, with where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.dataset.consistency import contradictions
from coopkg.dataset.export import accepted_facts
from coopkg.dataset.licences import check_contribution, open_licences
from coopkg.dataset.published_files import find_published
from coopkg.dataset.stored_violations import Cause, cause_of
from coopkg.rdf.namespaces import CONTRIBUTIONS
from coopkg.shacl.gate import open_gate
from coopkg.shacl.report import Severity
from coopkg.shacl.store_graph import StoreGraph

if TYPE_CHECKING:
    from coopkg.dataset.history import History
    from coopkg.dataset.store import Dataset
    from coopkg.settings import Settings


def causes(dataset: Dataset, seed: Dataset, settings: Settings, history: History) -> list[Cause]:
    """Find every violation of what is stored; ``seed`` is the dataset of the published files alone.

    What lies in the graphs of contributions must be licensed besides.
    """
    published = find_published(settings.published)
    gate, graph = open_gate(published.shapes(), dataset.base), StoreGraph(dataset.store, dataset.lexical_forms)
    own = f"{dataset.base}{CONTRIBUTIONS}"
    accepted = [
        quad
        for quad in accepted_facts(seed, dataset).added
        if f"{getattr(quad.graph_name, 'value', '')}/".startswith(f"{own}/")
    ]
    report = gate.check_all(graph).and_(contradictions(dataset))
    licences = open_licences(published, dataset.base)
    report = report.and_(check_contribution(licences, dataset.store, graph, accepted, claimed=False))
    bad = (result for result in report.results if result.severity is Severity.VIOLATION)
    return [cause_of(result, dataset, history) or Cause(result, ox.DefaultGraph(), None) for result in bad]
