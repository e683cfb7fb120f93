"""The system under test: a scratch server, or with COOPKG_W3C_MODE=process the engine in this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from conftest import start_server, stop
from w3c.exchange import Wire
from w3c.harness import InProcess, OverHttp, System

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def scratch() -> Iterator[str]:
    process, address = start_server("--scratch")
    yield address
    assert stop(process) == 0


@pytest.fixture(scope="session")
def wire(scratch: str) -> Wire:
    return Wire(scratch)


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> System:
    if os.environ.get("COOPKG_W3C_MODE") == "process":
        return InProcess()
    return OverHttp(request.getfixturevalue("scratch"))
