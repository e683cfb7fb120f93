"""The serialisation of one graph of the dataset: literals as they were written, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.formats import RDF_1_2, by_name
from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import INFERRED, prefixes
from coopkg.rdf.reification import STATEMENT, reifiers
from coopkg.rdf.terms import used_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.store import Dataset


@dataclass(frozen=True)
class GraphExtract:
    """A request for a graph, by its IRI ("" for the default graph), in a format by its name: nq, ttl or trig.

    In a format of RDF 1.2, the reifiers of its statements are in it too.
    """

    graph: str
    format: str

    def answer(self, dataset: Dataset) -> bytes:
        """Return the serialised graph; the same version gives the same bytes in every worker.

        Raises ValueError for a format without RDF.
        """
        fmt = by_name(self.format)
        if fmt is None or fmt.rdf is None:
            raise ValueError(f"there is no format {self.format!r} for graphs")
        quads = self._quads(dataset)
        if fmt.version == RDF_1_2:
            quads = chain(quads, self._reifiers(dataset))
        # N-Quads are sorted as lines, without a list of terms beside them: a graph of a million triples is as much as
        # fits into the memory of a worker.
        if fmt.rdf == ox.RdfFormat.N_QUADS:
            return "".join(sorted(f"{quad} .\n" for quad in quads)).encode()
        ordered = sorted(quads, key=str)
        triples = [quad.triple for quad in ordered]
        return (
            ox.serialize(
                ordered if fmt.quads else triples,
                format=fmt.rdf,
                prefixes=used_prefixes(triples, prefixes(dataset.base)),
            )
            or b""
        )

    def _reifiers(self, dataset: Dataset) -> Iterator[ox.Quad]:
        """Yield the reifiers of the graph's statements, as they are written, that the graph does not have itself."""
        # One statement at a time: what is kept of all of them would be half as much again as the lines.
        name = self._name()
        view = self._view(dataset)
        for statement in view.quads_for_pattern(None, RDF_TYPE, STATEMENT, name):
            own = (quad.triple for quad in self._quads(dataset, statement.subject))
            for reifier in reifiers(own):
                quad = ox.Quad(reifier.subject, reifier.predicate, reifier.object, name)
                if quad not in view:
                    yield quad

    def _quads(
        self, dataset: Dataset, subject: ox.NamedNode | ox.BlankNode | ox.Triple | None = None
    ) -> Iterator[ox.Quad]:
        """Yield the quads of the graph, or those of a subject; inferred ones have no written form."""
        quads = self._view(dataset).quads_for_pattern(subject, None, None, self._name())
        return quads if self._inferred(dataset) else dataset.lexical_forms.restored(quads)

    def _view(self, dataset: Dataset) -> ox.Store:
        """Return the store that has the graph: inferred quads are in the closure's store alone."""
        return dataset.view(entailment=True) if self._inferred(dataset) else dataset.store

    def _inferred(self, dataset: Dataset) -> bool:
        return self.graph == dataset.base + INFERRED

    def _name(self) -> ox.NamedNode | ox.DefaultGraph:
        return ox.NamedNode(self.graph) if self.graph else ox.DefaultGraph()
