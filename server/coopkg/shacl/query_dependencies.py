"""The edges that a query depends on, each with the path to it from ``$this``.

They are those of its triple patterns, joined by variables to ``$this``. A variable leads on only where its value is one
that the path to it reaches: one branch of a UNION, one EXISTS or an OPTIONAL says nothing of the variables that have
the same names elsewhere. A pattern that nothing leads to is a step that counts anywhere.

Read is rdflib's syntax tree. Its algebra leaves out the filters of what stands in EXISTS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.shacl.dependencies import joined, length, signed, steps
from coopkg.shacl.property_paths import Alternative, Anything, Path, Predicate, Repeated, Sequence, Via, inverted
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Ways = dict[str, "Path | None"]
"""The variables whose values a path from ``$this`` reaches, each with the path."""
_TREE = Any
"""A part of rdflib's syntax tree."""
_ANY_PREDICATE: Final = 4
"""The length that a variable in the place of a predicate counts for: more than a usual path, which is preferred."""
_ANYWHERE: Final = Step(None, None, anywhere=True)


def steps_of_query(text: str, *, pre_bound: bool = True) -> list[Step]:
    """Return the edges that a query depends on, each with the path to it from ``$this``.

    ``pre_bound`` says that ``$this`` has its value everywhere in the query, as in a constraint; in a target it is a
    variable like any other.
    """
    from pyparsing import ParseException  # noqa: PLC0415 - 0.3 s of imports, needed only where writes are gated
    from rdflib.plugins.sparql.parser import parseQuery  # noqa: PLC0415

    try:
        query = parseQuery(text)[1]
    except (ParseException, RecursionError):
        # What the engine reads and rdflib does not, as triple terms, may depend on anything.
        return [_ANYWHERE]
    reading = _Reading({"this": None} if pre_bound else {})
    reading.select(query, {"this": None}, Sign.MORE)
    return list(dict.fromkeys(reading.steps))


@dataclass(frozen=True)
class _Pattern:
    """A triple pattern: the names of its variables (None for a constant), and its path where that is no variable."""

    subject: str | None
    path: Path | None
    object: str | None
    predicate: str | None = None

    @property
    def variables(self) -> frozenset[str]:
        """The variables, all of which a match binds."""
        return frozenset({self.subject, self.object, self.predicate} - {None})  # type: ignore[arg-type]

    @property
    def length(self) -> int:
        """The length of the path, for choosing the nearest pattern."""
        return length(self.path) if self.path else _ANY_PREDICATE

    def ways(self, *, backwards: bool) -> Iterator[tuple[str, Path]]:
        """Yield the variables that the pattern leads to from its subject, or its object, each with the path to it."""
        end = self.subject if backwards else self.object
        if end is not None:
            anything = Anything(Via.SUBJECTS if backwards else Via.OBJECTS)
            yield end, anything if self.path is None else inverted(self.path) if backwards else self.path
        if self.predicate is not None and not backwards:
            yield self.predicate, Anything(Via.PREDICATES)

    def edges(self, before: Path | None, *, backwards: bool) -> Iterable[Step]:
        """Return the edges of a match, entered from the subject or, ``backwards``, from the object."""
        if self.path is None:
            return (Step(None, before, backwards),)
        return steps(inverted(self.path) if backwards else self.path, before)


