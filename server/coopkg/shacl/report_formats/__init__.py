"""The formats of a validation report: one table that negotiates, renders and documents them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.rdf.formats import Format
from coopkg.shacl.report_formats import github, html_page, json_format, junit, rdf, sarif, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.shacl.report_formats.outcome import ReportView


@dataclass(frozen=True)
class ReportFormat:
    """A concrete form of a report: its name and media type, and the function that renders it.

    ``syntax_errors`` says whether it can report documents that cannot be parsed; SHACL has no terms for that.
    """

    format: Format
    render: Callable[[ReportView], str]
    syntax_errors: bool = True

    @property
    def name(self) -> str:
        """The name for ``-f`` and ``format=``."""
        return self.format.name


REPORT_FORMATS: Final = (
    ReportFormat(Format("json", "application/json", "", aliases=("text/json",)), json_format.render),
    ReportFormat(Format("human", "text/plain", "", charset=True), text.render),
    ReportFormat(Format("html", "text/html", "", charset=True, aliases=("application/xhtml+xml",)), html_page.render),
    ReportFormat(Format("turtle", "text/turtle", "", charset=True), rdf.turtle, syntax_errors=False),
    ReportFormat(Format("jsonld", "application/ld+json", ""), rdf.json_ld, syntax_errors=False),
    ReportFormat(Format("sarif", "application/sarif+json", ""), sarif.render),
    ReportFormat(Format("junit", "application/xml", "", aliases=("text/xml",)), junit.render),
    ReportFormat(Format("github", "text/x-github-annotations", "", charset=True), github.render),
)
"""All formats, the one for programs first; the order decides between equals in negotiation."""
NAMES: Final = tuple(report_format.name for report_format in REPORT_FORMATS)


def report_format(name: str) -> ReportFormat:
    """Return the format with that name. Raises KeyError."""
    return {report_format.name: report_format for report_format in REPORT_FORMATS}[name]
