"""The SERVICE clauses of a query, and the bindings that may be sent with each of them.

A SERVICE clause is a pattern whose solutions come from elsewhere (SPARQL 1.1 Federated Query, section 4): once they
are there, the clause means the same as a VALUES block of them. To fetch fewer, the endpoint can be sent the values that
its variables may have. That changes nothing if every solution that it leaves out would have been lost anyway:

* the variable is bound in every solution of the clause, so that it cannot take its value from elsewhere;
* it is bound, to a term that means the same everywhere, in every solution of the patterns that the clause is joined
  with: the *surroundings*. They are the patterns before it in its group, and those after it that do nothing but join;
  and so on for the groups around, as far as groups do nothing but join. Of a group with an OPTIONAL or MINUS that the
  clause stands in, only what comes before counts, and groups further out do not: a solution that does not fit them
  still decides whether the optional part is there. A pattern with RAND, NOW or the like is left out, since it has other
  values when the whole query is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from coopkg.errors import QueryTooComplex
from coopkg.sparql import functions
from coopkg.sparql.lexer import Kind, position, syntax_error
from coopkg.sparql.normal_form import declared
from coopkg.sparql.syntax_tree import Element, Group, Part, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_JOINS: Final = frozenset({Part.TRIPLES, Part.VALUES, Part.UNION, Part.GRAPH, Part.SERVICE})
"""Parts that are joined with the rest of their group, whatever their position in it."""
_CHOOSES: Final = functions.ARBITRARY | {"LIMIT", "OFFSET"}
"""Keywords of patterns that may have other solutions when they are evaluated block by block."""


@dataclass(frozen=True)
class Link:
    """A step on the path from a group to a clause in it: the group, and the index of the element that contains it."""

    group: Group
    index: int

    @property
    def element(self) -> Element:
        """Return the element at that index."""
        return self.group.elements[self.index]


@dataclass(frozen=True)
class ServiceClause:
    """A SERVICE clause that this service evaluates, rather than an endpoint within another clause.

    ``way`` leads to it from the outermost group whose patterns it is joined with; ``variables`` are those in scope of
    its pattern, ``certain`` those that every solution of it binds. ``divisible`` says that it may be evaluated in
    blocks, ``correlated`` that it is evaluated for each solution around it, so that no bindings can be sent.
    """

    way: tuple[Link, ...]
    silent: bool
    variables: tuple[str, ...]
    certain: frozenset[str]
    divisible: bool
    correlated: bool

    @property
    def element(self) -> Element:
        """Return the element that is the clause."""
        return self.way[-1].element

    @property
    def pattern(self) -> Group:
        """Return the group whose solutions the endpoint is asked for."""
        return self.element.groups[0]


@dataclass(frozen=True)
class Edits:
    """Replacements of token ranges: (first, last, exclusive) to text."""

    texts: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def render(self, tree: Tree, first: int, last: int) -> str:
        """Return the text of the tokens from first to before last, with the replacements made."""
        parts: list[str] = []
        at = first
        for (start, end), text in sorted(self.texts.items()):
            if at <= start and end <= last:
                parts += [tree.slice(at, start), text]
                at = end
        return " ".join([*parts, tree.slice(at, last)])


def clauses(tree: Tree) -> list[ServiceClause]:
    """Find the SERVICE clauses that this service evaluates, in the order of the text.

    Raises QueryTooComplex for a clause in a place where it cannot be evaluated.
    """
    outer = [clause for group in tree.groups for clause in _within(tree, group, (), correlated=False)]
    # Each keyword must be accounted for: one in a part of the syntax that is not searched would reach the engine, which
    # would then send a request itself.
    nested = sum(1 for clause in outer for _ in services(clause.pattern))
    if len(outer) + nested != sum(token.keyword == "SERVICE" for token in tree.tokens):
        raise QueryTooComplex("A SERVICE clause stands where this service cannot carry it out.")
    return sorted(outer, key=lambda clause: clause.element.first)


def services(group: Group) -> Iterator[Element]:
    """Yield every SERVICE clause within a group, at any depth."""
    if group.select:
        for inner in (group.select.where, *group.select.exists):
            yield from services(inner)
    for element in group.elements:
        if element.part is Part.SERVICE:
            yield element
        for inner in element.groups:
            yield from services(inner)


def _within(tree: Tree, group: Group, way: tuple[Link, ...], *, correlated: bool) -> Iterator[ServiceClause]:
    """Yield the clauses in a group; ``correlated`` where the group is evaluated for each solution around it."""
    if group.select:
        # An empty path: a sub-SELECT is evaluated before it is joined, and may project or limit its solutions.
        yield from _within(tree, group.select.where, (), correlated=correlated)
        for inner in group.select.exists:
            yield from _within(tree, inner, (), correlated=True)
    for index, element in enumerate(group.elements):
        path = (*way, Link(group, index))
        if element.part is Part.SERVICE:
            yield _clause(tree, path, correlated=correlated)
        elif element.part in {Part.FILTER, Part.BIND, Part.LATERAL}:
            for inner in element.groups:
                yield from _within(tree, inner, (), correlated=True)
        else:
            for inner in element.groups:
                yield from _within(tree, inner, path, correlated=correlated)


def _clause(tree: Tree, way: tuple[Link, ...], *, correlated: bool) -> ServiceClause:
    element = way[-1].element
    pattern = element.groups[0]
    scope = tree.scope(pattern)
    extent = range(pattern.first, pattern.last)
    # Such a variable would have to be substituted in the pattern for each solution around it, a request for each.
    others = tree.variables([i for i in range(len(tree.tokens)) if i not in extent])
    if correlated and (tree.variables(extent) - scope) & others:
        raise QueryTooComplex(
            f"{place(tree, element)}: a SERVICE clause in EXISTS or LATERAL uses a variable from around it that it "
            "does not bind itself; bind it there, or move the clause out."
        )
    return ServiceClause(
        way,
        silent=tree.tokens[element.first + 1].keyword == "SILENT",
        variables=tuple(sorted(scope)),
        certain=certain(tree, pattern),
        divisible=not any(tree.tokens[i].keyword in _CHOOSES for i in extent),
        correlated=correlated,
    )


def place(tree: Tree, element: Element) -> str:
    """Return the position of an element, as ``line:column``."""
    return "{}:{}".format(*position(tree.text, tree.tokens[element.first].start))


def certain(tree: Tree, group: Group) -> frozenset[str]:
    """Return variables that every solution of a group binds. The set may be incomplete, but is never too large."""
    if group.select:
        inside = certain(tree, group.select.where)
        if tree.starred(group.select):
            return inside
        # ``(expression AS ?name)`` leaves its variable unbound where the expression has an error.
        return inside & {name for name, expression in tree.columns(group.select) if not expression}
    return frozenset().union(*(_certain(tree, element) for element in group.elements))


def _certain(tree: Tree, element: Element) -> frozenset[str]:
    inside = [certain(tree, group) for group in element.groups]
    match element.part:
        case Part.TRIPLES:
            return tree.variables(range(element.first, element.last))
        case Part.UNION:
            return frozenset.intersection(*inside)
        case Part.GRAPH:
            return inside[0] | tree.variables([element.name])
        # Under SILENT a failure gives one empty solution, which binds nothing.
        case Part.SERVICE if tree.tokens[element.first + 1].keyword != "SILENT":
            return inside[0]
        case _:
            return frozenset()


@dataclass(frozen=True)
class Surroundings:
    """The patterns that a clause is joined with: the text of a group graph pattern, and the variables in its scope."""

    text: str
    variables: frozenset[str]


def surroundings(tree: Tree, clause: ServiceClause, open_: Iterable[Element], edits: Edits) -> Surroundings:
    """Collect the surroundings of a clause, without the clauses in ``open_``, whose solutions are not known yet."""
    unsolved = [element.first for element in open_]
    text, variables = "", frozenset[str]()
    for depth in range(len(clause.way) - 1, -1, -1):
        link = clause.way[depth]
        # From the innermost group outwards; the text built so far becomes a group of the next one.
        optional = link.element.part in {Part.OPTIONAL, Part.MINUS}
        kept = _kept(tree, link, unsolved, only_before=optional)
        filters = _filters(tree, link.group, kept)
        parts = [_closed(edits.render(tree, e.first, e.last), e) for e in (*kept, *filters)]
        if text:
            graph = f"GRAPH {tree.slice(link.element.name, link.element.name + 1)} " if _is_graph(link.element) else ""
            parts.append(f"{graph}{text}")
            if graph:
                variables |= tree.variables([link.element.name])
        elif _is_graph(link.element):
            variables |= tree.variables([link.element.name])
            parts.append(f"GRAPH {tree.slice(link.element.name, link.element.name + 1)} {{}}")
        variables |= tree.scope_of(kept)
        text = f"{{ {' '.join(parts)} }}" if parts else text
        if optional:
            break
    return Surroundings(text, variables)


def _closed(text: str, element: Element) -> str:
    """Return the text of an element, a block of triples with a full stop at its end.

    Without it, two blocks that follow each other would not parse; in groups of their own they could share no blank
    node.
    """
    return f"{text.rstrip().removesuffix('.')} ." if element.part is Part.TRIPLES else text


def _is_graph(element: Element) -> bool:
    return element.part is Part.GRAPH


def _kept(tree: Tree, link: Link, unsolved: list[int], *, only_before: bool) -> list[Element]:
    """Return the elements of a group, apart from filters, that restrict the solutions of a clause in one of them."""
    kept: list[Element] = []
    complete = True
    for index, element in enumerate(link.group.elements):
        if index >= link.index and only_before:
            break
        solved = not any(element.first <= first < element.last for first in unsolved)
        if index == link.index or not solved or (_is_volatile(tree, element) and element.part is not Part.FILTER):
            complete = False  # OPTIONAL, MINUS and BIND depend on all that stands before them
        elif element.part in _JOINS or (complete and element.part is not Part.FILTER):
            kept.append(element)
    return kept


def _is_volatile(tree: Tree, element: Element) -> bool:
    return any(token.keyword in functions.VOLATILE for token in tree.tokens[element.first : element.last])


def _filters(tree: Tree, group: Group, kept: list[Element]) -> list[Element]:
    """Return the filters of a group that have the same value over the kept elements as over the whole group."""
    others = tree.scope_of([e for e in group.elements if e not in kept and e.part is not Part.FILTER])
    inside = tree.scope_of(kept) - others
    return [
        element
        for element in group.elements
        if element.part is Part.FILTER
        and not element.groups
        and not _is_volatile(tree, element)
        and tree.variables(range(element.first, element.last)) <= inside
    ]


def waits(tree: Tree, clause: ServiceClause, unsolved: list[ServiceClause]) -> bool:
    """Check whether a clause must, or should, be evaluated after others that surround it.

    It must where another one binds its endpoint, and should where one before it binds variables that it can be sent.
    """
    endpoint_variable = tree.variables([clause.element.name])
    for other in unsolved:
        if other is clause or not _surrounds(other.element, clause):
            continue
        if endpoint_variable & frozenset(other.variables):
            return True
        if other.element.first < clause.element.first and clause.certain & frozenset(other.variables):
            return True
    return False


def _surrounds(element: Element, clause: ServiceClause) -> bool:
    """Check whether an element is a sibling of the clause or of one of its ancestors."""
    return any(
        link.group.first < element.first < link.group.last
        and not link.element.first <= element.first < link.element.last
        for link in clause.way
    )


def service_iri(tree: Tree, at: int, base: str) -> tuple[str, str]:
    """Return the IRI that a token names: as written between the brackets, and resolved; both empty for a variable.

    Raises QuerySyntaxError for another kind of token, and for a prefix that is not declared.
    """
    token = tree.tokens[at]
    if token.kind is Kind.VARIABLE:
        return "", ""
    if token.kind not in {Kind.IRI, Kind.PREFIXED}:
        raise syntax_error("SERVICE names an endpoint by an IRI or a variable", tree.text, token.start)
    iri = declared(tree.tokens, tree.text, base).iri(token)
    return (token.iri if token.kind is Kind.IRI else ""), iri
