"""What SERVICE clauses a query has, and what the rest of the query lets us tell each of them beforehand.

A SERVICE clause is a pattern whose solutions come from elsewhere (SPARQL 1.1 Federated Query, section 4): once they
are there, the clause means the same as a VALUES block of them. To fetch fewer, the endpoint can be told which values
its variables may have. That changes nothing if every solution that is held back would have been lost anyway:

* the variable is bound in every solution of the clause, so that it cannot take its value from elsewhere;
* it is bound, to a term that means the same everywhere, in every solution of the patterns that the clause is joined
  with: the *surroundings*. They are the patterns before it in its group, and those after it that do nothing but join;
  and so on for the groups around, as far as groups do nothing but join. Of a group with an OPTIONAL or MINUS that the
  clause stands in, only what comes before counts, and groups further out do not: a solution that does not fit them
  still decides whether the optional part is there. What has RAND, NOW or the like in it is left out, for it gives
  other values when the whole query is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from coopkg.errors import QueryTooComplex
from coopkg.sparql.lexer import Kind, Token, position, syntax_error, unescape
from coopkg.sparql.syntax_tree import Element, Group, Part, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_JOINS: Final = frozenset({Part.TRIPLES, Part.VALUES, Part.UNION, Part.GRAPH, Part.SERVICE})
"""Parts that are joined with the rest of their group, wherever they stand in it."""
_VOLATILE: Final = frozenset({"RAND", "NOW", "UUID", "STRUUID", "BNODE"})
"""What gives another value whenever it is evaluated."""
_CHOOSES: Final = _VOLATILE | {"LIMIT", "OFFSET", "SAMPLE", "GROUP_CONCAT"}
"""What may give other solutions when it is evaluated in parts."""


@dataclass(frozen=True)
class Link:
    """A step on the way to a clause: the group, and which of its elements leads there."""

    group: Group
    index: int

    @property
    def element(self) -> Element:
        """Return that element."""
        return self.group.elements[self.index]


@dataclass(frozen=True)
class ServiceClause:
    """A SERVICE clause that is ours to carry out.

    ``way`` leads to it from the outermost group whose patterns it is joined with; ``variables`` are those in scope of
    its pattern, ``certain`` those that every solution of it binds. ``divisible`` says that it may be evaluated in
    parts, ``correlated`` that it is evaluated anew for each solution around it, so that nothing can be told beforehand.
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
        """Return the group that the endpoint is asked for."""
        return self.element.groups[0]


@dataclass(frozen=True)
class Edits:
    """What stands in place of some tokens: first and last (exclusive) token to text."""

    texts: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def render(self, tree: Tree, first: int, last: int) -> str:
        """Return the text of the tokens from first to before last, edited."""
        parts: list[str] = []
        at = first
        for (start, end), text in sorted(self.texts.items()):
            if at <= start and end <= last:
                parts += [tree.slice(at, start), text]
                at = end
        return " ".join([*parts, tree.slice(at, last)])


def clauses(tree: Tree) -> list[ServiceClause]:
    """Return the SERVICE clauses that are ours, in the order of the text.

    Raises QueryTooComplex for what is refused.
    """
    found = [clause for group in tree.groups for clause in _within(tree, group, (), correlated=False)]
    nested = sum(1 for clause in found for _ in services(clause.pattern))
    if len(found) + nested != sum(token.keyword == "SERVICE" for token in tree.tokens):
        raise QueryTooComplex("A SERVICE clause stands where this service cannot carry it out.")
    return sorted(found, key=lambda clause: clause.element.first)


def services(group: Group) -> Iterator[Element]:
    """Return every SERVICE clause within a group, however deep."""
    if group.select:
        for inner in (group.select.where, *group.select.exists):
            yield from services(inner)
    for element in group.elements:
        if element.part is Part.SERVICE:
            yield element
        for inner in element.groups:
            yield from services(inner)


def _within(tree: Tree, group: Group, way: tuple[Link, ...], *, correlated: bool) -> Iterator[ServiceClause]:
    """Return the clauses in a group; ``correlated`` where it is evaluated anew for each solution around it."""
    if group.select:
        yield from _within(tree, group.select.where, (), correlated=correlated)
        for inner in group.select.exists:
            yield from _within(tree, inner, (), correlated=True)
    for index, element in enumerate(group.elements):
        here = (*way, Link(group, index))
        if element.part is Part.SERVICE:
            yield _clause(tree, here, correlated=correlated)
        elif element.part in {Part.FILTER, Part.BIND, Part.LATERAL}:
            for inner in element.groups:
                yield from _within(tree, inner, (), correlated=True)
        else:
            for inner in element.groups:
                yield from _within(tree, inner, here, correlated=correlated)


def _clause(tree: Tree, way: tuple[Link, ...], *, correlated: bool) -> ServiceClause:
    element = way[-1].element
    pattern = element.groups[0]
    scope = tree.scope(pattern)
    extent = range(pattern.first, pattern.last)
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
    """Return line and column of an element."""
    return "{}:{}".format(*position(tree.text, tree.tokens[element.first].start))


