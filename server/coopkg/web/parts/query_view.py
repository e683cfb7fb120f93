"""The page that asks: what it shows beside an answer, whether the query is a visit's own or a saved one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.empty_results import diagnose
from coopkg.answers.sparql_endpoint import SHAPES
from coopkg.errors import CoopkgError, QuerySyntaxError
from coopkg.rdf.formats import Shape, formats_for
from coopkg.web.charts import views
from coopkg.web.parts import code_snippets
from coopkg.web.parts.answer_view import LARGEST_OFFSET, SHOWN, ask
from coopkg.web.parts.page_response import page
from coopkg.web.parts.request_values import origin
from coopkg.web.rendering import EMBEDDED_HEADERS, PAGE_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask import Response

    from coopkg.answers.empty_results import Diagnosis
    from coopkg.answers.saved_queries import SavedQuery
    from coopkg.answers.service import Service
    from coopkg.web.parts.answer_view import ShownAnswer
    from coopkg.web.rendering import Visit
    from coopkg.workers.tasks import Task

TOPICS: Final = (
    "start-here", "commissions", "projects", "programmes", "funding", "organisations", "people", "statistics", "time",
    "evidence", "reasoning", "federation", "quality",
)  # fmt: skip
"""The topics of saved queries, in the order of the gallery."""
_ACCEPTS: Final = {
    Shape.SOLUTIONS: "text/csv",
    Shape.BOOLEAN: "application/sparql-results+json",
    Shape.GRAPH: "text/turtle",
}


@dataclass(frozen=True)
class Bench:
    """What is asked on the page: the text as people edit it, its task, form, and parameters for the endpoint.

    ``stem`` is the address to which a suffix makes a download, or None where ``format=`` does.
    """

    text: str
    task: Task
    form: str
    title: str
    parameters: Mapping[str, str]
    view: str | None = None
    stem: str | None = None


def gallery(saved: Iterable[SavedQuery]) -> list[tuple[str, list[SavedQuery]]]:
    """Return the saved queries by topic, each once besides those to start with."""
    found: dict[str, list[SavedQuery]] = {topic: [] for topic in TOPICS}
    for query in saved:
        if TOPICS[0] in query.tags:
            found[TOPICS[0]].append(query)
        found[next((tag for tag in query.tags if tag in TOPICS[1:]), TOPICS[-1])].append(query)
    return [(topic, queries) for topic, queries in found.items() if queries]


_BLANK: Final = {
    "text": "", "title": "", "form": "", "answer": None, "entailment": True, "saved": None, "fields": (),
}  # fmt: skip


def asking(
    running: Service,
    visit: Visit,
    shown: Mapping[str, object],
    problem: CoopkgError | None = None,
    *,
    stable: bool = True,
) -> Response:
    """Return the page with what there is to show; with a problem, under its status."""
    values: dict[str, Any] = {**_BLANK, "gallery": gallery(running.queries.values()), **shown, "problem": problem}
    if problem is None:
        return page("query.html", stable=stable, visit=visit, **values)
    headers = {**PAGE_HEADERS, **problem.headers()}
    return page("query.html", status=problem.status, stable=False, visit=visit, headers=headers, **values)


def answered(
    running: Service, visit: Visit, bench: Bench, saved: Mapping[str, object] | None = None, *, stable: bool
) -> Response:
    """Return the page with an answer, or with what kept the query from having one."""
    asked = dict(visit.parameters)
    shown = {"text": bench.text, "title": bench.title, "form": bench.form, "entailment": bench.task.entailment}
    try:
        answer = _page_of(running, bench.task, visit, _skip(asked.get("from")))
        why = _why(running, bench.task) if answer.nothing and asked.get("why") else None
    except CoopkgError as error:
        return asking(running, visit, {**shown, **(saved or {})}, error)
    around = _around(visit, bench, answer, asked.get("view") or None)
    extra = {"why": why, "asked_why": "why" in asked, **(saved or {})}
    looked = why is None or why.complete  # another time it may be found out in time
    return asking(running, visit, {**shown, **around, **extra}, stable=stable and looked)


def _page_of(running: Service, task: Task, visit: Visit, skip: int) -> ShownAnswer:
    """Return the rows after those skipped; the last ones there are, where that leaves none."""
    answer = ask(running, task, visit, skip)
    total = answer.table.total
    return ask(running, task, visit, (total - 1) // SHOWN * SHOWN) if skip >= total > 0 else answer


def _why(running: Service, task: Task) -> Diagnosis | None:
    try:
        return diagnose(running, task)
    except QuerySyntaxError:
        return None


def embedded(running: Service, visit: Visit, bench: Bench, address: str, *, stable: bool) -> Response:
    """Return the answer alone, for a frame on another site. Raises the errors of evaluation."""
    answer = ask(running, bench.task, visit)
    drawn = _drawn(visit, bench, answer, dict(visit.parameters).get("view") or None)
    return page("embed.html", stable=stable, visit=visit, headers=EMBEDDED_HEADERS, title=bench.title,
                address=address, entailment=bench.task.entailment, **drawn)  # fmt: skip


def _skip(text: str | None) -> int:
    """Return how many rows come before those that are asked for; the first is number 1."""
    number = int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else 1
    return min(max(number - 1, 0), LARGEST_OFFSET)


def _drawn(visit: Visit, bench: Bench, answer: ShownAnswer, view: str | None) -> dict[str, Any]:
    if answer.boolean is not None:
        return {"answer": answer, "view": "table", "drawing": None}
    chosen = "raw" if view == "raw" else views.chosen(answer.table, view or bench.view)
    return {"answer": answer, "view": chosen, "drawing": answer.draw(chosen, bench.title, visit)}


def _around(visit: Visit, bench: Bench, answer: ShownAnswer, view: str | None) -> dict[str, Any]:
    """Return what surrounds an answer: views, downloads, ways to share it, the rows before and after."""
    drawn = _drawn(visit, bench, answer, view)
    after = str(answer.last + 1) if answer.last < answer.table.total else None
    before = str(max(answer.skip - SHOWN, 0) + 1) if answer.skip else None
    formats = formats_for(SHAPES[bench.form])
    return {
        **drawn,
        "tabs": [(name, visit.here(view=name, why=None)) for name in answer.views],
        "downloads": [(fmt.name, _download(visit, bench, fmt.name)) for fmt in formats],
        "permalink": f"{origin()}{visit.here(view=drawn['view'], why=None).lstrip('/')}",
        "snippets": _snippets(visit, bench, str(drawn["view"])),
        "before": before and visit.here(**{"from": before}),
        "after": after and visit.here(**{"from": after}),
    }


def _snippets(visit: Visit, bench: Bench, view: str) -> dict[str, str]:
    asked = code_snippets.Asked(f"{origin()}sparql", bench.parameters, _ACCEPTS[SHAPES[bench.form]])
    framed = replace(visit, path="/embed" + (visit.path if bench.stem else "")).here(view=view, why=None)
    return {
        "curl": code_snippets.curl(asked),
        "Python": code_snippets.python(asked),
        "R": code_snippets.r(asked),
        "HTML": code_snippets.frame(f"{origin()}{framed.lstrip('/')}", bench.title),
    }


_OWN: Final = {"view": None, "from": None, "why": None, "lang": None}
"""Parameters that belong to the page, not to the query."""


def _download(visit: Visit, bench: Bench, name: str) -> str:
    if bench.stem:
        return replace(visit, path=f"{bench.stem}.{name}").here(**_OWN)
    return replace(visit, path="/sparql").here(**_OWN, format=name)
