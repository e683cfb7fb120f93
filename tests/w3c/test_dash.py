"""TopBraid's DASH test cases, where their files are: each gives its results, or is refused for a known reason."""

from __future__ import annotations

import pytest

from coopkg.errors import DatasetBroken
from w3c.dash import DECLARED, REFUSED, WHERE, Case, cases, differences, with_prefix


def parameters(*, declared: bool = False) -> list[object]:
    found = [case for case in cases() if not declared or case.id in DECLARED]
    absent = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=WHERE))
    return [pytest.param(case, id=case.id) for case in found] or [absent]


@pytest.mark.parametrize("case", parameters())
def test_dash(case: Case) -> None:
    if case.id in REFUSED:
        with pytest.raises(DatasetBroken, match=REFUSED[case.id]):
            differences(case)
    else:
        assert differences(case) == ([], [])


@pytest.mark.parametrize("case", parameters(declared=True))
def test_with_the_prefix_declared_that_the_file_leaves_out(case: Case) -> None:
    reason = DECLARED[case.id]
    if reason:
        with pytest.raises(DatasetBroken, match=reason):
            differences(with_prefix(case))
    else:
        assert differences(with_prefix(case)) == ([], [])
