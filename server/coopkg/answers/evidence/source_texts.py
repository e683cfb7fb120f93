"""Source texts that the operator supplies as files: recognised by their SHA-256, quoted at the places of claims.

The dataset has no passage of any source; what pages quote comes from these files alone.
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
"""Bytes of the largest file that is read as a source text."""
MOST: Final = 500
"""Files of the folder that are considered, in the order of their names."""
_AROUND: Final = 90
"""Characters of context before and after a quotation."""

Span = tuple[int, int]
"""Offsets in a text: code points from 0, the end excluded."""


@dataclass(frozen=True)
class Quotation:
    """A passage with its context."""

    before: str
    passage: str
    after: str


@dataclass(frozen=True)
class Segment:
    """A piece of a text, with the indices of the spans that cover it and of those that begin with it."""

    text: str
    covering: tuple[int, ...]
    begins: tuple[int, ...]


def state(folder: Path | None) -> str:
    """Compute a text that changes whenever a file is added, removed or replaced: names, sizes and times."""
    return repr([(path.name, *_stat(path)) for path in _files(folder)])


def read_source_texts(folder: Path | None) -> Mapping[str, str]:
    """Read the source texts, by SHA-256. Files that are too large, not UTF-8 or removed meanwhile are skipped."""
    texts: dict[str, str] = {}
    for path in _files(folder):
        try:
            if _stat(path)[0] <= LARGEST:
                data = path.read_bytes()
                texts[hashlib.sha256(data).hexdigest()] = data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return texts


def _files(folder: Path | None) -> list[Path]:
    readable = folder is not None and folder.is_dir()
    return [path for path in sorted(folder.iterdir())[:MOST] if path.is_file()] if readable and folder else []


def _stat(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return LARGEST + 1, 0
    return status.st_size, status.st_mtime_ns


def quotation(text: str, span: Span) -> Quotation | None:
    """Cut out the passage of a span with its context; None for a span outside of the text."""
    start, end = span
    if not 0 <= start < end <= len(text):
        return None
    before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
    # The context begins and ends at a word boundary, with an ellipsis where the text goes on.
    if start > _AROUND:
        before = "…" + before.partition(" ")[2]
    if end + _AROUND < len(text):
        after = after.rpartition(" ")[0] + "…"
    return Quotation(before, text[start:end], after)


def segments(text: str, spans: Sequence[Span]) -> list[Segment]:
    """Split a text at the bounds of spans, which may overlap or be nested; spans outside of it are ignored."""
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
    """Compute the union of the spans as sorted ranges that do not touch."""
    ranges: list[Span] = []
    for start, end in sorted(spans):
        # Sorted by their beginnings, so only the last range can overlap or touch the next span.
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = ranges[-1][0], max(end, ranges[-1][1])
        elif start < end:
            ranges.append((start, end))
    return ranges
