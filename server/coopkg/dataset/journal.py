"""The journal: every commit in one append-only file, as RDF Patch text in the manner of Jena's RDF Delta.

The first line says the format, a head frame follows that names the seed, then one frame for each commit. A frame is a
line with the SHA-256 of all that follows in it, a line with the number of bytes after that line, header rows
(``H word term .``), and for a commit ``TX .``, the ``D`` and ``A`` rows, ``TC .``. A commit names the one before it, so
frames form a chain.

A frame is appended and flushed to the disk before the change is acknowledged. So only the last one can be unfinished,
and that is how it is recognised: it has fewer bytes than it declares and no ``TC .``. Anything else that is wrong is
damage, and is never dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from coopkg.errors import DatasetBroken, HomeInUse, StorageExceeded
from coopkg.rdf.terms import from_ntriples, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = 1
"""The version of the format that this program writes; it refuses a newer one."""
NAME: Final = "journal.rdfp"
SEED_VERSION: Final = 1
"""The version of the dataset before the first commit."""
_FIRST_LINE: Final = re.compile(rb'H format "coopkg-journal-([0-9]{1,9})" \.\n')
_FRAME: Final = re.compile(rb'H sha256 "([0-9a-f]{64})" \.\nH bytes "([0-9]{1,15})" \.\n')
# An IRI or a literal with its datatype, as N-Triples writes them. The character classes exclude each other, so that the
# expression cannot backtrack over a long message.
_ROW: Final = re.compile(
    r'^H ([a-z\-]+) (?:<([^<>"{}|^`\\\x00-\x20]*)>|("(?:[^"\\]|\\.)*")(?:\^\^<[^>]*>)?) \.$', re.MULTILINE
)
_SHA_LINE: Final = len('H sha256 "" .\n') + 64
_END: Final = b"TC .\n"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_WAIT: Final = 5.0
"""Seconds to wait until a dataset process that was killed has released its lock on the file."""


def now() -> str:
    """Return the current time as an xsd:dateTime in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Head:
    """The head frame: the digest of the published files that the journal starts from, and the base IRI of its rows."""

    seed: str
    base: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: str = field(default_factory=now)

    def payload(self) -> str:
        """Format the rows of the head frame."""
        return "".join((
            _iri("id", f"uuid:{self.id}"), _text("seed", self.seed), _iri("base", self.base), _time(self.time),
        ))  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A commit: the version that it makes, its id, author, time, message and source, and the rows of its patch.

    ``request`` is a digest of the request, so that its idempotency key (``key``) is not accepted for a different one.
    ``digest`` is the frame's SHA-256; it is set once the record is in a journal.
    """

    version: int
    id: str
    previous: str
    time: str
    author: str
    rows: str
    message: str = ""
    source: str = ""
    key: str = ""
    request: str = ""
    digest: str = ""

    def payload(self) -> str:
        """Format the header rows and the patch, in RDF Patch syntax."""
        optional = {"message": self.message, "source": self.source, "key": self.key, "request": self.request}
        return "".join((
            _iri("id", f"uuid:{self.id}"),
            _iri("prev", f"uuid:{self.previous}"),
            f'H version "{self.version}"^^<{_XSD}integer> .\n',
            _time(self.time),
            _text("author", self.author),
            *(_text(name, value) for name, value in optional.items() if value),
            *(f"H graph-{_GRAPH[mark]} {graph}\n" for mark, graph in _marked(self.rows, *_GRAPH)),
            "TX .\n",
            *(f"{mark} {row}\n" for mark, row in _marked(self.rows, "D", "A")),
            "TC .\n",
        ))  # fmt: skip

    def text(self) -> str:
        """Format the whole frame."""
        return _framed(self.payload())[0].decode()

    def count(self, mark: str) -> int:
        """Count the rows with that mark: ``A`` (added) or ``D`` (removed)."""
        return sum(1 for _ in _marked(self.rows, mark))

    def removal_targets(self) -> set[str]:
        """Return the IRIs of the subjects and of the graphs that the patch removes triples of."""
        rows = [row.removesuffix(" .") for _, row in _marked(self.rows, "D", "GD")]
        # The first term of a row is the subject, the last one the graph; neither contains a space, whatever the object
        # has.
        terms = [term for row in rows for term in (row.partition(" ")[0], row.rpartition(" ")[2])]
        return {term[1:-1] for term in terms if term.startswith("<")}

    def inverse(self) -> str:
        """Return the rows that undo this commit: they remove what it added and add what it removed.

        A graph that it created stays, perhaps empty, because later commits may have put facts into it.
        """
        opposite = {"A": "D", "D": "A", "GD": "GA"}
        return "\n".join(f"{opposite[mark]} {row}" for mark, row in _marked(self.rows, *opposite))


_GRAPH: Final = {"GD": "removed", "GA": "added"}
_GRAPH_MARKS: Final = {f"graph-{name}": mark for mark, name in _GRAPH.items()}


def _iri(word: str, value: str) -> str:
    return f"H {word} <{value}> .\n"


def _text(word: str, value: str) -> str:
    return f"H {word} {quote(value)} .\n"


def _time(value: str) -> str:
    return f'H time "{value}"^^<{_XSD}dateTime> .\n'


def _marked(rows: str, *marks: str) -> Iterator[tuple[str, str]]:
    """Yield (mark, rest) of the rows with those marks, in the order of the marks."""
    split = [line.partition(" ") for line in rows.split("\n") if line]
    for mark in marks:
        yield from ((mark, rest) for row_mark, _, rest in split if row_mark == mark)


def _framed(payload: str) -> tuple[bytes, str]:
    """Return the frame of a payload, and its SHA-256, which covers the length too, so that no flipped bit is missed."""
    data = payload.encode()
    body = f'H bytes "{len(data)}" .\n'.encode() + data
    digest = hashlib.sha256(body).hexdigest()
    return f'H sha256 "{digest}" .\n'.encode() + body, digest


@dataclass(frozen=True)
class _Frame:
    start: int
    end: int
    digest: str
    payload: str


def _frames(name: str, data: bytes, offset: int) -> Iterator[_Frame]:
    """Yield the whole frames in ``data``, which begins at ``offset`` in the file; an unfinished last one is left out.

    Raises DatasetBroken, naming the file and the offset of what is damaged.
    """
    start, written = 0, len(data.rstrip(b"\0"))
    # After a power failure some file systems leave zeros where the length was written and the bytes were not, so zeros
    # at the end count as missing bytes.
    while start < len(data):
        match = _FRAME.match(data, start)
        end = match.end() + int(match[2]) if match else len(data)
        if match is None or end > written:
            # An unfinished frame has nothing behind it. A commit that ends later means that the length itself is
            # damaged.
            if data.find(b"\n" + _END, start) >= 0:
                raise _damaged(name, offset + start)
            return
        digest = match[1].decode()
        if hashlib.sha256(memoryview(data)[start + _SHA_LINE : end]).hexdigest() != digest:
            raise _damaged(name, offset + start)
        yield _Frame(offset + start, offset + end, digest, data[match.end() : end].decode())
        start = end


def _damaged(name: str, offset: int) -> DatasetBroken:
    return DatasetBroken(
        f"{name}: the record at byte {offset} is damaged. Nothing was changed; restore the folder from a backup.",
        file=name, offset=offset,
    )  # fmt: skip


def _header(payload: str) -> dict[str, str]:
    """Parse ``H`` rows into a mapping from word to IRI or lexical form."""
    return {m[1]: m[2] if m[2] is not None else from_ntriples(m[3]).value for m in _ROW.finditer(payload)}


def _record(frame: _Frame) -> Record:
    header, _, patch = frame.payload.partition("TX .\n")
    values = _header(header)
    # Graphs stand in the header, since RDF Patch has no rows for them; here they become rows like any other.
    graphs = [f"{_GRAPH_MARKS[m[1]]} <{m[2]}> ." for m in _ROW.finditer(header) if m[1] in _GRAPH_MARKS]
    # The patch without its last line and the empty string behind it, which are "TC ." and its line end.
    return Record(
        version=int(values["version"]),
        id=values["id"].removeprefix("uuid:"),
        previous=values["prev"].removeprefix("uuid:"),
        time=values["time"],
        author=values["author"],
        rows="\n".join([*patch.split("\n")[:-2], *graphs]),
        message=values.get("message", ""),
        source=values.get("source", ""),
        key=values.get("key", ""),
        request=values.get("request", ""),
        digest=frame.digest,
    )


def read_head(path: Path) -> tuple[Head, int]:
    """Return the head of a journal and the offset of its first record. Raises DatasetBroken."""
    with path.open("rb") as file:
        data = file.read(64 * 1024)  # a head is some 300 bytes: this leaves room for a long base IRI
    first = _FIRST_LINE.match(data)
    if first is None:
        raise _damaged(str(path), 0)
    if int(first[1]) != FORMAT:
        raise DatasetBroken(
            f"{path}: the journal has format {int(first[1])}, and this coopkg knows format {FORMAT}; use a newer one."
        )
    match = _FRAME.match(data, first.end())
    end = match.end() + int(match[2]) if match else 0
    frame = next(_frames(str(path), data[first.end() : end], first.end()), None)
    if frame is None:
        raise _damaged(str(path), first.end())
    values = _header(frame.payload)
    return Head(values["seed"], values["base"], values["id"].removeprefix("uuid:"), values["time"]), frame.end


class History:
    """The records of a journal for a process that only reads it.

    It follows the file as that grows, and takes no lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head, self._end = read_head(path)
        self._places: list[tuple[int, int]] = []
        self._last = self.head.id
        self._removals: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def end(self) -> int:
        """Return the offset of the first byte after the last whole record."""
        return self._end

    @property
    def last_id(self) -> str:
        """Return the id of the last record, or of the head while there is no record."""
        return self._last

    @property
    def version(self) -> int:
        """Return the version that the last whole record makes."""
        return SEED_VERSION + len(self._places)

    def refresh(self) -> list[Record]:
        """Read the records that were appended since the last call, and return them.

        Raises DatasetBroken for damage, and for a record that does not name the one before it.
        """
        # The threads of a web process share one history; two that read at once would take in a record twice.
        with self._lock:
            return self._refreshed()

    def _refreshed(self) -> list[Record]:
        with self.path.open("rb") as file:
            file.seek(self._end)
            data = file.read()
        appended = []
        for frame in _frames(str(self.path), data, self._end):
            record = _record(frame)
            if (record.version, record.previous) != (self.version + 1, self._last):
                raise _damaged(str(self.path), frame.start)
            self._places.append((frame.start, frame.end))
            self._last, self._end = record.id, frame.end
            self._removals.update(dict.fromkeys(record.removal_targets(), record.version))
            appended.append(record)
        return appended

    def removed_by(self, iri: str) -> int | None:
        """Return the last version that removed triples of that subject or graph, or None if no version did."""
        self.refresh()
        return self._removals.get(iri)

    def record(self, version: int) -> Record | None:
        """Return the commit that made that version, or None. Raises DatasetBroken if the file was damaged meanwhile."""
        index = version - SEED_VERSION - 1
        if index >= len(self._places):
            self.refresh()
        if not 0 <= index < len(self._places):
            return None
        start, end = self._places[index]
        with self.path.open("rb") as file:
            file.seek(start)
            frame = next(_frames(str(self.path), file.read(end - start), start), None)
        if frame is None:
            raise _damaged(str(self.path), start)
        return _record(frame)


