"""The outcome of validation, as report formats render it: a report, or the syntax errors that prevented one.

With it comes all that helps the author of the documents to act on it.
"""

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

MOST_QUADS: Final = 200
"""Added or removed triples that a format for people lists; it says how many more there are."""


def report_prefixes(sources: Iterable[Source] = (), base: str = DEFAULT_BASE) -> dict[str, str]:
    """Return the prefixes of the project, the one of its shapes, and those that documents declare beyond them."""
    declared = {name: iri for source in sources for name, iri in source.prefixes.items()}
    return dict(sorted({**declared, **prefixes(base), "shape": f"{base}shapes#"}.items()))


@dataclass(frozen=True)
class ReportView:
    """A report with its documents by name; ``syntax_errors`` are those of documents that could not be parsed.

    ``fail_on`` is the mildest severity that counts as a failure; ``facts`` is the number of triples that were checked.
    """

    report: Report
    prefixes: dict[str, str]
    language: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict)
    fail_on: Severity = Severity.VIOLATION
    syntax_errors: tuple[SyntaxIssue, ...] = ()
    more_syntax_errors: bool = False
    change_preview: ChangePreview | None = None
    facts: int | None = None

    @property
    def readable(self) -> bool:
        """Whether there is a report at all."""
        return not self.syntax_errors

    def fails(self) -> bool:
        """Whether a result is as severe as ``fail_on``, or more."""
        return self.report.refused_at(self.fail_on)

    def line(self, place: Place | None) -> str | None:
        """Return the text of the line that a place is on, or None where the document is not at hand."""
        lines = self.texts[place.file].split("\n") if place and place.file in self.texts else []
        return lines[place.line - 1].rstrip("\r") if place and place.line <= len(lines) else None
