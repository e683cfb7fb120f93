"""The SHACL suite of the W3C, Core and SPARQL: every report as the specification has it, every failure a refusal."""

from __future__ import annotations

import pytest

from w3c.compare import Verdict
from w3c.shacl import SUITES, WHERE, Case, folders, read_suite, run


def parameters() -> list[object]:
    """Give the tests whose files are there, and one skip for all others."""
    if not folders():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=WHERE))]
    cases = [case for suite in SUITES for case in read_suite(suite)]
    lacking = sum(case.absent for case in cases)
    reason = f"{lacking} tests of the SHACL suite lack a file that their manifest names"
    told = [pytest.param(None, id="files-absent", marks=pytest.mark.skip(reason=reason))] if lacking else []
    return [*(pytest.param(case, id=case.id) for case in cases if not case.absent), *told]


@pytest.mark.parametrize("case", parameters())
def test_shacl(case: Case) -> None:
    outcome = run(case)
    assert outcome.verdict is Verdict.STRICT, outcome.reason