class Journal:
    """The journal in the one process that appends to it."""

    def __init__(self, path: Path, descriptor: int, history: History) -> None:
        self.path = path
        self.head = history.head
        self.last_id = history.last_id
        self.version = history.version
        self._descriptor = descriptor
        self._size = history.end
        self._failed = False

    @classmethod
    def open(cls, path: Path, head: Head) -> tuple[Journal, list[Record], int]:
        """Open a journal for appending, and create it with ``head`` where there is none.

        Returns the journal, its records, and the number of bytes of an unfinished record that were dropped. Raises
        DatasetBroken for damage or a newer format, HomeInUse while another process has it open.
        """
        if not path.exists():
            create(path, head)
        # O_CLOEXEC: a program that this process starts must not inherit the descriptor, and with it the lock.
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            _lock(descriptor, path)
            history = History(path)
            records = history.refresh()
            dropped = os.fstat(descriptor).st_size - history.end
            if dropped:
                # Flushed before anything is appended: otherwise a power failure could leave the old bytes behind a new
                # record, and they would look like damage.
                os.ftruncate(descriptor, history.end)
                os.fsync(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, history), records, dropped

    def append(self, record: Record) -> Record:
        """Append a commit, flush it to the disk, and return it with its version, predecessor and digest.

        Raises StorageExceeded where the disk is full or fails: then the file is as it was before.
        """
        if self._failed:
            raise StorageExceeded("The journal could not be restored after a disk failure; restart the server.")
        record = replace(record, version=self.version + 1, previous=self.last_id)
        data, digest = _framed(record.payload())
        try:
            view = memoryview(data)
            while view:  # a write to a disk that is nearly full may take a part only
                view = view[os.write(self._descriptor, view) :]
            # The folder need not be flushed here: its entry does not change when the file grows.
            os.fsync(self._descriptor)
        except OSError as error:
            self._take_back()
            raise StorageExceeded(f"The journal cannot be written: {error.strerror}. Nothing was changed.") from None
        self._size += len(data)
        self.version, self.last_id = record.version, record.id
        return replace(record, digest=digest)

    def _take_back(self) -> None:
        """Cut off what was written of a frame; where even that fails, refuse every further commit of this process."""
        # After a failed fsync the kernel may drop the dirty pages and report success the next time, so the write is
        # never repeated: the file is cut back to the last record that is known to be on the disk.
        try:
            os.ftruncate(self._descriptor, self._size)
            os.fsync(self._descriptor)
        except OSError:
            self._failed = True

    def close(self) -> None:
        """Close the file. In a forked process this leaves the parent's lock in place."""
        # ``flock`` belongs to the open file, which parent and child share, and ends with its last descriptor.
        os.close(self._descriptor)


def _lock(descriptor: int, path: Path) -> None:
    """Lock the journal for this process. Raises HomeInUse if another one has it for longer than ``_WAIT`` seconds."""
    # The lock of a killed dataset process ends when the kernel has closed its files, those of a worker that it had just
    # forked included, so the next dataset process waits for a moment.
    deadline = time.monotonic() + _WAIT
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            raise HomeInUse(f"Another process writes to {path.parent}.")
        time.sleep(0.05)


def create(path: Path, head: Head) -> None:
    """Create a journal without commits, atomically. Raises StorageExceeded."""
    write_whole(path, f'H format "coopkg-journal-{FORMAT}" .\n'.encode() + _framed(head.payload())[0])


def write_whole(path: Path, data: bytes) -> None:
    """Create or replace a file atomically, with mode 600, and flush it and its folder to the disk.

    Raises StorageExceeded; the file at ``path`` is then as it was.
    """
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise StorageExceeded(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        os.close(descriptor)
    # The order matters: the bytes must be on the disk before the name points at them, or a power failure could leave an
    # empty file under the name; and the rename itself is durable only once the folder is flushed.
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
