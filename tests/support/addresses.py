"""The addresses of all pages, from the routes of the application: a new page joins the tests by being there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from flask import Flask

HTML: Final = {"Accept": "text/html"}
EMPTY: Final = "SELECT * { ?s a <http://127.0.0.1:8000/ontology#Projet> }"
EXAMPLES: Final = {
    "/<path:path>": [
        "/id/project/supertwin", "/nothing/here", "/id/country/BY", "/id/country/BY?lang=be", "/id/session/by-cn-2018",
        "/id/observation/cumulative-funding", "/id/claim/high-tech-country-092", "/source/high-tech-country",
        "/source/high-tech-country?from=31", "/source/belta-2019-04-29", "/graph/reference", "/ontology",
        "/ontology?term=Country", "/ontology?term=hasParty",
    ],
    "/queries": ["/queries"],
    "/queries/<name>": [
        "/queries/commission-sessions-by-year", "/queries/most-connected-countries?minimum=1",
        "/queries/events-over-time", "/queries/cooperation-graph", "/queries/bilateral-partners?view=table",
        "/queries/countries-of-a-project?project=project:SUPERTWIN",
    ],
    "/catalog": ["/catalog"],
    "/embed/queries/<slug>": ["/embed/queries/bilateral-partners"],
    "/embed": ["/embed?query=ASK%7B%7D"],
    "/query": ["/query", "/query?query=SELCT", "/query?query=ASK%7B%7D", f"/query?why=1&query={quote(EMPTY)}",
               f"/query?view=raw&query={quote('SELECT * { ?s ?p ?o } LIMIT 5')}"],
    "/contribute/<name>": ["/contribute/Project", "/contribute/Project?about=project:supertwin"],
    "/explain": ["/explain?subject=country:BY&predicate=rdf:type&object=eurio:Country",
                 "/explain?subject=project:supertwin&predicate=coop:involvesCountry&object=country:BY"],
    "/search": ["/search", "/search?q=shumilin", "/search?type=coop:Country", "/search?q=shumilinn"],
}  # fmt: skip
"""Addresses to visit for a route with arguments, or with parameters that make another page of it."""
NO_PAGES: Final = frozenset(
    {
        *("/static/<path:filename>", "/graphs", "/graphs/<path:name>", "/dumps/<path:name>"),
        "/federation/<alias>",  # a redirect to /federation
        *("/queries.<suffix>", "/catalog.<suffix>", "/.well-known/void.<suffix>", "/dumps/"),
        "/changes/<name>",  # needs a data directory
        "/.well-known/void",  # a whole description for programs: its page is 26 KB compressed
    }
)
"""Routes with arguments whose answers are no pages, or need what a plain server has not."""


def addresses(app: Flask) -> list[str]:
    """Give every page: each route without arguments that answers with HTML, and the examples.

    Raises LookupError for a route with arguments that has neither an example nor a reason to have none.
    """
    client = app.test_client()
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule in EXAMPLES:
            found += EXAMPLES[rule.rule]
        elif "GET" in (rule.methods or ()) and rule.rule not in NO_PAGES:
            if rule.arguments:
                raise LookupError(f"{rule.rule} has no example in tests/addresses.py")
            response = client.get(rule.rule, headers=HTML)
            if response.content_type.startswith("text/html") and response.status_code == 200:
                found.append(rule.rule)
    return found
