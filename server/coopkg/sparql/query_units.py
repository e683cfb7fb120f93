"""A query taken apart into the units of its outermost pattern that can be left out, to find which one fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopkg.errors import QuerySyntaxError
from coopkg.sparql import syntax_tree
from coopkg.sparql.lexer import Kind
from coopkg.sparql.syntax_tree import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.sparql.syntax_tree import Element, Tree


@dataclass(frozen=True)
class Unit:
    """A part of the outermost pattern that can be left out: its text, its variables, and its IRIs and strings.

    ``bound`` are the variables that it can bind for others.
    """

    text: str
    part: Part
    variables: frozenset[str]
    bound: frozenset[str]
    constants: tuple[str, ...] = ()

    @property
    def depends(self) -> bool:
        """Return whether the unit only uses variables that others bind."""
        return self.part in {Part.FILTER, Part.BIND}


@dataclass(frozen=True)
class QueryUnits:
    """The units of a query in their order, and the text of its prologue."""

    prologue: str
    units: tuple[Unit, ...]

    def as_json(self) -> dict[str, Any]:
        """Encode the units as a JSON object."""
        return {
            "prologue": self.prologue,
            "units": [
                [unit.text, unit.part.name, sorted(unit.variables), sorted(unit.bound), unit.constants]
                for unit in self.units
            ],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> QueryUnits:
        """Decode the JSON object that ``as_json`` returns."""
        units = (
            Unit(text, Part[part], frozenset(variables), frozenset(bound), tuple(constants))
            for text, part, variables, bound, constants in value["units"]
        )
        return cls(value["prologue"], tuple(units))


def take_apart(text: str) -> QueryUnits:
    """Take a query apart. Raises QuerySyntaxError where it cannot be read."""
    try:
        tree = syntax_tree.read(text)
    except syntax_tree.UnreadableError:
        raise QuerySyntaxError("The query cannot be read to its end.") from None
    group = tree.groups[0].select.where if tree.groups[0].select else tree.groups[0]
    return QueryUnits(tree.prologue(), tuple(unit for element in group.elements for unit in _units(tree, element)))


def _units(tree: Tree, element: Element) -> Iterator[Unit]:
    extent = range(element.first, element.last)
    if element.part is not Part.TRIPLES:
        scope = tree.scope_of([element])
        yield Unit(tree.slice(element.first, element.last), element.part, tree.variables(extent), scope)
        return
    for subject, verb in _statements(tree, element):
        text = f"{tree.slice(subject.start, subject.stop)} {tree.slice(verb.start, verb.stop)}".strip()
        tokens = (*subject, *verb)
        names = tree.variables(tokens)
        yield Unit(text, Part.TRIPLES, names, names, tuple(_constants(tree, tokens)))


def _statements(tree: Tree, element: Element) -> Iterator[tuple[range, range]]:
    """Yield the token range of a subject with that of one property and its objects, for each property."""
    position = element.first
    while position < element.last:
        subject = range(position, syntax_tree.skip(tree.tokens, position))
        position = verb_start = subject.stop
        while True:
            text = tree.tokens[position].text if position < element.last else "."
            if text in {";", "."}:
                if verb_start < position or text == ".":
                    yield subject, range(verb_start, position)
                verb_start = position + 1
            if text == ".":
                position += 1
                break
            position = syntax_tree.skip(tree.tokens, position)


def _constants(tree: Tree, tokens: Iterable[int]) -> Iterator[str]:
    """Yield the IRIs and strings among these tokens, as written."""
    for i in tokens:
        if tree.tokens[i].kind in {Kind.IRI, Kind.PREFIXED}:
            yield tree.tokens[i].text
        elif tree.tokens[i].kind is Kind.STRING:
            language = tree.tokens[i + 1] if i + 1 < len(tree.tokens) else None
            yield tree.tokens[i].text + (language.text if language and language.kind is Kind.LANGUAGE else "")
