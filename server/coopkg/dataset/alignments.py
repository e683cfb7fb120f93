"""Alignments: links to registers of others, held against a copy of such a register."""

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
"""How registers say that an entry is no longer to be used: property and value."""
_REPLACED: Final = STANDARD_PREFIXES["dcterms"] + "isReplacedBy"
_LINKS: Final = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT DISTINCT ?s ?p ?o WHERE {
  ?s ?p ?o FILTER(ISIRI(?o) && STRSTARTS(STR(?s), [[base]]) && !STRSTARTS(STR(?o), [[base]]))
  FILTER(?p NOT IN (dcterms:source, rdf:type))
} ORDER BY ?s ?p ?o"""
"""All that points at something of others, but for what only says where we have a thing from, and of what kind it is."""
_NAMES: Final = """
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?s ?name WHERE {
  ?s skos:exactMatch ?target ; skos:prefLabel|skos:altLabel|skos:hiddenLabel ?name
}"""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a link: DEAD, DEPRECATED or MISMATCH, and one sentence that says it."""

    kind: str
    subject: str
    property: str
    target: str
    sentence: str


@dataclass(frozen=True)
class Check:
    """What a check gave: how many links lead into the register, and what is wrong with them."""

    checked: int
    findings: tuple[Finding, ...]


@dataclass
class Register:
    """The entries of a register that a copy of it has; ``spaces`` are the namespaces that they are in."""

    entries: set[str] = field(default_factory=set)
    spaces: set[str] = field(default_factory=set)
    deprecated: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def judge(self, subject: str, predicate: str, target: str, names: dict[str, set[str]]) -> Finding | None:
        """Return what is wrong with a link, if anything; ``names`` are those of its subject, by language."""
        if target not in self.entries:
            return Finding(DEAD, subject, predicate, target, "the register has no such entry")
        if target in self.deprecated:
            newer = self.deprecated[target]
            hint = f"; it is replaced by {newer}" if newer else ""
            return Finding(DEPRECATED, subject, predicate, target, f"the register has deprecated the entry{hint}")
        theirs = self.labels.get(target, {})
        shared = sorted(names.keys() & theirs.keys())
        if predicate != _EXACT or not shared or any(names[tag] & theirs[tag] for tag in shared):
            return None
        told = "; ".join(f"{tag}: {' / '.join(sorted(theirs[tag])[:3])}" for tag in shared)
        return Finding(MISMATCH, subject, predicate, target, f"no name of the two is alike ({told})")


def read_register(document: Document) -> Register:
    """Read a copy of a register: its entries are what has a type there. Raises RdfSyntaxError.

    Its namespaces are those of its concepts; where it has none, that of the ontology that it is; else of all entries.
    """
    found, kinds = Register(), {_CONCEPT: set[str](), _ONTOLOGY: set[str]()}
    for quad in document.quads():
        subject = getattr(quad.subject, "value", "")
        if not str(quad.subject).startswith("<"):
            continue
        name, value = quad.predicate.value, getattr(quad.object, "value", "")
        if name == _TYPE:
            found.entries.add(subject)
            kinds.get(value, set()).add(subject)
        elif name in _LABELS:
            tag = getattr(quad.object, "language", None) or ""
            found.labels.setdefault(subject, {}).setdefault(tag, set()).add(_plain(value))
        elif _MARKS.get(name) == value:
            found.deprecated.setdefault(subject, "")
        elif name == _REPLACED:
            found.deprecated[subject] = value
    own = kinds[_CONCEPT] or kinds[_ONTOLOGY] or found.entries
    found.spaces.update(map(_space, own))
    return found


def check(dataset: Dataset, register: Register) -> Check:
    """Hold every link of the dataset that leads into the register's namespaces against it.

    Any property counts as a link, since currencies are used as they are; names are compared for exact matches alone.
    They are alike if in any language that both have one of ours is one of theirs, case and accents apart.
    """
    rows = select(dataset.store, query_text(_LINKS, base=ox.Literal(dataset.base)))
    links = [(r["s"].value, r["p"].value, r["o"].value) for r in rows if _space(r["o"].value) in register.spaces]
    names = _names(dataset)
    findings = (register.judge(*link, names.get(link[0], {})) for link in links)
    return Check(len(links), tuple(finding for finding in findings if finding is not None))


def _names(dataset: Dataset) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for row in select(dataset.store, _NAMES):
        tag = getattr(row["name"], "language", None) or ""
        found.setdefault(row["s"].value, {}).setdefault(tag, set()).add(_plain(row["name"].value))
    return found


def _space(iri: str) -> str:
    return iri[: max(iri.rstrip("/").rfind("/"), iri.rfind("#")) + 1]


def _plain(name: str) -> str:
    """Return a name without case, accents and all that is neither letter nor digit."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare))
