"""What a page of ours shows, read as a program would that cannot ask for RDF: its triples, its structured data.

The triples are those of its RDFa, of which pages use a part: ``about``, ``property``, ``resource``, ``content``,
``datatype`` and ``lang`` (RDFa Core 1.1, section 7.5).
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pyoxigraph as ox

LOOSE = "_:b"
"""All blank nodes: a page and a document need not call them the same."""
VOID = {"meta", "link", "input", "br", "hr", "img", "circle", "path", "rect", "line"}


class _Reader(HTMLParser):
    def __init__(self, iri: str) -> None:
        super().__init__()
        self.triples: set[tuple[str, str, str]] = set()
        self.inferred: set[tuple[str, str, str]] = set()
        self.structured: list[Any] = []
        self._subjects = [iri]
        self._marked = [False]
        self._script = False
        self._said: tuple[int, str, str, list[str]] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "script":
            self._script = found.get("type") == "application/ld+json"
            assert self._script or "src" in found, "a page has scripts of its own in files only"
        if tag in VOID:
            return
        self._subjects.append(found.get("about", self._subjects[-1]))
        self._marked.append(found.get("class") == "inferred" or self._marked[-1])
        if "property" in found:
            self._property(found)

    def _property(self, found: dict[str, str]) -> None:
        kind = f"@{found['lang']}" if "lang" in found else f"^^{found.get('datatype', '')}"
        if "resource" in found:
            self._add(found["property"], _node_name(found["resource"]))
        elif "content" in found:
            self._add(
                found["property"], found["content"] + kind.removesuffix("http://www.w3.org/2001/XMLSchema#string")
            )
        else:
            self._said = len(self._subjects), found["property"], kind, []

    def _add(self, prop: str, value: str) -> None:
        triple = (_loose(self._subjects[-1]), f"<{prop}>", value)
        self.triples.add(triple)
        if self._marked[-1]:
            self.inferred.add(triple)

    def handle_data(self, data: str) -> None:
        if self._script:
            self.structured.append(json.loads(data))
        elif self._said is not None:
            self._said[3].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = False
        if tag in VOID:
            return
        if self._said is not None and self._said[0] == len(self._subjects):
            _, prop, kind, texts = self._said
            self._said = None
            self._add(prop, "".join(texts) + kind.removesuffix("http://www.w3.org/2001/XMLSchema#string"))
        self._subjects.pop()
        self._marked.pop()


def _node_name(resource: str) -> str:
    return LOOSE if resource.startswith("_:") else f"<{resource}>"


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
