"""What is known to go wrong, and why: ``exclusions.toml`` as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from w3c.compare import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = Path(__file__).with_name("exclusions.toml")
_VERDICTS: Final = {"failed": Verdict.FAILED, "by-value": Verdict.VALUE, "refused": Verdict.REFUSED}


@dataclass(frozen=True)
class Exclusion:
    """The verdict that a test gets instead of passing strictly, and the reason."""

    verdict: Verdict
    reason: str


@cache
def exclusions() -> Mapping[str, Exclusion]:
    """Give the exclusions by the IRI of the test. Raises ValueError where a test stands there twice."""
    found: dict[str, Exclusion] = {}
    for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["exclusion"]:
        for iri in entry["tests"]:
            if iri in found:
                raise ValueError(f"{iri} is excluded twice")
            found[iri] = Exclusion(_VERDICTS[entry["verdict"]], entry["reason"])
    return found
