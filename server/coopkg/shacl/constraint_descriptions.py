"""Descriptions of what a constraint expects, and of nodes without a name: in English, Russian and Belarusian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.rdf.terms import compact, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Constraint, Shape

Words = dict[str, str]
"""A text by language."""

_SENTENCES: Final = ("Expected: {}.", "Ожидается: {}.", "Чакаецца: {}.")
_UNNAMED: Final = ("unnamed {}", "безымянный узел {}", "безыменны вузел {}")
_LINE: Final = ("line {}", "строка {}", "радок {}")
_SHAPE_OF: Final = ("the shape for {} in {}", "форма для {} в {}", "форма для {} у {}")
_UNNAMED_SHAPE: Final = ("a shape without a name", "форма без имени", "форма без імя")
_LISTED: Final = 12
"""Terms that a phrase lists; it ends with an ellipsis where there are more."""


_DEEPEST: Final = 3
"""Shapes without names, one in the other, that are described by what they expect."""


def expected(
    constraint: Constraint, shape: Shape, shapes: Mapping[Node, Shape], prefixes: dict[str, str]
) -> tuple[Words, tuple[Any, ...]]:
    """Describe what a constraint expects, by language, and give the terms that it names; nothing for one in SPARQL."""
    return _Wording(shapes, prefixes).expected(constraint, shape)


class _Wording:
    """How terms and shapes are called; a shape without a name by what its constraints expect."""

    def __init__(self, shapes: Mapping[Node, Shape], prefixes: dict[str, str]) -> None:
        self.shapes = shapes
        self.prefixes = prefixes
        self._depth = 0

    def term(self, term: Node) -> str:
        """Return a term as a person would write it."""
        return show(term, self.prefixes)

    def shape(self, node: Node) -> tuple[str, ...]:
        """Return how a shape is called, in each language: its IRI, else what its constraints expect."""
        if isinstance(node, ox.NamedNode):
            return (compact(node.value, self.prefixes),) * len(LANGUAGES)
        shape = self.shapes.get(node)
        # What shapes nested deeper expect would be longer than anybody reads, and twice as long with each level.
        if shape is None or self._depth >= _DEEPEST:
            return _UNNAMED_SHAPE
        self._depth += 1
        phrases = [words for c in shape.constraints[:_LISTED] if (words := self._within(c, shape))]
        self._depth -= 1
        if not phrases:
            return _UNNAMED_SHAPE
        return tuple("; ".join(words[language] for words in phrases) for language in LANGUAGES)

    def _within(self, constraint: Constraint, shape: Shape) -> Words:
        """Describe a constraint of a shape without a name; of a property shape its path and what it expects."""
        inner = self.shapes.get(constraint.value) if constraint.name == "property" else None
        if inner is None:
            return self.expected(constraint, shape)[0]
        return {
            language: f"{self._path(inner)}: {text}"
            for language, text in zip(LANGUAGES, self.shape(inner.node), strict=True)
        }

    def _path(self, shape: Shape) -> str:
        if isinstance(shape.path_node, ox.NamedNode):
            return compact(shape.path_node.value, self.prefixes)
        return shape.path.sparql() if shape.path else ""

    def expected(self, constraint: Constraint, shape: Shape) -> tuple[Words, tuple[Any, ...]]:
        """Describe what a constraint expects, by language, and give the terms that it names."""
        if not constraint.phrase:
            return {}, ()
        terms, texts = constraint.operands(self)
        path = self._path(shape)
        words = {}
        for index, language in enumerate(LANGUAGES):
            template = constraint.phrase[index]
            named = "{shape}" in template  # then the last text is the name of a shape
            listed = _list(texts[index][:-1] if named else texts[index])
            words[language] = template.format(listed, path=path, shape=texts[index][-1] if named else "")
        return words, terms


def _list(texts: Iterable[str]) -> str:
    listed = list(texts)
    return ", ".join(listed[:_LISTED]) + (", …" if len(listed) > _LISTED else "")


def show(term: Node, prefixes: dict[str, str]) -> str:
    """Write a term of a shape as a person would."""
    if isinstance(term, ox.NamedNode):
        return compact(term.value, prefixes)
    return literal(term, prefixes) if isinstance(term, ox.Literal) else str(term)


def sentences(words: Words) -> Words:
    """Return a sentence in each language for what is expected."""
    return {language: _SENTENCES[i].format(words[language]) for i, language in enumerate(LANGUAGES) if words}


def unnamed(kind: str, labels: Mapping[str, str], line: int | None) -> Words:
    """Describe a blank node by language: by its class, its label and the line that it stands on."""
    words = {}
    for index, language in enumerate(LANGUAGES):
        label = labels.get(language) or next(iter(labels.values()), "")
        parts = [_UNNAMED[index].format(kind).strip(), f"“{label}”" if label else ""]
        where = f" ({_LINE[index].format(line)})" if line else ""
        words[language] = " ".join(filter(None, parts)) + where
    return words


def shape_of(path: str, parent: str) -> Words:
    """Describe a property shape without a name, by its path and the shape that it belongs to."""
    return {language: _SHAPE_OF[index].format(path, parent) for index, language in enumerate(LANGUAGES)}


def unnamed_shape() -> Words:
    """Describe a shape without a name that belongs to no other."""
    return dict(zip(LANGUAGES, _UNNAMED_SHAPE, strict=True))


LABELS: Final = tuple(
    ox.NamedNode(STANDARD_PREFIXES[prefix] + name)
    for prefix, name in (("skos", "prefLabel"), ("rdfs", "label"), ("schema", "name"), ("foaf", "name"))
)
"""Properties that name a node, the most telling first."""
