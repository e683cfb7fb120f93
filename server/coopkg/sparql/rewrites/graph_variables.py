"""GRAPH with a variable: its pattern does not see the variable, and is evaluated graph by graph.

By the standard (SPARQL 1.1 Query Language, section 18.6), ``GRAPH ?g { P }`` evaluates P over each named graph and only
then joins its solutions with the name. The engine puts ``?g`` into each triple pattern of P instead. The solutions are
the same where each group of P begins with triples that do not mention ``?g``. Elsewhere

* a group that may lack triples begins with ``GRAPH ?g {}``, which binds the name;
* a sub-SELECT projects the name too, and groups by it; without GROUP BY, a graph without solutions gets its row from
  a SELECT over nothing; with LIMIT or OFFSET it is evaluated for each name by LATERAL;
* MINUS of a pattern that shares no variable with what stands before removes nothing, and is left out; one that may lack
  a shared variable gets a FILTER that requires one;
* where P mentions ``?g``, it gets another name there, and a sub-SELECT around it keeps what agrees.

What none of these covers stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.sparql.lexer import Kind
from coopkg.sparql.rewrites.token_edits import Edit, edited, fresh_names
from coopkg.sparql.syntax_tree import Element, Group, Part, Select, Tree, UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A sub-SELECT without GROUP BY is written out twice, and what it stands in may be so again.
_LONGEST: Final = 65_536


def applies_to(text: str) -> bool:
    """Whether the text may have GRAPH with a variable."""
    return "GRAPH ?" in text


def rewrite(text: str) -> tuple[str, bool]:
    """Rewrite each ``GRAPH ?g`` by the standard, and say whether all of them were. Raises UnreadableError."""
    if not applies_to(text):
        return text, True
    complete = True
    # The last GRAPH first: what stands before it keeps its offsets, and an outer one gets the inner ones rewritten.
    for start in sorted((start for start, _, _ in _graphs(read(text))), reverse=True):
        tree = read(text)
        element, exists = next((e, exists) for at, e, exists in _graphs(tree) if at == start)
        try:
            text = edited(text, _rewritten(tree, element, exists=exists))
        except UnreadableError:
            complete = False
    return text, complete


def _graphs(tree: Tree) -> Iterator[tuple[int, Element, bool]]:
    for place in tree.walk():
        for element in place.group.elements:
            if element.part is Part.GRAPH and tree.tokens[element.name].kind is Kind.VARIABLE:
                yield tree.tokens[element.first].start, element, place.exists


def _rewritten(tree: Tree, element: Element, *, exists: bool) -> list[Edit]:
    name = tree.tokens[element.name].text[1:]
    (group,) = element.groups
    if not _mentions(tree, group, name):
        pattern = _Graph(tree, name).outermost(group, exists=exists)
        return [(tree.tokens[group.first].start, tree.end(group.last - 1), pattern)]
    if exists:
        raise UnreadableError("a sub-SELECT would not see the variables of the pattern around EXISTS")
    # Inside, ?g is a variable like any other, so it gets the name ``inner``; the graph is joined with it afterwards.
    names = fresh_names(tree)
    graph, inner = next(names), next(names)
    columns = " ".join(f"?{column}" for column in sorted(tree.scope(group) - {name}))
    renamed = read(edited(tree.text, _renaming(tree, range(group.first, group.last), name, inner)))
    pattern = _Graph(renamed, graph).outermost(_same(renamed, group))
    whole = (
        f"{{ SELECT (?{graph} AS ?{name}) {columns} {{ GRAPH ?{graph} {pattern}"
        f" FILTER(!BOUND(?{inner}) || sameTerm(?{inner}, ?{graph})) }} }}"
    )
    return [(tree.tokens[element.first].start, tree.end(element.last - 1), whole)]


def _renaming(tree: Tree, extent: Iterable[int], name: str, new: str) -> Iterator[Edit]:
    for index in extent:
        token = tree.tokens[index]
        if token.kind is Kind.VARIABLE and token.text[1:] == name:
            yield token.start, token.start + len(token.text), f"?{new}"


def _same(tree: Tree, group: Group) -> Group:
    """Return the group that has the same tokens in another text."""
    return next(place.group for place in tree.walk() if place.group.first == group.first)


def _mentions(tree: Tree, group: Group, name: str) -> bool:
    """Whether the variable stands where it matters that the group does not see it.

    A triples block of the group itself is joined with the name, so that it may mention it; then the variable has the
    name for its value in a FILTER or VALUES of the group too.
    """
    certain = any(name in tree.variables(range(e.first, e.last)) for e in group.elements if e.part is Part.TRIPLES)
    harmless = {Part.TRIPLES} | ({Part.FILTER, Part.VALUES} if certain else set())
    for element in group.elements:
        if name in tree.variables(range(element.first, element.last)) and (
            element.part not in harmless or element.groups
        ):
            return True
    return group.select is not None and name in tree.variables(range(group.first, group.last))


class _Graph:
    """The pattern of one GRAPH, written so that each of its groups binds the name of the graph."""

    def __init__(self, tree: Tree, name: str) -> None:
        self.tree, self.name = tree, f"?{name}"
        self.empty = f"GRAPH {self.name} {{}}"

    def outermost(self, group: Group, *, exists: bool = False) -> str:
        """Return the pattern of the GRAPH itself; ``exists`` says whether that stands in an EXISTS."""
        if not group.elements and not group.select:
            return self.tree.slice(group.first, group.last)
        return self.group(group, exists=exists)

    def group(self, group: Group, *, exists: bool = False, bind: bool = False) -> str:
        """Return the group, with its braces. ``bind`` binds the name even if the first triples would do so."""
        whole = (
            self.select(group.select, exists=exists) if group.select else self.parts(group, exists=exists, bind=bind)
        )
        if len(whole) > _LONGEST + len(self.tree.text):
            raise UnreadableError("the pattern grows too long")
        return whole

    def parts(self, group: Group, *, exists: bool, bind: bool) -> str:
        edits: list[Edit] = []
        if bind or not self.binds(group):
            behind = self.tree.end(group.first)
            edits.append((behind, behind, f" {self.empty}"))
        before: list[Element] = []
        for element in group.elements:
            edits += self.element(element, before, exists=exists)
            before.append(element)
        return edited(self.tree.text, edits, self.tree.tokens[group.first].start, self.tree.end(group.last - 1))

    def binds(self, group: Group) -> bool:
        """Whether the group's first element binds the name in each solution."""
        first = next((element for element in group.elements if element.part is not Part.FILTER), None)
        if first is None:
            return False
        if first.part is Part.UNION:
            return all(inner.select is not None or self.binds(inner) for inner in first.groups)
        return first.part is Part.TRIPLES

    def element(self, element: Element, before: list[Element], *, exists: bool) -> Iterator[Edit]:
        if element.part is Part.GRAPH:
            return
        # MINUS in an EXISTS is evaluated with outer bindings that this rewrite cannot see.
        if element.part in {Part.SERVICE, Part.LATERAL} or (element.part is Part.MINUS and exists):
            raise UnreadableError(f"{element.part.value} inside of GRAPH")
        if element.part is Part.MINUS:
            yield self.tree.tokens[element.first].start, self.tree.end(element.last - 1), self.minus(element, before)
            return
        within = exists or element.part in {Part.FILTER, Part.BIND}
        for group in element.groups:
            start, end = self.tree.tokens[group.first].start, self.tree.end(group.last - 1)
            yield start, end, self.group(group, exists=within)

    def minus(self, element: Element, before: list[Element]) -> str:
        """Write a MINUS for which the name of the graph is no shared variable.

        Raises UnreadableError where a solution of what stands before may lack a shared variable.
        """
        (group,) = element.groups
        shared = self.tree.scope_of(before) & self.tree.scope(group)
        if not shared:
            return ""
        pattern, certain = self.group(group), self.certain(before)
        if certain & self.certain(group.elements):
            return f"MINUS {pattern}"
        if not shared <= certain:
            raise UnreadableError("MINUS after what may or may not bind a variable in common")
        bound = " || ".join(f"BOUND(?{name})" for name in sorted(shared))
        return f"MINUS {{ {pattern} FILTER({bound}) }}"

    def certain(self, elements: Iterable[Element]) -> frozenset[str]:
        """Return the variables that these elements bind in each solution, or some of them."""
        bound: set[str] = set()
        for element in elements:
            if element.part is Part.TRIPLES:
                bound |= self.tree.variables(range(element.first, element.last))
            elif element.part is Part.VALUES and not self.undefined(element):
                bound |= element.bound
            elif element.part in {Part.UNION, Part.GRAPH}:
                bound |= frozenset.intersection(*(self.certain(group.elements) for group in element.groups))
        return frozenset(bound)

    def undefined(self, element: Element) -> bool:
        return any(token.keyword == "UNDEF" for token in self.tree.tokens[element.first : element.last])

    def select(self, select: Select, *, exists: bool) -> str:
        """Write a sub-SELECT that has its solutions graph by graph, in braces."""
        tree, modifiers = self.tree, select.modifiers
        behind = range(select.where.last, select.end)
        if select.exists or "VALUES" in modifiers:
            raise UnreadableError("a sub-SELECT with EXISTS in an expression, or with VALUES behind it")
        starred = tree.starred(select)
        where = self.group(select.where, exists=exists, bind=starred)
        head = tree.slice(select.first, select.items.stop) + ("" if starred else f" {self.name}")
        tail = tree.slice(behind.start, behind.stop)
        aggregated = tree.aggregates([*select.items, *behind])
        if aggregated and "GROUP" not in modifiers:
            # Over no solutions an aggregate has one row; but grouped by the name, such a graph would have none.
            if set(modifiers) - {"HAVING"}:
                raise UnreadableError("one row for each graph, and ORDER BY or LIMIT")
            without = f"{{ {self.empty} FILTER NOT EXISTS {{ SELECT {self.name} {where} }} }}"
            over_nothing = f"{{ {tree.slice(select.first, select.items.stop)} {{ FILTER(false) }} {tail} }}"
            return f"{{ {{ {head} {where} GROUP BY {self.name} {tail} }} UNION {{ {without} {over_nothing} }} }}"
        if "GROUP" in modifiers:
            keys = select.extent("GROUP")
            tail = f"{tree.slice(keys.start, keys.stop)} {self.name} {tree.slice(keys.stop, select.end)}"
        whole = f"{{ {head} {where} {tail} }}"
        # LIMIT cuts the solutions of each graph, not those of all graphs together.
        return f"{{ {self.empty} LATERAL {whole} }}" if {"LIMIT", "OFFSET"} & set(modifiers) else whole
