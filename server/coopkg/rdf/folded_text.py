"""Texts folded for comparison.

No case, no diacritics, so that ё is е and ў is у, Cyrillic in Latin letters, and the ways of writing those in Latin
made one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = "абвгґдежзиіклмнопрстуфхцчшщъыьэюяє’'ʼ`"
_LATIN: Final = (
    "a", "b", "v", "g", "g", "d", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h",
    "c", "ch", "sh", "sh", "", "i", "", "e", "iu", "ia", "ie", "", "", "", "",
)  # fmt: skip
_TABLE: Final = str.maketrans(dict(zip(_CYRILLIC, _LATIN, strict=True)))
_TRANSLITERATIONS: Final = (
    ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("tz", "c"), ("ts", "c"), ("yo", "e"), ("jo", "e"), ("yu", "iu"),
    ("ju", "iu"), ("ya", "ia"), ("ja", "ia"), ("ye", "e"), ("je", "e"), ("y", "i"), ("j", "i"), ("w", "v"), ("x", "ks"),
    ("ii", "i"),
)  # fmt: skip
"""Ways of writing Cyrillic in Latin letters, each with the one that stands for all."""
WORD: Final = re.compile(r"\w+")
"""A word as it is written."""
_APOSTROPHES: Final = str.maketrans("", "", "’'ʼ`")
"""Belarusian has them inside of words, written with several characters."""


@lru_cache(maxsize=100_000)  # the texts of a graph share their words: 200,000 texts take 59 MB with it, 150 without
def fold(text: str) -> str:
    """Return a text as it is compared: in lower case, without diacritics, in Latin letters."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    latin = bare.translate(_TABLE)
    for variant, standard in _TRANSLITERATIONS:
        latin = latin.replace(variant, standard)
    return latin


def tokens(text: str) -> list[str]:
    """Return the folded words of a text."""
    return [fold(word) for word in WORD.findall(unicodedata.normalize("NFC", text).translate(_APOSTROPHES))]
