"""A validation report as its page shows it: problems by severity, the documents with their lines marked, the fixes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from coopkg.errors import BadParameter
from coopkg.web.parts.named_terms import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from coopkg.dataset.validation_questions import Upload
    from coopkg.web.parts.named_terms import Naming

WHOLE: Final = 300
"""Lines up to which a document is shown as a whole; of a longer one, those around the problems."""
_AROUND: Final = 3
# generated files have lines of megabytes
_WIDEST: Final = 2000
"""Characters of a line that are shown."""
EDITABLE: Final = 200_000
"""Characters of all documents up to which the page carries them, to be corrected and validated again."""
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"[^\s,;\]]*|<[^>]*>|[^\s,;\]]+')
# digits are bounded, for int() takes quadratic time and the field comes from outside
_EDIT: Final = re.compile(r"(\d{1,4}):(\d{1,9}):(\d{1,9}):([^;]*)")


@dataclass(frozen=True)
class Line:
    """A line of a document: pieces of text, each marked or not; the problems that are about it, by number."""

    number: int
    pieces: tuple[tuple[str, bool], ...]
    problems: tuple[int, ...] = ()
    cut: bool = False
    after_gap: bool = False


@dataclass(frozen=True)
class Listing:
    """A document as a page shows it; its anchors are ``d<index>-<line>``."""

    index: int
    name: str
    format_name: str
    text: str
    lines: tuple[Line, ...]
    whole: bool


def listings(documents: Sequence[Upload], problems: Sequence[Mapping[str, Any]]) -> list[Listing]:
    """Return the documents with the places of the problems marked; problems are numbered from 1, as they come."""
    return [_listing(i, upload, problems) for i, upload in enumerate(documents)]


def _listing(index: int, upload: Upload, problems: Sequence[Mapping[str, Any]]) -> Listing:
    text = upload.data.decode("utf-8", errors="replace")
    rows = text.replace("\r\n", "\n").split("\n")
    if rows[-1] == "":
        rows.pop()
    marks: dict[int, list[tuple[int, int]]] = {}
    for number, problem in enumerate(problems, 1):
        if problem.get("file") == upload.name and problem.get("line"):
            marks.setdefault(problem["line"], []).append((problem["column"], number))
    whole = len(rows) <= WHOLE
    listed = range(1, len(rows) + 1) if whole else sorted(
        {n for line in marks for n in range(line - _AROUND, line + _AROUND + 1) if 0 < n <= len(rows)}
    )  # fmt: skip
    lines, last = [], 0
    for number in listed:
        lines.append(_line(number, rows[number - 1], marks.get(number, []), after_gap=number != last + 1))
        last = number
    return Listing(index, upload.name, upload.format_name, text, tuple(lines), whole)


def _line(number: int, text: str, marks: list[tuple[int, int]], *, after_gap: bool) -> Line:
    visible = text[:_WIDEST]
    pieces: list[tuple[str, bool]] = []
    at = 0
    for column in sorted({column for column, _ in marks}):
        token = _TOKEN.match(visible, column - 1)
        if token is None or token.start() < at:
            continue
        pieces += [(visible[at : token.start()], False), (token.group(), True)]
        at = token.end()
    pieces.append((visible[at:], False))
    problems = tuple(sorted({problem for _, problem in marks}))
    return Line(number, tuple(p for p in pieces if p[0]), problems, len(text) > _WIDEST, after_gap)


def anchor(place: Mapping[str, Any] | None, documents: Sequence[Listing]) -> str:
    """Return the fragment of the line that a place is in; empty where the page does not show it."""
    for listing in documents if place else ():
        if place and listing.name == place.get("file"):
            is_listed = any(line.number == place.get("line") for line in listing.lines)
            return f"#d{listing.index}-{place['line']}" if is_listed else ""
    return ""


def problems_of(report: Mapping[str, Any], documents: Sequence[Listing], name: Naming) -> list[dict[str, Any]]:
    """Return the results of a report as the page shows them, with the names of things and what applies a fix."""
    language = name.visitor.language
    texts = {listing.name: listing for listing in documents}
    return [
        {
            **result,
            "number": number,
            "anchor": anchor(result, documents),
            "sentence": result["messages"].get(language) or result["message"],
            "language": language if language in result["messages"] else "",
            "focus": name(result["focus"]),
            "found": name(result["found"]) if result["found"] else None,
            "wish": (result["expected"] or {}).get(language, ""),
            "grounds": [{**ground, "triple": [name(cell) for cell in ground["triple"]],
                         "anchor": anchor(ground["place"], documents)} for ground in result["grounds"]],
            "diff": result["fix"]["diff"].split("\n")[2:] if result["fix"] else [],
            "apply": applying(result["fix"]["edits"], texts) if result["fix"] else "",
        }
        for number, result in enumerate(report["results"], 1)
    ]  # fmt: skip


def applying(edits: Iterable[Mapping[str, Any]], documents: Mapping[str, Listing]) -> str:
    """Return edits as a form field carries them: ``document:start:end:text`` with semicolons between.

    Offsets count a line's end as one character, for that is what a browser makes of it. Empty where a document is
    not one that the page has.
    """
    parts = []
    for edit in edits:
        listing = documents.get(edit["file"])
        if listing is None:
            return ""
        start, end = (at - listing.text.count("\r\n", 0, at) for at in (edit["start"], edit["end"]))
        parts.append(f"{listing.index}:{start}:{end}:{quote(edit['text'], safe='')}")
    return ";".join(parts)


def all_at_once(problems: Iterable[Mapping[str, Any]]) -> str:
    """Return every fix that does not touch what another has touched, as ``applying`` gives one; empty below two."""
    taken: list[tuple[str, int, int]] = []
    chosen: list[str] = []
    count = 0
    for problem in problems:
        edits = [edit for edit in problem["apply"].split(";") if edit]
        fresh = [edit for edit in edits if edit not in chosen]
        spans = [(i, int(start), int(end)) for i, start, end, _ in (edit.split(":", 3) for edit in fresh)]
        if fresh and not any(a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2] for a in spans for b in taken):
            taken += spans
            chosen += fresh
            count += 1
    return ";".join(chosen) if count > 1 else ""


def with_edits(texts: Sequence[str], field: str) -> list[str]:
    """Return the texts with the edits of a form field applied. Raises BadParameter."""
    edits: dict[int, list[tuple[int, int, str]]] = {}
    for part in field.split(";"):
        edit = _EDIT.fullmatch(part)
        if edit is None or int(edit[1]) >= len(texts):
            raise BadParameter("The fix does not belong to these documents: validate them again.")
        edits.setdefault(int(edit[1]), []).append((int(edit[2]), int(edit[3]), unquote(edit[4])))
    return [_edited(text, edits.get(index, [])) for index, text in enumerate(texts)]


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    last = len(text)
    for start, end, new in sorted(edits, reverse=True):  # from the end, so that earlier offsets stay true
        if not start <= end <= last:
            raise BadParameter("The fix does not belong to these documents: validate them again.")
        text, last = text[:start] + new + text[end:], start
    return text


def by_severity(problems: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return the problems of each severity that there is, the worst first."""
    for severity in ("Violation", "Warning", "Info"):
        of_severity = [problem for problem in problems if problem["severity"] == severity]
        if of_severity:
            yield severity, of_severity


def changed(changes: Mapping[str, Any], name: Naming) -> dict[str, Any]:
    """Return what would change as the page shows it; empty where nothing is compared."""
    if not changes:
        return {}
    kinds = {
        kind: {"count": changes[kind]["count"], "rows": facts(name, changes[kind]["rows"])}
        for kind in ("added", "removed", "inferred", "uninferred")
    }
    alike = [pair | {"node": name(pair["node"]), "other": name(pair["other"])} for pair in changes["alike"]]
    created = {**changes["created"], "nodes": [name(node) for node in changes["created"]["nodes"]]}
    return {**changes, **kinds, "alike": alike, "created": created, "graph": name(changes["graph"])}
