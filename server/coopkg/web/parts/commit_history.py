"""Which commits touched a thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopkg.dataset.journal_format import SEED_VERSION
from coopkg.dataset.provenance import summary

if TYPE_CHECKING:
    from coopkg.answers.service import Service

LOOKED_AT: Final = 60
"""Commits that are looked at for one page, the newest first; the page says where there are older ones."""


@dataclass(frozen=True)
class Touched:
    """The commits that name a thing, the newest first, of so many that were looked at; whether there are older ones."""

    changes: tuple[dict[str, Any], ...]
    looked_at: int
    older: bool


def touched(running: Service, iri: str) -> Touched | None:
    """Return the commits whose rows name an IRI; None where the server keeps no journal."""
    if running.history is None:
        return None
    current = int(running.engine.info()["version"])
    oldest = max(current - LOOKED_AT, SEED_VERSION)
    records = [record for v in range(current, oldest, -1) if (record := running.commit(v)) is not None]
    changes = tuple(summary(record) for record in records if f"<{iri}>" in record.rows)
    return Touched(changes, len(records), oldest > SEED_VERSION)
