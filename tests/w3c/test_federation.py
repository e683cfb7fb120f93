"""The federated query suite of the W3C, over HTTP: all of it, for it is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import start_server, stop
from w3c.harness import OverHttp
from w3c.peers import peers
from w3c.selection import check, every

if TYPE_CHECKING:
    from collections.abc import Iterator

    from w3c.manifest import Case

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def federated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    with peers(tmp_path_factory.mktemp("peers")) as others:
        process, address = start_server("--scratch", "--federation", str(others.file))
        yield OverHttp(address, others)
        assert stop(process) == 0


@pytest.mark.parametrize("case", every("SPARQL 1.1 Federated Query"))
def test_federated_query(federated: OverHttp, case: Case) -> None:
    check(federated, case)
