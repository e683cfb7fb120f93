"""The dataset: published files into an in-memory pyoxigraph store, as the catalogue says."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.files import CATALOG, Published, find_published
from coopkg.terms import Document, rebase_quad
from coopkg.vocab import DEFAULT_BASE, STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.settings import Settings

_IDENTIFIER: Final = ox.NamedNode(STANDARD_PREFIXES["dcterms"] + "identifier")
_NAME: Final = ox.NamedNode(STANDARD_PREFIXES["sd"] + "name")
ALIGNMENTS: Final = "ontology/alignments/"


@dataclass(frozen=True)
class ManifestEntry:
    """A published file and the named graph that it belongs to, with the default base IRI."""

    file: str
    graph: str


@dataclass(frozen=True)
class Dataset:
    """One immutable version of the graph: the store, its base IRI, and what identifies it."""

    store: ox.Store
    base: str
    version: int
    digest: str
    manifest: tuple[ManifestEntry, ...]

    @property
    def tag(self) -> str:
        """Give what identifies this version among all: part of every entity tag."""
        return f"{self.digest[:16]}.{self.version}"

    def count(self) -> int:
        """Give the number of quads."""
        return len(self.store)


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
    return tuple(ManifestEntry(*entry) for entry in entries)


def read_quads(published: Published, manifest: tuple[ManifestEntry, ...]) -> Iterator[ox.Quad]:
    """Give every quad of those files, in the graph that the manifest names. Raises DatasetBroken, RdfSyntaxError."""
    for entry in manifest:
        graph = ox.NamedNode(entry.graph)
        for quad in _document(published, entry.file).quads():
            yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def load_dataset(settings: Settings) -> Dataset:
    """Load the published files into a store. Raises DatasetBroken or RdfSyntaxError, naming file and line."""
    if settings.scratch:
        return Dataset(ox.Store(), settings.base, 1, os.urandom(16).hex(), ())
    published = find_published(settings.published)
    manifest = tuple(e for e in read_manifest(published) if settings.alignments or not e.file.startswith(ALIGNMENTS))
    quads = read_quads(published, manifest)
    if settings.base != DEFAULT_BASE:
        quads = (rebase_quad(quad, DEFAULT_BASE, settings.base) for quad in quads)
    store = ox.Store()
    store.bulk_extend(quads)
    digest = hashlib.sha256(settings.base.encode())
    for entry in manifest:
        digest.update(entry.graph.encode() + b"\0" + published.path(entry.file).read_bytes())
    return Dataset(store, settings.base, 1, digest.hexdigest(), manifest)


def _document(published: Published, relative: str) -> Document:
    return Document(relative, published.path(relative).read_bytes(), base=DEFAULT_BASE + relative)


def _text(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else ""
