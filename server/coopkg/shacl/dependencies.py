"""The edges that paths and SPARQL constraints depend on, each with the path to it from the focus node.

Those of a query are taken from rdflib's algebra: its triple patterns, joined by variables to ``$this``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

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
    from collections.abc import Iterable, Iterator, Mapping

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
        case Anything():
            yield Step(None, before)
        case Repeated(inner, mark):
            # The edge may be the one of any repetition, so that any number of them may come before it.
            yield from steps(inner, before if mark == "?" else joined(before, Repeated(inner, "*")))


def steps_of_query(text: str, path: Path | None) -> list[Step]:
    """Return the edges that a SPARQL constraint depends on, each with the path to it from ``$this``.

    The path goes over the query's own patterns. A pattern that no chain of variables joins to ``$this`` is a step that
    counts anywhere.
    """
    reached: dict[str, Path | None] = {"this": None}
    pending, query_steps = list(_patterns(text, path)), list[Step]()
    # As Prim's algorithm grows a tree: of the patterns that touch what is reached, the nearest is joined next.
    while pending:
        # A pattern may be entered from either end.
        joinable = [p for p in pending if p.subject in reached or p.object in reached]
        if not joinable:
            edges = (edge for p in pending for edge in _edges(p, None, backwards=False))
            return [*query_steps, *(replace(edge, before=None, anywhere=True) for edge in edges)]
        nearest = min(joinable, key=lambda pattern: _length_through(pattern, reached))
        pending.remove(nearest)
        backwards = nearest.subject not in reached
        before = reached[(nearest.object if backwards else nearest.subject) or ""]
        query_steps += _edges(nearest, before, backwards=backwards)
        for variable, way in nearest.ways(backwards=backwards):
            # The first path to a variable stays: any one that must exist leads back to every focus node.
            reached.setdefault(variable, joined(before, way))
    return query_steps


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


_ANY_PREDICATE: Final = 4
"""The length that a variable in the place of a predicate counts for: more than a usual path, which is preferred."""


def _length_through(pattern: _Pattern, reached: Mapping[str, Path | None]) -> tuple[bool, int]:
    """Rank a pattern: those that must match first; of these the nearest to ``$this``, whose walk back spreads least."""
    start = pattern.subject if pattern.subject in reached else pattern.object
    return pattern.sign is not Sign.MORE, length(reached[start or ""]) + (
        length(pattern.path) if pattern.path else _ANY_PREDICATE
    )


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


@dataclass(frozen=True)
class _Pattern:
    """A triple pattern: the names of its variables (None for a constant), and its path where that is no variable."""

    subject: str | None
    path: Path | None
    object: str | None
    predicate: str | None = None
    sign: Sign = Sign.MORE

    def ways(self, *, backwards: bool) -> Iterator[tuple[str, Path]]:
        """Yield the variables that the pattern leads to from its subject, or its object, each with the path to it."""
        end = self.subject if backwards else self.object
        if end is not None:
            anything = Anything(Via.SUBJECTS if backwards else Via.OBJECTS)
            yield end, anything if self.path is None else inverted(self.path) if backwards else self.path
        if self.predicate is not None and not backwards:
            yield self.predicate, Anything(Via.PREDICATES)


def _edges(pattern: _Pattern, before: Path | None, *, backwards: bool) -> Iterable[Step]:
    if pattern.path is None:
        return (Step(None, before, backwards, sign=pattern.sign),)
    return signed(steps(inverted(pattern.path) if backwards else pattern.path, before), pattern.sign)


def _variable(term: Any) -> str | None:  # noqa: ANN401 - a term of rdflib
    from rdflib import BNode, Variable  # noqa: PLC0415 - 0.3 s of imports, needed only where writes are gated

    return str(term) if isinstance(term, Variable | BNode) else None


def _patterns(text: str, path: Path | None) -> Iterator[_Pattern]:
    """Yield the triple patterns of a query, wherever they stand in it, each with its sign."""
    from rdflib.plugins.sparql import prepareQuery  # noqa: PLC0415

    algebra = prepareQuery(re.sub(r"[$?]PATH\b", lambda _: path.sparql() if path else "", text)).algebra
    yield from _signed_patterns(algebra, Sign.MORE)


_NEITHER_WAY: Final = frozenset(
    {"Group", "AggregateJoin", "Minus", "MinusGraphPattern", "SubSelect", "OptionalGraphPattern", "ToMultiSet", "Slice"}
)
"""Parts of a query within which both more and fewer solutions can make more violations."""


def _signed_patterns(part: Any, sign: Sign) -> Iterator[_Pattern]:  # noqa: ANN401 - a part of rdflib's algebra
    if isinstance(part, list | tuple | set):
        for member in part:
            yield from _signed_patterns(member, sign)
    elif hasattr(part, "name"):
        yield from _of_part(part.name, {key: value for key, value in dict.items(part) if key != "_vars"}, sign)


def _of_part(name: str, fields: dict[str, Any], sign: Sign) -> Iterator[_Pattern]:
    for block in fields.pop("triples", None) or ():  # a triple in the algebra, a run of them in the syntax
        for start in range(0, len(block), 3):
            subject, predicate, obj = block[start : start + 3]
            yield _Pattern(_variable(subject), _path(predicate), _variable(obj), _variable(predicate), sign)
    # Counting, negating or cutting solutions turns fewer into more, so that the sign is lost.
    if name in _NEITHER_WAY:
        sign = Sign.EITHER
    if name == "Filter":
        yield from _filter(fields.pop("expr"), sign)
    # One more match of the optional side removes the solution that was without it.
    elif name == "LeftJoin":
        yield from _signed_patterns((fields.pop("p2"), fields.pop("expr")), Sign.EITHER)
    elif name in {"Extend", "Bind"}:
        yield from _signed_patterns(fields.pop("expr"), Sign.EITHER)
    for value in fields.values():
        yield from _signed_patterns(value, sign)


def _filter(expression: Any, sign: Sign) -> Iterator[_Pattern]:  # noqa: ANN401 - a part of rdflib's algebra
    """Yield the patterns of a filter: EXISTS has the sign of its group, NOT EXISTS the other, deeper ones either.

    A SPARQL constraint reports solutions, so that a triple more can give a violation more, and within NOT EXISTS a
    triple fewer can. In any other expression, as in a comparison of booleans, both may.
    """
    match getattr(expression, "name", None):
        case "Builtin_EXISTS":
            yield from _signed_patterns(dict.get(expression, "graph"), sign)
        case "Builtin_NOTEXISTS":
            yield from _signed_patterns(dict.get(expression, "graph"), sign.flipped)
        case "ConditionalAndExpression":
            for member in (dict.get(expression, "expr"), *(dict.get(expression, "other") or ())):
                yield from _filter(member, sign)
        case _:
            yield from _signed_patterns(expression, Sign.EITHER)


def _path(term: Any) -> Path | None:  # noqa: ANN401 - a term or path of rdflib
    from rdflib import URIRef, paths  # noqa: PLC0415

    match term:
        case URIRef():
            return Predicate(ox.NamedNode(str(term)))
        case paths.InvPath():
            inner = _path(term.arg)
            return Inverse(inner) if inner else None
        case paths.SequencePath() | paths.AlternativePath():
            parts = [_path(arg) for arg in term.args]
            whole = tuple(part for part in parts if part is not None)
            if len(whole) < len(parts):
                return None
            return Sequence(whole) if isinstance(term, paths.SequencePath) else Alternative(whole)
        case paths.MulPath():
            inner = _path(term.path)
            return Repeated(inner, str(term.mod)) if inner else None
        case _:
            return None
