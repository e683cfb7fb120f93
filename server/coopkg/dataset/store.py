"""The dataset: published files into an in-memory pyoxigraph store, as the catalogue says."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset.published_files import CATALOG, Published, find_published
from coopkg.errors import DatasetBroken, UsageError
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import DEFAULT_BASE, INFERRED, STANDARD_PREFIXES
from coopkg.rdf.terms import Document, rebase_quad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.reasoning.closure import Closure
    from coopkg.settings import Settings

_IDENTIFIER: Final = ox.NamedNode(STANDARD_PREFIXES["dcterms"] + "identifier")
_NAME: Final = ox.NamedNode(STANDARD_PREFIXES["sd"] + "name")
ALIGNMENTS: Final = "ontology/alignments/"
ASSERTED: Final = "asserted"
"""The view of what is asserted alone."""


@dataclass(frozen=True)
class ManifestEntry:
    """A published file and the named graph that it belongs to, with the default base IRI."""

    file: str
    graph: str


@dataclass(frozen=True)
class Dataset:
    """One version of the graph: the store, its base IRI, what identifies it, and literals as they were written.

    ``store`` has what is asserted and nothing else. ``closure``, once ``entailment`` has worked it out by the rules of
    ``regime``, has a store of its own, with what is inferred beside it. ``available`` are named graphs about the graph,
    which queries may name and nothing else has: no count, no default graph, no export. If it is ``merged``, the default
    graph of queries is the merge of all graphs, which the closure's store has; ``views`` keeps others that have it.
    """

    store: ox.Store
    base: str
    version: int
    digest: str
    manifest: tuple[ManifestEntry, ...]
    lexical_forms: LexicalForms = field(default_factory=LexicalForms)
    regime: str = "none"
    closure: Closure | None = None
    available: tuple[ox.Quad, ...] = ()
    merged: bool = False
    views: dict[str, ox.Store] = field(default_factory=dict, compare=False, repr=False)
    about: str = ""

    @property
    def tag(self) -> str:
        """Return what identifies this version, and what is inferred from it, among all: part of every entity tag."""
        parts = (self.digest[:16], "" if self.regime == "none" else self.regime, self.about)
        return f"{'-'.join(filter(None, parts))}.{self.version}"

    def with_available_graphs(self, quads: Iterable[ox.Quad]) -> Dataset:
        """Return the dataset with named graphs beside its facts; its tag tells which."""
        available = tuple(quads)
        digest = hashlib.sha256("\n".join(sorted(map(str, available))).encode()).hexdigest()
        return replace(self, available=available, about=digest[:8] if available else "")

    def count(self) -> int:
        """Return the number of asserted quads."""
        return len(self.store)

    def count_inferred(self) -> int:
        """Return the number of inferred quads."""
        return 0 if self.closure is None else len(self.closure)

    def info(self) -> dict[str, Any]:
        """Return version, digest, tag, and the numbers of asserted and inferred quads."""
        return {
            "version": self.version,
            "digest": self.digest,
            "tag": self.tag,
            "quads": self.count(),
            "inferred": self.count_inferred(),
        }

    def view(self, *, entailment: bool) -> ox.Store:
        """Return the store that queries see, with or without what is inferred.

        Where the dataset is merged, its default graph has each triple once, in however many graphs it stands: a graph
        is a set (SPARQL 1.1 Query Language, section 13.1; RDF 1.1 Concepts, section 3). Without what is inferred it is
        made when it is first wanted.
        """
        if entailment and self.closure is not None:
            return self.closure.store
        if not self.merged:
            return self.store
        if ASSERTED not in self.views:
            self.views[ASSERTED] = merge(self.store)
        return self.views[ASSERTED]


def read_manifest(published: Published) -> tuple[ManifestEntry, ...]:
    """Read the catalogue's distributions: which file goes into which graph. Raises DatasetBroken, RdfSyntaxError."""
    names: dict[str, str] = {}
    graphs: dict[str, str] = {}
    for quad in _document(published, CATALOG).quads():
        if quad.predicate == _IDENTIFIER:
            names[str(quad.subject)] = _text(quad.object)
        elif quad.predicate == _NAME:
            graphs[str(quad.subject)] = _text(quad.object)
    entries = sorted((names[s], graph) for s, graph in graphs.items() if names.get(s, "").endswith(".ttl"))
    if not entries:
        raise DatasetBroken(f"{CATALOG} lists no file with a graph (dcterms:identifier and sd:name on a distribution).")
    computed = next((file for file, graph in entries if graph == DEFAULT_BASE + INFERRED), None)
    if computed is not None:
        raise DatasetBroken(f"{CATALOG} puts {computed} into the graph of what is inferred, which is computed.")
    return tuple(ManifestEntry(*entry) for entry in entries)


