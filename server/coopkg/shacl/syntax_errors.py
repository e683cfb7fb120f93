"""All syntax errors of a document that can be found in one pass, not only the first.

After an error in Turtle or TriG parsing goes on behind the next full stop that ends a statement, in N-Triples and
N-Quads on the next line. An undeclared prefix counts once and is then assumed to be declared.
"""

from __future__ import annotations

import bisect
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

import pyoxigraph as ox

from coopkg.errors import RdfSyntaxError
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.rdf.terms import parse, without_place
from coopkg.shacl import text_edits
from coopkg.shacl.documents import readable
from coopkg.shacl.report import Edit, Fix, Lines, Place, SyntaxIssue
from coopkg.shacl.unmapped_keys import unmapped_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.terms import Document

MOST: Final = 50
"""Syntax errors that are reported of one document, with a note if there are more."""
_BUDGET: Final = 16 * 1024 * 1024
"""Characters that are parsed again, in all, in search of further errors: each error parses what is behind it anew."""
_PIECE: Final = 4096
_ASSUMED: Final = "urn:x-coopkg:undeclared:"
_CLOSE: Final = 0.6
_LEXICON: Final = re.compile(
    r"""
      (?P<skip>\#[^\n]*+|\s++)
    | (?P<iri><[^\x00-\x20<>"{}|^`]*+>)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*+'''
               |"(?:[^"\\\n]|\\.)*+"(?!")|'(?:[^'\\\n]|\\.)*+'(?!'))
    | (?P<broken>["'][^\n]*+)
    | (?P<word>[^\s<>"'\#.;,\[\](){}]++(?:\.++[^\s<>"'\#.;,\[\](){}]++)*+)
    | (?P<end>\.)
    | (?P<brace>[{}])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNDECLARED: Final = re.compile(r"The prefix ([^\s:]*): has not been declared")


class _Error(NamedTuple):
    """What the parser says, and where: line and column from 1."""

    line: int
    column: int
    message: str


def syntax_errors(document: Document) -> tuple[tuple[SyntaxIssue, ...], bool]:
    """Find the syntax errors of a document, in order, and whether there may be more. Raises RemoteContext."""
    original = document
    try:
        document = readable(document)
    except RdfSyntaxError as error:
        return (_first(document, error),), False
    match document.format:
        case ox.RdfFormat.TURTLE | ox.RdfFormat.TRIG:
            return _in_statements(document)
        case ox.RdfFormat.N_TRIPLES | ox.RdfFormat.N_QUADS:
            issues = list(_in_lines(document))
        case _:
            issues = list(_where_it_stops(document, original)) or list(unmapped_keys(original))
    return tuple(issues[:MOST]), len(issues) > MOST


def _first(document: Document, error: RdfSyntaxError) -> SyntaxIssue:
    line, column = (int(str(error.members.get(name, 1))) for name in ("line", "column"))
    place = Place(document.name, line, column)
    return SyntaxIssue(place, error.detail.removeprefix(f"{place}: ").rstrip("."))


def _parse(text: str, document: Document) -> _Error | None:
    """Return the first error of a text, or None."""
    try:
        for _ in parse(text.encode(), document.format, document.base):
            pass
    except SyntaxError as error:
        return _Error(error.lineno or 1, error.offset or 1, without_place(error))
    return None


class _Trickle:
    """A file that is read in large pieces up to an offset, and then byte by byte."""

    def __init__(self, data: bytes, slowly_from: int) -> None:
        self.data = data
        self.slowly_from = slowly_from
        self.at = 0

    def read(self, _size: int = -1) -> bytes:
        piece = self.data[self.at : max(self.at + 1, min(self.at + _PIECE, self.slowly_from))]
        self.at += len(piece)
        return piece


def _where_it_stops(document: Document, original: Document) -> Iterator[SyntaxIssue]:
    """Yield the error of a document in RDF/XML or JSON-LD, whose parsers give no position, but read on demand.

    So what they have read when the error is raised ends with what is at fault.
    """
    # Twice: in large pieces to learn in which of them the error is, then byte by byte through that piece alone.
    data, slowly_from = document.data, len(document.data) + _PIECE
    for _ in range(2):
        file = _Trickle(data, slowly_from)
        try:
            for _quad in parse(file, document.format, document.base):  # type: ignore[arg-type]
                pass
        except SyntaxError as error:
            slowly_from, message = max(0, file.at - _PIECE), without_place(error)
        else:
            return
    read = data[: file.at].rstrip()
    start = read.rfind(b"<") if document.format == ox.RdfFormat.RDF_XML else len(read) - 1
    same = document is original
    place = Lines(document.name, data.decode()).place(len(data[: max(0, start)].decode(errors="ignore")) if same else 0)
    yield SyntaxIssue(place, message)


def _in_lines(document: Document) -> Iterator[SyntaxIssue]:
    for number, line in enumerate(document.data.decode("utf-8").split("\n"), 1):
        error = _parse(line, document)
        if error is not None:
            yield SyntaxIssue(
                Place(document.name, number, error.column if error.line == 1 else len(line) + 1), error.message
            )


def _in_statements(document: Document) -> tuple[tuple[SyntaxIssue, ...], bool]:
    text = document.data.decode("utf-8")
    outline = _Outline(text, document)
    start, parsed = 0, 0
    assumed: list[str] = []
    issues: list[SyntaxIssue] = []
    while start < len(text) and len(issues) <= MOST and parsed <= _BUDGET:
        parsed += len(text) - start
        error = _parse(outline.remainder(start, assumed), document)
        # Line 1 is the head that was put before the text: an error there is none of the document.
        if error is None or error.line < 2:
            return tuple(issues[:MOST]), False
        place = Place(document.name, error.line - 2 + outline.lines.place(start).line, error.column)
        offset = min(outline.lines.starts[min(place.line, len(outline.lines.starts)) - 1] + place.column - 1, len(text))
        undeclared = _UNDECLARED.search(error.message)
        if undeclared is not None and undeclared[1] not in assumed:
            issues.append(outline.undeclared(undeclared[1], place, offset, error.message))
            # Parsing goes on with this statement, now that the prefix counts as declared.
            assumed.append(undeclared[1])
            start = max(start, outline.end_before(offset))
        else:
            issues.append(SyntaxIssue(place, error.message))
            # At least one character further, so that the loop ends.
            start = max(outline.end_behind(offset), start + 1)
    return tuple(issues[:MOST]), start < len(text)


class _Outline:
    """The statements of a text that may be broken: where they end, what they declare, how deep they are in braces."""

    def __init__(self, text: str, document: Document) -> None:
        self.text = text
        self.document = document
        self.lines = Lines(document.name, text)
        self.ends: list[int] = []
        self.depths: list[int] = []
        self.declarations: list[tuple[int, str, str]] = []
        self._read()

    def _read(self) -> None:
        depth = 0
        graphs = self.document.format == ox.RdfFormat.TRIG
        last: list[str] = ["", ""]
        for token in _LEXICON.finditer(self.text):
            kind, text = token.lastgroup, token.group()
            if kind == "skip":
                continue
            if kind == "brace" and graphs:
                depth = depth + 1 if text == "{" else max(0, depth - 1)
            if (
                kind == "end"
                or (kind == "brace" and text == "}" and graphs)
                or (kind == "broken" and text.rstrip().endswith("."))
            ):
                self.ends.append(token.end())
                self.depths.append(depth)
            if kind == "iri":
                self._declare(last, text, token.end())
            last = [last[1], text]

    def _declare(self, last: list[str], iri: str, end: int) -> None:
        if last[0].lower() in {"@prefix", "prefix"} and last[1].endswith(":"):
            declaration = f"@prefix {last[1]} {iri} . "
        elif last[1].lower() in {"@base", "base"}:
            declaration = f"@base {iri} . "
        else:
            return
        # A declaration that is itself wrong is an error once, not in every remainder.
        if _parse(declaration, self.document) is None:
            self.declarations.append((end, last[1].rstrip(":"), declaration))

    def end_before(self, offset: int) -> int:
        index = bisect.bisect_right(self.ends, offset) - 1
        return self.ends[index] if index >= 0 else 0

    def end_behind(self, offset: int) -> int:
        """Return the offset at which the statement with an error ends."""
        index = bisect.bisect_left(self.ends, max(offset, 1))
        return self.ends[index] if index < len(self.ends) else len(self.text)

    def remainder(self, start: int, assumed: Iterable[str]) -> str:
        """Return the text from ``start`` on, behind one line with the declarations before it.

        One line, so that the lines of errors are off by one and no more; spaces keep the columns of the first.
        """
        head = "".join(declaration for end, _, declaration in self.declarations if 0 < end <= start)
        head = "".join(f"@prefix {name}: <{_ASSUMED}{name}/> . " for name in assumed) + head
        index = bisect.bisect_right(self.ends, start) - 1
        # In TriG the remainder may begin inside of a graph, whose opening brace is gone.
        if start and index >= 0 and self.depths[index]:
            head += f"<{_ASSUMED}graph> {{ "
        return f"{head}\n{' ' * (self.lines.place(start).column - 1)}{self.text[start:]}"

    def undeclared(self, name: str, place: Place, offset: int, message: str) -> SyntaxIssue:
        """Return the error of an undeclared prefix, with the missing declaration or the prefix that was meant."""
        project_prefixes = prefixes(self.document.base or DEFAULT_BASE)
        if name in project_prefixes:
            declaration = f"@prefix {name}: <{project_prefixes[name]}> ."
            at = max((end for end, _, _ in self.declarations if end <= offset), default=0)
            at = self.text.find("\n", at) + 1 if at else 0
            return self._issue(place, message, declaration, Edit(self.document.name, at, at, f"{declaration}\n"))
        declared = {prefix for _, prefix, _ in self.declarations}
        close = get_close_matches(name, sorted(declared | set(project_prefixes)), 1, _CLOSE)
        if not close:
            return SyntaxIssue(place, message)
        edit = Edit(self.document.name, offset, offset + len(name), close[0])
        fits = close[0] in declared and self.text.startswith(f"{name}:", offset)
        return self._issue(place, message, f"{close[0]}:", edit if fits else None)

    def _issue(self, place: Place, message: str, suggestion: str, edit: Edit | None) -> SyntaxIssue:
        fix = Fix((edit,), text_edits.diff(self.document.name, self.text, (edit,), self.lines.starts)) if edit else None
        return SyntaxIssue(place, message, suggestion, fix)
