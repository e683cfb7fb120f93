"""What is told of an IRI when it is dereferenced: the queries behind an entity's page and its RDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.engine.evaluate import Task
from coopkg.errors import NotFound
from coopkg.suggestions import similar
from coopkg.terms import named_node
from coopkg.vocab import STANDARD_PREFIXES, prefixes

if TYPE_CHECKING:
    from coopkg.results import Format
    from coopkg.service import Service


@dataclass(frozen=True)
class Description:
    """The patterns whose triples describe an IRI; a page and its RDF come from the same ones."""

    iri: str
    pattern: str

    def construct(self, fmt: Format, base: str) -> Task:
        """Give the task that answers with the description as RDF."""
        return Task(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {self.pattern} }}", fmt, base, prefixes=prefixes(base))

    def select(self) -> str:
        """Give the query that answers with the description's triples, in a stable order."""
        return f"SELECT DISTINCT ?s ?p ?o WHERE {{ {self.pattern} }} ORDER BY ?s ?p ?o"


def describe(service: Service, path: str) -> Description:
    """Give the description of ``<base><path>``. Raises NotFound where the graph says nothing of it.

    A named graph is described by its triples, the ontology by those of its graph, anything else by the triples of which
    it is the subject.
    """
    iri = service.settings.base + path
    found = Description(iri, _pattern(service.settings.base, path, str(named_node(iri, {}, "iri"))))
    if not service.rows(f"SELECT ?s WHERE {{ {found.pattern} }} LIMIT 1"):
        close = similar(service, iri)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise NotFound(f"The graph says nothing of {iri}.{hint}", suggestion=close)
    return found


def _pattern(base: str, path: str, node: str) -> str:
    if path.startswith("graph/"):
        return f"GRAPH {node} {{ ?s ?p ?o }}"
    if path in {"ontology", "catalog"}:
        return f"GRAPH <{base}graph/{path}> {{ ?s ?p ?o }}"
    if path.startswith("ontology/"):
        version = f"<{base}ontology> <{STANDARD_PREFIXES['owl']}versionIRI> {node}"
        return f"GRAPH <{base}graph/ontology> {{ {version} . ?s ?p ?o }}"
    return f"VALUES ?s {{ {node} }} ?s ?p ?o"


SHOWN: Final = 200
"""How many of the triples that lead to an IRI its page lists; where there are more, the page says so."""


def incoming(service: Service, iri: str) -> list[dict[str, str]]:
    """Give subject and predicate of the triples that lead to an IRI, in a stable order: one more than a page shows."""
    node = str(named_node(iri, {}, "iri"))
    return service.rows(f"SELECT DISTINCT ?s ?p WHERE {{ ?s ?p {node} }} ORDER BY ?p ?s LIMIT {SHOWN + 1}")
