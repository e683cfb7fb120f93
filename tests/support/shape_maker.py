"""Shapes and data made at random from a seed: every target, path and component of SHACL Core, small enough to read.

What pySHACL is known to do wrong is not made (tests/shacl/test_agreement.py pins each): literals are compared
only where all are of one kind, no sequence is inverted, no length is at least zero, and no date is given for a moment.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.rdf.graph import Node

EX: Final = "http://example.org/"
SH: Final = "http://www.w3.org/ns/shacl#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"

TYPE: Final = ox.NamedNode(RDF + "type")
NODES: Final = tuple(ox.NamedNode(f"{EX}n{i}") for i in range(7))
CLASSES: Final = tuple(ox.NamedNode(f"{EX}C{i}") for i in range(3))
PROPERTIES: Final = tuple(ox.NamedNode(f"{EX}{name}") for name in "pqr")
MEASURED: Final = PROPERTIES[:2]
"""Where literals are compared, these lead to nothing else."""
STRINGS: Final = tuple(ox.Literal(text) for text in ("", "a", "ab", "abc", "Мінск", "1"))
TAGGED: Final = tuple(
    ox.Literal(text, language=tag) for text, tag in (("a", "en"), ("b", "en"), ("a", "de"), ("c", "en-us"), ("d", "be"))
)


def typed(text: str, name: str) -> ox.Literal:
    """Give a literal of an XSD type."""
    return ox.Literal(text, datatype=ox.NamedNode(XSD + name))


NUMBERS: Final = (
    typed("1", "integer"), typed("2", "integer"), typed("007", "integer"), typed("-3", "integer"),
    typed("1.10", "decimal"), typed("1.1", "decimal"), typed("2.0", "decimal"), typed("1.0E0", "double"),
    typed("5", "byte"), typed("5", "nonNegativeInteger"),
)  # fmt: skip
DATES: Final = (typed("2016-01-02", "date"), typed("2017-12-31", "date"), typed("2016-02-29", "date"))
MOMENTS: Final = (typed("2016-01-02T03:04:05Z", "dateTime"), typed("2016-01-02T05:04:05+02:00", "dateTime"))
BOOLEANS: Final = (typed("true", "boolean"), typed("false", "boolean"))
ILL_TYPED: Final = (
    typed("one", "integer"), typed("1.0", "integer"), typed("2016-13-45", "date"), typed("maybe", "boolean"),
    typed("2016-01-02T25:00:00", "dateTime"), typed("1,5", "decimal"), typed("300", "byte"),
    typed("-1", "nonNegativeInteger"),
)  # fmt: skip
ORDERED: Final = (STRINGS, NUMBERS, DATES, MOMENTS)
LITERALS: Final = (*STRINGS, *TAGGED, *NUMBERS, *DATES, *MOMENTS, *BOOLEANS)
DATATYPES: Final = tuple(
    ox.NamedNode(iri)
    for iri in (
        XSD + "string", XSD + "integer", XSD + "decimal", XSD + "date", XSD + "dateTime", XSD + "boolean", XSD + "byte",
        XSD + "nonNegativeInteger",
        RDF + "langString",
    )
)  # fmt: skip
KINDS: Final = ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
PATTERNS: Final = ("^a", "b", "^[a-z]*$", "^.{2}$", r"^\d+$", "^http")
SEVERITIES: Final = ("Violation", "Warning", "Info")


@dataclass(frozen=True)
class Vocabulary:
    """What a seed's data and shapes are made of; ``compares`` says whether its literals can all be compared."""

    literals: tuple[ox.Literal, ...] = (*LITERALS, *ILL_TYPED)
    blanks: tuple[ox.BlankNode, ...] = (ox.BlankNode("b0"), ox.BlankNode("b1"))
    compares: bool = False


