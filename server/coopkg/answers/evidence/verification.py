"""Verification of evidence: the place of every claim, checked against the source text that the operator supplies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.errors import InputUnreadable, NotFound
from coopkg.sparql.query_text import query_text
from coopkg.workers.evaluation import select

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.store import Dataset

_DOCUMENTS = """
PREFIX coop: [[coop]]
SELECT ?document ?digest ?length WHERE { ?document coop:textDigest ?digest ; coop:textLength ?length }
"""
_PASSAGES = """
PREFIX coop: [[coop]]
PREFIX oa: <http://www.w3.org/ns/oa#>
PREFIX prov: <http://www.w3.org/ns/prov#>
SELECT ?document ?claim ?start ?end ?digest WHERE {
  ?claim prov:wasDerivedFrom ?document ; oa:hasTarget/oa:hasSelector ?selector .
  ?selector oa:start ?start ; oa:end ?end ; coop:passageDigest ?digest .
} ORDER BY ?claim ?start
"""


@dataclass(frozen=True)
class Mismatch:
    """A claim whose passage does not have its digest; ``reason`` is one sentence."""

    claim: str
    reason: str


@dataclass(frozen=True)
class Verification:
    """The result for a source document: its IRI, the number of passages that were checked, and those that fail."""

    document: str
    checked: int
    mismatches: tuple[Mismatch, ...]


def verify(dataset: Dataset, source: Path) -> Verification:
    """Check every claim of the source document whose SHA-256 is that of the file ``source``.

    Offsets count code points, from 0, the end excluded; a passage's digest is the SHA-256 of its UTF-8 bytes.
    Raises InputUnreadable if the file cannot be read, NotFound if no document of the graph is this file.
    """
    try:
        data = source.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputUnreadable(f"{source}: cannot be read as UTF-8 text: {error}.") from None
    digest = hashlib.sha256(data).hexdigest()
    coop = ox.NamedNode(f"{dataset.base}ontology#")
    documents = select(dataset.store, query_text(_DOCUMENTS, coop=coop))
    match = next((row for row in documents if row["digest"].value == digest), None)
    if match is None:
        raise NotFound(f"No source document of the graph has the SHA-256 of {source} ({digest[:12]}…).")
    # The digest is of bytes, offsets are of code points: if the lengths differ, the text was counted in another way.
    if int(match["length"].value) != len(text):
        raise InputUnreadable(f"{source} has {len(text)} characters; the graph says {match['length'].value}.")
    rows = select(dataset.store, query_text(_PASSAGES, coop=coop), {"document": match["document"]})
    faults = [
        Mismatch(row["claim"].value, reason)
        for row in rows
        if (reason := _mismatch(text, int(row["start"].value), int(row["end"].value), row["digest"].value))
    ]
    return Verification(match["document"].value, len(rows), tuple(faults))


def _mismatch(text: str, start: int, end: int, digest: str) -> str:
    if not 0 <= start < end <= len(text):
        return f"The offsets {start} to {end} do not lie in the text."
    if hashlib.sha256(text[start:end].encode()).hexdigest() != digest:
        return f"The passage from {start} to {end} is not the one that was recorded."
    return ""
