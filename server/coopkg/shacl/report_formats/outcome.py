"""What a face shows: a report, or why there is none, with all that helps a worker to act on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.shacl.report import Report, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.shacl.change_preview import ChangePreview
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Place, SyntaxIssue

SHOWN: Final = 200
"""Added or removed triples that a face for people lists; it says how many more there are."""


def report_prefixes(sources: Iterable[Source] = (), base: str = DEFAULT_BASE) -> dict[str, str]:
    """Return the prefixes of the project, the one of its shapes, and those that documents declare beyond them."""
    declared = {name: iri for source in sources for name, iri in source.prefixes.items()}
    return dict(sorted({**declared, **prefixes(base), "shape": f"{base}shapes#"}.items()))


@dataclass(frozen=True)
class ReportView:
    """A report with its documents by name; ``faults`` are set where a document could not be read and nothing was done.

    ``fail_on`` is the mildest severity that counts as a failure; ``facts`` is the number of triples that were checked.
    """

    report: Report
    prefixes: dict[str, str]
    language: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict)
    fail_on: Severity = Severity.VIOLATION
    faults: tuple[SyntaxIssue, ...] = ()
    more_faults: bool = False
    effects: ChangePreview | None = None
    facts: int | None = None

    @property
    def readable(self) -> bool:
        """Return whether there is a report at all."""
        return not self.faults

    def fails(self) -> bool:
        """Return whether a result is as severe as ``fail_on``."""
        return self.report.refused_at(self.fail_on)

    def line(self, place: Place | None) -> str | None:
        """Return the line of the document that a place is in, where the document is at hand."""
        lines = self.texts[place.file].split("\n") if place and place.file in self.texts else []
        return lines[place.line - 1].rstrip("\r") if place and place.line <= len(lines) else None
