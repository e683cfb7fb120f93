"""``/``: what this is, how much of it there is, and what can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from flask import Blueprint, Response

from coopkg.answers.publication.crawlers import dataset_markup
from coopkg.answers.publication.schema_org import script
from coopkg.dataset.provenance import summary
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.sparql.query_text import query_text
from coopkg.web.parts.answer_view import ask
from coopkg.web.parts.named_terms import things
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.request_values import origin, service

if TYPE_CHECKING:
    from coopkg.answers.service import Service
    from coopkg.web.parts.answer_view import ShownAnswer
    from coopkg.web.rendering import Visit

blueprint = Blueprint("home", __name__)
FIGURES: Final = ("Country", "Agreement", "Commission", "Program", "Project", "Claim", "SourceDocument")
"""The classes whose sizes the page tells."""
MAP: Final = "bilateral-partners"
TIMELINE: Final = "events-over-time"
"""The saved queries that are drawn."""
LAST: Final = 5
"""Changes, or sources, that are listed."""
_COUNTS: Final = """
SELECT ?class (COUNT(DISTINCT ?thing) AS ?count) WHERE {
  VALUES ?class { [[classes]] }
  ?thing a ?class
} GROUP BY ?class
"""
_SOURCES: Final = """
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?source ?issued WHERE {
  ?source a [[documents]] ; dcterms:issued ?issued
} ORDER BY DESC(?issued) LIMIT [[last]]
"""


@blueprint.get("/")
def home() -> Response:
    """Show the page; what it shows of the graph is asked once for each version and language."""
    running, visit = service(), visitor()
    key = f"home {visit.language} {visit.explicit}"
    shown = running.derived.get(key, running.engine.tag(), lambda: _shown(running, visit))
    return page("home.html", **shown, endpoint=f"{origin()}sparql")


def _shown(running: Service, visit: Visit) -> dict[str, Any]:
    return {
        "figures": _figures(running),
        "partners": _saved(running, MAP, visit),
        "events": _saved(running, TIMELINE, visit),
        "starred": [query for query in running.queries.values() if "start-here" in query.tags],
        "changes": _changes(running),
        "sources": _sources(running, visit),
        "structured": script(dataset_markup(running, visit.language)),
    }


def _figures(running: Service) -> list[tuple[str, int]]:
    classes = [ox.NamedNode(f"{running.settings.base}ontology#{name}") for name in FIGURES]
    rows = running.rows(query_text(_COUNTS, classes=classes))
    counts = {row["class"].rpartition("#")[2]: int(row["count"]) for row in rows}
    return [(name, counts[name]) for name in FIGURES if counts.get(name)]


def _saved(running: Service, slug: str, visit: Visit) -> ShownAnswer | None:
    """Return the answer to a saved query.

    None where an operator's own folder has no such query, or it has no answer.
    """
    saved = running.queries.get(slug)
    if saved is None or any(parameter.default is None for parameter in saved.parameters):
        return None
    answer = ask(running, saved.task({}, SOLUTION_FORMATS[0], running.settings.base), visit)
    return None if answer.empty or saved.view not in answer.views else answer


def _changes(running: Service) -> list[dict[str, object]]:
    """Return the last commits, the newest first."""
    current = int(running.engine.info()["version"])
    records = (running.commit(version) for version in range(current, max(current - LAST, 0), -1))
    return [summary(record) for record in records if record is not None]


def _sources(running: Service, visit: Visit) -> list[tuple[object, str]]:
    documents = ox.NamedNode(f"{running.settings.base}ontology#SourceDocument")
    rows = running.rows(query_text(_SOURCES, documents=documents, last=LAST))
    cells = things(running, (row["source"] for row in rows), visit)
    return [(cells[row["source"]], row["issued"]) for row in rows]
