"""Copies of source documents that the operator supplies: known by their SHA-256, quoted where the claims point.

The graph has no passage of any source; what pages quote comes from these files alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of the largest file that is read as a copy."""
MOST: Final = 500
"""Files of the folder that are looked at, by name."""
_AROUND: Final = 90
"""Characters of the text that stand before and after a quotation."""

Span = tuple[int, int]
"""Offsets in a text: code points from 0, the end excluded."""


@dataclass(frozen=True)
class Quotation:
    """A passage, with what stands before and after it."""

    before: str
    passage: str
    after: str


@dataclass(frozen=True)
class Segment:
    """A piece of a text: the indices of the spans that cover it, and of those that begin with it."""

    text: str
    covering: tuple[int, ...]
    begins: tuple[int, ...]


def state(folder: Path | None) -> str:
    """Return what changes when a copy comes, goes or is another: names, sizes and times of the files."""
    return repr([(path.name, *_stat(path)) for path in _files(folder)])


def read_source_texts(folder: Path | None) -> Mapping[str, str]:
    """Return the text of each copy by its SHA-256. A file that is too large, or no UTF-8, or gone, is no copy."""
    found: dict[str, str] = {}
    for path in _files(folder):
        try:
            if _stat(path)[0] <= LARGEST:
                data = path.read_bytes()
                found[hashlib.sha256(data).hexdigest()] = data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _files(folder: Path | None) -> list[Path]:
    there = folder is not None and folder.is_dir()
    return [path for path in sorted(folder.iterdir())[:MOST] if path.is_file()] if there and folder else []


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return LARGEST + 1, 0
    return found.st_size, found.st_mtime_ns


def quotation(text: str, span: Span) -> Quotation | None:
    """Return the passage of a span with its surroundings; None for a span that does not lie in the text."""
    start, end = span
    if not 0 <= start < end <= len(text):
        return None
    before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
    if start > _AROUND:
        before = "…" + before.partition(" ")[2]
    if end + _AROUND < len(text):
        after = after.rpartition(" ")[0] + "…"
    return Quotation(before, text[start:end], after)


def segments(text: str, spans: Sequence[Span]) -> list[Segment]:
    """Cut a text at the ends of spans, which may overlap and be nested; spans outside of it are left out."""
    length = len(text)
    inside = {i: span for i, span in enumerate(spans) if 0 <= span[0] < span[1] <= length}
    cuts = sorted({0, length, *(end for span in inside.values() for end in span)})
    return [
        Segment(
            text[a:b],
            tuple(i for i, (start, end) in inside.items() if start <= a and b <= end),
            tuple(i for i, (start, _) in inside.items() if start == a),
        )
        for a, b in pairwise(cuts)
    ]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the ranges that any of the spans covers, in order, none of which touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return found
