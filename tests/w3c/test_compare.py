"""The comparison itself: what it must tell apart, and what it must not."""

from __future__ import annotations

import pytest

from w3c.compare import Table, Verdict, compare, read_results
from w3c.exclusions import exclusions
from w3c.manifest import SUITES, folder, read_suite


def table(tsv: str, *, ordered: bool = False) -> Table:
    read = read_results(tsv.replace(" ", "\t").encode(), ".tsv")
    assert isinstance(read, Table)
    return Table(read.names, read.rows, ordered)


@pytest.mark.parametrize(
    ("expected", "actual", "verdict"),
    [
        ("?x\n1\n2\n", "?x\n2\n1\n", Verdict.STRICT),
        ("?x\n1\n1\n", "?x\n1\n", Verdict.FAILED),
        ("?x\n1\n", "?y\n1\n", Verdict.FAILED),
        ("?x\n1.0\n", "?x\n1.00\n", Verdict.VALUE),
        ("?x\n1\n", "?x\n1.0\n", Verdict.VALUE),
        ("?x\n1\n", "?x\n1e0\n", Verdict.FAILED),
        ("?x\n100e0\n", "?x\n1e2\n", Verdict.VALUE),
        ('?x\n"a"@EN\n', '?x\n"a"@en\n', Verdict.STRICT),
        ('?x\n"a"@en\n', '?x\n"a"\n', Verdict.FAILED),
        ("?x ?y\n_:a _:b\n_:b _:a\n", "?x ?y\n_:c _:d\n_:d _:c\n", Verdict.STRICT),
        ("?x ?y\n_:a _:b\n_:b _:a\n", "?x ?y\n_:c _:c\n_:d _:d\n", Verdict.FAILED),
        ("?x\n_:a\n_:a\n", "?x\n_:a\n_:b\n", Verdict.FAILED),
    ],
)
def test_tables(expected: str, actual: str, verdict: Verdict) -> None:
    assert compare(table(expected), table(actual))[0] is verdict


@pytest.mark.parametrize(
    ("expected", "actual", "datatype", "verdict"),
    [
        ("2000-01-01T00:00:00+00:00", "2000-01-01T00:00:00Z", "dateTime", Verdict.VALUE),
        ("2000-01-01T02:00:00+02:00", "2000-01-01T00:00:00.0Z", "dateTime", Verdict.VALUE),
        ("2000-01-01T00:00:00", "2000-01-01T00:00:00Z", "dateTime", Verdict.FAILED),
        ("P12M", "P1Y", "yearMonthDuration", Verdict.VALUE),
        ("PT36H", "P1DT12H", "dayTimeDuration", Verdict.VALUE),
        ("P30D", "P1M", "duration", Verdict.FAILED),
        ("1", "true", "boolean", Verdict.VALUE),
        ("0.1", "0.10000000001", "float", Verdict.VALUE),
        ("0.1", "0.10000000001", "double", Verdict.FAILED),
        ("1.0", "1", "string", Verdict.FAILED),
    ],
)
def test_values(expected: str, actual: str, datatype: str, verdict: Verdict) -> None:
    left, right = (f'?x\n"{text}"^^<http://www.w3.org/2001/XMLSchema#{datatype}>\n' for text in (expected, actual))
    assert compare(table(left), table(right))[0] is verdict


def test_order_counts_where_it_is_given() -> None:
    assert compare(table("?x\n1\n2\n", ordered=True), table("?x\n2\n1\n"))[0] is Verdict.FAILED


def test_lax_cardinality() -> None:
    expected = table("?x\n1\n1\n2\n")
    assert compare(expected, table("?x\n1\n2\n"), lax=True)[0] is Verdict.STRICT
    assert compare(expected, table("?x\n1\n"), lax=True)[0] is Verdict.FAILED
    assert compare(expected, table("?x\n1\n2\n2\n"), lax=True)[0] is Verdict.FAILED


def test_csv_knows_no_datatypes() -> None:
    expected, same, other = (read_results(body, ".csv") for body in (b"x\r\n1.0E6\r\n", b"x\n1000000\n", b"x\n\n"))
    assert compare(expected, same)[0] is Verdict.VALUE
    assert compare(expected, other)[0] is Verdict.FAILED


def test_every_exclusion_is_a_test() -> None:
    if folder() is None:
        pytest.skip("the W3C suites are not there: set COOPKG_W3C")
    known = {case.iri for name in SUITES for case in read_suite(name) if not case.absent}
    assert exclusions().keys() <= known
