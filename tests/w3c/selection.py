"""Which tests run: a sample that is the same every day, or with COOPKG_W3C_FULL=1 all of them."""

from __future__ import annotations

import os
import random
from functools import cache
from typing import Final

import pytest

from w3c.compare import Verdict
from w3c.exclusions import exclusions
from w3c.harness import Outcome, System, run
from w3c.manifest import SUITES, Case, folder, read_suite

SAMPLE: Final = 150
SEED: Final = "coopkg"
FULL: Final = os.environ.get("COOPKG_W3C_FULL") == "1"
WHERE: Final = "the W3C suites are not there: set COOPKG_W3C to the folder with sparql/"


@cache
def _sampled() -> frozenset[str]:
    cases = [case.iri for name in SUITES for case in read_suite(name) if case.kind.evaluates and not case.absent]
    return frozenset(random.Random(SEED).sample(cases, min(SAMPLE, len(cases))))  # noqa: S311 - a sample, no secret


def parameters(suite: str) -> list[object]:
    """Give the tests of a suite that run, known failures marked; one skip where the suites are not there."""
    if folder() is None:
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=WHERE))]
    cases = [case for case in read_suite(suite) if not case.absent]
    lacking = len(read_suite(suite)) - len(cases)
    reason = f"{lacking} tests of {suite} lack a file that their manifest names"
    return [
        *(pytest.param(case, id=case.id, marks=_marks(case)) for case in cases if FULL or case.iri in _sampled()),
        pytest.param(None, id="files-absent", marks=pytest.mark.skip(reason=reason)),
    ]


def every(suite: str) -> list[object]:
    """Give all tests of a suite, those that lack a file as skips with the reason."""
    if folder() is None:
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=WHERE))]
    return [
        pytest.param(
            case,
            id=case.id,
            marks=(pytest.mark.skip(reason=f"{case.absent[0].name} is not there"),) if case.absent else _marks(case),
        )
        for case in read_suite(suite)
    ]


def _marks(case: Case) -> tuple[pytest.MarkDecorator, ...]:
    known = exclusions().get(case.iri)
    if known is None or known.verdict is Verdict.VALUE:
        return ()
    return (pytest.mark.xfail(reason=known.reason, strict=True, raises=AssertionError),)


def check(system: System, case: Case) -> None:
    """Assert that a test passes strictly, or by value where that is all that is expected of it.

    A known failure that turns into another one, or into a broken server, is not the failure that is known.
    """
    outcome: Outcome = run(system, case)
    known = exclusions().get(case.iri)
    expected = known.verdict if known else Verdict.STRICT
    said = f"{outcome.verdict.value}: {outcome.reason}"
    if outcome.verdict not in {expected, Verdict.STRICT} or outcome.reason.startswith("broken"):
        pytest.fail(f"expected that it {expected.value}; it {said}")
    if expected is Verdict.VALUE:
        assert outcome.verdict is Verdict.VALUE, "it passes strictly now: take it out of exclusions.toml"
    else:
        assert outcome.verdict is Verdict.STRICT, said