def certain(tree: Tree, group: Group) -> frozenset[str]:
    """Return variables that every solution of a group binds; there may be more."""
    if group.select:
        inside = certain(tree, group.select.where)
        if tree.starred(group.select):
            return inside
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
        case Part.SERVICE if tree.tokens[element.first + 1].keyword != "SILENT":
            return inside[0]
        case _:
            return frozenset()


@dataclass(frozen=True)
class Surroundings:
    """The patterns that a clause is joined with: as text of a group graph pattern, and the variables in scope."""

    text: str
    variables: frozenset[str]


def surroundings(tree: Tree, clause: ServiceClause, open_: Iterable[Element], edits: Edits) -> Surroundings:
    """Return the surroundings of a clause, without the clauses in ``open_``, which are not carried out yet."""
    unknown = [element.first for element in open_]
    text, variables = "", frozenset[str]()
    for depth in range(len(clause.way) - 1, -1, -1):
        link = clause.way[depth]
        holds = link.element.part in {Part.OPTIONAL, Part.MINUS}
        kept = _kept(tree, link, unknown, only_before=holds)
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
        if holds:
            break
    return Surroundings(text, variables)


def _closed(text: str, element: Element) -> str:
    """Return a block of triples with the full stop that parts it from the next, with which it may share blank nodes."""
    return f"{text.rstrip().removesuffix('.')} ." if element.part is Part.TRIPLES else text


def _is_graph(element: Element) -> bool:
    return element.part is Part.GRAPH


def _kept(tree: Tree, link: Link, unknown: list[int], *, only_before: bool) -> list[Element]:
    """Return the elements of a group that bear on a clause in one of them; filters apart."""
    kept: list[Element] = []
    whole = True
    for index, element in enumerate(link.group.elements):
        if index >= link.index and only_before:
            break
        carried = not any(element.first <= first < element.last for first in unknown)
        if index == link.index or not carried or (_is_volatile(tree, element) and element.part is not Part.FILTER):
            whole = False  # what follows may build on what is left out here
        elif element.part in _JOINS or (whole and element.part is not Part.FILTER):
            kept.append(element)
    return kept


def _is_volatile(tree: Tree, element: Element) -> bool:
    return any(token.keyword in _VOLATILE for token in tree.tokens[element.first : element.last])


def _filters(tree: Tree, group: Group, kept: list[Element]) -> list[Element]:
    """Return the filters of a group that say of the kept elements alone what they say of the whole group."""
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


def waits(tree: Tree, clause: ServiceClause, unknown: list[ServiceClause]) -> bool:
    """Return whether a clause is better, or only, carried out after others that surround it."""
    needed = tree.variables([clause.element.name])
    for other in unknown:
        if other is clause or not _surrounds(other.element, clause):
            continue
        if needed & frozenset(other.variables):
            return True
        if other.element.first < clause.element.first and clause.certain & frozenset(other.variables):
            return True
    return False


def _surrounds(element: Element, clause: ServiceClause) -> bool:
    """Return whether an element stands beside the clause, in one of the groups on the way to it."""
    return any(
        link.group.first < element.first < link.group.last
        and not link.element.first <= element.first < link.element.last
        for link in clause.way
    )


def service_iri(tree: Tree, at: int, base: str) -> tuple[str, str]:
    """Return the IRI that the token names: as written between the brackets, and resolved; both empty for a variable.

    Raises QuerySyntaxError for another kind of token, and for a prefix that is not declared.
    """
    token = tree.tokens[at]
    if token.kind is Kind.IRI:
        return token.iri, urljoin(_base(tree, base), token.iri)
    if token.kind is Kind.VARIABLE:
        return "", ""
    if token.kind is not Kind.PREFIXED:
        raise syntax_error("SERVICE names an endpoint by an IRI or a variable", tree.text, token.start)
    prefix, _, local = token.text.partition(":")
    namespace = _prefixes(tree, base).get(prefix)
    if namespace is None:
        raise syntax_error(f"the prefix {prefix}: is not declared", tree.text, token.start)
    return "", namespace + local.replace("\\", "")


def declarations(tree: Tree) -> Iterator[tuple[Token, ...]]:
    """Return the tokens of each PREFIX and BASE declaration, in order."""
    at = 0
    while (word := tree.tokens[at].keyword) in _DECLARATIONS:
        if word != "VERSION":
            yield tree.tokens[at : at + _DECLARATIONS[word]]
        at += _DECLARATIONS[word]


_DECLARATIONS: Final = {"PREFIX": 3, "BASE": 2, "VERSION": 2}
"""The words that begin a declaration, and the tokens that it has."""


def _base(tree: Tree, base: str) -> str:
    for words in declarations(tree):
        if words[0].keyword == "BASE":
            base = urljoin(base, words[1].iri)
    return base


def _prefixes(tree: Tree, base: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for words in declarations(tree):
        if words[0].keyword == "BASE":
            base = urljoin(base, words[1].iri)
        else:
            found[unescape(words[1].text).removesuffix(":")] = urljoin(base, words[2].iri)
    return found
