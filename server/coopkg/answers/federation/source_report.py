"""The remote sources of an answer and their failures, as a header field and as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopkg.workers.tasks import RemoteSource

SOURCES_HEADER: Final = "Federation-Sources"
MOST: Final = 20
"""Sources that the header field names; it counts the others, since servers and proxies bound the length of a header."""


def source_headers(sources: Sequence[RemoteSource]) -> dict[str, str]:
    """Return the header field that names each remote source, as a list of strings with parameters (RFC 9651).

    A source whose failure SILENT let pass has ``missing`` with the reason; such sources come first.
    """
    if not sources:
        return {}
    listed = sorted(sources, key=lambda source: not source.missing)
    members = [_member(source) for source in listed[:MOST]]
    if len(listed) > MOST:
        members.append(f'"";others={len(listed) - MOST}')
    return {SOURCES_HEADER: ", ".join(members)}


def _member(source: RemoteSource) -> str:
    # An IRI of the query can be the name here: only the characters of an RFC 9651 string go into the header, and no CR,
    # LF or quotation mark can begin a field or a parameter of its own.
    name = "".join(c if c in _PRINTABLE else "?" for c in source.alias)[:200]
    counts = f";rows={source.rows};requests={source.requests};kept={source.kept};ms={round(source.seconds * 1000)}"
    return f'"{name}"{counts}{f";missing={source.missing}" if source.missing else ""}'


_PRINTABLE: Final = frozenset(chr(code) for code in range(0x20, 0x7F)) - {'"', "\\"}


def notes(sources: Sequence[RemoteSource]) -> tuple[str, ...]:
    """Return a sentence for each source that is missing from an answer."""
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
    "media-type": "its answer is not a SPARQL result",
    "forbidden-address": "its address leads where requests may not go",
    "rejected": "it rejects the query",
    "refused": "it refuses connections",
    "unreachable": "it cannot be reached",
}
"""The sentence for each reason of a failure that says more than that something failed."""


def word(reason: str) -> str:
    """Return the key of a failure in the messages of pages: its reason, or "failed" for others; "" for none."""
    return reason if reason in REASONS or not reason else "failed"
