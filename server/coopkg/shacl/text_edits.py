"""Edits of a text: applied to it, and as a unified diff."""

from __future__ import annotations

import bisect
import difflib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coopkg.shacl.report import Edit

_CONTEXT: Final = 3
_HUNK: Final = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def compatible(edits: Iterable[Edit]) -> list[Edit]:
    """Sort edits, each once, without those that overlap an earlier one."""
    chosen: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.file, e.start, e.end, e.text)):
        last = chosen[-1] if chosen else None
        if last is None or last.file != edit.file or edit.start >= max(last.end, last.start + (last.start == last.end)):
            chosen.append(edit)
    return chosen


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Apply the edits of one document to its text; those that overlap an earlier one are left out."""
    parts: list[str] = []
    copied = 0
    for edit in compatible(edits):
        parts += [text[copied : edit.start], edit.text]
        copied = edit.end
    return "".join([*parts, text[copied:]])


def diff(name: str, text: str, edits: Iterable[Edit], starts: Sequence[int] = ()) -> str:
    """Write the edits of one document as a unified diff; ``starts`` are the offsets of its lines, where known.

    Only the lines around the edits are compared: to compare all of a large text for each result would take too long.
    """
    chosen = compatible(edits)
    if not chosen:
        return ""
    starts = starts or [0, *(m.end() for m in re.finditer("\n", text))]
    hunks: list[str] = []
    shift = 0
    for window in _windows(chosen, starts):
        first, last, inside = window
        begin, end = starts[first], starts[last] if last < len(starts) else len(text)
        before = text[begin:end]
        after = apply(before, (_moved(edit, begin) for edit in inside))
        hunks += _hunks(before, after, first, shift)
        # Edits before a hunk move its line number in the new text.
        shift += after.count("\n") - before.count("\n")
    old, new = (name, name) if name.startswith("/") else (f"a/{name}", f"b/{name}")
    return "".join([f"--- {old}\n", f"+++ {new}\n", *hunks])


def _moved(edit: Edit, by: int) -> Edit:
    return type(edit)(edit.file, edit.start - by, edit.end - by, edit.text)


def _windows(edits: Sequence[Edit], starts: Sequence[int]) -> Iterator[tuple[int, int, list[Edit]]]:
    """Yield stretches of lines, from first to before last by index, that cover some edits and their context."""
    open_: tuple[int, int, list[Edit]] | None = None
    for edit in edits:
        first = max(0, bisect.bisect_right(starts, edit.start) - 1 - _CONTEXT)
        last = min(len(starts), bisect.bisect_right(starts, edit.end) + _CONTEXT)
        # Contexts that touch make one hunk, as diff does.
        if open_ is not None and first <= open_[1]:
            open_ = (open_[0], last, [*open_[2], edit])
            continue
        if open_ is not None:
            yield open_
        open_ = (first, last, [edit])
    if open_ is not None:
        yield open_


def _hunks(before: str, after: str, first: int, shift: int) -> Iterator[str]:
    def moved(match: re.Match[str]) -> str:
        old, new = int(match[1]) + first, int(match[3]) + first + shift
        return f"@@ -{old}{match[2] or ''} +{new}{match[4] or ''} @@"

    for line in list(difflib.unified_diff(_lines(before), _lines(after), n=_CONTEXT))[2:]:
        numbered = _HUNK.sub(moved, line) if line.startswith("@@") else line
        yield numbered if numbered.endswith("\n") else f"{numbered}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)