class _Reading:
    """One query that is read, from the outside in: what a part depends on is added to ``steps``."""

    def __init__(self, pre_bound: Ways) -> None:
        self.pre_bound = pre_bound
        self.steps: list[Step] = []

    def select(self, query: _TREE, entry: Ways, sign: Sign) -> Ways:
        """Read a query or sub-select, and return the ways to the variables that each of its solutions binds.

        ``entry`` are the ways to variables that it is joined by.
        """
        projection = _field(query, "projection")
        items = [] if projection is None or projection == "*" else list(projection)
        plain = {str(name) for item in items if (name := _field(item, "var")) is not None}
        grouping = [str(key) for key in _field(_field(query, "groupby"), "condition") or () if _variable(key)]
        having, orders = (_field(_field(query, n), "condition") or () for n in ("having", "orderby"))
        grouped = bool(_field(query, "groupby") or having) or any(map(_aggregates, (items, having, orders)))
        # Solutions are counted or cut off before they are joined with anything.
        if _field(query, "limitoffset"):
            joins: set[str] = set()
        elif grouped:
            joins = set(grouping)
        else:
            joins = plain if items else set(entry)
        if grouped or _field(query, "limitoffset"):
            sign = Sign.EITHER
        ways = self.group(_field(query, "where"), _only(entry, joins) | self.pre_bound, self.pre_bound, sign)
        seen = (_only(ways, grouping) if grouped else ways) | self.pre_bound
        for expression in (*(_field(item, "expr") for item in items), *having, *orders):
            self.expression(expression, seen, Sign.EITHER)
        return _only(ways, plain) if items else ways

    def group(self, group: _TREE, entry: Ways, visible: Ways, sign: Sign) -> Ways:
        """Read a group, and return the ways to the variables that each of its solutions binds.

        ``entry`` are the ways to variables that its solutions are joined by, ``visible`` those that its filters see
        besides its own.
        """
        if group.name == "SubSelect":
            return self.select(group, entry, Sign.EITHER)
        parts = list(_field(group, "part") or ())
        known, bound = self._joined(parts, entry, sign)
        for index, part in enumerate(parts):
            # These are evaluated for the solutions of what stands before them in the group. What stands behind them, or
            # around the group, is joined with the outcome, and so has no say in it.
            before = _only(known, set().union(*bound[:index])) | self.pre_bound
            inner = _field(part, "graph")
            match part.name:
                case "Filter":
                    own = _only(known, set().union(*bound))
                    self.expression(_field(part, "expr"), {**visible, **own}, sign)
                case "OptionalGraphPattern":
                    # One more match of the optional side removes the solution that was without it.
                    self.group(inner, before, before, Sign.EITHER)
                case "MinusGraphPattern":
                    self.group(inner, before, self.pre_bound, Sign.EITHER)
                case "Bind":
                    self.expression(_field(part, "expr"), before, Sign.EITHER)
                case "TriplesBlock" | "GroupOrUnionGraphPattern" | "InlineData" | "GraphGraphPattern":
                    pass  # joined above; the shapes graph, which alone may be named, does not change with the data
                case _:
                    self.steps.append(_ANYWHERE)
        return _only(known, set().union(*bound))

    def _joined(self, parts: list[_TREE], entry: Ways, sign: Sign) -> tuple[Ways, list[set[str]]]:
        """Read what is joined in a group: triple patterns, groups, unions, and variables with another name.

        Returns the ways to all variables that are reached, and the variables that each part binds in every solution.
        """
        known = dict(entry)
        patterns = [p for part in parts for p in _patterns(part)]
        bound = [{v for p in _patterns(part) for v in p.variables} for part in parts]
        waiting = [i for i, part in enumerate(parts) if part.name in {"GroupOrUnionGraphPattern", "Bind"}]
        # As Prim's algorithm grows a tree: of the patterns that touch what is reached, the nearest is joined next. A
        # pattern may be entered from either end.
        while True:
            touching = [p for p in patterns if p.subject in known or p.object in known]
            if touching:
                nearest = min(touching, key=lambda pattern: _length_through(pattern, known))
                patterns.remove(nearest)
                self._enter(nearest, known, sign)
            elif waiting:
                index = waiting.pop(0)
                found = self._of_part(parts[index], known, set().union(*bound[:index]), sign)
                bound[index] = set(found)
                for variable, way in found.items():
                    known.setdefault(variable, way)
            else:
                break
        for pattern in patterns:
            edges = pattern.edges(None, backwards=False)
            self.steps += (Step(e.predicate, None, e.backwards, anywhere=True, sign=sign) for e in edges)
        return known, bound

    def _enter(self, pattern: _Pattern, known: Ways, sign: Sign) -> None:
        backwards = pattern.subject not in known
        before = known[(pattern.object if backwards else pattern.subject) or ""]
        self.steps += signed(pattern.edges(before, backwards=backwards), sign)
        for variable, way in pattern.ways(backwards=backwards):
            # The first path to a variable stays: any one that must exist leads back to every focus node.
            known.setdefault(variable, joined(before, way))

    def _of_part(self, part: _TREE, known: Ways, before: set[str], sign: Sign) -> Ways:
        """Read a union or BIND, and return the ways to the variables that every solution of it binds."""
        if part.name == "Bind":
            source = _variable(_bare(_field(part, "expr")))
            named = source in known and (source in before or source in self.pre_bound)
            return {str(_field(part, "var")): known[source or ""]} if named else {}
        branches = [self.group(inner, known, self.pre_bound, sign) for inner in _field(part, "graph")]
        shared = set(branches[0]).intersection(*branches)
        return {variable: _either([branch[variable] for branch in branches]) for variable in sorted(shared)}

    def expression(self, expression: _TREE, visible: Ways, sign: Sign) -> None:
        """Read the groups of an expression: EXISTS has the sign of its group, NOT EXISTS the other, deeper ones either.

        A SPARQL constraint reports solutions, so that a triple more can give a violation more, and within NOT EXISTS a
        triple fewer can; `&&` and `||` keep that. In any other expression, as in a comparison of booleans, both may.
        """
        expression = _bare(expression)
        match getattr(expression, "name", None):
            case "Builtin_EXISTS":
                self.group(_field(expression, "graph"), visible, visible, sign)
            case "Builtin_NOTEXISTS":
                self.group(_field(expression, "graph"), visible, visible, sign.flipped)
            case "ConditionalAndExpression" | "ConditionalOrExpression":
                for member in (_field(expression, "expr"), *_field(expression, "other")):
                    self.expression(member, visible, sign)
            case _:
                for member in _members(expression):
                    self.expression(member, visible, Sign.EITHER)


