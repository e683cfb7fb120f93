"""Tests that a busy machine cannot fail: none asserts that something took less than so many seconds of a clock.

How long something takes depends on who else runs, so that is measured and reported (``make bench-budgets``), and a test
asserts what came of it: the error, its reason, that a process is gone. A test may bound processor time
(``time.process_time``, ``tests/support/processor_time.py``), and may assert that a pause was kept: it can only grow.

The rule, for each function of each test module: a call of a clock is *timed*; so is a name that is assigned an
expression with something timed in it, and a list to which one is appended. An ``assert`` may not have a comparison
(``<``, ``<=``, and the mirrored ``>``, ``>=``) whose smaller side has something timed in it. A loop that waits until a
condition holds gives up by the clock, and is no ``assert``.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLOCKS: Final = frozenset({"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns"})
MODULES: Final = sorted((ROOT / "tests").rglob("*.py"))


def is_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    match node.func:
        case ast.Attribute(value=ast.Name(id="time"), attr=name) | ast.Name(id=name):
            return name in CLOCKS
    return False


def is_timed(node: ast.AST, names: set[str]) -> bool:
    return any(is_clock(each) or (isinstance(each, ast.Name) and each.id in names) for each in ast.walk(node))


def timed_names(function: ast.AST) -> set[str]:
    """Give the names of a function that hold something timed, whatever order they are assigned in."""
    found: set[str] = set()
    while True:
        before = len(found)
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=targets, value=value) if is_timed(value, found):
                    found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
                case (
                    ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                    | ast.AugAssign(target=ast.Name(id=name), value=value)
                    | ast.NamedExpr(target=ast.Name(id=name), value=value)
                    | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])
                ) if is_timed(value, found):
                    found.add(name)
        if len(found) == before:
            return found


def smaller_sides(test: ast.expr) -> Iterator[ast.expr]:
    """Give what the comparisons of an assertion want to be the smaller."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
                if isinstance(operator, ast.Lt | ast.LtE):
                    yield left
                elif isinstance(operator, ast.Gt | ast.GtE):
                    yield right


def races(source: str) -> list[int]:
    """Give the lines of the assertions that a busy machine can fail."""
    found = set()
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = timed_names(function)
            asserts = (node for node in ast.walk(function) if isinstance(node, ast.Assert))
            found |= {node.lineno for node in asserts if any(is_timed(s, names) for s in smaller_sides(node.test))}
    return sorted(found)


@pytest.mark.parametrize("module", MODULES, ids=[str(path.relative_to(ROOT / "tests")) for path in MODULES])
def test_no_assertion_is_a_race_against_the_clock(module: Path) -> None:
    assert races(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("began = time.monotonic(); work(); assert time.monotonic() - began < 2", True),
        ("began = perf_counter(); work(); took = perf_counter() - began; assert took <= 2", True),
        ("began = time.time(); work(); assert 2 > time.time() - began", True),
        ("times = []; times.append(time.perf_counter() - 1); assert max(times) < 2", True),
        ("assert (began := time.monotonic()) + 2 > 0 and 1 < began < 2", True),
        ("began = time.monotonic(); work(); assert time.monotonic() - began >= 1", False),
        ("began = time.process_time(); work(); assert time.process_time() - began < 2", False),
        ("ends = time.monotonic() + 60\n while time.monotonic() < ends: work()", False),
    ],
)
def test_the_rule_finds_what_it_says(lines: str, found: bool) -> None:  # noqa: FBT001 - a table
    assert bool(races(f"def test():\n {lines}")) is found
