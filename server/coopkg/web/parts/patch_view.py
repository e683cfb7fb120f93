"""What a commit changed, as people read it: by thing, each fact added or taken back with the names of its terms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import ShownTerm, shown_iri, shown_term
from coopkg.rdf.terms import quads_from_nquads
from coopkg.web.parts.named_terms import Naming, naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.service import Service
    from coopkg.dataset.journal_format import Record
    from coopkg.web.rendering import Visit

ROWS_SHOWN: Final = 1000
"""Rows of a patch that a page shows; it says so where there are more."""
_MENTIONED: Final = 3
_LOOKED_AT: Final = 60
_SUBJECT: Final = re.compile(r"[AD] (<[^>\s]+>) ")
_NESTED: Final = "<<"


def shown(running: Service, visit: Visit, record: Record) -> dict[str, Any]:
    """Return the facts of a commit by thing, in the order of its rows, and how many rows are left out."""
    rows = [row for row in record.rows.split("\n") if row[:2] in {"A ", "D "}]
    names = prefixes(running.settings.base)
    things: dict[str, dict[str, Any]] = {}
    for row in rows[:ROWS_SHOWN]:
        cells = _cells(row[2:], names)
        thing = things.setdefault(cells[0].text, {"subject": cells[0], "rows": []})
        thing["rows"].append({"mark": row[0], "cells": cells[1:]})
    name = naming(running, visit, list(things.values()))
    return {
        "things": [_named(thing, name) for thing in things.values()],
        "more": len(rows) > ROWS_SHOWN,
        "count": ROWS_SHOWN,
    }


def _named(thing: Mapping[str, Any], name: Naming) -> dict[str, Any]:
    rows = [{"mark": row["mark"], "cells": [name(cell) for cell in row["cells"]]} for row in thing["rows"]]
    return {"subject": name(thing["subject"]), "rows": rows}


def _cells(text: str, names: dict[str, str]) -> list[ShownTerm]:
    """Return subject, property and value of a row; one with a triple in a triple stays text, however deep that is."""
    if _NESTED in text:  # the parser recurses, and whoever wrote the commit chose the depth
        return [ShownTerm("<<...>>"), ShownTerm(text[:500])]
    (quad,) = quads_from_nquads(text)
    return [shown_term(term, names) for term in (quad.subject, quad.predicate, quad.object)]


def mentions(running: Service, visit: Visit, records: Iterable[Record]) -> dict[int, list[ShownTerm]]:
    """Return the first things that each commit is about, by version."""
    names = prefixes(running.settings.base)
    things_by_version: dict[int, list[ShownTerm]] = {}
    for record in records:
        rows = record.rows.split("\n", _LOOKED_AT)[:_LOOKED_AT]
        subjects = dict.fromkeys(match[1] for row in rows if (match := _SUBJECT.match(row)))
        things_by_version[record.version] = [shown_iri(subject[1:-1], names) for subject in list(subjects)[:_MENTIONED]]
    name = naming(running, visit, list(things_by_version.values()))
    return {version: [name(thing) for thing in things] for version, things in things_by_version.items()}
