"""The serialisation of one graph of the dataset: literals as they were written, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.formats import by_name
from coopkg.rdf.namespaces import INFERRED, prefixes
from coopkg.rdf.terms import used_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.dataset.store import Dataset


@dataclass(frozen=True)
class GraphExtract:
    """A request for a graph, by its IRI ("" for the default graph), in a format by its name: nq, ttl or trig."""

    graph: str
    format: str

    def answer(self, dataset: Dataset) -> bytes:
        """Return the serialised graph; the same version gives the same bytes in every worker.

        Raises ValueError for a format without RDF.
        """
        quads = self._quads(dataset)
        # N-Quads are sorted as lines, without a list of terms beside them: a graph of a million triples is as much as
        # fits into the memory of a worker.
        if self.format == "nq":
            return "".join(sorted(f"{quad} .\n" for quad in quads)).encode()
        fmt = by_name(self.format)
        if fmt is None or fmt.rdf is None:
            raise ValueError(f"there is no format {self.format!r} for graphs")
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

    def _quads(self, dataset: Dataset) -> Iterator[ox.Quad]:
        """Yield the quads of the graph; inferred ones are in the closure's store alone, and have no written form."""
        name = ox.NamedNode(self.graph) if self.graph else ox.DefaultGraph()
        if self.graph == dataset.base + INFERRED:
            return dataset.view(entailment=True).quads_for_pattern(None, None, None, name)
        return dataset.lexical_forms.restored(dataset.store.quads_for_pattern(None, None, None, name))
