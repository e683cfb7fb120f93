"""Names that are almost the same: what may have been meant, and which letters only look like others.

Which of two similar names was meant is decided nowhere here. Numbers and codes have no near names: 2019 is not a
misspelling of 2020, nor CZ of CN.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.rdf.graph import Node, Readable

CLOSE: Final = 0.75
"""How similar two names must be, from 0 to 1, for one to be suggested in place of the other (``difflib``)."""
MOST: Final = 3
"""Names that are suggested for one."""
CODE: Final = 3
"""Letters up to which a name is taken for a code: BY and RU are not misspellings of each other."""
_MANY: Final = 5000
"""Nodes of a class above which none is suggested: to compare them all would take longer than it helps."""
_DIGITS: Final = re.compile(r"\d+")
_LATIN: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοντ",
    "ABESIJKMHOPCTYXaesijopcyxhdqwABEZHIKMNOPTYXovt",
)
"""Cyrillic and Greek letters that look like Latin ones (Unicode Technical Standard 39, confusable characters)."""


def local_name(iri: str) -> str:
    """Return the last part of an IRI."""
    return iri[max(iri.rfind("/"), iri.rfind("#"), iri.rfind(":")) + 1 :]


def name_of(term: Node) -> str:
    """Return the name that is compared: the last part of an IRI, or the text of a literal; empty for other terms."""
    if isinstance(term, ox.NamedNode):
        return local_name(term.value)
    return term.value if isinstance(term, ox.Literal) else ""


def close_names(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that one may be a misspelling of, the nearest first: letters differ, digits do not."""
    if len(name) <= CODE:
        return []
    digits = _DIGITS.findall(name)
    return get_close_matches(name, [n for n in names if _DIGITS.findall(n) == digits], MOST, CLOSE)


def similar_term(term: ox.NamedNode, candidates: Sequence[ox.NamedNode]) -> ox.NamedNode | None:
    """Return the candidate that a term is a misspelling of, by its last part; None where none is, or several are."""
    names: dict[str, dict[ox.NamedNode, None]] = {}
    for node in candidates:
        names.setdefault(local_name(node.value).casefold(), {})[node] = None
    name = local_name(term.value).casefold()
    close = [name] if name in names else close_names(name, names)
    nodes = [node for other in close for node in names[other]]
    return nodes[0] if len(nodes) == 1 else None


def look_alikes(text: str) -> list[tuple[str, str]]:
    """Return the letters of a text that look like Latin ones beside which they stand in a word, with those."""
    found: dict[str, str] = {}
    for word in re.findall(r"[^\W_]+", text):
        plain = word.translate(_LATIN)
        # A word of one script is what it is. One of two scripts that becomes one of letters of ASCII was not meant so.
        if plain != word and plain.isascii() and any(c.isascii() and c.isalpha() for c in word):
            found.update((c, p) for c, p in zip(word, plain, strict=True) if c != p)
    return list(found.items())


def without_look_alikes(text: str) -> str:
    """Return the text with Latin letters in place of those that only look like them."""
    return text.translate(_LATIN) if look_alikes(text) else text


class NodeNames:
    """The nodes of each class of a graph by their names: the last part of the IRI, codes and labels."""

    def __init__(self, graph: Readable) -> None:
        self.graph = graph
        self._names: dict[Any, dict[str, list[ox.NamedNode]]] = {}

    def of_class(self, cls: Node) -> Mapping[str, list[ox.NamedNode]]:
        """Return the nodes by name, in lower case; none for a class of very many."""
        if cls not in self._names:
            nodes = [node for node in self.graph.instances(cls) if isinstance(node, ox.NamedNode)]
            names: dict[str, dict[ox.NamedNode, None]] = {}
            for node in nodes if len(nodes) <= _MANY else ():
                texts = {o.value for _, o in self.graph.predicates(node) if isinstance(o, ox.Literal)}
                for text in (local_name(node.value), *sorted(texts)):
                    names.setdefault(text.casefold(), {})[node] = None
            self._names[cls] = {name: list(named) for name, named in names.items()}
        return self._names[cls]

    def near(self, value: Node, cls: Node) -> list[ox.NamedNode]:
        """Return the nodes of a class that may have been meant by a value, three at most."""
        names, text = self.of_class(cls), without_look_alikes(name_of(value)).casefold()
        if not text:
            return []
        found = [node for name in ([text] if text in names else close_names(text, names)) for node in names[name]]
        return [node for node in dict.fromkeys(found) if node != value][:MOST]
