"""What the page of a description shows: facts and their evidence, what stands around it, what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.answers.evidence.claims import claims_about, grounds, stated, statements, texts
from coopkg.answers.labels import NAMING
from coopkg.answers.publication.schema_org import script, structured
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import ShownTerm, plain
from coopkg.rdf.terms import compact
from coopkg.sparql.query_text import query_text
from coopkg.web.forms.outline import outline
from coopkg.web.i18n import best
from coopkg.web.parts.claim_view import by_iri, entry
from coopkg.web.parts.commit_history import touched
from coopkg.web.parts.fact_groups import TYPE, FactGroups, Grounds
from coopkg.web.parts.named_terms import naming, page_term
from coopkg.web.parts.neighbourhood import COUNTED, drawing, incoming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.answers.descriptions import Described
    from coopkg.answers.evidence.claims import Claim
    from coopkg.answers.service import Service
    from coopkg.web.parts.fact_groups import Fact
    from coopkg.web.rendering import Visit

LABEL: Final = 300
"""Characters of a label that a page shows."""
Named = Callable[[ShownTerm], ShownTerm]
CLAIMS: Final = 30
"""Claims that the page of a thing shows in full; where there are more, it says so."""


def shown(running: Service, visit: Visit, iri: str, described: Described) -> dict[str, Any]:
    """Return what the page of a description shows, everything named in the visitor's language."""
    values, grounds = told(running, visit, iri, described)
    if grounds is not None:
        leading = incoming(running, iri)
        around = _around(iri, _split(described, iri)[0], leading.links, grounds.claims, running.settings.base)
        label = str(visit.words("entity.around", name=values["title"]))
        values |= {"whole": leading.whole, "counted": COUNTED}
        values |= _of_thing(running, visit, grounds, leading.links) | {"drawn": drawing(running, visit, around, label)}
    called = {
        c.iri: str(visit.words("claim.number", number=c.number)) for c in (grounds.claims.values() if grounds else ())
    }
    spelled = _spelled_out(running, visit, iri) if grounds else {}
    values["title"], called = spelled.get(iri, values["title"]), called | spelled
    return values | {"name": named(running, visit, values, called)}


def told(running: Service, visit: Visit, iri: str, described: Described) -> tuple[dict[str, Any], Grounds | None]:
    """Return the facts of a description as a page shows them, not named yet, and what they rest on.

    None for a graph.
    """
    base, names = running.settings.base, prefixes(running.settings.base)
    facts, others = _split(described, iri)
    grounds = None if iri.startswith(f"{base}graph/") else _grounds(running, iri) if facts else Grounds()
    claim = grounds.claims.get(iri) if grounds is not None else None
    teller, labels = FactGroups(visit, names), _labels(facts) or (claim.texts if claim else {})
    label, language = best(labels, visit.language)
    values = {
        "iri": iri,
        "iri_text": plain(iri, 2000),
        "best": lambda texts: best(texts, visit.language),
        "title": plain(label or compact(iri, names).strip("<>"), LABEL),
        "title_language": language if label else "",
        "labels": {code: plain(text, LABEL) for code, text in labels.items() if text != label and code},
        "chips": [page_term(cls, names) for cls in _classes(facts, base)],
        "groups": teller.listed(facts) if grounds is None else teller.grouped(iri, facts, grounds, outline(running)),
        "others": [(teller.term(subject), teller.listed(rows)) for subject, rows in others.items()],
        "touched": touched(running, iri),
        "query": query_text(
            "SELECT ?property ?value WHERE {\n  [[thing]] ?property ?value .\n}\nORDER BY ?property ?value",
            thing=ox.NamedNode(iri),
        ),
        "correctable": iri.startswith(f"{base}id/") and any(f[0] == f"{base}ontology#hasEvidence" for f in facts),
        "more": len(described.triples) if described.more else 0,
        "structured": script(structured(described.triples, iri)),
    }
    return values, grounds


