"""One table of routes, which metrics, the description of the interface and tests read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopkg.answers.http.routes import ENTITIES, HOME, OTHER, label, labels
from coopkg.web.app import create_app
from coopkg.web.parts.routes import routes_of

if TYPE_CHECKING:
    from coopkg.answers.service import Service


@pytest.fixture(scope="module")
def known(service: Service) -> frozenset[str]:
    return labels(routes_of(create_app(service=service)))


def test_every_route_has_a_label_and_the_data_have_theirs(known: frozenset[str]) -> None:
    assert {"sparql", "queries", "catalog", "dumps", ".well-known", "static", "validate", "health", "search"} < known
    assert {*ENTITIES, HOME} < known
    assert OTHER not in known


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", HOME), ("/sparql", "sparql"), ("/queries/european-programs.csv", "queries"), ("/catalog.ttl", "catalog"),
        ("/.well-known/void", ".well-known"), ("/id/country/BY", "id"), ("/graph/reference", "graph"),
        ("/robots.txt", "robots.txt"), ("/made/up", OTHER), ("/sparqlx", OTHER), ("/..", OTHER), ("*", OTHER),
        ("", HOME), ("//evil", HOME), ("/ID/x", OTHER), ("/other", OTHER), ("/home", HOME),
    ],
)  # fmt: skip
def test_a_path_has_the_label_of_its_route(path: str, expected: str, known: frozenset[str]) -> None:
    assert label(path, known) == expected