def make(seed: int) -> tuple[list[ox.Quad], list[ox.Quad]]:
    """Give a data graph and a shapes graph; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - data, not secrets
    vocabulary = Vocabulary(chance.choice(ORDERED), (), compares=True) if chance.random() < 0.4 else Vocabulary()
    maker = _Maker(chance, vocabulary)
    for _ in range(chance.randint(1, 3)):
        maker.target(maker.shape(2, property_shape=chance.random() < 0.4))
    return _data(chance, vocabulary), maker.quads


def _data(chance: random.Random, vocabulary: Vocabulary) -> list[ox.Quad]:
    nodes = (*NODES, *vocabulary.blanks)
    found = [_triple(CLASSES[1], ox.NamedNode(RDFS + "subClassOf"), CLASSES[0])]
    for _ in range(chance.randint(8, 30)):
        subject = chance.choice(nodes)
        match chance.randint(0, 4):
            case 0:
                found.append(_triple(subject, TYPE, chance.choice(CLASSES)))
            case 1 | 2:
                leading = PROPERTIES[2:] if vocabulary.compares else PROPERTIES
                found.append(_triple(subject, chance.choice(leading), chance.choice(nodes)))
            case _:
                found.append(_triple(subject, chance.choice(PROPERTIES), chance.choice(vocabulary.literals)))
    return list(dict.fromkeys(found))


def _triple(subject: Node, predicate: Node, obj: Node) -> ox.Quad:
    return ox.Quad(subject, predicate, obj)


class _Maker:
    def __init__(self, chance: random.Random, vocabulary: Vocabulary) -> None:
        self.chance = chance
        self.literals = vocabulary.literals
        self.compares = vocabulary.compares
        self.quads: list[ox.Quad] = []
        self.count = 0

    def add(self, subject: Node, name: str, obj: Node) -> None:
        self.quads.append(ox.Quad(subject, ox.NamedNode(SH + name), obj))

    def target(self, shape: Node) -> None:
        for _ in range(self.chance.randint(1, 2)):
            name = self.chance.choice(("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "implicit"))
            match name:
                case "implicit":
                    self.quads.append(_triple(shape, TYPE, ox.NamedNode(RDFS + "Class")))
                    self.quads.append(_triple(CLASSES[2], ox.NamedNode(RDFS + "subClassOf"), shape))
                case "targetNode":
                    self.add(shape, name, self.chance.choice((*NODES, *self.literals)))
                case "targetClass":
                    self.add(shape, name, self.chance.choice(CLASSES))
                case _:
                    self.add(shape, name, self.chance.choice(PROPERTIES))

    def shape(self, depth: int, *, property_shape: bool) -> Node:
        self.count += 1
        shape = ox.NamedNode(f"{EX}S{self.count}")
        kind = "PropertyShape" if property_shape else "NodeShape"
        self.quads.append(_triple(shape, TYPE, ox.NamedNode(SH + kind)))
        path = self.path(2) if property_shape else None
        if path:
            self.add(shape, "path", path)
        if self.chance.random() < 0.3:
            self.add(shape, "severity", ox.NamedNode(SH + self.chance.choice(SEVERITIES)))
        if self.chance.random() < 0.05:
            self.add(shape, "deactivated", typed("true", "boolean"))
        makers = dict(_OF_VALUES)
        if property_shape:
            makers |= _OF_PROPERTIES
        if self.compares:
            makers |= _COMPARING | (_PAIRS if path in MEASURED else {})
        if depth:
            makers |= _OF_SHAPES
        for name in self.chance.sample(sorted(makers), self.chance.randint(1, 3)):
            makers[name](self, shape, depth)
        return shape

    def inner(self, depth: int) -> Node:
        return self.shape(depth - 1, property_shape=self.chance.random() < 0.5)

    def path(self, depth: int, *, inverse: bool = False) -> Node:
        kinds = (*_PATHS, "alternativePath", *(() if inverse else ("sequence",))) if depth else ()
        kind = self.chance.choice(("predicate", *kinds))
        if kind == "predicate":
            return self.chance.choice(PROPERTIES)
        inner = [self.path(depth - 1, inverse=inverse or kind == "inversePath") for _ in range(2)]
        if kind == "sequence":
            return self.list(inner)
        node = ox.BlankNode()
        self.add(node, kind, self.list(inner) if kind == "alternativePath" else inner[0])
        return node

    def list(self, members: list[Node]) -> Node:
        head: Node = ox.NamedNode(RDF + "nil")
        for member in reversed(members):
            node = ox.BlankNode()
            self.quads.append(_triple(node, ox.NamedNode(RDF + "first"), member))
            self.quads.append(_triple(node, ox.NamedNode(RDF + "rest"), head))
            head = node
        return head

    def closed(self, shape: Node, depth: int) -> None:
        self.add(shape, "closed", typed("true", "boolean"))
        if self.chance.random() < 0.7:
            self.add(shape, "ignoredProperties", self.list([TYPE, *self.chance.sample(PROPERTIES, 1)]))
        if depth:
            self.add(shape, "property", self.shape(depth - 1, property_shape=True))

    def qualified(self, shape: Node, depth: int) -> None:
        """Give a shape two property shapes whose qualified value shapes can exclude each other."""
        for _ in range(2):
            member = self.shape(0, property_shape=True)
            self.add(shape, "property", member)
            self.add(member, "qualifiedValueShape", self.inner(max(1, depth)))
            self.add(member, self.chance.choice(("qualifiedMinCount", "qualifiedMaxCount")), self.whole(0, 2))
            if self.chance.random() < 0.6:
                self.add(member, "qualifiedValueShapesDisjoint", typed("true", "boolean"))

    def pattern(self, shape: Node, _: int) -> None:
        self.add(shape, "pattern", ox.Literal(self.chance.choice(PATTERNS)))
        if self.chance.random() < 0.3:
            self.add(shape, "flags", ox.Literal("i"))

    def whole(self, low: int, high: int) -> ox.Literal:
        return typed(str(self.chance.randint(low, high)), "integer")


_PATHS: Final = ("inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
Made = dict[str, "Callable[[_Maker, Node, int], None]"]


def _one(name: str, values: Callable[[_Maker], Node]) -> Callable[[_Maker, Node, int], None]:
    return lambda maker, shape, _: maker.add(shape, name, values(maker))


def _list_of(name: str, members: tuple[Node, ...]) -> Callable[[_Maker, Node, int], None]:
    return lambda maker, shape, _: maker.add(shape, name, maker.list(maker.chance.sample(members, 3)))


def _shapes(name: str) -> Callable[[_Maker, Node, int], None]:
    return lambda maker, shape, depth: maker.add(shape, name, maker.list([maker.inner(depth) for _ in range(2)]))


_OF_VALUES: Final[Made] = {
    "class": _one("class", lambda m: m.chance.choice(CLASSES)),
    "datatype": _one("datatype", lambda m: m.chance.choice(DATATYPES)),
    "nodeKind": _one("nodeKind", lambda m: ox.NamedNode(SH + m.chance.choice(KINDS))),
    "minLength": _one("minLength", lambda m: m.whole(1, 3)),
    "maxLength": _one("maxLength", lambda m: m.whole(0, 3)),
    "pattern": _Maker.pattern,
    "languageIn": _list_of("languageIn", tuple(ox.Literal(tag) for tag in ("en", "de", "be", "en-us"))),
    "equals": _one("equals", lambda m: m.chance.choice(PROPERTIES)),
    "disjoint": _one("disjoint", lambda m: m.chance.choice(PROPERTIES)),
    "hasValue": _one("hasValue", lambda m: m.chance.choice((*NODES, *LITERALS))),
    "in": _list_of("in", (*NODES, *LITERALS)),
    "closed": _Maker.closed,
}
_OF_PROPERTIES: Final[Made] = {
    "minCount": _one("minCount", lambda m: m.whole(0, 2)),
    "maxCount": _one("maxCount", lambda m: m.whole(0, 2)),
    "uniqueLang": _one("uniqueLang", lambda m: m.chance.choice(BOOLEANS)),
}
_COMPARING: Final[Made] = {
    name: _one(name, lambda m: m.chance.choice(m.literals))
    for name in ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")
}
_PAIRS: Final[Made] = {
    name: _one(name, lambda m: m.chance.choice(MEASURED)) for name in ("lessThan", "lessThanOrEquals")
}
_OF_SHAPES: Final[Made] = {
    "node": lambda maker, shape, depth: maker.add(shape, "node", maker.shape(depth - 1, property_shape=False)),
    "property": lambda maker, shape, depth: maker.add(shape, "property", maker.shape(depth - 1, property_shape=True)),
    "not": lambda maker, shape, depth: maker.add(shape, "not", maker.inner(depth)),
    "and": _shapes("and"),
    "or": _shapes("or"),
    "xone": _shapes("xone"),
    "qualified": _Maker.qualified,
}
