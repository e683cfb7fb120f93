"""Snapshot files: a version of the dataset on the disk, from which a start replays only the rest of the journal.

A file is ``snapshot-VERSION`` in the data directory. Its first line has the format and the SHA-256 of all that follows,
which is a gzip stream of a line of JSON (``_Head``) and the quads in N-Quads, their literals as they were written. It
belongs to one journal and to one state of the published files. All of it can be made again from those two: whatever is
wrong with a file, it is not used, and the journal is replayed from the one before, or from its beginning.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import re
import sys
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.dataset.durable_files import NEW, write_whole
from coopkg.dataset.journal_format import Place, now
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.terms import read_nquads

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.history import History
    from coopkg.dataset.store import Dataset

KEPT: Final = 2
"""Snapshot files that are kept: if the newest is damaged, the journal need not be replayed from its beginning."""
_PREFIX: Final = "snapshot-"
_NAME: Final = re.compile(rf"{_PREFIX}([1-9][0-9]{{0,17}})")
_FIRST_LINE: Final = re.compile(rb"coopkg-snapshot-1 ([0-9a-f]{64})\n")
_LEVEL: Final = 1
"""Of gzip: a tenth of the size of N-Quads for less time than a disk takes for the rest."""


@dataclass(frozen=True)
class Snapshot:
    """A version of the dataset, without closure; its place in the journal; and what is remembered of earlier commits.

    ``seed`` is the digest of the published files that the journal was replayed on. ``commits`` is JSON of the commit
    log's own.
    """

    dataset: Dataset
    place: Place
    seed: str
    commits: list[Any]


def write(folder: Path, snapshot: Snapshot, journal: str) -> Path:
    """Write a snapshot file for the journal with that id, remove older ones, and return its path.

    Raises StorageExceeded; then there is no new file, and the older ones are still there.
    """
    dataset = snapshot.dataset
    path = folder / f"{_PREFIX}{dataset.version}"
    quads = ox.serialize(dataset.lexical_forms.restored(dataset.store), format=ox.RdfFormat.N_QUADS) or b""
    head = {
        "journal": journal, "seed": snapshot.seed, "base": dataset.base, "time": now(), "version": dataset.version,
        "digest": dataset.digest, "place": vars(snapshot.place), "quads": quads.count(b"\n"),
        # A graph without triples exists too (SPARQL 1.1 Update, section 3.2), and N-Quads has no row for it.
        "graphs": sorted(name.value for name in dataset.store.named_graphs() if isinstance(name, ox.NamedNode)),
        "commits": snapshot.commits,
    }  # fmt: skip
    body = gzip.compress(json.dumps(head, ensure_ascii=False).encode() + b"\n" + quads, _LEVEL)
    write_whole(path, b"coopkg-snapshot-1 " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    _remove_old(folder, dataset.version)
    return path


def newest(folder: Path, history: History, like: Dataset, version: int | None = None) -> Snapshot | None:
    """Return the newest snapshot of the journal, up to ``version`` if given; None where there is none that can be used.

    ``like`` is an empty dataset whose digest is that of the published files; the snapshot's has its base, manifest and
    regime. A file that is damaged, or that does not fit the journal, is reported on standard error; one of other
    published files is not.
    """
    for number, path in sorted(_files(folder), reverse=True):
        if version is not None and number > version:
            continue
        try:
            found = _read(path, history, like)
        except FileNotFoundError:
            continue  # removed meanwhile by a server that has written a newer one
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            reason = str(error) if type(error) is ValueError else "is damaged"
            print(f"coopkg: {path.name} {reason}, and is not used", file=sys.stderr, flush=True)  # noqa: T201
            continue
        if found is not None:
            return found
    return None


def size(folder: Path, version: int) -> int:
    """Return the size of the snapshot file of a version in bytes, 0 where there is none."""
    try:
        return (folder / f"{_PREFIX}{version}").stat().st_size
    except OSError:
        return 0


def _read(path: Path, history: History, like: Dataset) -> Snapshot | None:
    """Read a snapshot file; None where it is of other published files.

    Raises ValueError with the end of a sentence, and other errors, where the file cannot be used.
    """
    data = path.read_bytes()
    match = _FIRST_LINE.match(data)
    if match is None:
        raise ValueError("is no snapshot file of a format that this coopkg knows")
    body = memoryview(data)[match.end() :]
    if hashlib.sha256(body).hexdigest().encode() != match[1]:
        raise ValueError("is damaged")
    line, _, text = gzip.decompress(body).partition(b"\n")
    head = json.loads(line)
    place = Place(**head["place"])
    if head["journal"] != history.head.id:
        raise ValueError("belongs to another journal")
    if (head["seed"], head["base"]) != (like.digest, like.base):
        return None
    if not history.has(place):
        raise ValueError("does not fit the journal")
    quads = read_nquads(text)
    store, lexical_forms = ox.Store(), LexicalForms()
    lexical_forms.add(quads, store)  # before the store rewrites them
    store.bulk_extend(quads)
    for name in head["graphs"]:
        store.add_graph(ox.NamedNode(name))
    if len(quads) != head["quads"]:
        raise ValueError("is damaged")
    dataset = replace(
        like, store=store, lexical_forms=lexical_forms, version=int(head["version"]), digest=head["digest"], views={}
    )
    return Snapshot(dataset, place, like.digest, head["commits"])


def _files(folder: Path) -> list[tuple[int, Path]]:
    """Return the versions of the snapshot files, and their paths."""
    return [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]


def _remove_old(folder: Path, version: int) -> None:
    """Remove all snapshot files but that of a version and those before it that are kept, as far as that is possible.

    Files of later versions are of a journal that was cut; and there may be what a process that was killed has left.
    """
    kept = sorted((number for number, _ in _files(folder) if number <= version), reverse=True)[:KEPT]
    old = [path for number, path in _files(folder) if number not in kept]
    for path in (*old, *folder.glob(f"{_PREFIX}*{NEW}")):
        with contextlib.suppress(OSError):
            path.unlink()
