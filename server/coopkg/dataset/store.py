"""The dataset: the published files in an in-memory pyoxigraph store, in the graphs that the catalogue names."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset.published_files import CATALOG, Published, find_published
from coopkg.dataset.similar_names import NameIndex
from coopkg.errors import DatasetBroken, UsageError
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import DEFAULT_BASE, INFERRED, STANDARD_PREFIXES
from coopkg.rdf.terms import rebase_iri
from coopkg.workers.tasks import AvailableGraphs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.closure import Closure
    from coopkg.settings import Settings

_IDENTIFIER: Final = ox.NamedNode(STANDARD_PREFIXES["dcterms"] + "identifier")
_NAME: Final = ox.NamedNode(STANDARD_PREFIXES["sd"] + "name")
ALIGNMENTS: Final = "ontology/alignments/"
ASSERTED: Final = "asserted"
"""The key in ``Dataset.views`` of the store with the asserted triples alone."""


@dataclass(frozen=True)
class ManifestEntry:
    """A published file and the IRI of the named graph that it belongs to, under the default base IRI."""

    file: str
    graph: str


@dataclass(frozen=True)
class Dataset:
    """One version of the RDF dataset: the store, its base IRI, its identity, and the literals as they were written.

    ``store`` has the asserted quads and nothing else. ``closure``, once ``entailment`` has computed it by the rules of
    ``regime``, has a store of its own with the asserted and the inferred quads. ``available`` are named graphs
    that queries may name (sd:availableGraphs) and that are no part of the dataset: they are in no count, no default
    graph and no export. If the dataset is ``merged``, the default graph of queries is the merge of all named graphs;
    the closure's store has it, and so have the stores in ``views``. ``about`` is a digest of ``available``.
    ``names`` is the index of the labels in ``store``.
    """

    store: ox.Store
    base: str
    version: int
    digest: str
    manifest: tuple[ManifestEntry, ...]
    lexical_forms: LexicalForms = field(default_factory=LexicalForms)
    regime: str = "none"
    closure: Closure | None = None
    available: AvailableGraphs = field(default_factory=AvailableGraphs)
    merged: bool = False
    views: dict[str, ox.Store] = field(default_factory=dict, compare=False, repr=False)
    names: NameIndex = field(default_factory=NameIndex, compare=False, repr=False)
    about: str = ""

    @property
    def tag(self) -> str:
        """Return the identity of this version with its regime and available graphs: part of every entity tag."""
        # The version number alone would not do: it can come again after a restore from a backup, with other content.
        parts = (self.digest[:16], "" if self.regime == "none" else self.regime, self.about)
        return f"{'-'.join(filter(None, parts))}.{self.version}"

    def with_available_graphs(self, quads: Iterable[ox.Quad]) -> Dataset:
        """Return the dataset with these quads in its available graphs; their digest becomes part of its tag."""
        available = AvailableGraphs.of(quads)
        digest = hashlib.sha256("\n".join(sorted(map(str, available.quads))).encode()).hexdigest()
        return replace(self, available=available, about=digest[:8] if available.quads else "")

    def count(self) -> int:
        """Return the number of asserted quads."""
        return len(self.store)

    def count_inferred(self) -> int:
        """Return the number of inferred quads."""
        return 0 if self.closure is None else len(self.closure)

    def info(self) -> dict[str, Any]:
        """Return version, digest, tag, and the numbers of asserted (``quads``) and inferred quads, as a JSON object."""
        return {
            "version": self.version,
            "digest": self.digest,
            "tag": self.tag,
            "quads": self.count(),
            "inferred": self.count_inferred(),
        }

    def view(self, *, entailment: bool) -> ox.Store:
        """Return the store that queries are evaluated over, with or without the inferred triples.

        Where the dataset is merged, its default graph has each triple once, in however many graphs it stands: a graph
        is a set (SPARQL 1.1 Query Language, section 13.1; RDF 1.1 Concepts, section 3).
        """
        # pyoxigraph can query the union of all graphs, but gives a triple once for each graph that has it, and a lookup
        # in 300,000 triples then takes 3 ms instead of 0.07 ms. So the merge is stored. Few queries turn inference off,
        # so the merge without inferred triples is built when the first of them comes.
        if entailment and self.closure is not None:
            return self.closure.store
        if not self.merged:
            return self.store
        if ASSERTED not in self.views:
            self.views[ASSERTED] = merge(self.store)
        return self.views[ASSERTED]


def read_manifest(published: Published) -> tuple[ManifestEntry, ...]:
    """Read from the catalogue which file goes into which graph. Raises DatasetBroken, RdfSyntaxError."""
    names: dict[str, str] = {}
    graphs: dict[str, str] = {}
    for quad in published.document(CATALOG).quads():
        if quad.predicate == _IDENTIFIER:
            names[str(quad.subject)] = _text(quad.object)
        elif quad.predicate == _NAME:
            graphs[str(quad.subject)] = _text(quad.object)
    entries = sorted((names[s], graph) for s, graph in graphs.items() if names.get(s, "").endswith(".ttl"))
    if not entries:
        raise DatasetBroken(f"{CATALOG} lists no file with a graph (dcterms:identifier and sd:name on a distribution).")
    # Its triples would count as asserted, and stay when what they were inferred from is gone.
    computed = next((file for file, graph in entries if graph == DEFAULT_BASE + INFERRED), None)
    if computed is not None:
        raise DatasetBroken(f"{CATALOG} puts {computed} into the graph of what is inferred, which is computed.")
    return tuple(ManifestEntry(*entry) for entry in entries)


def read_quads(
    published: Published, manifest: tuple[ManifestEntry, ...], base: str = DEFAULT_BASE
) -> Iterator[ox.Quad]:
    """Yield every quad of those files under a base IRI, in the graph that the manifest names.

    Raises DatasetBroken, RdfSyntaxError.
    """
    for entry in manifest:
        graph = ox.NamedNode(rebase_iri(entry.graph, DEFAULT_BASE, base))
        for quad in published.document(entry.file, base).quads():
            yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def load_dataset(settings: Settings) -> Dataset:
    """Load the published files into a store: version 1, without closure.

    Raises UsageError for an unknown alignment, DatasetBroken or RdfSyntaxError with file and line.
    """
    if settings.scratch:
        # Random, so that no entity tag of an earlier scratch dataset, whose content was another, is taken for this
        # one's.
        return Dataset(ox.Store(), settings.base, 1, os.urandom(16).hex(), (), regime=settings.regime)
    published, dataset = find_published(settings.published), empty_dataset(settings)
    parsed = list(read_quads(published, dataset.manifest, settings.base))
    dataset.lexical_forms.add(parsed, dataset.store)  # before the store rewrites them
    dataset.store.bulk_extend(parsed)
    return dataset


def empty_dataset(settings: Settings) -> Dataset:
    """Return version 1 without its quads: what it is called, and the digest of the published files that make it.

    Raises UsageError for an unknown alignment, DatasetBroken or RdfSyntaxError for a catalogue that cannot be read.
    """
    published = find_published(settings.published)
    manifest = _with_alignments(read_manifest(published), settings.alignments)
    # The base IRI counts too, since it changes the IRIs of the same files. No IRI contains NUL, so that name and
    # content of a file cannot run into each other.
    digest = hashlib.sha256(settings.base.encode())
    for entry in manifest:
        digest.update(entry.graph.encode() + b"\0" + published.path(entry.file).read_bytes())
    return Dataset(ox.Store(), settings.base, 1, digest.hexdigest(), manifest, regime=settings.regime, merged=True)


def merge(store: ox.Store) -> ox.Store:
    """Return a store with the same named graphs, and their merge as its default graph."""
    merged = copy_of(store)
    merged.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in store)
    return merged


def apply_to_view(dataset: Dataset, view: ox.Store, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> None:
    """Add and remove asserted quads in ``view``, a store that queries are evaluated over, and adjust its merge.

    A triple stays in the merged default graph while it is asserted in any graph, or inferred. The dataset's own store
    has the change already.
    """
    for quad in removed:
        view.remove(quad)
    for quad in added:
        view.add(quad)
    inferred = ox.NamedNode(dataset.base + INFERRED)
    for triple in {quad.triple for quad in (*added, *removed)} if dataset.merged else ():
        pattern = (triple.subject, triple.predicate, triple.object)
        merged_quad = ox.Quad(*pattern)
        if ox.Quad(*pattern, inferred) in view or next(dataset.store.quads_for_pattern(*pattern, None), None):
            view.add(merged_quad)
        else:
            view.remove(merged_quad)
    # A named graph without triples exists too (SPARQL 1.1 Update, section 3.2), so graphs are compared by name.
    asserted_graphs, view_graphs = set(dataset.store.named_graphs()), set(view.named_graphs()) - {inferred}
    for name in asserted_graphs - view_graphs:
        view.add_graph(name)
    for name in view_graphs - asserted_graphs:
        view.remove_graph(name)


def copy_of(store: ox.Store) -> ox.Store:
    """Return a store with the same quads and the same named graphs, those without triples included."""
    copy = ox.Store()
    copy.bulk_extend(store)
    for name in store.named_graphs():
        copy.add_graph(name)
    return copy


def _with_alignments(manifest: tuple[ManifestEntry, ...], selection: str) -> tuple[ManifestEntry, ...]:
    """Keep the alignments that ``selection`` names, or "all", or "none". Raises UsageError for an unknown name."""
    existing = {e.file.removeprefix(ALIGNMENTS).removesuffix(".ttl") for e in manifest if e.file.startswith(ALIGNMENTS)}
    names = {"all": existing, "none": set()}.get(selection, {name.strip() for name in selection.split(",")})
    unknown = sorted(names - existing)
    if unknown:
        raise UsageError(f"There is no alignment {unknown[0]!r}; there are {', '.join(sorted(existing))}.")
    files = {f"{ALIGNMENTS}{name}.ttl" for name in names}
    return tuple(e for e in manifest if e.file in files or not e.file.startswith(ALIGNMENTS))


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else ""
