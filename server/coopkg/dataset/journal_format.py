"""The format of the journal: RDF Patch text in the manner of Jena's RDF Delta.

The first line says the format, a head frame follows that names the seed, then one frame for each commit. A frame is a
line with the SHA-256 of all that follows in it, a line with the number of bytes after that line, header rows
(``H word term .``), and for a commit ``TX .``, the ``D`` and ``A`` rows, ``TC .``. A commit names the one before it, so
frames form a chain.

A frame is appended and flushed to the disk before the change is acknowledged. So only the last one can be unfinished,
and that is how it is recognised: it has fewer bytes than it declares and no ``TC .``. Anything else that is wrong is
damage, and is never dropped.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from coopkg.dataset.durable_files import read_at
from coopkg.errors import DatasetBroken
from coopkg.rdf.terms import from_ntriples, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_PREFIX: Final = 128
"""Bytes that have the first two lines of a frame in them."""
_CHUNK: Final = 256 * 1024
"""Bytes that are read at once where many frames are read, so that memory does not grow with the journal."""


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
class Place:
    """Where a frame stands in a journal and what it is: its version, its id, its SHA-256, its first byte and its end.

    That of the head frame stands for version 1.
    """

    version: int
    id: str
    digest: str
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    """A commit: the version that it makes, its id, author, time, message and source, and the rows of its patch.

    ``request`` is a digest of the request, so that its idempotency key (``key``) is not accepted for a different one.
    ``digest`` is the frame's SHA-256, and ``start`` and ``end`` are where the frame stands in the file; they are set
    once the record is in a journal.
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
    start: int = 0
    end: int = 0

    @property
    def place(self) -> Place:
        """Return where the record stands in its journal."""
        return Place(self.version, self.id, self.digest, self.start, self.end)

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
        return framed(self.payload())[0].decode()

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

    def removes(self, iri: str) -> bool:
        """Tell whether the patch removes triples of that subject or graph."""
        # Row by row, and no further than to the first: a patch may have a hundred thousand rows.
        subject, graph, whole = f"D <{iri}> ", f" <{iri}> .", f"GD <{iri}> ."
        return any(
            row.startswith(subject) or row == whole or (row.endswith(graph) and row.startswith("D "))
            for row in self.rows.split("\n")
        )

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


def framed(payload: str) -> tuple[bytes, str]:
    """Return the frame of a payload, and its SHA-256, which covers the length too, so that no flipped bit is missed."""
    data = payload.encode()
    body = f'H bytes "{len(data)}" .\n'.encode() + data
    digest = hashlib.sha256(body).hexdigest()
    return f'H sha256 "{digest}" .\n'.encode() + body, digest


@dataclass(frozen=True)
class Frame:
    """A whole frame: where it begins and ends in the file, its SHA-256, and what stands behind its first lines."""

    start: int
    end: int
    digest: str
    payload: str


class _Window:
    """Reads an open file in large pieces, wherever another reader or writer of the file is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begin = 0
        self._data = b""

    def read(self, size: int, offset: int) -> bytes:
        """Return bytes from an offset on, fewer where the file ends."""
        if not self._begin <= offset <= offset + size <= self._begin + len(self._data):
            self._begin, self._data = offset, read_at(self._descriptor, max(size, _CHUNK), offset)
        return self._data[offset - self._begin : offset - self._begin + size]


def frames(name: str, descriptor: int, offset: int) -> Iterator[Frame]:
    """Yield the whole frames of an open file from an offset on; an unfinished last one is left out.

    What is appended meanwhile is left out too. Raises DatasetBroken, naming the file and the offset of what is damaged.
    """
    for start, end in places(name, descriptor, offset):
        frame = whole_frame(read_at(descriptor, end - start, start), start)
        if frame is None:
            raise damaged(name, start)
        yield frame


def whole_frame(data: bytes, start: int) -> Frame | None:
    """Return the frame whose bytes these are, which begin at ``start`` in the file; None where they are not a frame."""
    match = _FRAME.match(data)
    if match is None or match.end() + int(match[2]) != len(data):
        return None
    if hashlib.sha256(memoryview(data)[_SHA_LINE:]).hexdigest().encode() != match[1]:
        return None
    return Frame(start, start + len(data), match[1].decode(), data[match.end() :].decode())


def places(name: str, descriptor: int, offset: int) -> Iterator[tuple[int, int]]:
    """Yield where the frames of an open file begin and end, from an offset on, without reading what is in them.

    Raises DatasetBroken where there is no frame.
    """
    size = os.fstat(descriptor).st_size
    written, window = _written(descriptor, size), _Window(descriptor)
    while offset < size:
        match = _FRAME.match(window.read(_PREFIX, offset))
        end = offset + match.end() + int(match[2]) if match else size
        if match is None or end > written:
            # An unfinished frame has nothing behind it. A commit that ends later means that the length itself is
            # damaged.
            if b"\n" + _END in read_at(descriptor, size - offset, offset):
                raise damaged(name, offset)
            return
        yield offset, end
        offset = end


def _written(descriptor: int, size: int) -> int:
    """Return where the bytes end that are not zero.

    After a power failure some file systems leave zeros where the length was written and the bytes were not, so zeros at
    the end count as missing bytes.
    """
    while size:
        begin = max(0, size - _CHUNK)
        rest = read_at(descriptor, size - begin, begin).rstrip(b"\0")
        if rest:
            return begin + len(rest)
        size = begin
    return 0


def damaged(name: str, offset: int) -> DatasetBroken:
    """Build the error for a journal of that name that is damaged at that offset."""
    return DatasetBroken(
        f"{name}: the record at byte {offset} is damaged. Nothing was changed; restore the folder from a backup.",
        file=name, offset=offset,
    )  # fmt: skip


def _header(payload: str) -> dict[str, str]:
    """Parse ``H`` rows into a mapping from word to IRI or lexical form."""
    return {m[1]: m[2] if m[2] is not None else from_ntriples(m[3]).value for m in _ROW.finditer(payload)}


def read_record(frame: Frame) -> Record:
    """Parse the frame of a commit."""
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
        start=frame.start,
        end=frame.end,
    )


def file_of(head: Head) -> bytes:
    """Return the bytes of a journal without commits."""
    return f'H format "coopkg-journal-{FORMAT}" .\n'.encode() + framed(head.payload())[0]


def read_head(name: str, descriptor: int) -> tuple[Head, Place]:
    """Return the head of a journal and the place of its frame; the records begin behind it. Raises DatasetBroken."""
    data = read_at(descriptor, 64 * 1024, 0)  # a head is some 300 bytes: this leaves room for a long base IRI
    first = _FIRST_LINE.match(data)
    if first is None:
        raise damaged(name, 0)
    if int(first[1]) != FORMAT:
        raise DatasetBroken(
            f"{name}: the journal has format {int(first[1])}, and this coopkg knows format {FORMAT}; use a newer one."
        )
    frame = next(frames(name, descriptor, first.end()), None)
    if frame is None:
        raise damaged(name, first.end())
    values = _header(frame.payload)
    head = Head(values["seed"], values["base"], values["id"].removeprefix("uuid:"), values["time"])
    return head, Place(SEED_VERSION, head.id, frame.digest, frame.start, frame.end)
