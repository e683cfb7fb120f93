"""Descriptions of what a constraint expects, and of nodes without a name: in English, Russian and Belarusian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.rdf.terms import compact, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.graph import Node
    from coopkg.shacl.shapes import Constraint, Shape

Words = dict[str, str]
"""A text by language."""

_PHRASES: Final[Mapping[str, tuple[str, str, str]]] = {
    "minCount": ("{} or more values of {path}", "значений {path}: {} или больше", "значэнняў {path}: {} або больш"),
    "maxCount": (
        "no more values of {path} than {}",
        "значений {path}: не больше {}",
        "значэнняў {path}: не больш за {}",
    ),
    "class": ("a node of the class {}", "узел класса {}", "вузел класа {}"),
    "datatype": (
        "a literal of the datatype {} in its form",
        "литерал типа {} в его форме",
        "літарал тыпу {} у яго форме",
    ),
    "nodeKind": ("{}", "{}", "{}"),
    "minExclusive": ("more than {}", "больше {}", "больш за {}"),
    "minInclusive": ("{} or more", "{} или больше", "{} або больш"),
    "maxExclusive": ("less than {}", "меньше {}", "менш за {}"),
    "maxInclusive": ("{} or less", "{} или меньше", "{} або менш"),
    "minLength": ("{} or more characters", "знаков: {} или больше", "знакаў: {} або больш"),
    "maxLength": ("no more characters than {}", "знаков: не больше {}", "знакаў: не больш за {}"),
    "pattern": (
        "text that matches the pattern {}",
        "текст, соответствующий образцу {}",
        "тэкст, які адпавядае ўзору {}",
    ),
    "languageIn": (
        "text with a language tag out of {}",
        "текст с меткой языка из {}",
        "тэкст з пазнакай мовы з {}",
    ),
    "uniqueLang": (
        "one value of {path} for each language",
        "одно значение {path} на каждый язык",
        "адно значэнне {path} на кожную мову",
    ),
    "equals": ("the same values as {}", "те же значения, что у {}", "тыя ж значэнні, што ў {}"),
    "disjoint": ("no value of {}", "ни одного значения {}", "ніводнага значэння {}"),
    "lessThan": ("less than every value of {}", "меньше каждого значения {}", "менш за кожнае значэнне {}"),
    "lessThanOrEquals": (
        "no more than any value of {}",
        "не больше любого значения {}",
        "не больш за любое значэнне {}",
    ),
    "hasValue": ("the value {}", "значение {}", "значэнне {}"),
    "in": ("one of {}", "одно из {}", "адно з {}"),
    "closed": ("no other property than {}", "никаких свойств, кроме {}", "ніякіх уласцівасцей, акрамя {}"),
    "closedByTypes": (
        "no other property than those that the shapes for the node's classes name",
        "никаких свойств, кроме названных формами для классов узла",
        "ніякіх уласцівасцей, акрамя названых формамі для класаў вузла",
    ),
    "node": ("what the shape {} describes", "то, что описывает форма {}", "тое, што апісвае форма {}"),
    "not": ("not what the shape {} describes", "не то, что описывает форма {}", "не тое, што апісвае форма {}"),
    "and": ("all of: {}", "всё из: {}", "усё з: {}"),
    "or": ("one or more of: {}", "хотя бы одно из: {}", "хаця б адно з: {}"),
    "xone": ("exactly one of: {}", "ровно одно из: {}", "роўна адно з: {}"),
    "qualifiedMinCount": (
        "{} or more values of {path} as the shape {shape} describes them",
        "значений {path}, какие описывает форма {shape}: {} или больше",
        "значэнняў {path}, якія апісвае форма {shape}: {} або больш",
    ),
    "qualifiedMaxCount": (
        "no more values of {path} as the shape {shape} describes them than {}",
        "значений {path}, какие описывает форма {shape}: не больше {}",
        "значэнняў {path}, якія апісвае форма {shape}: не больш за {}",
    ),
}
"""What each constraint component expects, in the order of ``LANGUAGES``."""
_KINDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "IRI": ("an IRI", "IRI", "IRI"),
    "BlankNode": ("a node without a name", "узел без имени", "вузел без імя"),
    "Literal": ("a literal", "литерал", "літарал"),
    "BlankNodeOrIRI": ("a node", "узел", "вузел"),
    "BlankNodeOrLiteral": (
        "a literal or a node without a name", "литерал или узел без имени", "літарал або вузел без імя",
    ),
    "IRIOrLiteral": ("an IRI or a literal", "IRI или литерал", "IRI або літарал"),
}  # fmt: skip
_SENTENCES: Final = ("Expected: {}.", "Ожидается: {}.", "Чакаецца: {}.")
_UNNAMED: Final = ("unnamed {}", "безымянный узел {}", "безыменны вузел {}")
_LINE: Final = ("line {}", "строка {}", "радок {}")
_SHAPE_OF: Final = ("the shape for {} in {}", "форма для {} в {}", "форма для {} у {}")
_UNNAMED_SHAPE: Final = ("a shape without a name", "форма без имени", "форма без імя")
_LISTED: Final = 12
"""Terms that a phrase lists; it ends with an ellipsis where there are more."""


def expected(
    constraint: Constraint, shape: Shape, shapes: Mapping[Node, Shape], prefixes: dict[str, str]
) -> tuple[Words, tuple[Any, ...]]:
    """Describe what a constraint expects, by language, and give the terms that it names; nothing for one in SPARQL."""
    if constraint.name not in _PHRASES:
        return {}, ()
    terms, texts = _operands(constraint, shapes, prefixes)
    path = shape.path.sparql() if shape.path else ""
    if isinstance(shape.path_node, ox.NamedNode):
        path = compact(shape.path_node.value, prefixes)
    words = {}
    for index, language in enumerate(LANGUAGES):
        parts = {"path": path, "shape": texts[index][-1] if texts[index] else ""}
        listed = texts[index][:1] if constraint.name.startswith("qualified") else texts[index]
        words[language] = _PHRASES[constraint.name][index].format(_list(listed), **parts)
    return words, terms


def _list(texts: Iterable[str]) -> str:
    listed = list(texts)
    return ", ".join(listed[:_LISTED]) + (", …" if len(listed) > _LISTED else "")


def _operands(  # noqa: PLR0911 - one a component
    constraint: Constraint, shapes: Mapping[Node, Shape], prefixes: dict[str, str]
) -> tuple[tuple[Any, ...], list[list[str]]]:
    """Return the terms that a constraint names, and the texts of its operands in each language."""
    value = constraint.value
    match constraint.name:
        case "closedByTypes":
            return (), [[]] * len(LANGUAGES)
        case "nodeKind":
            kinds = _KINDS[value.value.rpartition("#")[2]]
            return (value,), [[kind] for kind in kinds]
        case "pattern":
            return (), [[f"“{value[0]}”"]] * len(LANGUAGES)
        case "languageIn":
            return (), [list(value)] * len(LANGUAGES)
        case "in" | "closed":
            terms = tuple(sorted(value, key=str))
            return terms, [[show(term, prefixes) for term in terms]] * len(LANGUAGES)
        case "node" | "not":
            return (), [[name] for name in _shape_words(shapes, value, prefixes)]
        case "and" | "or" | "xone":
            return (), [list(names) for names in zip(*(_shape_words(shapes, m, prefixes) for m in value), strict=True)]
        case "qualifiedMinCount" | "qualifiedMaxCount":
            return (), [[str(value[1]), name] for name in _shape_words(shapes, value[0], prefixes)]
        case _ if isinstance(value, int):
            return (), [[str(value)]] * len(LANGUAGES)
        case _:
            return (value,), [[show(value, prefixes)]] * len(LANGUAGES)


def _shape_words(shapes: Mapping[Node, Shape], node: Node, prefixes: dict[str, str]) -> tuple[str, ...]:
    """Name a shape that a constraint refers to, in each language: by its IRI, else by what its constraints expect."""
    if isinstance(node, ox.NamedNode):
        return (compact(node.value, prefixes),) * len(LANGUAGES)
    shape = shapes.get(node)
    phrases = [expected(c, shape, shapes, prefixes)[0] for c in shape.constraints] if shape else []
    phrases = [words for words in phrases if words]
    if not phrases:
        return _UNNAMED_SHAPE
    return tuple("; ".join(words[language] for words in phrases) for language in LANGUAGES)


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
