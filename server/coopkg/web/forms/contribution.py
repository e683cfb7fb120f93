"""A filled form as a change to the graph: the triples that it adds, those that it takes back, what is still wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from coopkg.rdf.canonical_turtle import canonical_turtle
from coopkg.rdf.namespaces import LANGUAGES, prefixes
from coopkg.rdf.terms import Document, compact, triple
from coopkg.web.forms.entered_values import InputError, free_name, slug, terms_of
from coopkg.web.forms.form_model import TYPE
from coopkg.web.forms.source_claim import Evidence, evidence_of
from coopkg.web.forms.triple_statements import exempt, supported, taken_back

if TYPE_CHECKING:
    from coopkg.web.forms.entered_values import Values
    from coopkg.web.forms.form_model import Form
    from coopkg.web.forms.lookups import Graph, Said


@dataclass
class Contribution:
    """A change: ``iri`` is the thing that it is about, ``removed`` are quads as N-Quads."""

    form: Form
    iri: str
    evidence: Evidence
    added: list[ox.Triple] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    troubles: list[InputError] = field(default_factory=list)

    def turtle(self, base: str) -> str:
        """Return what is added as canonical Turtle."""
        text = "".join(f"{t.subject} {t.predicate} {t.object} .\n" for t in self.added)
        return canonical_turtle(Document("contribution.ttl", text.encode(), ox.RdfFormat.N_TRIPLES), prefixes(base))

    def patch(self, graph: str) -> str:
        """Return the whole change as RDF Patch rows, what is added going into that graph."""
        rows = [f"D {quad}" for quad in self.removed]
        return "\n".join([*rows, *(f"A {t.subject} {t.predicate} {t.object} <{graph}> ." for t in self.added)])


def filled(form: Form, said: list[Said], names: dict[str, str]) -> Values:
    """Return the values of a form that what is said of a thing fills in."""
    values: Values = {}
    fields = {asked.path: asked for asked in form.fields}
    for fact in said:
        asked = fields.get(fact.path)
        if fact.path == TYPE and isinstance(fact.term, ox.NamedNode) and fact.term.value in form.classes:
            values["rdf:type"] = [fact.term.value]
        elif fact.path.endswith("ontology#hasCertainty") and isinstance(fact.term, ox.NamedNode):
            values["certainty"] = [fact.term.value.rpartition("/")[2]]
        elif asked is not None and asked.kind == "choice":
            values.setdefault(asked.key, []).append(str(fact.term))
        elif asked is not None and isinstance(fact.term, ox.NamedNode):
            values.setdefault(asked.key, []).append(compact(fact.term.value, names).strip("<>"))
        elif asked is not None and isinstance(fact.term, ox.Literal):
            key = f"{asked.key}@{fact.term.language}" if asked.kind == "texts" else asked.key
            values.setdefault(key, []).append(fact.term.value)
    return values


def compose(form: Form, values: Values, graph: Graph, about: str = "") -> Contribution:
    """Return the change that a filled form stands for; ``about`` is the thing that it corrects, empty for a new one."""
    evidence = evidence_of(values, graph)
    made = Contribution(form, about, evidence)
    terms: dict[str, list[ox.NamedNode | ox.Literal]] = {}
    for asked in form.fields:
        terms[asked.path], troubles = terms_of(asked, values, graph.prefixes, graph.resolve)
        made.troubles += troubles
    if not about:
        made.iri = _mint(made, values, graph)
    coop = f"{graph.base}ontology#"
    cls = next((value for value in values.get("rdf:type", ()) if value in form.classes), form.cls)
    terms[TYPE] = [ox.NamedNode(cls)]
    terms[f"{coop}hasCertainty"] = [ox.NamedNode(f"{graph.base}id/certainty/{evidence.certainty}")]
    if made.iri:
        _compare(made, terms, graph, graph.said(about) if about else [])
    if evidence.claim and made.iri:
        _support(made, graph, cls, corrected=bool(about))
        made.added.append(triple(made.iri, f"{coop}hasEvidence", evidence.claim))
    made.added += evidence.triples
    made.troubles += evidence.troubles
    return made


def _compare(
    made: Contribution, terms: dict[str, list[ox.NamedNode | ox.Literal]], graph: Graph, said: list[Said]
) -> None:
    """Add what is new and take back what is no longer there; what the form does not ask for stays."""
    subject, gone = ox.NamedNode(made.iri), list[tuple[str, ox.NamedNode | ox.Literal]]()
    fields = {asked.path: asked for asked in made.form.fields}
    there = {(fact.path, fact.term) for fact in said}
    for path, values in terms.items():
        new = [value for value in values if (path, value) not in there]
        made.added += [ox.Triple(subject, ox.NamedNode(path), value) for value in new]
    for fact in said:
        asked = fields.get(fact.path)
        shown = asked is None or asked.kind != "texts" or getattr(fact.term, "language", None) in LANGUAGES
        classes = fact.path != TYPE or getattr(fact.term, "value", "") in made.form.classes
        if fact.path in terms and fact.term not in terms[fact.path] and shown and classes:
            made.removed.append(f"{subject} <{fact.path}> {fact.term} <{fact.graph}> .")
            gone.append((fact.path, fact.term))
    made.removed += taken_back(made.iri, gone, graph)
    if said and not made.added and not made.removed:
        made.troubles.append(InputError("id", "contribute.nothing_new"))


def _support(made: Contribution, graph: Graph, cls: str, *, corrected: bool) -> None:
    """Say which triples the claim supports: all that are added, but for those that need no evidence.

    Where there are none, such as in a new name, it supports that one, or that the thing is what it is. What is added to
    a thing that others have described needs a claim, whatever it is.
    """
    spared, claim = exempt(graph), made.evidence.claim
    structure = {f"{graph.base}ontology#hasCertainty", f"{graph.base}ontology#hasEvidence"}
    facts = [fact for fact in made.added if fact.predicate.value not in spared]
    named = [fact for fact in made.added if fact.predicate.value not in structure]
    if corrected:
        facts = list(made.added)
    facts = facts or named[:1] or [ox.Triple(ox.NamedNode(made.iri), ox.NamedNode(TYPE), ox.NamedNode(cls))]
    published = [t for t in made.evidence.triples if str(t.subject) == f"<{made.evidence.source}>"]
    facts += [t for t in published if t.predicate.value not in spared]
    made.added += supported(claim, facts, graph.base)


def _mint(made: Contribution, values: Values, graph: Graph) -> str:
    """Return the IRI of a new thing: what the form proposes, or one made of the English label, that nothing has yet."""
    wanted = next((value for value in values.get("id", ()) if value), "")
    folder = made.form.folder
    if not wanted:
        label = next((value for value in values.get("skos:prefLabel@en", ()) if value), "")
        wanted = free_name(slug(label), lambda name: graph.taken(folder + name)) if slug(label) else ""
    elif re.fullmatch(made.form.local, wanted) and graph.taken(folder + wanted):
        made.troubles.append(InputError("id", "contribute.taken", {"value": wanted}))
        return ""
    if not re.fullmatch(made.form.local, wanted):
        made.troubles.append(InputError("id", "contribute.bad_id", {"pattern": made.form.local}))
        return ""
    return folder + wanted
