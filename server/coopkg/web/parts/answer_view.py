"""Answers as a page shows them: a table whose things have names, yes or no; drawn, or as terms."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.federation.source_report import word
from coopkg.answers.labels import Known, look_up
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import compact, quote
from coopkg.web.charts import views
from coopkg.web.charts.table import Cell, Table, plain
from coopkg.web.i18n import best
from coopkg.web.rendering import own_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.service import Service
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

    ``whole`` has every column, as terms; ``skip`` counts the rows before those shown; ``lacking`` has the
    endpoints of which nothing is in the answer, each with a word for why.
    """

    table: Table
    whole: Table
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
        graph = self.whole.columns == ("subject", "predicate", "object")
        head = [] if graph else ["\t".join(f"?{name}" for name in self.whole.columns)]
        rows = [[cell.name for cell in row] for row in self.whole.rows]
        return "\n".join([*head, *(" ".join([*row, "."]) if graph else "\t".join(row) for row in rows)])


def ask(service: Service, task: Task, visit: Visit, skip: int = 0) -> ShownAnswer:
    """Return what a page shows of the answer. Raises the errors of evaluation."""
    began = time.perf_counter()
    answer = service.answer(replace(task, rows=SHOWN, skip=skip))
    found = json.loads(answer.body)
    lacking = tuple((source.alias, word(source.missing)) for source in answer.sources if source.missing)
    seconds = time.perf_counter() - began
    if "boolean" in found:
        blank = Table((), (), 1)
        return ShownAnswer(blank, blank, bool(found["boolean"]), seconds, lacking=lacking)
    names, rows = found["vars"], found["rows"]
    known = look_up(service, {term["value"] for row in rows for term in row if term and term["type"] == "uri"})
    shower = _Shower(service.settings.base, visit, known, prefixes(service.settings.base))
    whole = Table(tuple(names), tuple(tuple(map(_term, row)) for row in rows), found["total"], found["more"])
    folded = _folded(names, rows, known)
    kept = [i for i, name in enumerate(names) if name not in folded]
    cells = tuple(tuple(shower.cell(row[i]) for i in kept) for row in rows)
    table = Table(tuple(names[i] for i in kept), cells, found["total"], found["more"])
    return ShownAnswer(table, whole, None, seconds, folded, skip, lacking)


def _folded(names: list[str], rows: list[list[Any]], known: Mapping[str, Known]) -> tuple[str, ...]:
    """Return the columns ``xLabel`` that only name the thing in column ``x`` of each row, as its own label does."""
    found = []
    for name in names:
        thing = name.removesuffix(_SUFFIX)
        if thing != name and thing in names and rows:
            one, two = names.index(thing), names.index(name)
            if all(_names(row[one], row[two], known) for row in rows):
                found.append(name)
    return tuple(found)


def _names(thing: Any, label: Any, known: Mapping[str, Known]) -> bool:  # noqa: ANN401 - terms as JSON has them
    return bool(thing and label) and label["value"] in known.get(thing["value"], Known()).names.values()


@dataclass(frozen=True)
class _Shower:
    """Makes cells of terms for one visit."""

    base: str
    visit: Visit
    known: Mapping[str, Known]
    prefixes: dict[str, str]
    shown: dict[str, Cell] = field(default_factory=dict)

    def cell(self, term: Any) -> Cell:  # noqa: ANN401 - a term as JSON has it
        """Return a term as a visitor sees it."""
        if term is None:
            return Cell()
        if term["type"] == "uri":
            return self.thing(term["value"])
        if term["type"] == "triple":
            parts = [self.cell(term["value"][part]).text for part in ("subject", "predicate", "object")]
            return Cell(" ".join(parts), value=" ".join(parts))
        datatype = term.get("datatype", "")
        cell = Cell(plain(term["value"]), term.get("xml:lang", ""), value=term["value"], datatype=datatype)
        if cell.number is not None:
            return replace(cell, text=_number(cell, self.visit))
        return replace(cell, text=self.visit.words.date(term["value"])) if cell.day and "-" in term["value"] else cell

    def thing(self, iri: str) -> Cell:
        """Return an IRI as a visitor sees it: by its label, or else by its prefixed name; linked where it may be."""
        if iri not in self.shown:
            known = self.known.get(iri, Known())
            text, language = best(known.names, self.visit.language)
            name, link = compact(iri, self.prefixes), own_link(iri, self.base)
            self.shown[iri] = Cell(
                plain(text or name.strip("<>")), language, self.visit.link(link) if link.startswith("/") else link, iri,
                iri=iri, name=name, point=known.point,
            )  # fmt: skip
        return self.shown[iri]


def _number(cell: Cell, visit: Visit) -> str:
    """Return a number as the language writes it, unless that would drop any of its digits."""
    number = cell.number or 0.0
    digits = cell.value.lstrip("+-").partition(".")[2]
    if len(digits) > 3 or (number.is_integer() and abs(number) < 10_000):  # four digits need no grouping, years least
        return cell.value
    return visit.words.number(int(number) if number.is_integer() else number)


def _term(term: Any) -> Cell:  # noqa: ANN401 - a term as JSON has it
    """Return a term in the syntax of N-Triples."""
    if term is None:
        return Cell()
    match term["type"]:
        case "uri":
            name = f"<{term['value']}>"
        case "bnode":
            name = f"_:{term['value']}"
        case "triple":
            parts = (_term(term["value"][part]).name for part in ("subject", "predicate", "object"))
            name = f"<<( {' '.join(parts)} )>>"
        case _:
            tag = f"@{term['xml:lang']}" if "xml:lang" in term else ""
            datatype = f"^^<{term['datatype']}>" if "datatype" in term else ""
            name = quote(term["value"]) + tag + datatype
    return Cell(name=name)


def things(service: Service, iris: Iterable[str], visit: Visit) -> dict[str, Cell]:
    """Return cells for IRIs, with their names looked up. Raises the errors of evaluation."""
    iris, base = list(iris), service.settings.base
    shower = _Shower(base, visit, look_up(service, iris), prefixes(base))
    return {iri: shower.thing(iri) for iri in iris}
