"""The one place that gives terms their labels in the visitor's language, and links that are safe to follow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.labels import look_up
from coopkg.rdf.namespaces import STANDARD_PREFIXES, prefixes
from coopkg.rdf.shown_terms import ShownTerm, plain, shown_iri
from coopkg.web.i18n import best
from coopkg.web.rendering import own_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from coopkg.answers.labels import Known
    from coopkg.answers.service import Service
    from coopkg.web.rendering import Visit

_PLAIN: Final = {
    STANDARD_PREFIXES["rdf"] + "type": "term.type",
    STANDARD_PREFIXES["skos"] + "prefLabel": "term.pref_label",
    STANDARD_PREFIXES["skos"] + "altLabel": "term.alt_label",
    STANDARD_PREFIXES["skos"] + "note": "term.note",
    STANDARD_PREFIXES["skos"] + "exactMatch": "term.same",
    STANDARD_PREFIXES["dcterms"] + "title": "term.title",
    STANDARD_PREFIXES["dcterms"] + "source": "term.source",
    STANDARD_PREFIXES["foaf"] + "homepage": "term.homepage",
}
"""The messages that stand for properties of other vocabularies, which have no label here."""
# one query names them all in VALUES, and a description can have tens of thousands of triples
_MOST: Final = 1000
"""IRIs whose names are looked up for one page; the others are shown by their prefixed names."""
_LONGEST_NAME: Final = 200
"""Characters of an IRI that a page shows where it has no label."""


@dataclass(frozen=True)
class Naming:
    """What things are called, for one visitor; ``unknown`` are those that no page of ours describes."""

    base: str
    visitor: Visit
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    messages: bool = True
    """Whether a message stands for a property of another vocabulary; in answers it goes by its prefixed name."""

    def __call__(self, term: ShownTerm) -> ShownTerm:
        """Return an IRI with its label for text, if it has one, and a link or none; any other term as it is."""
        if not term.iri:
            return term
        message = plain_name(term.iri, self.visitor) if self.messages else None
        label, language = message or best(self.names.get(term.iri, {}), self.visitor.language)
        # a document under validation describes things that are not stored: a link to them would lead to 404
        link = "" if term.iri in self.unknown else own_link(term.iri, self.base)
        return replace(
            term,
            text=label or term.text,
            language=language if label else "",
            link=self.visitor.link(link) if link[:1] == "/" else link,
        )


def plain_name(iri: str, visitor: Visit) -> tuple[str, str] | None:
    """Return what we call a property of another vocabulary, and in which language; None for all others."""
    return (str(visitor.words(_PLAIN[iri])), visitor.language) if iri in _PLAIN else None


def naming(
    running: Service, visitor: Visit, shown: object, names: Mapping[str, Mapping[str, str]] | None = None,
    unknown: frozenset[str] = frozenset(),
) -> Naming:  # fmt: skip
    """Return what is called how of all terms in ``shown``, however deep; ``names`` are known beforehand."""
    looked_up = islice(dict.fromkeys(iris(shown)), _MOST)
    labels = {iri: known.names for iri, known in look_up(running, looked_up).items()}
    return Naming(running.settings.base, visitor, {**labels, **(names or {})}, unknown)


def iris(shown: object) -> Iterator[str]:
    """Return the IRIs of the terms in a structure of lists and mappings."""
    waiting: list[Any] = [shown]
    while waiting:
        item = waiting.pop()
        if isinstance(item, ShownTerm):
            if item.iri:
                yield item.iri
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item


def facts(naming_: Naming, rows: Iterable[Iterable[ShownTerm]]) -> list[list[ShownTerm]]:
    """Return triples with their terms named."""
    return [[naming_(term) for term in row] for row in rows]


def page_term(iri: str, names: dict[str, str]) -> ShownTerm:
    """Return an IRI for a page, not named yet: one of ours that has no prefix goes by its path."""
    term = shown_iri(iri, names)
    text = iri.removeprefix(names["graph"].removesuffix("graph/")) if term.text == iri else term.text
    return replace(term, text=plain(text, _LONGEST_NAME))


def naming_in_answers(running: Service, visitor: Visit, known: Mapping[str, Known]) -> Callable[[str], ShownTerm]:
    """Return what gives an IRI of an answer its label, link and place; each IRI is named once, however many rows."""
    base = running.settings.base
    name = Naming(base, visitor, {iri: thing.names for iri, thing in known.items()}, messages=False)
    names, named = prefixes(base), dict[str, ShownTerm]()

    def once(iri: str) -> ShownTerm:
        if iri not in named:
            term = name(shown_iri(iri, names))
            named[iri] = replace(term, text=plain(term.text), point=known[iri].point if iri in known else None)
        return named[iri]

    return once


def things(running: Service, iris_: Iterable[str], visitor: Visit) -> dict[str, ShownTerm]:
    """Return the terms for IRIs, with their names looked up. Raises the errors of evaluation."""
    listed = list(iris_)
    name = naming_in_answers(running, visitor, look_up(running, listed))
    return {iri: name(iri) for iri in listed}
