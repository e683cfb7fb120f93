"""The table of functions says what the engine does."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.sparql import functions
from coopkg.sparql.functions import FUNCTIONS, Evaluator, Kind, Result

ARGUMENTS = {
    "BOUND": "?x", "EXISTS": "{ ?s ?p ?o }", "COALESCE": "1", "IF": "true, 1, 2", "CONCAT": "'a'",
    "TRIPLE": "<a:a>, <a:b>, 1",
    "STRLANGDIR": "'a', 'en', 'ltr'", "SUBSTR": "'abc', 2", "REPLACE": "'abc', 'b', 'c'", "ADJUST": "?d, ?t",
    "NOW": "", "RAND": "", "UUID": "", "STRUUID": "",
}  # fmt: skip
TWO = {
    "CONTAINS",
    "LANGMATCHES",
    "REGEX",
    "SAMETERM",
    "STRAFTER",
    "STRBEFORE",
    "STRDT",
    "STRENDS",
    "STRLANG",
    "STRSTARTS",
}
BUILTINS = {name for name, function in FUNCTIONS.items() if function.kind is Kind.BUILTIN}
UNCOMPARED = {"BNODE", "EXISTS", "BOUND", "ADJUST"}
"""Those whose arguments are no constants; BNODE with an argument is rewritten, see test_rewrites."""
KEYWORDS = sorted(name for name, function in FUNCTIONS.items() if function.kind is not Kind.EXTENSION)


def call(name: str) -> str:
    arguments = ARGUMENTS.get(name, "?x, ?y" if name in TWO else "?x")
    return f"{name} {arguments}" if name == "EXISTS" else f"{name}({arguments})"


@pytest.mark.parametrize("name", KEYWORDS)
def test_the_engine_parses_each_as_a_call(name: str) -> None:
    ox.Store().query(f"SELECT ({call(name)} AS ?r) {{ VALUES (?x ?y) {{ (1 2) }} }}")  # raises SyntaxError otherwise


@pytest.mark.parametrize("name", sorted(BUILTINS - UNCOMPARED))
def test_two_calls_differ_just_where_the_table_says_so(name: str) -> None:
    arguments = ARGUMENTS.get(name, "'a', 'b'" if name in TWO else "'2020-01-01T00:00:00Z'")
    rows = list(ox.Store().query(f"SELECT ({name}({arguments}) AS ?r) {{ VALUES ?x {{ 1 2 3 }} }}"))
    several = len({str(row["r"]) for row in rows}) > 1
    assert several is (FUNCTIONS[name].result is Result.OF_CALL)


def test_a_name_that_the_table_lacks_is_no_call_to_the_engine() -> None:
    with pytest.raises(SyntaxError):
        ox.Store().query("SELECT (FROB(1) AS ?r) {}")


def test_the_sets_are_read_off_the_table() -> None:
    assert {"RAND", "UUID", "STRUUID", "BNODE"} == functions.FRESH
    assert functions.FRESH | {"NOW"} == functions.VOLATILE
    assert functions.VOLATILE | {"SAMPLE", "GROUP_CONCAT"} == functions.ARBITRARY
    assert {"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"} == functions.AGGREGATES


def test_what_is_ours_is_an_iri_and_nobody_is_told_of_what_is_internal() -> None:
    ours = [function for function in FUNCTIONS.values() if function.evaluator is Evaluator.OURS]
    assert all(":" in function.name and function.kind is Kind.EXTENSION for function in ours)
    assert not set(functions.EXTENSIONS) & {function.name for function in ours if function.internal}