def named(running: Service, visit: Visit, values: object, called: Mapping[str, str] | None = None) -> Named:
    """Return what is called how; what has no label in the graph as the shapes have it, or as ``called`` does."""
    naming_by_graph = naming(running, visit, values)
    ours = {iri: {visit.language: text} for iri, text in (called or {}).items()}
    labelled = {iri: names for iri, names in naming_by_graph.names.items() if names}
    name = replace(naming_by_graph, names={**outline(running).names, **ours, **labelled})
    named_terms: dict[str, ShownTerm] = {}

    def once(term: ShownTerm) -> ShownTerm:
        """Return a term with its name; a page shows the same property and the same graph many times."""
        if not term.iri:
            return term
        if term.iri not in named_terms:
            named_term = name(term)
            named_terms[term.iri] = replace(named_term, text=plain(named_term.text, LABEL))
        return named_terms[term.iri]

    return once


def _of_thing(running: Service, visit: Visit, grounds: Grounds, links: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a page has of a thing beside its facts: claims, graphs, and what leads to it."""
    names = prefixes(running.settings.base)
    claims = list(grounds.claims.values())
    supplied = texts(running, sorted({claim.source for claim in claims}))
    return {
        "claims": [entry(running, visit, c, supplied.get(c.source)) for c in claims[:CLAIMS]],
        "more_claims": len(claims[CLAIMS:]),
        "graphs": [page_term(g, names) for g in sorted({g for found in grounds.graphs.values() for g in found})],
        "links": [
            {**link, "subjects": [page_term(s, names) for s in link["subjects"]],
             "property": page_term(link["property"], names)} for link in links
        ],
    }  # fmt: skip


def _split(described: Described, iri: str) -> tuple[list[Fact], dict[Any, list[Fact]]]:
    """Return the facts of the IRI itself, and those of the other subjects of its description, in a stable order."""
    facts: list[Fact] = []
    others: defaultdict[Any, list[Fact]] = defaultdict(list)
    for triple in sorted(described.triples, key=lambda t: (str(t.subject), t.predicate.value, str(t.object))):
        fact = triple.predicate.value, triple.object, triple in described.inferred
        (facts if str(triple.subject) == f"<{iri}>" else others[triple.subject]).append(fact)
    return facts, others


def _grounds(running: Service, iri: str) -> Grounds:
    return Grounds(by_iri(claims_about(running, iri)), grounds(running, iri), stated(running, iri))


def _spelled_out(running: Service, visit: Visit, iri: str) -> dict[str, str]:
    """Return the triples of the statements of a claim, or of a statement, in the visitor's words, by statement."""
    names = prefixes(running.settings.base)
    found = statements(running, iri)
    terms = {part: page_term(part, names) for triple in found.values() for part in triple if "://" in part}
    name = naming(running, visit, list(terms.values()))
    words = {part: name(term).text for part, term in terms.items()}
    return {node: plain(" ".join(words.get(part, part) for part in triple), LABEL) for node, triple in found.items()}


def _labels(facts: Iterable[Fact]) -> dict[str, str]:
    """Return what the thing is called, by language."""
    labels: dict[str, str] = {}
    for ranked in NAMING:
        for prop, term, _ in facts:
            if prop == ranked and hasattr(term, "language"):
                labels.setdefault(term.language or "", term.value)
    return labels


def _classes(facts: Iterable[Fact], base: str) -> list[str]:
    """Return the asserted types of a thing, those of our ontology first."""
    classes = {str(term).strip("<>") for prop, term, inferred in facts if prop == TYPE and not inferred}
    return sorted(classes, key=lambda cls: (not cls.startswith(base), cls))


def _around(
    iri: str, facts: Iterable[Fact], links: Iterable[Mapping[str, Any]], claims: Mapping[str, Claim], base: str
) -> list[tuple[str, str, str]]:
    """Return links with other things: what is asserted first, then what leads here, then what is inferred."""
    own = f"<{base}id/", f"<{base}source/"
    out = [(iri, prop, str(term)[1:-1], inferred) for prop, term, inferred in facts if str(term).startswith(own)]
    back = [(s, link["property"], iri) for link in links for s in link["subjects"] if s.startswith(f"{base}id/")]
    ranked = [*((s, p, o) for s, p, o, inferred in out if not inferred), *back,
              *((s, p, o) for s, p, o, inferred in out if inferred)]  # fmt: skip
    return [(s, p, o) for s, p, o in ranked if s not in claims and o not in claims]
