"""The SPARQL 1.2 suite of the W3C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from w3c.selection import check, parameters

if TYPE_CHECKING:
    from w3c.harness import System
    from w3c.manifest import Case

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", parameters("SPARQL 1.2"))
def test_sparql12(system: System, case: Case) -> None:
    check(system, case)
