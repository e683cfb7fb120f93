"""Dumps: each graph, and all of them, as files that are made once for a version, with digests."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.graph_extract import GraphExtract
from coopkg.errors import Busy, NotFound, StorageExceeded
from coopkg.rdf.formats import by_name
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from coopkg.answers.service import Service

ALL: Final = "all"
FORMATS: Final = {ALL: ("nq", "trig"), "graph": ("nq", "ttl")}
"""The formats of the dump of everything, and of that of one graph."""
GZIP: Final = "application/gzip"
CHUNK: Final = 1 << 20
KEPT: Final = 2
"""Versions whose files are kept: whoever began to read one may read it to its end."""
ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Dump:
    """A file to be had: ``stem`` is its name without suffixes; ``graph`` is the graph's IRI, None for all of them."""

    stem: str
    graph: str | None
    format: str
    zipped: bool = False

    @property
    def name(self) -> str:
        """Return the file's name, which is its address under ``/dumps/``."""
        return f"{self.stem}.{self.format}{'.gz' if self.zipped else ''}"

    @property
    def media_type(self) -> str:
        """Return the media type of the file: of what it is, or of what is in it where it is not compressed."""
        fmt = by_name(self.format)
        return GZIP if self.zipped or fmt is None else fmt.content_type


@dataclass(frozen=True)
class Made:
    """A file that has been made, of the version with that tag; ``digest`` is its SHA-256 in hexadecimal digits."""

    path: Path
    tag: str
    size: int
    digest: str

    def repr_digest(self) -> str:
        """Return the value of Repr-Digest (RFC 9530, section 3)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.digest)).decode()}:"


def graphs(service: Service) -> list[str]:
    """Return the named graphs that hold facts, asserted or inferred, by IRI, without the available ones."""
    return [row["g"] for row in service.rows("SELECT ?g WHERE { GRAPH ?g {} } ORDER BY ?g")]


def size(service: Service, graph: str) -> int:
    """Return the number of triples of a named graph."""
    text = query_text("SELECT (COUNT(*) AS ?n) WHERE { GRAPH [[graph]] { ?s ?p ?o } }", graph=ox.NamedNode(graph))
    return int(service.rows(text)[0]["n"])


def offered(service: Service) -> list[Dump]:
    """Return all dumps that there are of the current version."""
    found = [Dump(ALL, None, fmt, zipped) for fmt in FORMATS[ALL] for zipped in (False, True)]
    for graph in graphs(service):
        stem = _stem(graph, service.settings.base)
        found += [Dump(stem, graph, fmt, zipped) for fmt in FORMATS["graph"] for zipped in (False, True)]
    return found


def _stem(graph: str, base: str) -> str:
    """Return the name of a graph's files: its IRI from the base on, or for one of another base a digest."""
    own = graph.removeprefix(base)
    plain = own not in {graph, ALL} and all(c.isalnum() or c in "-_./" for c in own) and ".." not in own
    return own if plain and own.isascii() else f"graph-{hashlib.sha256(graph.encode()).hexdigest()[:16]}"


def find(service: Service, name: str) -> Dump:
    """Return the dump of that name. Raises NotFound."""
    found = next((dump for dump in offered(service) if dump.name == name), None)
    if found is None:
        raise NotFound(f"There is no dump {name!r}; {service.settings.base}dumps lists those that there are.")
    return found


def made(service: Service, dump: Dump) -> Made:
    """Return the file of the current version, made if it has not been.

    Raises Busy, StorageExceeded, and as ``Engine.extract``.
    """
    found = _found(service, service.engine.tag(), dump)
    if found is not None:
        return found
    with service.files.turn():
        for _ in range(ATTEMPTS):
            tag = service.engine.tag()
            found = _found(service, tag, dump) or _make(service, dump, tag)
            if found is not None:
                _tidy(_root(service))
                return found
    raise Busy("The graph kept changing while the dump was made; come back in a moment.")


def _make(service: Service, dump: Dump, tag: str) -> Made | None:
    """Make a file of that version; None where the graph has gone on to another meanwhile."""
    if dump.zipped:
        plain = Dump(dump.stem, dump.graph, dump.format)
        source = _found(service, tag, plain) or _make(service, plain, tag)
        return None if source is None else _write(service, tag, dump, lambda: _chunks(source.path))
    if dump.graph is not None:
        answer = service.engine.extract(GraphExtract(dump.graph, dump.format))
        return _write(service, tag, dump, lambda: iter((answer.body,))) if answer.tag == tag else None
    parts = []
    for graph in graphs(service):
        part = Dump(_stem(graph, service.settings.base), graph, dump.format)
        whole = _found(service, tag, part) or _make(service, part, tag)
        if whole is None:
            return None
        parts.append(whole.path)
    return _write(service, tag, dump, lambda: (chunk for path in parts for chunk in _chunks(path)))


def _root(service: Service) -> Path:
    return service.files.folder("dumps")


def _path(service: Service, tag: str, dump: Dump) -> Path:
    """Return where a file is kept: its name there is a digest, so that no name leads out of the folder."""
    return _root(service) / tag / f"{hashlib.sha256(dump.name.encode()).hexdigest()}.dump"


def _found(service: Service, tag: str, dump: Dump) -> Made | None:
    path = _path(service, tag, dump)
    digest_file = path.with_suffix(".sha256")
    if not digest_file.exists():
        return None
    return Made(path, tag, path.stat().st_size, digest_file.read_text(encoding="ascii"))


def _write(service: Service, tag: str, dump: Dump, chunks: Callable[[], Iterator[bytes]]) -> Made:
    """Put a file in its place whole, and only then its digest, by which it is known to be there.

    Raises StorageExceeded where the disk takes no more; then nothing is left of it.
    """
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
    """Remove the files of all versions but the last ones."""
    folders = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(path: Path, chunks: Iterator[bytes], *, zipped: bool) -> None:
    with path.open("wb") as raw:
        target = gzip.GzipFile("", "wb", 6, raw, mtime=0) if zipped else raw
        for chunk in chunks:
            target.write(chunk)
        if zipped:
            target.close()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
