"""What became of the sources of an answer, for the header and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopkg.workers.tasks import RemoteSource

SOURCES_HEADER: Final = "Federation-Sources"
MOST: Final = 20
"""Sources that the header names; it counts the others."""


def source_headers(sources: Sequence[RemoteSource]) -> dict[str, str]:
    """Return the header field that names each remote source, as a list of strings with parameters (RFC 9651).

    A source that gave nothing, because SILENT let its failure pass, has ``missing`` with the reason.
    """
    if not sources:
        return {}
    listed = sorted(sources, key=lambda source: not source.missing)
    members = [_member(source) for source in listed[:MOST]]
    if len(listed) > MOST:
        members.append(f'"";others={len(listed) - MOST}')
    return {SOURCES_HEADER: ", ".join(members)}


def _member(source: RemoteSource) -> str:
    name = "".join(c if c in _PRINTABLE else "?" for c in source.alias)[:200]
    counts = f";rows={source.rows};requests={source.requests};kept={source.kept};ms={round(source.seconds * 1000)}"
    return f'"{name}"{counts}{f";missing={source.missing}" if source.missing else ""}'


_PRINTABLE: Final = frozenset(chr(code) for code in range(0x20, 0x7F)) - {'"', "\\"}


def notes(sources: Sequence[RemoteSource]) -> tuple[str, ...]:
    """Return a sentence for each source that an answer lacks."""
    return tuple(
        f"Nothing from {source.alias} is in this answer: {REASONS.get(source.missing, 'it failed')}."
        for source in sources
        if source.missing
    )


REASONS: Final = {
    "not-allowed": "this service does not ask that endpoint",
    "timeout": "it did not answer in time",
    "breaker": "it failed several times in a row and is left alone for a while",
    "too-large": "its answer is too large",
    "too-many-rows": "its answer has too many rows",
    "incomplete": "it gave a part of its answer only",
    "malformed": "its answer cannot be read",
    "media-type": "its answer is no SPARQL result",
    "forbidden-address": "its address leads where requests may not go",
    "rejected": "it rejects the query",
    "refused": "it refuses connections",
    "unreachable": "it cannot be reached",
}
"""What each word for a failure means, where it means more than that something failed."""


def word(reason: str) -> str:
    """Return the word by which pages tell of a failure: that of its reason, or a plain "failed"; "" for none."""
    return reason if reason in REASONS or not reason else "failed"
