"""Whether two answers are the same: term for term, or at least value for value, with blank nodes told apart by shape.

Stores rewrite literals on load (`1.0` becomes `1`), and expected answers mix forms; one verdict for both would hide
which of the two happened, so there are two.
"""

from __future__ import annotations

import csv
import io
import re
import struct
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Row = dict[str, Term]

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_DECIMALS: Final = frozenset(
    XSD + name
    for name in (
        "decimal", "integer", "nonPositiveInteger", "negativeInteger", "long", "int", "short", "byte",
        "nonNegativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "positiveInteger",
    )
)  # fmt: skip
_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_FLOAT: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN")
_DATE: Final = re.compile(r"(-?\d{4,}-\d\d-\d\dT[\d:]+|[^TZ+.]*?)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_DURATION: Final = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_RESULTS: Final = {
    ".srx": ox.QueryResultsFormat.XML,
    ".srj": ox.QueryResultsFormat.JSON,
    ".tsv": ox.QueryResultsFormat.TSV,
}


class Verdict(Enum):
    """What became of a test."""

    STRICT = "passed strictly"
    VALUE = "passed by value"
    FAILED = "failed"
    REFUSED = "refused by policy"
    ABSENT = "files absent"


@dataclass(frozen=True)
class Table:
    """The solutions of a SELECT. ``lossy`` says that the format (CSV) kept no datatypes."""

    names: frozenset[str]
    rows: tuple[Row, ...]
    ordered: bool = False
    lossy: bool = False


Answer = bool | Table | ox.Dataset


def read_answer(path: Path, base: str) -> Answer:
    """Read an expected answer: a result set in any of its formats, or a graph."""
    if path.suffix in {".srx", ".srj", ".tsv", ".csv"}:
        return read_results(path.read_bytes(), path.suffix)
    graph = ox.Dataset(ox.parse(path=path, base_iri=base))
    sets = [quad.subject for quad in graph.quads_for_object(ox.NamedNode(RS + "ResultSet"))]
    return _read_result_set(graph, sets[0]) if sets else graph


def read_results(body: bytes, suffix: str) -> bool | Table:
    """Read solutions or a truth value from a result format, named by its suffix."""
    if suffix == ".csv":
        return _read_csv(body)
    parsed = ox.parse_query_results(body, _RESULTS[suffix])
    if isinstance(parsed, ox.QueryBoolean):
        return bool(parsed)
    names = [variable.value for variable in parsed.variables]
    rows = tuple({name: row[name] for name in names if row[name] is not None} for row in parsed)
    return Table(frozenset(names), rows)


def _read_csv(body: bytes) -> Table:
    lines = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    names = lines[0]
    rows = tuple(
        {name: _cell(cell) for name, cell in zip(names, line, strict=True) if cell}
        for line in (line or [""] * len(names) for line in lines[1:])
    )
    return Table(frozenset(names), rows, lossy=True)


def _cell(text: str) -> Term:
    return ox.BlankNode(text[2:]) if text.startswith("_:") else ox.Literal(text)


def _read_result_set(graph: ox.Dataset, node: Term) -> bool | Table:
    boolean = _objects(graph, node, "boolean")
    if boolean:
        return _value(boolean[0]) in {"true", "1"}
    solutions = _objects(graph, node, "solution")
    places = {s: int(_value(i)) for s in solutions for i in _objects(graph, s, "index")}
    if places:
        solutions.sort(key=places.__getitem__)
    rows = tuple(
        {
            _value(_objects(graph, binding, "variable")[0]): _objects(graph, binding, "value")[0]
            for binding in _objects(graph, solution, "binding")
        }
        for solution in solutions
    )
    names = frozenset(_value(name) for name in _objects(graph, node, "resultVariable"))
    return Table(names, rows, ordered=bool(places))


def _objects(graph: ox.Dataset, subject: Term, name: str) -> list[Term]:
    quads = graph.quads_for_predicate(ox.NamedNode(RS + name))
    return [quad.object for quad in quads if quad.subject == subject]


def _value(term: Term) -> str:
    return "" if isinstance(term, ox.Triple) else term.value


def compare(expected: Answer, actual: Answer, *, lax: bool = False) -> tuple[Verdict, str]:
    """Compare two answers; what is not strictly equal says in what it differs.

    ``lax`` lets rows of the expected table be left out as long as one of their kind remains (mf:LaxCardinality).
    """
    if isinstance(expected, Table) and isinstance(actual, Table):
        return _compare_tables(expected, actual, lax=lax)
    if isinstance(expected, ox.Dataset) and isinstance(actual, ox.Dataset):
        return _compare_graphs(expected, actual)
    if type(expected) is type(actual) is bool:
        return (Verdict.STRICT, "") if expected == actual else (Verdict.FAILED, f"expected {expected}, got {actual}")
    return Verdict.FAILED, f"expected a {_kind(expected)}, got a {_kind(actual)}"


def _compare_tables(expected: Table, actual: Table, *, lax: bool) -> tuple[Verdict, str]:
    if expected.names != actual.names:
        return Verdict.FAILED, f"expected variables {sorted(expected.names)}, got {sorted(actual.names)}"
    if _same_rows(expected, actual, spelled, lax=lax):
        return Verdict.STRICT, ""
    same = _same_rows(expected, actual, _by_cell if expected.lossy else by_value, lax=lax)
    difference = _difference(map(_show_row, expected.rows), map(_show_row, actual.rows))
    return (Verdict.VALUE if same else Verdict.FAILED), difference


