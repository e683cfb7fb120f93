"""Terms and graphs as a page shows them: by subject, each term with all that sets it apart from others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import pyoxigraph as ox

from coopkg.terms import compact
from coopkg.vocab import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from coopkg.terms import Term

_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_STRING: Final = STANDARD_PREFIXES["xsd"] + "string"
_NAMES: Final = tuple(
    STANDARD_PREFIXES[prefix] + name
    for prefix, name in (("skos", "prefLabel"), ("rdfs", "label"), ("dcterms", "title"), ("foaf", "name"))
)
"""Properties whose value is what people call a thing, the preferred one first."""


@dataclass(frozen=True)
class Cell:
    """A term on a page: its short text, and the IRI, language or datatype that the text does not show.

    ``link`` is set for IRIs that a browser may follow; another scheme could be code.
    """

    text: str
    iri: str = ""
    link: str = ""
    language: str = ""
    datatype: str = ""


@dataclass(frozen=True)
class Row:
    """A triple of a subject; ``why`` is the query string that asks for its proof, where it is inferred."""

    predicate: Cell
    object: Cell
    why: str = ""


@dataclass(frozen=True)
class Section:
    """All that is said of one subject; ``anchor`` is the fragment of its IRI, so that a link leads to its place."""

    subject: Cell
    anchor: str
    rows: tuple[Row, ...]


def cell(term: Term, names: dict[str, str]) -> Cell:
    """Give a term as a cell; a triple term is shown in N-Triples."""
    if isinstance(term, ox.NamedNode):
        link = term.value if term.value.startswith(("http://", "https://")) else ""
        return Cell(compact(term.value, names).strip("<>"), iri=term.value, link=link)
    if isinstance(term, ox.Literal):
        datatype = "" if term.language or term.datatype.value == _STRING else term.datatype.value
        return Cell(term.value, language=term.language or "", datatype=datatype)
    return Cell(str(term))


def iri_cell(text: str, names: dict[str, str]) -> Cell:
    """Give an IRI, or the label of a blank node, as a cell."""
    return cell(ox.NamedNode(text) if ":" in text else ox.BlankNode(text), names)


def sections(
    triples: Iterable[ox.Triple], inferred: Container[ox.Triple], names: dict[str, str], first: str
) -> list[Section]:
    """Give the triples by subject, ``first`` before all others; types come first, then properties by name."""
    found: dict[Term, list[ox.Triple]] = {}
    for triple in sorted(triples, key=_order):
        found.setdefault(triple.subject, []).append(triple)
    subjects = sorted(found, key=lambda s: (str(s) != f"<{first}>", isinstance(s, ox.BlankNode), str(s)))
    return [
        Section(cell(s, names), str(s).strip("<>").partition("#")[2], tuple(_row(t, inferred, names) for t in found[s]))
        for s in subjects
    ]


def _order(triple: ox.Triple) -> tuple[bool, str, str]:
    return (triple.predicate.value != _TYPE, triple.predicate.value, str(triple.object))


def _row(triple: ox.Triple, inferred: Container[ox.Triple], names: dict[str, str]) -> Row:
    why = ""
    if triple in inferred:
        parts = {"subject": triple.subject, "predicate": triple.predicate, "object": triple.object}
        why = urlencode({name: str(term) for name, term in parts.items()})
    return Row(cell(triple.predicate, names), cell(triple.object, names), why)


def called(triples: Iterable[ox.Triple], iri: str, languages: tuple[str, ...]) -> str:
    """Give what people call the IRI, in the first of those languages that there is; "" where nothing names it."""
    ranks = {language: rank for rank, language in enumerate(languages)}
    candidates = [
        (_NAMES.index(t.predicate.value), ranks.get(t.object.language or "", len(ranks)), t.object.value)
        for t in triples
        if isinstance(t.object, ox.Literal) and t.predicate.value in _NAMES and t.subject == ox.NamedNode(iri)
    ]
    return min(candidates)[2] if candidates else ""
