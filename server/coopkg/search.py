"""Search by name, in any of the languages and either alphabet: an index over the labels and paraphrases of one version.

A word and what is looked for are folded alike: no case, no diacritics, so that ё is е and ў is у, Cyrillic in Latin
letters, and the ways of writing those in Latin made one. So Shumilin finds Шумилин and Шумілін, and the reverse.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from coopkg.engine.evaluate import Task
from coopkg.labels import NAMING
from coopkg.results import SOLUTION_FORMATS
from coopkg.terms import compact
from coopkg.vocab import STANDARD_PREFIXES, prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.service import Service

_SKOS: Final = STANDARD_PREFIXES["skos"]
LARGEST: Final = 200_000
"""Texts that an index holds; where there are more, ``Index.complete`` is false and pages say so."""
CLOSE: Final = 0.75
_CYRILLIC: Final = "абвгґдежзиіклмнопрстуфхцчшщъыьэюяє’'ʼ`"
_LATIN: Final = (
    "a", "b", "v", "g", "g", "d", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h",
    "c", "ch", "sh", "sh", "", "i", "", "e", "iu", "ia", "ie", "", "", "", "",
)  # fmt: skip
_TABLE: Final = str.maketrans(dict(zip(_CYRILLIC, _LATIN, strict=True)))
_SPELLINGS: Final = (
    ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("tz", "c"), ("ts", "c"), ("yo", "e"), ("jo", "e"), ("yu", "iu"),
    ("ju", "iu"), ("ya", "ia"), ("ja", "ia"), ("ye", "e"), ("je", "e"), ("y", "i"), ("j", "i"), ("w", "v"), ("x", "ks"),
    ("ii", "i"),
)  # fmt: skip
"""Ways of writing Cyrillic in Latin letters, each with the one that stands for all."""
_WORD: Final = re.compile(r"\w+")


def fold(text: str) -> str:
    """Give a text as it is compared: in lower case, without diacritics, in Latin letters."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    latin = bare.translate(_TABLE)
    for spelling, one in _SPELLINGS:
        latin = latin.replace(spelling, one)
    return latin


def tokens(text: str) -> list[str]:
    """Give the folded words of a text."""
    return _WORD.findall(fold(text))


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


@dataclass
class Index:
    """The texts of one version, by folded word; the class of each thing, and how often each thing is named."""

    texts: list[Text] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)
    uses: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True
    by_word: dict[str, list[int]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def find(self, query: str, language: str = "") -> list[Hit]:
        """Give the things with a text in which every word of the query begins a word, the best first.

        Of several texts of a thing that fit, one in that language comes before others.
        """
        wanted = tokens(query)
        if not wanted:
            return []
        found = set.intersection(*(self._beginning(word) for word in wanted))
        whole = " ".join(wanted)
        best: dict[str, Hit] = {}
        for number in sorted(found):
            text = self.texts[number]
            hit = Hit(text.iri, text, _score(wanted, whole, text) + (text.language == language) * 0.5)
            if text.iri not in best or hit.score > best[text.iri].score:
                best[text.iri] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, -self.uses.get(hit.iri, 0), hit.iri))

    def _beginning(self, start: str) -> set[int]:
        found: set[int] = set()
        for at in range(bisect_left(self.words, start), len(self.words)):
            if not self.words[at].startswith(start):
                break
            found.update(self.by_word[self.words[at]])
        return found

    def near(self, query: str) -> str:
        """Give the query with each word that nothing begins with replaced by the nearest one that is there."""
        if all(map(self._beginning, tokens(query))):
            return ""
        close = [get_close_matches(word, self.words, 1, CLOSE) for word in tokens(query)]
        return " ".join(self._as_written(words[0]) for words in close) if close and all(close) else ""

    def _as_written(self, word: str) -> str:
        text = self.texts[self.by_word[word][0]].text
        return next((written for written in _WORD.findall(text) if fold(written) == word), word)

    def of_class(self, cls: str) -> list[str]:
        """Give the things of a class."""
        return [iri for iri, found in self.classes.items() if found == cls]


def _score(wanted: list[str], whole: str, text: Text) -> float:
    """Say how well a text fits: a name before other texts, the whole before its beginning, whole words before parts."""
    words = tokens(text.text)
    joined = " ".join(words)
    score = 10.0 if text.name else 0.0
    score += 8.0 if joined == whole else 4.0 if joined.startswith(whole) else 0.0
    score += sum(word in words for word in wanted) / len(wanted)
    return score + 1.0 / (1 + len(words))


_TEXTS: Final = f"""
SELECT ?s ?p ?o WHERE {{{{
  VALUES ?p {{{{ {" ".join(f"<{name}>" for name in NAMING)} <{_SKOS}altLabel> <{_SKOS}hiddenLabel> <{_SKOS}notation>
    <{{base}}ontology#paraphrase> <{_SKOS}definition> }}}}
  ?s ?p ?o FILTER(ISIRI(?s) && ISLITERAL(?o))
}}}} LIMIT {LARGEST + 1}
"""
_NAMES: Final = frozenset((*NAMING, _SKOS + "altLabel", _SKOS + "hiddenLabel", _SKOS + "notation"))
_USES: Final = "SELECT ?s (COUNT(*) AS ?n) WHERE { ?x ?p ?s FILTER(ISIRI(?s)) } GROUP BY ?s"


def index(service: Service) -> Index:
    """Give the index of the current version, which is made once for each."""
    return service.derived.get("search", service.engine.tag(), lambda: build(service))


def build(service: Service) -> Index:
    """Make the index. Raises the errors of evaluation."""
    base = service.settings.base
    rows = service.terms(Task(_TEXTS.format(base=base), SOLUTION_FORMATS[0], base))
    texts = [_text(row) for row in rows[:LARGEST]]
    names = prefixes(base)
    own = {text.iri for text in texts}
    texts += [Text(iri, compact(iri, names).strip("<>"), "", name=True) for iri in sorted(own)]
    by_word: defaultdict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        for word in set(tokens(text.text)):
            by_word[word].append(number)
    uses = {row["s"]: int(row["n"]) for row in service.rows(_USES)}
    return Index(texts, dict(_classes(service, own)), uses, len(rows) <= LARGEST, dict(by_word), sorted(by_word))


def _text(row: Mapping[str, Mapping[str, str]]) -> Text:
    return Text(row["s"]["value"], row["o"]["value"], row["o"].get("xml:lang", ""), row["p"]["value"] in _NAMES)


def _classes(service: Service, own: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give the class under which each thing is listed: of those asserted, one of ours before others, the rarest."""
    base = service.settings.base
    text = "SELECT ?s ?c WHERE { ?s a ?c FILTER(ISIRI(?s) && ISIRI(?c)) }"
    rows = service.terms(Task(text, SOLUTION_FORMATS[0], base, entailment=False))
    found: defaultdict[str, list[str]] = defaultdict(list)
    sizes: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        found[row["s"]["value"]].append(row["c"]["value"])
        sizes[row["c"]["value"]] += 1
    for iri in own:
        if iri in found:
            yield iri, min(found[iri], key=lambda cls: (not cls.startswith(base), sizes[cls], cls))
