"""What is accepted with a warning says so in its receipt, with the rival named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from contribution_texts import GOOD
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from running import made

if TYPE_CHECKING:
    from pathlib import Path

DECLARED: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
RIVAL: Final = f"{DEFAULT_BASE}id/agreement/by-cn-2017"


@pytest.mark.slow
def test_a_name_that_another_thing_has_is_told_in_the_receipt(tmp_path: Path) -> None:
    running = made(tmp_path / "home")
    secret = running.token("Bob", "facts")
    same = GOOD.replace('"Test"@en', '"Agreement of Belarus with China, 2017"@en')
    answer = running.add(DECLARED + same, Authorization=f"Bearer {secret}")
    running.stop()
    assert answer.status == 201, answer.body
    found = [w for w in answer.value["warnings"] if RIVAL in {w["focusNode"], str(w["value"]).strip("<>")}]
    assert found
    assert {w["severity"] for w in found} == {"Warning"}
