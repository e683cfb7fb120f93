"""Answers as a page shows them: a table, a graph as text, or yes and no."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopkg.endpoint import SHAPES
from coopkg.federation.report import notes
from coopkg.results import formats_for
from coopkg.terms import compact
from coopkg.vocab import prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopkg.engine.evaluate import Task
    from coopkg.results import Format
    from coopkg.service import Service

SHOWN: Final = 1000
"""Rows that a page shows; it says so where there are more."""


@dataclass(frozen=True)
class ShownAnswer:
    """An answer for a page; one of the three is set. ``notes`` say what of other endpoints is not in it."""

    table: dict[str, Any] | None = None
    text: str | None = None
    boolean: bool | None = None
    notes: tuple[str, ...] = ()


def shown_answer(service: Service, form: str, task: Callable[[Format], Task]) -> ShownAnswer:
    """Ask, and give what a page shows of the answer. Raises the errors of evaluation."""
    found = service.answer(task(formats_for(SHAPES[form])[0]))
    body, said = found.body, notes(found.sources)
    if form == "SELECT":
        answer = json.loads(body)
        names = prefixes(service.settings.base)
        head, rows = answer["head"]["vars"], answer["results"]["bindings"]
        cells = [[_cell(row.get(name), names) for name in head] for row in rows[:SHOWN]]
        return ShownAnswer(table={"head": head, "rows": cells, "count": len(rows)}, notes=said)
    if form == "ASK":
        return ShownAnswer(boolean=json.loads(body)["boolean"], notes=said)
    return ShownAnswer(text=body.decode(), notes=said)


def _cell(term: Mapping[str, Any] | None, names: dict[str, str]) -> dict[str, str]:
    if term is None:
        return {"text": ""}
    if term["type"] == "uri":
        link = term["value"] if term["value"].startswith(("http://", "https://")) else ""
        return {"text": compact(term["value"], names).strip("<>"), "link": link}
    if term["type"] == "triple":
        return {
            "text": " ".join(_cell(term["value"][part], names)["text"] for part in ("subject", "predicate", "object"))
        }
    return {"text": term["value"], "lang": term.get("xml:lang", "")}
