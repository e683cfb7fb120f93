"""The routes of the application as values: OpenAPI, the labels of metrics, pages and tests read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTITIES: Final = ("graph", "id", "ontology", "source")
"""What the paths of the data's own IRIs begin with: one route answers for all of them, and for what is nowhere."""
HOME: Final = "home"
OTHER: Final = "other"


@dataclass(frozen=True)
class Route:
    """A route as the application has it: its rule, its methods, its endpoint and the first sentence of its view."""

    rule: str
    methods: frozenset[str]
    endpoint: str
    summary: str = ""


def labels(routes: Iterable[Route]) -> frozenset[str]:
    """Return the labels of requests in metrics: the first part of each route's path.

    They are as many as the program has routes. A path that a client made up has none of them, so that no client can
    make the series of a metric grow.
    """
    parts = {route.rule.split("/", 2)[1].partition("<")[0].rstrip(".") for route in routes}
    return frozenset(parts - {""}).union(ENTITIES, {HOME})


def label(path: str, known: frozenset[str]) -> str:
    """Return the label of a request's path: its first part, with or without a suffix such as ``.ttl``."""
    part = path.removeprefix("/").partition("/")[0] or HOME
    return next((name for name in (part, part.partition(".")[0]) if name in known), OTHER)
