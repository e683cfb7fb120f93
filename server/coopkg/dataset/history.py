"""The journal for a process that only reads it: any record by its version, and what removed a thing.

Nothing that is kept in memory grows with the journal. The file stays open, so that its records can be read on when it
is removed or replaced under a running server.
"""

from __future__ import annotations

import contextlib
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from coopkg.dataset.durable_files import read_at
from coopkg.dataset.journal_format import (
    SEED_VERSION,
    Place,
    damaged,
    frames,
    places,
    read_head,
    read_record,
    whole_frame,
)
from coopkg.dataset.journal_index import INDEX, REMOVALS, Removals, last_version, place_of
from coopkg.errors import DatasetBroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.journal_format import Record


class History:
    """The records of a journal. It takes no lock, and sees what is appended later.

    ``origin`` is the place of the head frame: version 1, behind which the records begin.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Open a journal, which messages call ``name``, by default its path.

        Raises DatasetBroken for one without a head that can be read, FileNotFoundError.
        """
        self.path = path
        self.name = name or str(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.head, self.origin = read_head(self.name, self._descriptor)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def records(self, after: Place | None = None) -> Iterator[Record]:
        """Yield the records from the beginning, or after a place, and check that each names the one before it.

        An unfinished last one is left out. Raises DatasetBroken for damage.
        """
        last = after or self.origin
        for frame in frames(self.name, self._descriptor, last.end):
            record = read_record(frame)
            if (record.version, record.previous) != (last.version + 1, last.id):
                raise damaged(self.name, frame.start)
            last = record.place
            yield record

    def newest_first(self) -> Iterator[Record]:
        """Yield the records, the last one first. Raises DatasetBroken for damage."""
        # Not by the index: in a folder without one each record would be looked for from the beginning.
        found = list(places(self.name, self._descriptor, self.origin.end))
        for index, (start, end) in reversed(list(enumerate(found))):
            yield self._read(SEED_VERSION + 1 + index, start, end)

    def last(self) -> Place:
        """Return the place of the last whole record, or the origin while there is none. Raises DatasetBroken."""
        nearest = self._nearest(None)
        version, end = (nearest.version, nearest.end) if nearest is not None else (SEED_VERSION, self.origin.end)
        beyond = list(places(self.name, self._descriptor, end))
        if beyond:
            return self._read(version + len(beyond), *beyond[-1]).place
        return self.origin if nearest is None else nearest.place

    def record(self, version: int) -> Record | None:
        """Return the commit that made that version, or None. Raises DatasetBroken if the file was damaged meanwhile."""
        nearest = self._nearest(version)
        if nearest is not None and nearest.version == version:
            return nearest
        number, end = (nearest.version, nearest.end) if nearest is not None else (SEED_VERSION, self.origin.end)
        if version <= number:
            return None
        beyond = islice(places(self.name, self._descriptor, end), min(version - number - 1, sys.maxsize), None)
        place = next(beyond, None)
        return None if place is None else self._read(version, *place)

    def has(self, place: Place) -> bool:
        """Tell whether that record, or the head frame, is at its place in this journal, byte for byte."""
        if place.version == SEED_VERSION:
            return place == self.origin
        try:
            return self._read(place.version, place.start, place.end).place == place
        except DatasetBroken:
            return False

    def removed_by(self, iri: str) -> int | None:
        """Return the last version that removed triples of that subject or graph, or None if no version did.

        None too where the table of removals is damaged and the entry is gone.
        """
        version, end = self._removal(iri)
        # What the table does not have yet: usually nothing.
        for frame in frames(self.name, self._descriptor, end):
            record = read_record(frame)
            version = record.version if record.removes(iri) else version
        found = self.record(version)
        return version if found is not None and found.removes(iri) else None

    def _removal(self, iri: str) -> tuple[int, int]:
        """Return the version that the table of removals has for an IRI, or 0, and up to where it has the journal."""
        with contextlib.suppress(OSError, DatasetBroken), opened(self.path.with_name(REMOVALS)) as descriptor:
            table = Removals.read(descriptor, self.head.id)
            if table is not None and self.origin.end <= table.end:
                return table.find(iri)[1], table.end
        return 0, self.origin.end

    def _nearest(self, version: int | None) -> Record | None:
        """Return the last record up to that version, or of all, that the index leads to; None if it leads to none."""
        with contextlib.suppress(OSError, DatasetBroken), opened(self.path.with_name(INDEX)) as descriptor:
            last = last_version(descriptor)
            number = last if version is None else min(version, last)
            place = place_of(descriptor, number)
            return None if place is None else self._read(number, *place)
        return None

    def _read(self, version: int, start: int, end: int) -> Record:
        """Return the record of a version from its place. Raises DatasetBroken if it is not there."""
        size = os.fstat(self._descriptor).st_size
        data = read_at(self._descriptor, end - start, start) if self.origin.end <= start < end <= size else b""
        frame = whole_frame(data, start)
        record = None if frame is None else read_record(frame)
        if record is None or record.version != version:
            raise damaged(self.name, start)
        return record


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file for reading and give its descriptor. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
