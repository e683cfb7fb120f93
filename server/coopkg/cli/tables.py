"""SPARQL solutions as a table for a terminal."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from coopkg.rdf.shown_terms import shown_json_term

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_table(answer: bytes, prefixes: dict[str, str]) -> str:
    """Return a JSON result (SPARQL 1.1 Query Results JSON Format) as aligned columns; that of ASK as one word."""
    document = json.loads(answer)
    if "boolean" in document:
        return "true\n" if document["boolean"] else "false\n"
    names = document["head"]["vars"]
    rows = [[_cell(row.get(name), prefixes) for name in names] for row in document["results"]["bindings"]]
    widths = [max(_width(cell) for cell in column) for column in zip(names, *rows, strict=True)]
    lines = [names, ["-" * width for width in widths], *rows]
    text = "\n".join(
        "  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    return f"{text}\n({len(rows)} row{'s' if len(rows) != 1 else ''})\n"


def _cell(term: Mapping[str, str] | None, prefixes: dict[str, str]) -> str:
    shown = shown_json_term(term, prefixes)
    if shown.iri:
        return shown.name
    # Escape sequences in a literal could move the cursor, or retitle or paste into the user's terminal.
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown.text)
    return printable + (f"@{shown.language}" if shown.language else "")


def _width(text: str) -> int:
    """Return the columns that a text takes: none for a combining mark, two for a wide character."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
