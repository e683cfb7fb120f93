"""What things are called, looked up after an answer, so that labels never multiply its rows; and where they are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import named_node
from coopkg.sparql.query_text import query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.service import Service

_GEO: Final = STANDARD_PREFIXES["geo"]
NAMING: Final = (
    STANDARD_PREFIXES["skos"] + "prefLabel",
    STANDARD_PREFIXES["rdfs"] + "label",
    STANDARD_PREFIXES["dcterms"] + "title",
    STANDARD_PREFIXES["foaf"] + "name",
)
"""Properties that name a thing, the best first."""


@dataclass(frozen=True)
class Known:
    """What is known of a thing: its names by language (``""`` for a literal without one), and latitude, longitude."""

    names: Mapping[str, str] = field(default_factory=dict)
    point: tuple[float, float] | None = None


def nodes(iris: Iterable[str]) -> list[ox.NamedNode]:
    """Return IRIs in order, once each, without those that no query can name: they have no labels either."""
    named = []
    for iri in sorted(set(iris)):
        with suppress(BadParameter):
            named.append(named_node(iri, {}, "iri"))
    return named


def look_up(service: Service, iris: Iterable[str]) -> dict[str, Known]:
    """Return what is known of each of those IRIs. Raises the errors of evaluation."""
    named = nodes(iris)
    if not named:
        return {}
    text = query_text(
        "SELECT ?s ?p ?o WHERE { VALUES ?s { [[things]] } VALUES ?p { [[properties]] } ?s ?p ?o }",
        things=named,
        properties=map(ox.NamedNode, (*NAMING, f"{_GEO}lat", f"{_GEO}long")),
    )
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in service.terms(Task(text, SOLUTION_FORMATS[0], service.settings.base)):
        of_property = found.setdefault(row["s"]["value"], {}).setdefault(row["p"]["value"], {})
        of_property.setdefault(row["o"].get("xml:lang", ""), row["o"]["value"])
    return {iri: _known(facts) for iri, facts in found.items()}


def _known(facts: Mapping[str, Mapping[str, str]]) -> Known:
    names: dict[str, str] = {}
    for naming in NAMING:
        names = {**facts.get(naming, {}), **names}
    try:
        point = (float(facts[f"{_GEO}lat"][""]), float(facts[f"{_GEO}long"][""]))
    except (KeyError, ValueError):
        return Known(names)
    return Known(names, point)
