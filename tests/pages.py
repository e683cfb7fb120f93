"""What a page of ours shows, read as a program would that cannot ask for RDF: its triples, its structured data."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pyoxigraph as ox

LOOSE = "_:b"
"""All blank nodes: a page and a document need not call them the same."""


class _Reader(HTMLParser):
    def __init__(self, iri: str) -> None:
        super().__init__()
        self.subject = iri
        self.triples: set[tuple[str, str, str]] = set()
        self.inferred: set[tuple[str, str, str]] = set()
        self.structured: list[Any] = []
        self._iri = iri
        self._section = self._heading = self._cell = self._script = False
        self._row: list[str] = []
        self._marked = False
        self._term: list[str] | None = None
        self._frame: tuple[str, str] = ("", "")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "section":
            self._section, self.subject = True, self._iri
        elif tag == "h2" and self._section:
            self._heading = True
        elif tag == "tr":
            self._row, self._marked = [], found.get("class") == "inferred"
        elif tag == "td":
            self._cell = True
        elif tag == "script":
            self._script = found.get("type") == "application/ld+json"
            assert self._script or "src" in found, "a page has scripts of its own in files only"
        elif self._section and (self._heading or self._cell) and tag in {"a", "span"} and found.get("class") != "why":
            self._begin(found)

    def _begin(self, found: dict[str, str]) -> None:
        iri = found.get("href") or found.get("data-iri")
        if iri:
            self._term, self._frame = [], (f"<{iri}>", "")
        elif "lang" in found:
            self._term, self._frame = [], ("", f"@{found['lang']}")
        else:
            self._term, self._frame = [], ("", f"^^{found.get('data-datatype', '')}")

    def handle_data(self, data: str) -> None:
        if self._script:
            self.structured.append(json.loads(data))
        elif self._term is not None:
            self._term.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"a", "span"} and self._term is not None:
            self._end(self._frame[0] or "".join(self._term) + self._frame[1])
            self._term = None
        elif tag == "h2":
            self._heading = False
        elif tag == "td":
            self._cell = False
        elif tag == "script":
            self._script = False
        elif tag == "tr" and len(self._row) == 2:
            triple = (_loose(self.subject), self._row[0], _loose(self._row[1]))
            self.triples.add(triple)
            if self._marked:
                self.inferred.add(triple)
        elif tag == "section":
            self._section = False

    def _end(self, term: str) -> None:
        if self._heading:
            self.subject = term.strip("<>") if term.startswith("<") else term
        elif self._cell:
            self._row.append(term)


def _loose(term: str) -> str:
    return LOOSE if term.startswith("_:") else term


def read(html: str, iri: str) -> _Reader:
    """Give what the page of an IRI shows."""
    reader = _Reader(iri)
    reader.feed(html)
    return reader


def loose(triples: list[ox.Triple]) -> set[tuple[str, str, str]]:
    """Give triples as ``read`` does."""
    return {(_node(t.subject).strip("<>"), _node(t.predicate), _node(t.object)) for t in triples}


def _node(term: object) -> str:
    if isinstance(term, ox.NamedNode):
        return f"<{term.value}>"
    if isinstance(term, ox.Literal):
        plain = term.datatype.value.endswith("#string")
        return term.value + (f"@{term.language}" if term.language else "^^" if plain else f"^^{term.datatype.value}")
    return LOOSE
