"""Mistakes put into a graph at random, from a seed: what people and programs get wrong in facts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Mistake = Callable[[random.Random, ox.Quad, Sequence[ox.Quad]], Iterable[ox.Quad]]

_XSD: Final = STANDARD_PREFIXES["xsd"]
_TYPE: Final = ox.NamedNode(STANDARD_PREFIXES["rdf"] + "type")
_TYPES: Final = ("integer", "decimal", "boolean", "string", "duration")


def with_mistakes(quads: Sequence[ox.Quad], seed: int, share: float = 0.03) -> list[ox.Quad]:
    """Give the triples with a mistake in that share of them, the same for the same seed.

    Dates and numbers are only left out, or given twice: rdflib finds an order between a date and what is none.
    """
    chance = random.Random(seed)  # noqa: S311 - data, not secrets
    ordered = [quad for quad in quads if _is_ordered(quad.object)]
    others = [quad for quad in quads if not _is_ordered(quad.object)]

    def each() -> Iterator[ox.Quad]:
        for quad in quads:
            if chance.random() >= share:
                yield quad
            elif _is_ordered(quad.object):
                yield from chance.choice((_left_out, _object_too_many))(chance, quad, ordered)
            else:
                yield from chance.choice(MISTAKES)(chance, quad, others)

    return list(dict.fromkeys(each()))


def _is_ordered(term: Any) -> bool:  # noqa: ANN401 - a term
    if not isinstance(term, ox.Literal) or term.language:
        return False
    return term.datatype.value.removeprefix(_XSD) not in {"string", "boolean", "duration"}


def _with(quad: ox.Quad, **parts: Any) -> ox.Quad:  # noqa: ANN401 - terms
    known = {"subject": quad.subject, "predicate": quad.predicate, "object": quad.object, **parts}
    return ox.Quad(known["subject"], known["predicate"], known["object"])


def _left_out(_chance: random.Random, _quad: ox.Quad, _quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    return ()


def _another_object(chance: random.Random, quad: ox.Quad, quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield _with(quad, object=chance.choice(quads).object)


def _object_too_many(chance: random.Random, quad: ox.Quad, quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield quad
    alike = [q.object for q in chance.sample(quads, min(200, len(quads))) if q.predicate == quad.predicate]
    yield _with(quad, object=chance.choice(alike or [chance.choice(quads).object]))


def _another_class(chance: random.Random, quad: ox.Quad, quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield quad
    yield _with(quad, predicate=_TYPE, object=chance.choice([q.object for q in quads if q.predicate == _TYPE]))


def _another_property(chance: random.Random, quad: ox.Quad, quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield _with(quad, predicate=chance.choice(quads).predicate)


def _another_spelling(chance: random.Random, quad: ox.Quad, _: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    """Change what only literals have: the text, the language or the datatype; of an IRI make its text."""
    text = str(quad.object.value) if not isinstance(quad.object, ox.Triple) else ""
    kind = chance.choice(_TYPES)
    options = (
        ox.Literal(text),
        ox.Literal(text, language=chance.choice(("en", "ru", "be", "de"))),
        ox.Literal(text, datatype=ox.NamedNode(_XSD + kind)),
        ox.Literal(f" {text}"),
        ox.Literal(""),
    )
    yield _with(quad, object=chance.choice(options))


def _unnamed(_chance: random.Random, quad: ox.Quad, _quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield _with(quad, object=ox.BlankNode()) if isinstance(quad.object, ox.NamedNode) else quad


def _other_way_round(_chance: random.Random, quad: ox.Quad, _quads: Sequence[ox.Quad]) -> Iterable[ox.Quad]:
    yield _with(quad, subject=quad.object, object=quad.subject) if isinstance(quad.object, ox.NamedNode) else quad


MISTAKES: Final[tuple[Mistake, ...]] = (
    _left_out, _another_object, _object_too_many, _another_class, _another_property, _another_spelling, _unnamed,
    _other_way_round,
)  # fmt: skip