def read_quads(published: Published, manifest: tuple[ManifestEntry, ...]) -> Iterator[ox.Quad]:
    """Return every quad of those files, in the graph that the manifest names. Raises DatasetBroken, RdfSyntaxError."""
    for entry in manifest:
        graph = ox.NamedNode(entry.graph)
        for quad in _document(published, entry.file).quads():
            yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def load_dataset(settings: Settings) -> Dataset:
    """Load the published files into a store. Raises DatasetBroken or RdfSyntaxError, naming file and line."""
    if settings.scratch:
        return Dataset(ox.Store(), settings.base, 1, os.urandom(16).hex(), (), regime=settings.regime)
    published = find_published(settings.published)
    manifest = _with_alignments(read_manifest(published), settings.alignments)
    quads = read_quads(published, manifest)
    if settings.base != DEFAULT_BASE:
        quads = (rebase_quad(quad, DEFAULT_BASE, settings.base) for quad in quads)
    store, lexical_forms, parsed = ox.Store(), LexicalForms(), list(quads)
    lexical_forms.add(parsed, store)
    store.bulk_extend(parsed)
    digest = hashlib.sha256(settings.base.encode())
    for entry in manifest:
        digest.update(entry.graph.encode() + b"\0" + published.path(entry.file).read_bytes())
    return Dataset(store, settings.base, 1, digest.hexdigest(), manifest, lexical_forms, settings.regime, merged=True)


def merge(store: ox.Store) -> ox.Store:
    """Return a store with the same named graphs, and their merge as default graph."""
    whole = copy_of(store)
    whole.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in store)
    return whole


def apply_to_view(dataset: Dataset, seen: ox.Store, came: Iterable[ox.Quad], went: Iterable[ox.Quad]) -> None:
    """Have asserted quads that came and went do so in a store that queries see.

    A triple stays in a merged default graph while it is asserted in any graph, or inferred.
    """
    for quad in went:
        seen.remove(quad)
    for quad in came:
        seen.add(quad)
    inferred = ox.NamedNode(dataset.base + INFERRED)
    for triple in {quad.triple for quad in (*came, *went)} if dataset.merged else ():
        pattern = (triple.subject, triple.predicate, triple.object)
        one = ox.Quad(*pattern)
        if ox.Quad(*pattern, inferred) in seen or next(dataset.store.quads_for_pattern(*pattern, None), None):
            seen.add(one)
        else:
            seen.remove(one)
    wanted, there = set(dataset.store.named_graphs()), set(seen.named_graphs()) - {inferred}
    for name in wanted - there:
        seen.add_graph(name)
    for name in there - wanted:
        seen.remove_graph(name)


def copy_of(store: ox.Store) -> ox.Store:
    """Return a store with the same quads and the same named graphs."""
    found = ox.Store()
    found.bulk_extend(store)
    for name in store.named_graphs():
        found.add_graph(name)
    return found


def _with_alignments(manifest: tuple[ManifestEntry, ...], wanted: str) -> tuple[ManifestEntry, ...]:
    """Leave out the alignments that are not wanted. Raises UsageError for a name that there is none of."""
    there = {e.file.removeprefix(ALIGNMENTS).removesuffix(".ttl") for e in manifest if e.file.startswith(ALIGNMENTS)}
    names = {"all": there, "none": set()}.get(wanted, {name.strip() for name in wanted.split(",")})
    unknown = sorted(names - there)
    if unknown:
        raise UsageError(f"There is no alignment {unknown[0]!r}; there are {', '.join(sorted(there))}.")
    files = {f"{ALIGNMENTS}{name}.ttl" for name in names}
    return tuple(e for e in manifest if e.file in files or not e.file.startswith(ALIGNMENTS))


def _document(published: Published, relative: str) -> Document:
    return Document(relative, published.path(relative).read_bytes(), base=DEFAULT_BASE + relative)


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else ""
