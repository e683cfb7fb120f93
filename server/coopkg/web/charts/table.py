"""A table as charts and pages see it: cells with what is known of their terms, columns with what kind they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Final

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS: Final = frozenset(
    _XSD + name for name in ("integer", "decimal", "double", "float", "int", "long", "short", "nonNegativeInteger",
                             "positiveInteger", "unsignedInt")
)  # fmt: skip
_DATES: Final = frozenset(_XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth"))
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?=\D|$)")
_CONTROLS: Final = dict.fromkeys(
    [*range(0x20), 0x7F, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " "
)
"""Characters that move others about without being seen: no label may rearrange the page around it."""


class Kind(Enum):
    """What the cells of a column are."""

    NUMBER = "number"
    DATE = "date"
    THING = "thing"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True)
class Cell:
    """A term as people see it: the text with its language, where it leads, and the term's own value and datatype.

    ``iri`` is set for IRIs, ``point`` (latitude, longitude) where the thing has a known place. ``name`` is the prefixed
    name of an IRI whose text is a label.
    """

    text: str = ""
    language: str = ""
    link: str = ""
    value: str = ""
    datatype: str = ""
    iri: str = ""
    name: str = ""
    point: tuple[float, float] | None = None

    @property
    def number(self) -> float | None:
        """Return the number that the cell holds."""
        try:
            number = float(self.value) if self.datatype in _NUMBERS else None
        except ValueError:
            return None
        return number if number is not None and abs(number) < 1e300 else None

    @property
    def day(self) -> date | None:
        """Return the first day of what the cell's date, month or year names."""
        return day_of(self.value) if self.datatype in _DATES else None

    @property
    def year_only(self) -> bool:
        """Return whether the cell names a year and no day."""
        return self.datatype == _XSD + "gYear"


def day_of(text: str) -> date | None:
    """Return the first day of a date, month or year in the lexical form of XSD; None for what no calendar has."""
    found = _DATE.match(text)
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None
    except ValueError:
        return None


def plain(text: str, longest: int = 400) -> str:
    """Return a text without characters that act unseen, cut with an ellipsis where it is too long to show."""
    text = text.translate(_CONTROLS)
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass(frozen=True)
class Table:
    """Named columns and rows; ``total`` counts the whole answer, and where ``more`` there is more than even that."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
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


def _kind(cells: list[Cell]) -> Kind:
    if not cells:
        return Kind.EMPTY
    if all(cell.number is not None for cell in cells):
        return Kind.NUMBER
    if all(cell.day is not None for cell in cells):
        return Kind.DATE
    return Kind.THING if all(cell.iri for cell in cells) else Kind.TEXT
