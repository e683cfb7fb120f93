"""Dumps: each graph, and all graphs together, as files with digests that are written once for each version.

A worker serialises a graph, a web process writes the file into the folder that the web processes share, and the server
sends it from there, so that no process holds a whole dump for a slow client.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.graph_extract import GraphExtract
from coopkg.errors import Busy, NotFound, StorageExceeded
from coopkg.rdf.formats import by_name, versioned
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopkg.answers.service import Service

ALL: Final = "all"
FORMATS: Final = {ALL: ("nq", "trig"), "graph": ("nq", "ttl")}
"""The formats of the dump of all graphs, and of the dump of one graph."""
GZIP: Final = "application/gzip"
CHUNK: Final = 1 << 20
"""Bytes that are copied at once."""
KEPT: Final = 2
"""Versions whose files are kept, so that a download in several ranges can end after the version has changed."""
ATTEMPTS: Final = 3
"""How often a dump is begun, if the dataset changes meanwhile."""


@dataclass(frozen=True)
class Dump:
    """A dump that is offered: ``stem`` is its name without suffixes, ``graph`` the graph's IRI, None for all graphs.

    With a ``version`` it is the file for readers of that version of RDF, which nothing lists.
    """

    stem: str
    graph: str | None
    format: str
    zipped: bool = False
    version: str = ""

    @property
    def name(self) -> str:
        """Return the file's name, which is the path of its address under ``/dumps/``."""
        return f"{self.stem}.{self.format}{'.gz' if self.zipped else ''}"

    @property
    def address(self) -> str:
        """Return its address under ``/dumps/``, which tells it from every other."""
        return versioned(self.name, self.version)

    @property
    def written_in(self) -> str:
        """Return the name of the RDF format that it is written in."""
        return versioned(self.format, self.version)

    @property
    def media_type(self) -> str:
        """Return the media type of the file as it is: gzip, or that of the RDF format."""
        fmt = by_name(self.written_in)
        return GZIP if self.zipped or fmt is None else fmt.content_type


@dataclass(frozen=True)
class Made:
    """The file of a dump, of the version with that tag; ``size`` in bytes, ``digest`` is its SHA-256 in hexadecimal."""

    path: Path
    tag: str
    size: int
    digest: str

    def repr_digest(self) -> str:
        """Return the value of Repr-Digest (RFC 9530, section 3)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.digest)).decode()}:"


def graphs(service: Service) -> list[str]:
    """Return the sorted IRIs of the named graphs of the dataset, with the inferred one and without available graphs."""
    return [row["g"] for row in service.rows("SELECT ?g WHERE { GRAPH ?g {} } ORDER BY ?g")]


def size(service: Service, graph: str) -> int:
    """Return the number of triples of a named graph."""
    text = query_text("SELECT (COUNT(*) AS ?n) WHERE { GRAPH [[graph]] { ?s ?p ?o } }", graph=ox.NamedNode(graph))
    return int(service.rows(text)[0]["n"])


def offered(service: Service) -> list[Dump]:
    """Return every dump of the current version, whether its file has been written or not."""
    dumps = [Dump(ALL, None, fmt, zipped) for fmt in FORMATS[ALL] for zipped in (False, True)]
    for graph in graphs(service):
        stem = _stem(graph, service.settings.base)
        dumps += [Dump(stem, graph, fmt, zipped) for fmt in FORMATS["graph"] for zipped in (False, True)]
    return dumps


def _stem(graph: str, base: str) -> str:
    """Return the name of a graph's files: its IRI without the base, or a digest if that is no plain path."""
    local = graph.removeprefix(base)
    plain = local not in {graph, ALL} and all(c.isalnum() or c in "-_./" for c in local) and ".." not in local
    return local if plain and local.isascii() else f"graph-{hashlib.sha256(graph.encode()).hexdigest()[:16]}"


def find(service: Service, name: str, version: str = "") -> Dump:
    """Find the dump with that file name, for readers of that version of RDF. Raises NotFound."""
    match = next((replace(dump, version=version) for dump in offered(service) if dump.name == name), None)
    if match is None:
        raise NotFound(f"There is no dump {name!r}; {service.settings.base}dumps lists those that there are.")
    return match