def _compare_graphs(expected: ox.Dataset, actual: ox.Dataset) -> tuple[Verdict, str]:
    if _canonical(expected, spelled) == _canonical(actual, spelled):
        return Verdict.STRICT, ""
    same = _canonical(expected, by_value) == _canonical(actual, by_value)
    return (Verdict.VALUE if same else Verdict.FAILED), _difference(map(str, expected), map(str, actual))


def _kind(answer: Answer) -> str:
    return {bool: "truth value", Table: "table"}.get(type(answer), "graph")


def _same_rows(expected: Table, actual: Table, normal: Callable[[Term], Term], *, lax: bool) -> bool:
    left, left_blank = _encode(expected, normal, ordered=expected.ordered)
    right, right_blank = _encode(actual, normal, ordered=expected.ordered)
    if lax:
        return set(left) == set(right) and not right - left and left_blank == right_blank
    return left == right and left_blank == right_blank


def _encode(table: Table, normal: Callable[[Term], Term], *, ordered: bool) -> tuple[Counter[object], ox.Dataset]:
    """Give the rows without blank nodes as a bag, and the others as one canonical graph, a node for each row."""
    plain: Counter[object] = Counter()
    blank = ox.Dataset()
    for place, row in enumerate(table.rows):
        cells = {name: normal(term) for name, term in row.items()}
        index = place if ordered else 0
        if not any(map(_has_blank, cells.values())):
            plain[index, frozenset(cells.items())] += 1
            continue
        node = ox.BlankNode(f"row{place}of{id(table)}")
        blank.add(ox.Quad(node, ox.NamedNode("urn:row"), ox.Literal(index)))
        for name, term in cells.items():
            blank.add(ox.Quad(node, ox.NamedNode(f"urn:column:{name}"), term))
    blank.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return plain, blank


def _canonical(quads: Iterable[ox.Quad], normal: Callable[[Term], Term]) -> ox.Dataset:
    graph = ox.Dataset(ox.Quad(q.subject, q.predicate, normal(q.object), q.graph_name) for q in quads)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return graph


def _has_blank(term: Term) -> bool:
    if isinstance(term, ox.Triple):
        return _has_blank(term.subject) or _has_blank(term.object)
    return isinstance(term, ox.BlankNode)


def _difference(expected: Iterable[str], actual: Iterable[str]) -> str:
    left, right = Counter(expected), Counter(actual)
    missing, extra = left - right, right - left
    if not missing and not extra:
        return "the rows come in another order"
    return f"missing: {_some(missing.elements())}; not expected: {_some(extra.elements())}"


def _some(lines: Iterator[str]) -> str:
    found = sorted(lines)
    return " ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "") if found else "nothing"


def _show_row(row: Row) -> str:
    return "{" + ", ".join(f"?{name} {row[name]}" for name in sorted(row)) + "}"


def spelled(term: Term) -> Term:
    """Give the term with its language tag in lower case: tags are equal without regard to case."""
    if isinstance(term, ox.Triple):
        return ox.Triple(term.subject, term.predicate, spelled(term.object))
    if isinstance(term, ox.Literal) and term.language:
        return ox.Literal(term.value, language=term.language.lower(), direction=term.direction)
    return term


def by_value(term: Term) -> Term:
    """Give one spelling for every value of a datatype; integers and decimals share one value space."""
    if isinstance(term, ox.Triple):
        return ox.Triple(term.subject, term.predicate, by_value(term.object))
    if not isinstance(term, ox.Literal) or term.language:
        return spelled(term)
    datatype, text = term.datatype.value, term.value.strip()
    if datatype in _DECIMALS and _DECIMAL.fullmatch(text):
        return ox.Literal(_decimal(text), datatype=ox.NamedNode(XSD + "decimal"))
    spelling = _SPELLINGS.get(datatype.removeprefix(XSD)) if datatype.startswith(XSD) else None
    return ox.Literal(spelling(text), datatype=term.datatype) if spelling else term


def _by_cell(term: Term) -> Term:
    if isinstance(term, ox.Literal) and _FLOAT.fullmatch(term.value):
        return ox.Literal(_double(term.value))
    return term


def _decimal(text: str) -> str:
    return format(Decimal(text).normalize() + 0, "f")


def _double(text: str) -> str:
    return repr(float(text) + 0.0) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> str:
    return repr(struct.unpack("f", struct.pack("f", float(text)))[0] + 0.0) if _FLOAT.fullmatch(text) else text


def _boolean(text: str) -> str:
    return {"1": "true", "0": "false"}.get(text, text)


def _moment(text: str) -> str:
    found = _DATE.fullmatch(text)
    if not found:
        return text
    stem, fraction, zone = found[1], (found[2] or "").rstrip("0").rstrip("."), found[3] or ""
    if zone and "T" in stem:
        try:
            stem = datetime.fromisoformat(stem + zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        except (ValueError, OverflowError):
            return text
        zone = "Z"
    return stem + fraction + ("Z" if zone in {"+00:00", "-00:00"} else zone)


def _duration(text: str) -> str:
    found = _DURATION.fullmatch(text)
    if not found:
        return text
    years, months, days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] else 1
    return (
        f"{sign * (years * 12 + months)}M{_decimal(str(sign * (((days * 24 + hours) * 60 + minutes) * 60 + seconds)))}S"
    )


_SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "double": _double,
    "float": _float,
    "boolean": _boolean,
    "dateTime": _moment,
    "date": _moment,
    "time": _moment,
    "duration": _duration,
    "dayTimeDuration": _duration,
    "yearMonthDuration": _duration,
}
