"""Claims as pages show them: the paraphrase in the visitor's language, who says it, how, where, in what words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.evidence.source_texts import quotation
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import plain
from coopkg.web.i18n import best
from coopkg.web.parts.named_terms import page_term
from coopkg.web.rendering import own_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.answers.evidence.claims import Claim
    from coopkg.answers.service import Service
    from coopkg.web.rendering import Visit

LONGEST: Final = 1000
"""Characters of a text of the data that a page shows; it says so where there are more."""


def entry(running: Service, visit: Visit, claim: Claim, text: str | None = None) -> dict[str, Any]:
    """Return a claim for a page; ``text`` is that of its source where there is a copy."""
    names, base = prefixes(running.settings.base), running.settings.base
    paraphrase, language = best(claim.texts, visit.language)
    source = own_link(claim.source, base)
    quotes = [q for span in claim.spans if text is not None and (q := quotation(text, span))]
    return {
        "anchor": claim.anchor,
        "number": claim.number,
        "text": plain(paraphrase, LONGEST),
        "language": language,
        "term": page_term(claim.iri, names),
        "told": [
            page_term(iri, names)
            for iri in (claim.voice, claim.speaker, claim.certainty)
            if iri and iri != claim.source
        ],
        "source": page_term(claim.source, names),
        "spans": claim.spans,
        "place": visit.link(f"{source}#{claim.anchor}", claim=claim.anchor) if source.startswith("/") else "",
        "quotes": quotes,
    }


def numbers(claims: Iterable[Claim]) -> str:
    """Return the numbers of claims in few characters, runs of three and more as one: ``1, 4–9``."""
    ascending = sorted({claim.number for claim in claims})
    runs: list[list[int]] = []
    for number in ascending:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 2 else ", ".join(map(str, r)) for r in runs)


def by_iri(claims: Sequence[Claim]) -> Mapping[str, Claim]:
    """Return claims by their IRIs."""
    return {claim.iri: claim for claim in claims}
