"""A table as charts and pages see it: rows of terms, and columns with what kind they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coopkg.rdf.shown_terms import ShownTerm

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS: Final = frozenset(
    _XSD + name for name in ("integer", "decimal", "double", "float", "int", "long", "short", "nonNegativeInteger",
                             "positiveInteger", "unsignedInt")
)  # fmt: skip
_DATES: Final = frozenset(_XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth"))
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?=\D|$)")
_LARGEST: Final = 1e300
"""Beyond it, and for INF and NaN, sums and differences on an axis are no numbers any more."""


class Kind(Enum):
    """What the cells of a column are."""

    NUMBER = "number"
    DATE = "date"
    THING = "thing"
    TEXT = "text"
    EMPTY = "empty"


def number_of(cell: ShownTerm) -> float | None:
    """Return the number that a term stands for; None for one that no axis has a place for."""
    try:
        number = float(cell.value) if cell.datatype in _NUMBERS else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < _LARGEST else None


def first_day(cell: ShownTerm) -> date | None:
    """Return the first day of what a term names: a date, month or year."""
    return day_of(cell.value) if cell.datatype in _DATES else None


def year_only(cell: ShownTerm) -> bool:
    """Return whether a term names a year and no day."""
    return cell.datatype == _XSD + "gYear"


def day_of(text: str) -> date | None:
    """Return the first day of a date, month or year in the lexical form of XSD; None for what no calendar has."""
    parts = _DATE.match(text)
    try:
        return date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1)) if parts else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Table:
    """Named columns and rows; ``total`` counts the whole answer, and where ``more`` there is more than even that."""

    columns: tuple[str, ...]
    rows: tuple[tuple[ShownTerm, ...], ...]
    total: int
    more: bool = False

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Return the kind of each column, decided by its cells that are not empty."""
        return tuple(_kind([row[i] for row in self.rows if row[i].value]) for i in range(len(self.columns)))

    def of_kind(self, *kinds: Kind) -> list[int]:
        """Return the columns of those kinds, by index."""
        return [i for i, kind in enumerate(self.kinds) if kind in kinds]

    @property
    def cut(self) -> bool:
        """Return whether the answer has rows that are not here."""
        return self.more or self.total > len(self.rows)


def _kind(cells: list[ShownTerm]) -> Kind:
    if not cells:
        return Kind.EMPTY
    if all(number_of(cell) is not None for cell in cells):
        return Kind.NUMBER
    if all(first_day(cell) is not None for cell in cells):
        return Kind.DATE
    return Kind.THING if all(cell.iri for cell in cells) else Kind.TEXT
