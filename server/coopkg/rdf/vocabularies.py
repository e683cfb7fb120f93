"""Which terms the vocabularies have that facts use, so that a misspelt one is told from one that exists."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.rdf.namespaces import DEFAULT_BASE, ENTITY_PREFIXES, STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = "vocabulary_terms.json"
"""The local names by prefix; ``tests/support/vocabulary_terms.py`` writes it."""
_CLOSE: Final = 0.7
"""How similar two names must be, from 0 to 1, for one to be suggested in place of the other (``difflib``)."""
_LONGEST: Final = 100
"""Characters of a name that is compared with others."""
_OF_PROJECT: Final = re.compile(
    rf"(https?://.*?/)((?:ontology[#/]|{'|'.join(sorted(set(ENTITY_PREFIXES.values())))}).+)", re.DOTALL
)


@cache
def terms_by_namespace() -> dict[str, frozenset[str]]:
    """Return the local names of each vocabulary whose terms are known, by its namespace IRI."""
    names = json.loads(Path(__file__).with_name(FILE).read_text(encoding="utf-8"))
    return {STANDARD_PREFIXES[prefix]: frozenset(terms) for prefix, terms in names.items()}


def split(iri: str) -> tuple[str, str]:
    """Split an IRI behind its last # or /, into namespace and local name."""
    end = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:end], iri[end:]


def near_misses(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return the names that one may have been meant for, the most similar first; upper and lower case are alike."""
    by_folded: dict[str, list[str]] = {}
    for candidate in sorted(names):
        by_folded.setdefault(candidate.casefold(), []).append(candidate)
    if len(name) > _LONGEST:  # comparing takes time that grows with the square, and none of ours is that long
        return []
    close = get_close_matches(name.casefold(), by_folded, most, _CLOSE)
    return [candidate for folded in close for candidate in by_folded[folded]][:most]


def meant_namespace(namespace: str, known: Iterable[str]) -> str | None:
    """Return the known namespace that differs in its scheme, its case or its last character only, or None."""
    bare = _bare(namespace)
    return next((iri for iri in known if _bare(iri) == bare), None)


def _bare(namespace: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", namespace.casefold()).rstrip("#/")


def of_another_base(iri: str, base: str) -> tuple[str, str] | None:
    """Return base and path of an IRI that is formed like one of this project's, but under another base; else None."""
    if iri.startswith(base):
        return None
    # The default base is known, whatever follows it: the published files are written with it.
    if iri.startswith(DEFAULT_BASE):
        return DEFAULT_BASE, iri[len(DEFAULT_BASE) :]
    found = _OF_PROJECT.fullmatch(iri)
    return (found[1], found[2]) if found else None
