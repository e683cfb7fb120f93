"""Terms with what they are called, in the visitor's language: for cells as ``terms.cell`` gives them, with ``iri``."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.labels import look_up
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.web.i18n import best
from coopkg.web.rendering import own_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
_MOST: Final = 1000
"""IRIs whose names are looked up for one page; the others are shown by their prefixed names."""


@dataclass(frozen=True)
class Naming:
    """What things are called, for one visitor; ``unknown`` are those that no page of ours describes."""

    base: str
    visitor: Visit
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    def __call__(self, cell: Mapping[str, str]) -> dict[str, str]:
        """Return a cell with its ``label``, the label's language, and a link that is safe to follow, or none."""
        iri = cell.get("iri", "")
        label, tongue = best(self.names.get(iri, {}), self.visitor.language)
        label, tongue = plain_name(iri, self.visitor) or (label, tongue)
        link = "" if not iri or iri in self.unknown else own_link(iri, self.base)
        return {**cell, "label": label, "tongue": tongue, "link": self.visitor.link(link) if link[:1] == "/" else link}


def plain_name(iri: str, visitor: Visit) -> tuple[str, str] | None:
    """Return what we call a property of another vocabulary, and in which language; None for all others."""
    return (str(visitor.words(_PLAIN[iri])), visitor.language) if iri in _PLAIN else None


def naming(
    running: Service, visitor: Visit, shown: object, names: Mapping[str, Mapping[str, str]] | None = None,
    unknown: frozenset[str] = frozenset(),
) -> Naming:  # fmt: skip
    """Return what is called how of all that ``shown`` has cells of, however deep; ``names`` are known beforehand."""
    wanted = islice(dict.fromkeys(iris(shown)), _MOST)
    known = {iri: found.names for iri, found in look_up(running, wanted).items()}
    return Naming(running.settings.base, visitor, {**known, **(names or {})}, unknown)


def iris(shown: object) -> Iterator[str]:
    """Return the IRIs of the cells in a structure of lists and mappings."""
    waiting: list[Any] = [shown]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("iri"), str):
                yield item["iri"]
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item


def facts(naming_: Naming, rows: Iterable[Iterable[Mapping[str, str]]]) -> list[list[dict[str, str]]]:
    """Return triples with their terms named."""
    return [[naming_(cell) for cell in row] for row in rows]
