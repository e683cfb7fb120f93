"""The page of a source document: its claims in order, in its text where there is a copy, how much they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.evidence.claims import backed, claims_of, texts, unbacked
from coopkg.answers.evidence.source_texts import merged, segments
from coopkg.rdf.namespaces import prefixes
from coopkg.web.charts import coverage
from coopkg.web.forms.outline import outline
from coopkg.web.pages.thing import named, told
from coopkg.web.parts.claim_view import entry
from coopkg.web.parts.named_terms import page_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.answers.descriptions import Described
    from coopkg.answers.evidence.claims import Claim
    from coopkg.answers.service import Service
    from coopkg.web.rendering import Visit

PER_PAGE: Final = 30
"""Claims on a page of a source, with the part of its text in which they begin; links lead on to the others."""
THINGS: Final = 6
"""Things that a claim is shown to be evidence of; it says how many more there are."""
LISTED: Final = 100
"""Things without a claim that are listed."""


def source_page(running: Service, visit: Visit, iri: str, described: Described) -> dict[str, Any]:
    """Return what the page of a source document shows."""
    values, _ = told(running, visit, iri, described)
    claims, length = claims_of(running, iri), _length(running, described)
    first = _first(visit, claims)
    bare, names = unbacked(running, iri, outline(running).central), prefixes(running.settings.base)
    values |= {
        "listed": _listed(running, visit, claims[first : first + PER_PAGE], backed(running, iri)),
        "first": first, "count": len(claims), "per_page": PER_PAGE,
        "text": _part(texts(running, [iri]).get(iri), claims, first),
        "coverage": _coverage(visit, length, claims),
        "bare": [page_term(thing, names) for thing in bare[:LISTED]], "bare_count": len(bare),
    }  # fmt: skip
    called = {claim.iri: str(visit.words("claim.number", number=claim.number)) for claim in claims}
    return values | {"name": named(running, visit, values, called)}


def _listed(
    running: Service, visit: Visit, claims: Sequence[Claim], things: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return claims with the things that they are evidence of."""
    names, entries = prefixes(running.settings.base), []
    for claim in claims:
        cited = things.get(claim.iri, ())
        cells = [page_term(thing, names) for thing in cited[:THINGS]]
        entries.append({**entry(running, visit, claim), "things": cells, "more_things": len(cited[THINGS:])})
    return entries


def _first(visit: Visit, claims: Sequence[Claim]) -> int:
    """Return the index of the first claim on the page that the address asks for, by a claim's name or by a number."""
    asked = dict(visit.parameters)
    position = next((i for i, claim in enumerate(claims) if claim.anchor == asked.get("claim")), None)
    number = asked.get("from", "")
    index = position if position is not None else int(number[:9]) - 1 if number.isascii() and number.isdigit() else 0
    return max(0, min(index, len(claims) - 1)) // PER_PAGE * PER_PAGE


def _length(running: Service, described: Described) -> int:
    """Return the length of the text in characters; 0 where nobody says."""
    prop = f"{running.settings.base}ontology#textLength"
    lengths = [getattr(t.object, "value", "") for t in described.triples if t.predicate.value == prop]
    return max((int(text) for text in lengths if text.isascii() and text.isdigit() and len(text) < 12), default=0)


def _coverage(visit: Visit, length: int, claims: Sequence[Claim]) -> dict[str, Any] | None:
    """Return the drawing of what the claims cover, its ranges with the number of claims, and the share in percent."""
    spans = [span for claim in claims for span in claim.spans if 0 <= span[0] < span[1] <= length]
    if not spans:
        return None
    ranges = merged(spans)
    share = sum(end - start for start, end in ranges) / length * 100
    label = str(visit.words("source.covered", share=round(share, 1)))
    rows = [(a, b, sum(a <= start and end <= b for start, end in spans)) for a, b in ranges]
    return {"drawing": coverage.draw(length, ranges, label), "rows": rows, "label": label}


def _part(text: str | None, claims: Sequence[Claim], first: int) -> list[dict[str, Any]] | None:
    """Return the part of a text in which the claims of a page begin, in pieces: each with the claims that cover it.

    A part ends where the next page's begins, so that all parts together are the whole text.
    """
    if text is None:
        return None
    spans = [(span, claim.anchor) for claim in claims for span in claim.spans if span[1] <= len(text)]
    later = [span[0] for claim in claims[first + PER_PAGE :][:1] for span in claim.spans[:1]]
    start = claims[first].spans[0][0] if first and claims[first].spans else 0
    end = later[0] if later else len(text)
    visible = [((max(a - start, 0), min(b, end) - start), anchor, a >= start) for (a, b), anchor in spans
            if a < end and b > start]  # fmt: skip
    return [
        {"text": piece.text, "claims": len(set(piece.covering)),
         "begins": list(dict.fromkeys(visible[i][1] for i in piece.begins if visible[i][2]))}
        for piece in segments(text[start:end], [span for span, _, _ in visible])
    ]  # fmt: skip
