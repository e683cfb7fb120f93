"""Two files beside the journal by which readers find a record: by its version, and by what it removed.

``journal.index`` has the place of each record, 16 bytes a version. ``journal.removals`` is a hash table from the IRI of
a subject or graph to the last version that removed triples of it. Only the process that appends to the journal writes
them, after each commit and without a flush: all that is in them is in the journal, so they are made again where they
are missing, and completed where they are behind. A reader takes what they say for a hint and looks whether the record
is that one, so that a damaged entry leads to no wrong record.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.dataset.durable_files import read_at, replacing, write_all
from coopkg.dataset.journal_format import SEED_VERSION
from coopkg.errors import DatasetBroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.journal_format import Place, Record

INDEX: Final = "journal.index"
REMOVALS: Final = "journal.removals"
_HEADER: Final = struct.Struct(">16s16sQQQ8x")
"""The kind of file, a digest of the journal's id, and the last version that is in the file, that record's end in the
journal, and the number of entries: 64 bytes. The index has only the first two; its size tells the rest."""
_KINDS: Final = {INDEX: b"coopkg-index-1", REMOVALS: b"coopkg-removal-1"}
_ENTRY: Final = struct.Struct(">QQ")
"""Where a record begins and ends; or the hash of an IRI and a version, which is 0 where there is no entry."""
_LEAST: Final = 1024
"""Entries for which a table of removals has room at first, half of them used at most."""


def place_of(descriptor: int, version: int) -> tuple[int, int] | None:
    """Return where an open index says that the record of a version begins and ends, or None."""
    if version <= SEED_VERSION:
        return None
    data = read_at(descriptor, _ENTRY.size, _HEADER.size + (version - SEED_VERSION - 1) * _ENTRY.size)
    return _ENTRY.unpack(data) if len(data) == _ENTRY.size else None


def last_version(descriptor: int) -> int:
    """Return the last version in an open index, ``SEED_VERSION`` where it is empty."""
    return SEED_VERSION + max(0, os.fstat(descriptor).st_size - _HEADER.size) // _ENTRY.size


@dataclass(frozen=True)
class Removals:
    """An open table of removals: its capacity, the last version in it with its end in the journal, and its entries."""

    descriptor: int
    capacity: int
    version: int
    end: int
    entries: int

    @classmethod
    def read(cls, descriptor: int, journal: str) -> Removals | None:
        """Return the table in an open file; None if it is not one of that journal."""
        header = _header(descriptor, REMOVALS, journal)
        capacity, rest = divmod(os.fstat(descriptor).st_size - _HEADER.size, _ENTRY.size)
        if header is None or rest or capacity < _LEAST or capacity & (capacity - 1):
            return None
        return cls(descriptor, capacity, *header)

    def find(self, iri: str) -> tuple[int, int]:
        """Return the number of the entry for an IRI and the version in it, which is 0 if there is none yet.

        Raises DatasetBroken where the table is full, which none is that is whole.
        """
        key = _hash(iri)
        for number in self._probes(key):
            found, version = _ENTRY.unpack(read_at(self.descriptor, _ENTRY.size, _offset(number)).ljust(16, b"\0"))
            if version == 0 or found == key:
                return number, version
        raise _damaged()

    def _probes(self, key: int) -> Iterator[int]:
        first = key & (self.capacity - 1)
        yield from range(first, self.capacity)
        yield from range(first)


class IndexWriter:
    """Both files in the process that appends to the journal; ``journal`` is its id."""

    def __init__(self, folder: Path, journal: str) -> None:
        self.folder = folder
        self.journal = journal
        self._index: int | None = None
        self._table: int | None = None

    def open(self) -> tuple[int, int]:
        """Open both files; return the last version that both have, and the last that one of them has.

        Both are 0 where a file is missing or belongs to another journal. Raises OSError.
        """
        self.close()
        try:
            self._index = os.open(self.folder / INDEX, os.O_RDWR | os.O_CLOEXEC)
            self._table = os.open(self.folder / REMOVALS, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0, 0
        removals = Removals.read(self._table, self.journal)
        if removals is None or _header(self._index, INDEX, self.journal) is None:
            return 0, 0
        versions = last_version(self._index), removals.version
        return min(versions), max(versions)

    def holds(self, place: Place) -> bool:
        """Tell whether the open index has that place."""
        if place.version == SEED_VERSION:
            return self._index is not None
        return self._index is not None and place_of(self._index, place.version) == (place.start, place.end)

    def create(self) -> None:
        """Make both files anew, empty, and open them. Raises StorageExceeded or OSError."""
        self.close()
        with replacing(self.folder / INDEX) as file:
            file.write(_header_of(INDEX, self.journal))
        self._write_table({}, SEED_VERSION, 0, _LEAST)
        self._index = os.open(self.folder / INDEX, os.O_RDWR | os.O_CLOEXEC)

    def add(self, record: Record) -> None:
        """Add a record; to add it again changes nothing. Raises StorageExceeded, OSError, DatasetBroken."""
        if self._index is None or self._table is None:
            raise _damaged()
        offset = _HEADER.size + (record.version - SEED_VERSION - 1) * _ENTRY.size
        write_all(self._index, _ENTRY.pack(record.start, record.end), offset)
        removals = Removals.read(self._table, self.journal)
        if removals is None:
            raise _damaged()
        entries = removals.entries
        for iri in record.removal_targets():
            if entries * 2 >= removals.capacity:
                removals = self._grow(removals)
            number, version = removals.find(iri)
            write_all(self._table, _ENTRY.pack(_hash(iri), record.version), _offset(number))
            entries += version == 0
        # Last: until the header says so, readers look for what is missing in the journal.
        write_all(self._table, _header_of(REMOVALS, self.journal, record.version, record.end, entries), 0)

    def flush(self) -> None:
        """Flush both files to the disk. Raises OSError."""
        for descriptor in (self._index, self._table):
            if descriptor is not None:
                os.fsync(descriptor)

    def close(self) -> None:
        """Close the files, if they are open."""
        for descriptor in (self._index, self._table):
            if descriptor is not None:
                os.close(descriptor)
        self._index = self._table = None

    def _grow(self, removals: Removals) -> Removals:
        """Write the table anew with room for twice as much."""
        data = read_at(removals.descriptor, removals.capacity * _ENTRY.size, _HEADER.size)
        found = {key: version for key, version in _ENTRY.iter_unpack(data) if version}
        self._write_table(found, removals.version, removals.end, max(_LEAST, removals.capacity * 2))
        if self._table is None or (grown := Removals.read(self._table, self.journal)) is None:
            raise _damaged()
        return grown

    def _write_table(self, versions: dict[int, int], version: int, end: int, capacity: int) -> None:
        slots = bytearray(capacity * _ENTRY.size)
        for key, made in versions.items():
            number = key & (capacity - 1)
            while slots[number * _ENTRY.size : (number + 1) * _ENTRY.size] != bytes(_ENTRY.size):
                number = (number + 1) & (capacity - 1)
            _ENTRY.pack_into(slots, number * _ENTRY.size, key, made)
        with replacing(self.folder / REMOVALS) as file:
            file.write(_header_of(REMOVALS, self.journal, version, end, len(versions)))
            file.write(slots)
        table = os.open(self.folder / REMOVALS, os.O_RDWR | os.O_CLOEXEC)
        if self._table is not None:
            os.close(self._table)
        self._table = table


def _damaged() -> DatasetBroken:
    return DatasetBroken(f"{REMOVALS} is damaged; it is made again from the journal at the next start.")


def _offset(number: int) -> int:
    return _HEADER.size + number * _ENTRY.size


def _hash(iri: str) -> int:
    # Lone surrogates cannot be in an IRI of the journal; one that is asked for must be missing and not an error.
    return int.from_bytes(hashlib.blake2b(iri.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _journal(journal: str) -> bytes:
    return hashlib.blake2b(journal.encode(), digest_size=16).digest()


def _header_of(name: str, journal: str, version: int = 0, end: int = 0, entries: int = 0) -> bytes:
    return _HEADER.pack(_KINDS[name], _journal(journal), version, end, entries)


def _header(descriptor: int, name: str, journal: str) -> tuple[int, int, int] | None:
    """Return version, end and number of entries from an open file's header; None if it is not that journal's."""
    data = read_at(descriptor, _HEADER.size, 0)
    if len(data) < _HEADER.size:
        return None
    kind, owner, version, end, entries = _HEADER.unpack(data)
    return (version, end, entries) if (kind.rstrip(b"\0"), owner) == (_KINDS[name], _journal(journal)) else None
