"""The edges that paths and shapes depend on, each with the path to it from the focus node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopkg.shacl.property_paths import (
    Alternative,
    Anything,
    Inverse,
    Path,
    Predicate,
    Repeated,
    Sequence,
    Via,
    inverted,
)
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.shacl.constraints import Shape, StepsOf


def signed(edges: Iterable[Step], sign: Sign) -> Iterator[Step]:
    """Return the same edges with that sign."""
    return (replace(step, sign=sign) for step in edges)


def joined(first: Path | None, second: Path | None) -> Path | None:
    """Return one path after another; None is the path that stays where it is."""
    if first is None or second is None:
        return second or first
    return Sequence((first, second))


def steps(path: Path, before: Path | None) -> Iterator[Step]:
    """Yield the edges that a path follows, each with the path that leads to it."""
    match path:
        case Predicate(iri):
            yield Step(iri, before)
        case Inverse(Predicate(iri)):
            yield Step(iri, before, backwards=True)
        case Inverse(inner):
            yield from steps(inverted(inner), before)
        case Sequence(paths):
            for part in paths:
                yield from steps(part, before)
                before = joined(before, part)
        case Alternative(paths):
            for part in paths:
                yield from steps(part, before)
        case Anything(via):
            yield Step(None, before, backwards=via is Via.SUBJECTS)
        case Repeated(inner, mark):
            # The edge may be the one of any repetition, so that any number of them may come before it.
            yield from steps(inner, before if mark == "?" else joined(before, Repeated(inner, "*")))


def steps_of_shape(
    shape: Shape, before: Path | None, sign: Sign, of: StepsOf, *, queries: bool = True
) -> Iterator[Step]:
    """Yield the edges that a shape depends on when it is applied to the nodes that ``before`` leads to.

    ``sign`` is MORE, or EITHER where the violations of those nodes are counted or negated. ``of`` yields the edges of
    the shapes that it refers to. Without ``queries`` those of queries are left out, which are costly to find.
    """
    values = joined(before, shape.path) if shape.path else before
    for constraint in shape.constraints:
        if shape.path:
            path_sign = constraint.values_sign if sign is Sign.MORE else Sign.EITHER
            yield from signed(steps(shape.path, before), path_sign)
        if queries or constraint.name != "sparql":
            yield from constraint.steps(shape, before, values, sign, of)


def length(path: Path | None) -> int:
    """Estimate the number of edges of a path; those that repeat count twice."""
    match path:
        case None:
            return 0
        case Sequence(paths):
            return sum(map(length, paths))
        case Alternative(paths):
            return max(map(length, paths))
        case Repeated(inner, _) | Inverse(inner):
            return length(inner) * (2 if isinstance(path, Repeated) else 1)
        case _:
            return 1