def _length_through(pattern: _Pattern, known: Ways) -> int:
    """Rank a pattern: the nearest to ``$this`` comes first, whose walk back spreads least."""
    start = pattern.subject if pattern.subject in known else pattern.object
    return length(known[start or ""]) + pattern.length


def _only(ways: Mapping[str, Path | None], names: Iterable[str]) -> Ways:
    return {name: ways[name] for name in names if name in ways}


def _either(ways: list[Path | None]) -> Path | None:
    """Return the path over any of several, where None stays."""
    distinct = list(dict.fromkeys(ways))
    if len(distinct) == 1:
        return distinct[0]
    others = tuple(way for way in distinct if way is not None)
    whole = others[0] if len(others) == 1 else Alternative(others)
    return Repeated(whole, "?") if None in distinct else whole


def _field(part: _TREE, name: str) -> Any:  # noqa: ANN401 - a part of the tree, or None
    # Not by ``part[name]``, which evaluates.
    return dict.get(part, name) if isinstance(part, dict) else None


def _members(part: _TREE) -> Iterable[_TREE]:
    if isinstance(part, dict):
        return dict.values(part)
    return () if isinstance(part, str) or not hasattr(part, "__iter__") else part


def _bare(expression: _TREE) -> _TREE:
    """Return an expression without the levels of the grammar that it only passes through."""
    while isinstance(expression, dict) and list(dict.keys(expression)) == ["expr"] and not _is_not(expression):
        expression = _field(expression, "expr")
    return expression


def _is_not(expression: _TREE) -> bool:
    return str(getattr(expression, "name", "")).startswith("Unary")


def _aggregates(part: _TREE) -> bool:
    """Whether an aggregate stands in an expression; those of its EXISTS are their own."""
    name = str(getattr(part, "name", ""))
    return name.startswith("Aggregate_") or (
        not name.endswith("EXISTS") and any(_aggregates(member) for member in _members(part))
    )


def _variable(term: Any) -> str | None:  # noqa: ANN401 - a term of rdflib
    from rdflib import BNode, Variable  # noqa: PLC0415

    return str(term) if isinstance(term, Variable | BNode) else None


def _patterns(part: _TREE) -> Iterator[_Pattern]:
    for block in _field(part, "triples") or ():
        for start in range(0, len(block), 3):
            subject, predicate, obj = block[start : start + 3]
            yield _Pattern(_variable(subject), _path(predicate), _variable(obj), _variable(predicate))


def _path(term: _TREE) -> Path | None:
    """Return a path, None for a variable."""
    if _variable(term):
        return None
    kind = getattr(term, "name", None)
    if kind is None:
        return Predicate(ox.NamedNode(str(term)))
    inner = _field(term, "part")
    listed = list(inner) if isinstance(inner, list) else [inner]
    if kind == "PathNegatedPropertySet":
        # Any other predicate than some: any. What is no IRI in it is walked backwards.
        ways = dict.fromkeys(Via.SUBJECTS if isinstance(m, dict) else Via.OBJECTS for m in listed)
        return _one_or(Alternative, [Anything(via) for via in ways])
    parts = [path for member in listed if (path := _path(member)) is not None]
    if len(parts) < len(listed) or kind in {"PathAlternative", "PathSequence"}:
        several = Sequence if kind == "PathSequence" else Alternative
        return _one_or(several, parts) if len(parts) == len(listed) else None
    mark = _field(term, "mod")
    path = inverted(parts[0]) if kind == "PathEltOrInverse" else parts[0]
    return Repeated(path, str(mark)) if mark else path


def _one_or(several: type[Alternative | Sequence], parts: list[Path]) -> Path:
    return parts[0] if len(parts) == 1 else several(tuple(parts))
