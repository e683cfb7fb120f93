"""Alignments: links to registers of other publishers, checked against a copy of such a register."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.sparql.query_text import query_text
from coopkg.workers.evaluation import select

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset
    from coopkg.rdf.terms import Document

DEAD: Final = "dead"
DEPRECATED: Final = "deprecated"
MISMATCH: Final = "label"
_SKOS: Final = STANDARD_PREFIXES["skos"]
_EXACT: Final = _SKOS + "exactMatch"
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_CONCEPT: Final = _SKOS + "Concept"
_ONTOLOGY: Final = STANDARD_PREFIXES["owl"] + "Ontology"
_LABELS: Final = frozenset({
    *(_SKOS + name for name in ("prefLabel", "altLabel", "hiddenLabel")), STANDARD_PREFIXES["rdfs"] + "label",
})  # fmt: skip
_MARKS: Final = {
    "http://publications.europa.eu/ontology/authority/deprecated": "true",
    STANDARD_PREFIXES["owl"] + "deprecated": "true",
    "http://publications.europa.eu/ontology/euvoc#status": (
        "http://publications.europa.eu/resource/authority/concept-status/DEPRECATED"
    ),
}
"""How registers mark an entry as deprecated: property and value."""
_REPLACED: Final = STANDARD_PREFIXES["dcterms"] + "isReplacedBy"
_LINKS: Final = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT DISTINCT ?s ?p ?o WHERE {
  ?s ?p ?o FILTER(ISIRI(?o) && STRSTARTS(STR(?s), [[base]]) && !STRSTARTS(STR(?o), [[base]]))
  FILTER(?p NOT IN (dcterms:source, rdf:type, rdf:object))
} ORDER BY ?s ?p ?o"""
"""All links to IRIs outside of the base IRI, except sources, types and what repeats a link to give its evidence."""
_NAMES: Final = """
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?s ?name WHERE {
  ?s skos:exactMatch ?target ; skos:prefLabel|skos:altLabel|skos:hiddenLabel ?name
}"""


@dataclass(frozen=True)
class Finding:
    """A problem of a link: its kind (DEAD, DEPRECATED or MISMATCH), and one sentence that describes it."""

    kind: str
    subject: str
    property: str
    target: str
    sentence: str


@dataclass(frozen=True)
class Check:
    """The result of a check: the number of links that lead into the register, and the problems that they have."""

    checked: int
    findings: tuple[Finding, ...]


@dataclass
class Register:
    """The entries in a copy of a register; ``spaces`` are their namespaces.

    ``deprecated`` maps an entry to its replacement, "" for none; ``labels`` maps an entry and a language to its names,
    without case and accents.
    """

    entries: set[str] = field(default_factory=set)
    spaces: set[str] = field(default_factory=set)
    deprecated: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def judge(self, subject: str, predicate: str, target: str, names: dict[str, set[str]]) -> Finding | None:
        """Return the problem of a link, or None; ``names`` are those of its subject, by language."""
        if target not in self.entries:
            return Finding(DEAD, subject, predicate, target, "the register has no such entry")
        if target in self.deprecated:
            replacement = self.deprecated[target]
            hint = f"; it is replaced by {replacement}" if replacement else ""
            return Finding(DEPRECATED, subject, predicate, target, f"the register has deprecated the entry{hint}")
        labels = self.labels.get(target, {})
        shared = sorted(names.keys() & labels.keys())
        if predicate != _EXACT or not shared or any(names[tag] & labels[tag] for tag in shared):
            return None
        compared = "; ".join(f"{tag}: {' / '.join(sorted(labels[tag])[:3])}" for tag in shared)
        return Finding(MISMATCH, subject, predicate, target, f"no name of the two is alike ({compared})")


def read_register(document: Document) -> Register:
    """Read a copy of a register, whose entries are the subjects with a type. Raises RdfSyntaxError.

    Its namespaces are those of its concepts, or without any those of its owl:Ontology, or else those of all entries.
    """
    register, kinds = Register(), {_CONCEPT: set[str](), _ONTOLOGY: set[str]()}
    for quad in document.quads():
        subject = getattr(quad.subject, "value", "")
        # Blank nodes hold details of entries and are never the target of a link.
        if not str(quad.subject).startswith("<"):
            continue
        name, value = quad.predicate.value, getattr(quad.object, "value", "")
        if name == _TYPE:
            register.entries.add(subject)
            kinds.get(value, set()).add(subject)
        elif name in _LABELS:
            tag = getattr(quad.object, "language", None) or ""
            register.labels.setdefault(subject, {}).setdefault(tag, set()).add(_plain(value))
        elif _MARKS.get(name) == value:
            # The replacement may have come before the mark, and must not be overwritten.
            register.deprecated.setdefault(subject, "")
        elif name == _REPLACED:
            register.deprecated[subject] = value
    own = kinds[_CONCEPT] or kinds[_ONTOLOGY] or register.entries
    register.spaces.update(map(_space, own))
    return register


def check(dataset: Dataset, register: Register) -> Check:
    """Check every link of the dataset that leads into the register's namespaces.

    Any property counts as a link, since entries such as currencies are used directly. Names are compared for
    skos:exactMatch alone; they agree if in one language both sides share a name, case and accents apart.
    """
    rows = select(dataset.store, query_text(_LINKS, base=ox.Literal(dataset.base)))
    links = [(r["s"].value, r["p"].value, r["o"].value) for r in rows if _space(r["o"].value) in register.spaces]
    names = _names(dataset)
    findings = (register.judge(*link, names.get(link[0], {})) for link in links)
    return Check(len(links), tuple(finding for finding in findings if finding is not None))


def _names(dataset: Dataset) -> dict[str, dict[str, set[str]]]:
    names: dict[str, dict[str, set[str]]] = {}
    for row in select(dataset.store, _NAMES):
        tag = getattr(row["name"], "language", None) or ""
        names.setdefault(row["s"].value, {}).setdefault(tag, set()).add(_plain(row["name"].value))
    return names


def _space(iri: str) -> str:
    return iri[: max(iri.rstrip("/").rfind("/"), iri.rfind("#")) + 1]


def _plain(name: str) -> str:
    """Reduce a name to lower case, without accents, its words parted by one space."""
    # NFKD separates a letter from its accent, which then is a combining mark.
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare))
