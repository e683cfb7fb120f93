"""What forms ask the published graph: who is meant, what is said of a thing, which names are free."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter
from coopkg.rdf.formats import SOLUTION_FORMATS, by_name
from coopkg.rdf.json_terms import from_json
from coopkg.rdf.namespaces import INFERRED, LANGUAGES, STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import named_node
from coopkg.sparql.query_text import QueryText, query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from coopkg.answers.service import Service

_NAMING: Final = tuple(STANDARD_PREFIXES["skos"] + name for name in ("prefLabel", "altLabel"))
_ANYTHING: Final = STANDARD_PREFIXES["rdfs"] + "Resource"
_NUMBERED: Final = "SELECT (MAX(?n) AS ?last) WHERE { ?c [[derived]] [[source]] ; [[number]] ?n }"


@dataclass(frozen=True)
class Said:
    """What is asserted of a thing: a property, a value, and the graph that has it."""

    path: str
    term: ox.NamedNode | ox.Literal
    graph: str


class Graph:
    """What a form asks the published graph."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.base = service.settings.base
        self.prefixes = prefixes(self.base)

    def _asserted(self, text: str) -> list[dict[str, Any]]:
        return self.service.terms(Task(text, SOLUTION_FORMATS[0], self.base, entailment=False))

    def terms(self, text: QueryText) -> list[dict[str, ox.NamedNode | ox.BlankNode | ox.Literal]]:
        """Return the solutions of a query of ours over what is asserted."""
        rows = ({name: from_json(value) for name, value in row.items()} for row in self._asserted(text))
        kinds = (ox.NamedNode, ox.BlankNode, ox.Literal)
        return [{name: term for name, term in row.items() if isinstance(term, kinds)} for row in rows]

    def holds(self, pattern: QueryText) -> bool:
        """Return whether a pattern of ours has a solution."""
        fmt = by_name("json") or SOLUTION_FORMATS[0]
        text = query_text("ASK { [[pattern]] }", pattern=pattern)
        return bool(json.loads(self.service.ask(Task(text, fmt, self.base)))["boolean"])

    def taken(self, iri: str) -> bool:
        """Return whether anything is said of an IRI, or of another with it."""
        return self.holds(query_text("{ [[node]] ?p ?o } UNION { ?s ?p [[node]] }", node=ox.NamedNode(iri)))

    def claims(self, source: str) -> int:
        """Return the highest number of a claim of a source; 0 for none."""
        text = query_text(
            _NUMBERED,
            derived=ox.NamedNode(STANDARD_PREFIXES["prov"] + "wasDerivedFrom"),
            source=ox.NamedNode(source),
            number=ox.NamedNode(f"{self.base}ontology#claimNumber"),
        )
        found = self._asserted(text)
        return int(found[0]["last"]["value"]) if found and "last" in found[0] else 0

    def said(self, iri: str) -> list[Said]:
        """Return what is asserted of a thing, but for what blank nodes say."""
        text = query_text(
            "SELECT ?g ?p ?o WHERE { GRAPH ?g { [[node]] ?p ?o } "
            "FILTER(?g != [[inferred]] && !isBlank(?o)) } ORDER BY ?p ?o",
            node=ox.NamedNode(iri),
            inferred=ox.NamedNode(self.base + INFERRED),
        )
        values = [(row["p"]["value"], from_json(row["o"]), row["g"]["value"]) for row in self._asserted(text)]
        return [Said(p, term, g) for p, term, g in values if isinstance(term, (ox.NamedNode, ox.Literal))]

    def resolve(self, text: str, cls: str) -> str:
        """Return the IRI of what a person named: by an identifier that the graph knows, or by a label of one thing."""
        try:
            node = named_node(text, self.prefixes, "value")
        except BadParameter:
            return self._labelled(text, cls)
        pattern = query_text("[[node]] a ?any", node=node)
        if cls and cls != _ANYTHING:
            pattern = query_text("[[node]] a [[cls]]", node=node, cls=ox.NamedNode(cls))
        return node.value if self.holds(pattern) else ""

    def _labelled(self, text: str, cls: str) -> str:
        query = query_text(
            "SELECT DISTINCT ?s WHERE { VALUES ?l { [[labels]] } VALUES ?p { [[naming]] } "
            "?s ?p ?l . [[kind]] FILTER(isIRI(?s)) } LIMIT 2",
            labels=[ox.Literal(text, language=code) for code in LANGUAGES],
            naming=map(ox.NamedNode, _NAMING),
            kind=query_text("?s a [[cls]] .", cls=ox.NamedNode(cls)) if cls and cls != _ANYTHING else query_text(""),
        )
        found = self.service.rows(query)
        return found[0]["s"] if len(found) == 1 else ""

    def choices(self, cls: str, most: int = 200) -> list[str]:
        """Return the things of a class, for a list to choose from; of a class with more of them, some."""

        def look() -> list[str]:
            kind = query_text("?s [[naming]] ?any", naming=ox.NamedNode(_NAMING[0]))
            if cls and cls != _ANYTHING:
                kind = query_text("?s a [[cls]]", cls=ox.NamedNode(cls))
            text = query_text(
                "SELECT DISTINCT ?s WHERE { [[kind]] FILTER(isIRI(?s)) } ORDER BY ?s LIMIT [[most]]",
                kind=kind,
                most=most,
            )
            return [row["s"] for row in self.service.rows(text)]

        return self.service.derived.get(f"choices:{cls}", self.service.engine.tag(), look)
