"""Queries with SERVICE: recognising them, parsing them, and the endpoints that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.answers.federation.endpoints import find
from coopkg.answers.federation.service_plan import service_iri, services
from coopkg.errors import QuerySyntaxError
from coopkg.sparql.admission import admit
from coopkg.sparql.syntax_tree import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.federation.endpoints import Endpoint
    from coopkg.sparql.syntax_tree import Tree


def is_federated(text: str) -> bool:
    """Check whether a query that has passed admission has a SERVICE clause."""
    return "SERVICE" in text.upper() and bool(admit(text, service=True).services)


def unlisted(text: str, endpoints: Mapping[str, Endpoint], base: str) -> list[str]:
    """Return the sorted IRIs of the endpoints in a query that are not on the list. Raises QuerySyntaxError."""
    tree = read_query(text)
    named = [service_iri(tree, element.name, base) for group in tree.groups for element in services(group)]
    return sorted({iri for written, iri in named if iri and not find(endpoints, written, iri, base)})


def read_query(text: str) -> Tree:
    """Parse a query into a tree. Raises QuerySyntaxError."""
    try:
        return read(text)
    except UnreadableError:
        raise QuerySyntaxError("The query cannot be read to its end.") from None
