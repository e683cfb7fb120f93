"""Facts as a page tells them: by the groups of the shapes, each with what it rests on, and what nobody states."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.shown_terms import ShownTerm, plain, shown_term
from coopkg.web.parts.claim_view import LONGEST, numbers
from coopkg.web.parts.named_terms import page_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.answers.evidence.claims import Claim, Said
    from coopkg.web.forms.outline import Outline
    from coopkg.web.rendering import Visit

TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_LONG: Final = re.compile(r"[1-9][0-9]{4,14}")
"""Whole numbers that are easier to read in groups; shorter ones may be years."""
Fact = tuple[str, Any, bool]
"""Property, value (a term of a triple) and whether it is inferred."""


@dataclass(frozen=True)
class Grounds:
    """What the facts of a thing rest on: claims by IRI, the grounds of each fact by kind, the graphs that state it."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    by_fact: Mapping[Said, Mapping[str, list[str]]] = field(default_factory=dict)
    graphs: Mapping[Said, list[str]] = field(default_factory=dict)

    def of(self, fact: Said, kind: str) -> list[Claim]:
        """Return the claims that say a fact (``said``), or those that it is derived from (``derived``)."""
        return [self.claims[iri] for iri in self.by_fact.get(fact, {}).get(kind, ()) if iri in self.claims]


@dataclass(frozen=True)
class FactGroups:
    """Tells facts to one visitor; ``names`` are the prefixes."""

    visit: Visit
    names: dict[str, str]

    def term(self, term: Any) -> ShownTerm:  # noqa: ANN401 - a term of a triple
        """Return a term as a page of facts shows it; a blank node by its label, for its facts stand further down."""
        # Most terms of a page are IRIs: each is looked up once, as a page names it, not as other places do before.
        if isinstance(term, ox.NamedNode):
            return page_term(term.value, self.names)
        shown = shown_term(term, self.names)
        if shown.node:
            return replace(shown, text=plain(shown.node, LONGEST))
        return replace(shown, text=self._read(shown.value, shown.datatype))

    def _read(self, text: str, datatype: str) -> str:
        """Return a literal as people read it: days and long whole numbers as their language writes them."""
        if datatype.endswith("#date"):
            return self.visit.words.date(text)
        if datatype.endswith("#integer") and _LONG.fullmatch(text):
            return self.visit.words.number(int(text))
        return plain(text, LONGEST)

    def listed(self, facts: Iterable[Fact]) -> list[dict[str, Any]]:
        """Return facts by property, in one group without a name."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for prop, term, inferred in facts:
            rows.setdefault(prop, []).append({"term": self.term(term), "inferred": inferred})
        return self._named({}, rows, list(rows)) if rows else []

    def grouped(self, iri: str, facts: Iterable[Fact], grounds: Grounds, told: Outline) -> list[dict[str, Any]]:
        """Return facts by group, in the order of the shapes, with what the shapes want and nobody states."""
        rows: dict[str, list[dict[str, Any]]] = {}
        types = []
        for fact in sorted(facts, key=lambda f: f[2]):
            rows.setdefault(fact[0], []).append(self._grounded(iri, fact, grounds))
            types += [str(fact[1]).strip("<>")] if fact[0] == TYPE else []
        rows |= {prop: [] for prop in told.wanted(types) if prop not in rows}
        placed: defaultdict[str, list[str]] = defaultdict(list)
        for prop in sorted(rows, key=lambda p: (told.place(p)[1], p)):
            placed[told.place(prop)[0]].append(prop)
        groups = [(words, placed[group]) for group, words in (*told.groups, ("", {})) if group in placed]
        return [group for words, ordered in groups for group in self._named(words, rows, ordered)]

    def _named(
        self, words: Mapping[str, str], rows: Mapping[str, list[dict[str, Any]]], ordered: Iterable[str]
    ) -> list[dict[str, Any]]:
        listed = [{"property": page_term(prop, self.names), "values": rows[prop]} for prop in ordered]
        return [{"names": words, "rows": listed}]

    def _grounded(self, iri: str, fact: Fact, grounds: Grounds) -> dict[str, Any]:
        """Return a fact with what it rests on: its proof where it is inferred, else claims or the graph."""
        prop, term, inferred = fact
        if inferred:
            asked = {"subject": f"<{iri}>", "predicate": f"<{prop}>", "object": str(term)}
            return {"term": self.term(term), "inferred": True, "why": urlencode(asked)}
        said = prop, getattr(term, "value", str(term)), getattr(term, "language", None) or ""
        return {"term": self.term(term), "marks": list(self._marks(said, grounds))}

    def _marks(self, said: Said, grounds: Grounds) -> Iterator[dict[str, Any]]:
        """Return the claims that say a fact, else those that it is derived from, else its sources, else its graphs."""
        if said[1] in grounds.claims:
            return  # a claim that is cited speaks for itself
        for kind in ("said", "derived"):
            claims = grounds.of(said, kind)
            if claims:
                yield {"anchor": claims[0].anchor, "numbers": numbers(claims), "kind": kind}
                return
        for iri in grounds.by_fact.get(said, {}).get("source", ()) or grounds.graphs.get(said, ()):
            yield {"named": page_term(iri, self.names)}
