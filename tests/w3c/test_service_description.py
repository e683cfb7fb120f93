"""The Service Description suite of the W3C, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from w3c.description import TESTS

if TYPE_CHECKING:
    from w3c.exchange import Wire

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", TESTS)
def test_service_description(wire: Wire, name: str) -> None:
    assert TESTS[name](wire) == ""
