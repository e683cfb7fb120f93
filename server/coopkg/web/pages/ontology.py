"""The pages of the ontology: all its terms on one, each of them on its own, in one language only."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.answers.ontology_terms import DOMAIN, INVERSE, RANGE, SUPER, main_links, vocabulary
from coopkg.answers.publication.schema_org import script, structured
from coopkg.errors import NotFound
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import ShownTerm, plain
from coopkg.sparql.query_text import query_text
from coopkg.web.forms.outline import outline
from coopkg.web.parts.named_terms import naming, page_term
from coopkg.web.parts.neighbourhood import drawing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.answers.descriptions import Described
    from coopkg.answers.ontology_terms import Term
    from coopkg.answers.service import Service
    from coopkg.web.forms.outline import Rule
    from coopkg.web.rendering import Visit

_LONGEST: Final = 140
_SHOWN: Final = 12
"""Members of a list of values that a constraint is told with."""


def ontology_page(running: Service, visit: Visit, iri: str, described: Described) -> dict[str, Any]:
    """Return what the page of the ontology shows: all terms with labels and uses, in the visitor's language alone."""
    terms = vocabulary(running)
    kinds = [
        (kind, [_entry(term, visit) for term in found]) for kind, found in groupby(terms.values(), lambda t: t.kind)
    ]
    shapes = outline(running)
    evidence = shapes.place(f"{iri}#hasEvidence")[0]
    links = main_links(running, frozenset(p for p, (group, _) in shapes.places.items() if group == evidence))
    label = str(visit.words("ontology.drawing"))
    return {
        "iri": iri,
        "title": _text(described, iri, "terms/title", visit) or str(visit.words("nav.ontology")),
        "definition": _text(described, iri, "terms/description", visit),
        "version": _text(described, iri, "owl#versionInfo", visit),
        "structured": script(structured(described.triples, iri)),
        "kinds": kinds,
        "drawn": drawing(running, visit, links, label),
        "missing": sum(not entry["label"] or not entry["defined"] for _, found in kinds for entry in found),
    }


def _text(described: Described, iri: str, ending: str, visit: Visit) -> str:
    """Return the text of a property of the ontology itself in the visitor's language, or the one without a language."""
    for triple in described.triples:
        text, language = getattr(triple.object, "value", ""), getattr(triple.object, "language", "") or ""
        names_it = str(triple.subject) == f"<{iri}>" and triple.predicate.value.endswith(ending)
        if names_it and language in {visit.language, ""}:
            return str(text)
    return ""


def _entry(term: Term, visit: Visit) -> dict[str, Any]:
    return {
        "name": term.name, "iri": term.iri, "label": plain(term.labels.get(visit.language, ""), _LONGEST),
        "defined": visit.language in term.definitions, "uses": term.uses,
        "definition": plain(term.definitions.get(visit.language, ""), 300) if term.kind == "class" else "",
    }  # fmt: skip


def term_page(running: Service, visit: Visit, iri: str, described: Described) -> dict[str, Any]:  # noqa: ARG001 - a Face
    """Return what the page of one term shows. Raises NotFound for a name that is no term's."""
    name = dict(visit.parameters).get("term", "")
    found = vocabulary(running).get(f"{iri}#{name}")
    if found is None:
        raise NotFound(f"The ontology has no term {name[:100]!r}.")
    names, own = prefixes(running.settings.base), f"{iri}#"
    values: dict[str, Any] = {
        "links": [(key, [page_term(i, names) for i in iris]) for key, iris in _links(running, found, own) if iris],
        "mappings": [(page_term(p, names), page_term(i, names)) for p, i in found.mappings(own)],
        "rules": _rules(running, visit, found),
        "example": [page_term(i, names) for i in _example(running, found)],
    }
    terms = vocabulary(running)
    strict = {
        i: {visit.language: t.labels[visit.language]} if visit.language in t.labels else {} for i, t in terms.items()
    }
    return values | {
        "iri": found.iri, "term": found, "kind": found.kind, "uses": found.uses,
        "label": plain(found.labels.get(visit.language, ""), 300),
        "definition": plain(found.definitions.get(visit.language, ""), 1000),
        "name": naming(running, visit, values, strict), "query": _query(found),
        "listing": page_term(found.iri, names).text,
    }  # fmt: skip


def _links(running: Service, term: Term, own: str) -> Iterable[tuple[str, list[str]]]:
    """Return the other terms of ours that a term hangs together with, by the message that says how."""
    terms = vocabulary(running).values()
    yield "above", [i for i in term.linked(*SUPER) if i.startswith(own)]
    yield "below", [t.iri for t in terms if term.iri in t.linked(*SUPER)]
    yield "domain", term.linked(DOMAIN)
    yield "range", term.linked(RANGE)
    yield (
        "inverse",
        list(dict.fromkeys((*term.linked(INVERSE), *(t.iri for t in terms if term.iri in t.linked(INVERSE))))),
    )
    yield "properties", [t.iri for t in terms if term.iri in t.linked(DOMAIN)]
    yield "leading", [t.iri for t in terms if term.iri in t.linked(RANGE)]


def _rules(running: Service, visit: Visit, term: Term) -> list[tuple[ShownTerm, list[dict[str, Any]]]]:
    """Return what the shapes ask: of a class, by property; of a property, by class."""
    names, found = prefixes(running.settings.base), dict[str, list[dict[str, Any]]]()
    for prop, rules in outline(running).rules.items():
        for rule in rules:
            if term.iri in {prop, rule.cls}:
                said = found.setdefault(rule.cls if term.iri == prop else prop, [])
                phrase = _phrase(rule, names, visit)
                said += [] if phrase in said else [phrase]
    return [(page_term(iri, names), found[iri]) for iri in sorted(found)]


def _phrase(rule: Rule, names: dict[str, str], visit: Visit) -> dict[str, Any]:
    """Return a constraint: the message that says it, and its values as terms."""
    operands = rule.value if isinstance(rule.value, tuple) else (str(rule.value),)
    has_message = visit.words.has(f"constraint.{rule.name}")
    operands = () if rule.name == "uniqueLang" else operands
    values = [page_term(v[1:-1], names) if v[:1] == "<" else ShownTerm(plain(v, 200)) for v in operands[:_SHOWN]]
    return {
        "key": rule.name if has_message else "other",
        "values": values if has_message else [],
        "more": len(operands[_SHOWN:]),
        "advice": rule.severity != "VIOLATION",
    }


def _example(running: Service, term: Term) -> list[str]:
    """Return a thing of a class, or a thing that has a property; none where there is no such thing."""
    pattern = query_text("?s a [[term]]" if term.kind == "class" else "?s [[term]] ?o", term=ox.NamedNode(term.iri))
    rows = running.rows(query_text("SELECT ?s WHERE { [[pattern]] FILTER(ISIRI(?s)) } LIMIT 1", pattern=pattern))
    return [row["s"] for row in rows]


def _query(term: Term) -> str:
    node = ox.NamedNode(term.iri)
    if term.kind == "class":
        return query_text("SELECT ?thing WHERE {\n  ?thing a [[cls]] .\n}\nORDER BY ?thing", cls=node)
    return query_text("SELECT ?thing ?value WHERE {\n  ?thing [[prop]] ?value .\n}\nORDER BY ?thing ?value", prop=node)