def made(service: Service, dump: Dump) -> Made:
    """Return the file of a dump of the current version, and write it first where there is none yet.

    Raises Busy, StorageExceeded, and as ``Engine.extract``.
    """
    file = _existing(service, service.engine.tag(), dump)
    if file is not None:
        return file
    with service.files.turn():
        for _ in range(ATTEMPTS):
            tag = service.engine.tag()
            file = _existing(service, tag, dump) or _make(service, dump, tag)
            if file is not None:
                _tidy(_root(service))
                return file
    raise Busy("The graph kept changing while the dump was made; come back in a moment.")


def _make(service: Service, dump: Dump, tag: str) -> Made | None:
    """Write the file of a dump of the version with that tag; None where the dataset has another version by now."""
    if dump.zipped:
        plain = replace(dump, zipped=False)
        source = _existing(service, tag, plain) or _make(service, plain, tag)
        return None if source is None else _write(service, tag, dump, lambda: _chunks(source.path))
    if dump.graph is not None:
        extract = service.engine.extract(GraphExtract(dump.graph, dump.written_in))
        return _write(service, tag, dump, lambda: iter((extract.body,))) if extract.tag == tag else None
    # All files of the graphs, one after another: N-Quads and TriG may be concatenated, and blank nodes have one label
    # each.
    parts = []
    for graph in graphs(service):
        part = replace(dump, stem=_stem(graph, service.settings.base), graph=graph)
        file = _existing(service, tag, part) or _make(service, part, tag)
        if file is None:
            return None
        parts.append(file.path)
    return _write(service, tag, dump, lambda: (chunk for path in parts for chunk in _chunks(path)))


def _root(service: Service) -> Path:
    return service.files.folder("dumps")


def _path(service: Service, tag: str, dump: Dump) -> Path:
    """Return the path of a dump's file: its name there is a digest, so that no name leads out of the folder."""
    return _root(service) / tag / f"{hashlib.sha256(dump.address.encode()).hexdigest()}.dump"


def _existing(service: Service, tag: str, dump: Dump) -> Made | None:
    """Return the file of a dump if it is complete, which the file with its digest says."""
    path = _path(service, tag, dump)
    digest_file = path.with_suffix(".sha256")
    if not digest_file.exists():
        return None
    return Made(path, tag, path.stat().st_size, digest_file.read_text(encoding="ascii"))


def _write(service: Service, tag: str, dump: Dump, chunks: Callable[[], Iterator[bytes]]) -> Made:
    """Write a file under another name, rename it, then do the same with its digest.

    Raises StorageExceeded where the disk is full or fails; nothing is left of the file then.
    """
    # Other web processes look for the digest, so it must not exist before the file is whole. Two of them may write the
    # same file at once: each has its own temporary name, and the content is equal. Nothing is flushed to the disk,
    # since the folder is removed when the server ends.
    path = _path(service, tag, dump)
    part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    mark = part.with_suffix(".mark")
    try:
        path.parent.mkdir(exist_ok=True)
        _fill(part, chunks(), zipped=dump.zipped)
        with part.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        mark.write_text(digest, encoding="ascii")
        part.replace(path)
        mark.replace(path.with_suffix(".sha256"))
    except OSError as error:
        part.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        raise StorageExceeded(f"The dump cannot be written: {error.strerror}.") from None
    return Made(path, tag, path.stat().st_size, digest)


def _tidy(root: Path) -> None:
    """Remove the folders of all versions but the ``KEPT`` newest."""
    folders = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(path: Path, chunks: Iterator[bytes], *, zipped: bool) -> None:
    with path.open("wb") as raw:
        # Without name and time in its header: the same version gives the same bytes and the same digest everywhere.
        target = gzip.GzipFile("", "wb", 6, raw, mtime=0) if zipped else raw
        for chunk in chunks:
            target.write(chunk)
        if zipped:
            target.close()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
