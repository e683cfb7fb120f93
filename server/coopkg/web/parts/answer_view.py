"""Answers as a page shows them: a table whose things have names, yes or no; drawn, or as terms."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.federation.source_report import word
from coopkg.answers.labels import Known, look_up
from coopkg.rdf.json_terms import from_json
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import plain, shown_json_term
from coopkg.web.charts import views
from coopkg.web.charts.graph import TRIPLE
from coopkg.web.charts.table import Table, first_day, number_of
from coopkg.web.parts.named_terms import naming_in_answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.service import Service
    from coopkg.rdf.shown_terms import ShownTerm
    from coopkg.web.charts.svg import Drawing
    from coopkg.web.rendering import Visit
    from coopkg.workers.tasks import Task

SHOWN: Final = 200
"""Rows that a page shows; it says so where there are more, and leads on to them."""
LARGEST_OFFSET: Final = 1_000_000
_SUFFIX: Final = "Label"


@dataclass(frozen=True)
class ShownAnswer:
    """An answer for a page: ``boolean`` or ``table``; how long the engine took, and the labels folded into things.

    ``columns`` are all of them and ``terms`` their rows in N-Triples; ``skip`` counts the rows before those shown;
    ``lacking`` has the endpoints of which nothing is in the answer, each with a word for why.
    """

    table: Table
    columns: tuple[str, ...] = ()
    terms: tuple[tuple[str, ...], ...] = ()
    boolean: bool | None = None
    seconds: float = 0.0
    folded: tuple[str, ...] = ()
    skip: int = 0
    lacking: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> bool:
        """Return whether there is no answer at all."""
        return self.boolean is None and self.table.total == 0

    @property
    def nothing(self) -> bool:
        """Return whether nothing in the graph fits: no rows, or a plain no."""
        return self.empty or self.boolean is False

    @property
    def last(self) -> int:
        """Return the number of the last row shown."""
        return self.skip + len(self.table.rows)

    @property
    def views(self) -> tuple[str, ...]:
        """Return the views that suit the answer."""
        return views.offered(self.table) if self.boolean is None else ()

    def draw(self, view: str, label: str, visit: Visit) -> Drawing | None:
        """Return the drawing of a view, if it is one."""
        return views.draw(self.table, view, label, visit.words)

    @property
    def raw(self) -> str:
        """Return the rows as terms in the syntax of Turtle, separated by tabs (SPARQL 1.1 Query Results TSV Format)."""
        graph = self.columns == TRIPLE
        head = [] if graph else ["\t".join(f"?{name}" for name in self.columns)]
        return "\n".join([*head, *(" ".join([*row, "."]) if graph else "\t".join(row) for row in self.terms)])


def ask(service: Service, task: Task, visit: Visit, skip: int = 0) -> ShownAnswer:
    """Return what a page shows of the answer. Raises the errors of evaluation."""
    began = time.perf_counter()
    answer = service.answer(replace(task, rows=SHOWN, skip=skip))
    document = json.loads(answer.body)
    lacking = tuple((source.alias, word(source.missing)) for source in answer.sources if source.missing)
    seconds = time.perf_counter() - began
    if "boolean" in document:
        return ShownAnswer(Table((), (), 1), boolean=bool(document["boolean"]), seconds=seconds, lacking=lacking)
    names, rows = document["vars"], document["rows"]
    things = look_up(service, {term["value"] for row in rows for term in row if term and term["type"] == "uri"})
    name_thing, own_prefixes = naming_in_answers(service, visit, things), prefixes(service.settings.base)

    def cell(term: Any) -> ShownTerm:  # noqa: ANN401 - a term as JSON has it
        """Return a term as the visitor sees it; an IRI without parsing it again, for most come many times."""
        if term and term["type"] == "uri":
            return name_thing(term["value"])
        return shown_json_term(
            term, own_prefixes, lambda part: name_thing(part.iri) if part.iri else _presented(part, visit)
        )

    folded = _folded(names, rows, things)
    columns = [i for i, name in enumerate(names) if name not in folded]
    cells = tuple(tuple(cell(row[i]) for i in columns) for row in rows)
    table = Table(tuple(names[i] for i in columns), cells, document["total"], document["more"])
    terms = tuple(tuple("" if term is None else str(from_json(term)) for term in row) for row in rows)
    return ShownAnswer(
        table, tuple(names), terms,
        seconds=seconds, folded=folded, skip=skip, lacking=lacking,
    )  # fmt: skip


def _folded(names: list[str], rows: list[list[Any]], things: Mapping[str, Known]) -> tuple[str, ...]:
    """Return the columns ``xLabel`` that only name the thing in column ``x`` of each row, as its own label does."""
    folded = []
    for name in names:
        thing = name.removesuffix(_SUFFIX)
        if thing != name and thing in names and rows:
            one, two = names.index(thing), names.index(name)
            if all(_names(row[one], row[two], things) for row in rows):
                folded.append(name)
    return tuple(folded)


def _names(thing: Any, label: Any, things: Mapping[str, Known]) -> bool:  # noqa: ANN401 - terms as JSON has them
    return bool(thing and label) and label["value"] in things.get(thing["value"], Known()).names.values()


def _presented(term: ShownTerm, visit: Visit) -> ShownTerm:
    """Return a literal as the visitor's language writes numbers and days, and any text without hidden characters."""
    text = term.text
    if number_of(term) is not None:
        text = _number(term, visit)
    elif first_day(term) and "-" in term.value:  # a year alone is written alike everywhere
        text = visit.words.date(term.value)
    return replace(term, text=plain(text))


def _number(term: ShownTerm, visit: Visit) -> str:
    """Return a number as the language writes it, unless that would drop any of its digits."""
    number = number_of(term) or 0.0
    digits = term.value.lstrip("+-").partition(".")[2]
    if len(digits) > 3 or (number.is_integer() and abs(number) < 10_000):  # four digits need no grouping, years least
        return term.value
    return visit.words.number(int(number) if number.is_integer() else number)
