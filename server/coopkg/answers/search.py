"""Search by name, in any of the languages and either alphabet: an index over the labels and paraphrases of one version.

A word and what is looked for are folded alike, so Shumilin finds Шумилин and Шумілін, and the reverse.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.answers.labels import NAMING
from coopkg.rdf.folded_text import WORD, fold, tokens
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import compact
from coopkg.sparql.query_text import query_text
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coopkg.answers.service import Service

_SKOS: Final = STANDARD_PREFIXES["skos"]
LARGEST: Final = 100_000
"""Texts that an index holds; where there are more, ``Index.complete`` is false and pages say so."""
CLOSE: Final = 0.75
SHORTEST: Final = 4
"""Letters of a misspelt word that another may be meant by."""
COMPARED: Final = 2000
"""Words that a misspelt one is compared with: more would take longer than it helps."""


@dataclass(frozen=True)
class Text:
    """A text of a thing, with its language; a ``name`` counts for more than a paraphrase or a definition."""

    iri: str
    text: str
    language: str
    name: bool


@dataclass(frozen=True)
class Hit:
    """A thing that was found, the text in which, and how well that fits (the higher the better)."""

    iri: str
    text: Text
    score: float


@dataclass(frozen=True)
class Index:
    """The texts of one version, each with its folded words, and where each word stands."""

    texts: Sequence[Text] = ()
    folded: Sequence[tuple[str, ...]] = ()
    by_word: Mapping[str, Sequence[int]] = field(default_factory=dict)
    words: Sequence[str] = ()
    complete: bool = True

    @classmethod
    def of(cls, texts: Sequence[Text], *, complete: bool = True) -> Index:
        """Return the index over those texts."""
        folded = [tuple(tokens(text.text)) for text in texts]
        by_word: defaultdict[str, list[int]] = defaultdict(list)
        for number, words in enumerate(folded):
            for word in set(words):
                by_word[word].append(number)
        return cls(texts, folded, dict(by_word), sorted(by_word), complete)

    def find(self, query: str, language: str = "") -> list[Hit]:
        """Return the things with a text in which every word of the query begins a word, the best first.

        Of several texts of a thing that fit, one in that language comes before others.
        """
        wanted = tuple(tokens(query))
        if not wanted:
            return []
        best: dict[str, Hit] = {}
        for number in set.intersection(*(self._beginning(word) for word in wanted)):
            text = self.texts[number]
            score = _score(wanted, self.folded[number], name=text.name) + (text.language == language) * 0.5
            if text.iri not in best or (score, text.text) > (best[text.iri].score, best[text.iri].text.text):
                best[text.iri] = Hit(text.iri, text, score)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.iri))

    def _beginning(self, start: str) -> set[int]:
        found: set[int] = set()
        for at in range(bisect_left(self.words, start), len(self.words)):
            if not self.words[at].startswith(start):
                break
            found.update(self.by_word[self.words[at]])
        return found

    def near(self, query: str) -> str:
        """Return the query with each word that nothing begins with replaced by the nearest one that is there."""
        wanted = tokens(query)
        close = [word if self._beginning(word) else self._nearest(word) for word in wanted]
        return " ".join(map(self._as_written, close)) if all(close) and close != wanted else ""

    def _nearest(self, word: str) -> str:
        """Return the nearest word with the same beginning; empty for a short one, which would be like many."""
        first = bisect_left(self.words, word[:1])
        alike = islice((w for w in islice(self.words, first, None) if abs(len(w) - len(word)) <= 2), COMPARED)
        found = get_close_matches(word, takewhile(lambda w: w[:1] == word[:1], alike), 1, CLOSE)
        return found[0] if found and len(word) >= SHORTEST else ""

    def _as_written(self, word: str) -> str:
        texts = (self.texts[number].text for number in self.by_word.get(word, ()))
        written = (candidate for text in texts for candidate in WORD.findall(text))
        return next((candidate for candidate in written if fold(candidate) == word), word)


def _score(wanted: tuple[str, ...], words: tuple[str, ...], *, name: bool) -> float:
    """Say how well a text fits: a name before other texts, the whole before its beginning, whole words before parts."""
    score = 10.0 if name else 0.0
    score += 8.0 if words == wanted else 4.0 if " ".join(words).startswith(" ".join(wanted)) else 0.0
    score += sum(word in words for word in wanted) / len(wanted)
    return score + 1.0 / (1 + len(words))


_NAMES: Final = frozenset((*NAMING, _SKOS + "altLabel", _SKOS + "hiddenLabel", _SKOS + "notation"))
_TEXTS: Final = """
SELECT ?s ?p ?o WHERE {
  VALUES ?p { [[properties]] }
  ?s ?p ?o FILTER(ISIRI(?s) && ISLITERAL(?o))
} LIMIT [[most]]
"""


def index(service: Service) -> Index:
    """Return the index of the current version, which is made once for each. Raises the errors of evaluation."""
    return service.derived.get("search", service.engine.tag(), lambda: _build(service))


def _build(service: Service) -> Index:
    base = service.settings.base
    properties = map(ox.NamedNode, (*sorted(_NAMES), _SKOS + "definition", f"{base}ontology#paraphrase"))
    text = query_text(_TEXTS, properties=properties, most=LARGEST + 1)
    rows = service.terms(Task(text, SOLUTION_FORMATS[0], base))
    texts = [_text(row) for row in rows[:LARGEST]]
    names = prefixes(base)
    texts += [Text(iri, compact(iri, names).strip("<>"), "", name=True) for iri in sorted({t.iri for t in texts})]
    return Index.of(texts, complete=len(rows) <= LARGEST)


def _text(row: Mapping[str, Mapping[str, str]]) -> Text:
    return Text(row["s"]["value"], row["o"]["value"], row["o"].get("xml:lang", ""), row["p"]["value"] in _NAMES)
