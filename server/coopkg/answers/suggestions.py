"""Suggestions for misspelt names: prefixes and keywords from tables, terms and entities from the dataset."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import QuerySyntaxError
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import compact, named_node
from coopkg.sparql.lexer import KEYWORDS, Kind, significant
from coopkg.sparql.query_text import query_text

if TYPE_CHECKING:
    from coopkg.answers.service import Service
    from coopkg.errors import CoopkgError

_PREFIX: Final = re.compile(r"[\w.\-]+")
CLOSE: Final = 0.6
"""The least similarity, from 0 to 1, of a suggestion (``difflib.SequenceMatcher.ratio``)."""
MOST_WORDS: Final = 32
"""Different words of a text that are compared with all keywords, which takes a millisecond each."""
_LONGEST_WORD: Final = int(max(map(len, KEYWORDS)) * (2 / CLOSE - 1))
MANY: Final = 5000
"""Names in one namespace above which none is suggested, since comparing all of them takes too long."""


def advise(error: CoopkgError, text: str, base: str) -> None:
    """Add a suggestion for a misspelt word of the text to a syntax error, as its member ``suggestion``."""
    offset = error.members.get("offset")
    if not isinstance(offset, int):
        return
    if "is not declared" in error.detail:
        known_prefixes = prefixes(base)
        name = _PREFIX.match(text, offset)
        close = get_close_matches(name.group(), known_prefixes, 1, CLOSE) if name else []
        suggestion = f"PREFIX {close[0]}: <{known_prefixes[close[0]]}>" if close else None
    else:
        # The engine's parser often fails only behind a misspelt keyword, so all bare words are candidates.
        words = islice(dict.fromkeys(_bare_words(text)), MOST_WORDS)
        suggestion = next(filter(None, map(_keyword, words)), None)
    if suggestion is not None:
        error.members["suggestion"] = suggestion


def _bare_words(text: str) -> list[str]:
    try:
        words = [token.keyword for token in significant(text) if token.kind is Kind.WORD]
    except QuerySyntaxError:
        return []
    # A longer one is like no keyword, and to find that out takes time that grows with its square.
    return [word for word in words if word not in KEYWORDS and len(word) <= _LONGEST_WORD]


def _keyword(word: str) -> str | None:
    """Find the keyword that an unknown word is close to."""
    close = [] if word == "A" else get_close_matches(word, sorted(KEYWORDS), 1, CLOSE)
    return close[0] if close else None


def similar(service: Service, iri: str) -> list[str]:
    """Find up to three IRIs of the graph that this one may have meant, as prefixed names.

    First those with the local name as a literal, a label or a code, so that ``country:Belarus`` leads to
    ``country:BY``; else those with a similar local name, the most similar first.
    """
    folder = iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]
    # Terms are built and serialised, not concatenated: the IRI comes from an address and could close the query's
    # pattern.
    start = named_node(folder, {}, "iri")
    rows = service.rows(
        query_text(
            "SELECT DISTINCT ?s { ?s ?p ?o FILTER(ISLITERAL(?o) && LCASE(STR(?o)) = LCASE([[name]])) "
            "FILTER(ISIRI(?s) && STRSTARTS(STR(?s), STR([[start]]))) } LIMIT 3",
            name=ox.Literal(iri[len(folder) :]),
            start=start,
        )
    )
    if rows:
        return [compact(row["s"], prefixes(service.settings.base)) for row in rows]
    rows = service.rows(
        query_text(
            "SELECT DISTINCT ?s { ?s ?p ?o FILTER(ISIRI(?s) && STRSTARTS(STR(?s), STR([[start]]))) } LIMIT [[most]]",
            start=start,
            most=MANY + 1,
        )
    )
    # One row more than allowed was asked for, which tells that there are too many.
    if len(rows) > MANY:
        return []
    names = {row["s"][len(folder) :].casefold(): row["s"] for row in rows}
    close = get_close_matches(iri[len(folder) :].casefold(), names, 3, CLOSE)
    return [compact(names[name], prefixes(service.settings.base)) for name in close]


def is_known(service: Service, iri: str) -> bool:
    """Check whether any triple of the graph has that IRI as its subject or object."""
    text = query_text(
        "SELECT (1 AS ?x) { { [[node]] ?p ?o } UNION { ?s ?p [[node]] } } LIMIT 1", node=named_node(iri, {}, "iri")
    )
    return bool(service.rows(text))
