"""BNODE of a string: another node in each solution (SPARQL 1.1 Query Language, section 17.4.2.9).

The engine uses the string as the label, so that all solutions share a node. Here each solution gets a UUID in a helper
variable, and the label is a digest of both. Expressions of one SELECT, or of BINDs that follow each other, are about
the same solution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.sparql.rewrites.token_edits import Edit, edited, fresh_names
from coopkg.sparql.syntax_tree import Element, Group, Part, Select, Tree, read, skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STRING: Final = "<http://www.w3.org/2001/XMLSchema#string>"


def applies_to(text: str) -> bool:
    """Whether the text may call BNODE."""
    return "BNODE(" in text


def rewrite(text: str) -> str:
    """Make the nodes of BNODE differ from solution to solution. Raises UnreadableError."""
    if not applies_to(text):
        return text
    tree = read(text)
    if _counts_distinct_solutions(tree):
        return text
    names = fresh_names(tree)
    edits: list[Edit] = []
    with_helper: list[int] = []
    for place in tree.walk():
        for run in _runs(place.group):
            calls = [call for element in run for call in _calls(tree, _own_tokens(element))]
            if calls:
                name = next(names)
                first = tree.tokens[run[0].first].start
                edits.append((first, first, f"BIND(STRUUID() AS ?{name}) "))
                edits += [edit for call in calls for edit in _labelled(tree, call, f"?{name}")]
                with_helper.append(run[0].first)
    for select in tree.selects():
        edits += _projection(tree, select, names)
    return edited(text, [*edits, *_columns(tree, with_helper)])


def _counts_distinct_solutions(tree: Tree) -> bool:
    # With a UUID in each of them, all solutions would be distinct.
    words = [token.keyword or token.text for token in tree.tokens]
    return any(words[i : i + 4] == ["COUNT", "(", "DISTINCT", "*"] for i in range(len(words)))


def _runs(group: Group) -> Iterator[list[Element]]:
    """Yield the runs of BINDs that follow each other; FILTERs between them, which end no run, are left out."""
    run: list[Element] = []
    for element in group.elements:
        if element.part is Part.BIND:
            run.append(element)
        elif element.part is not Part.FILTER and run:
            yield run
            run = []
    if run:
        yield run


def _own_tokens(element: Element) -> list[int]:
    within = {index for group in element.groups for index in range(group.first, group.last)}
    return [index for index in range(element.first, element.last) if index not in within]


def _calls(tree: Tree, extent: Iterable[int]) -> list[int]:
    """Return the tokens of BNODE with an argument."""
    tokens = tree.tokens
    return [
        i for i in extent if tokens[i].keyword == "BNODE" and tokens[i + 1].text == "(" and tokens[i + 2].text != ")"
    ]


def _labelled(tree: Tree, call: int, solution: str) -> list[Edit]:
    """Put the solution before the string; STRDT makes an error of an argument that is none, as BNODE does."""
    opening, closing = tree.end(call + 1), tree.tokens[skip(tree.tokens, call + 1) - 1].start
    return [
        (opening, opening, f"SHA1(CONCAT({solution}, STRDT("),
        (closing, closing, f", {_STRING})))"),
    ]


def _projection(tree: Tree, select: Select, names: Iterator[str]) -> list[Edit]:
    columns = [] if tree.starred(select) else tree.columns(select)
    extent = [index for _, tokens in columns for index in tokens]
    own = set(extent).difference(*(range(group.first, group.last) for group in select.exists))
    calls = _calls(tree, sorted(own))
    if not calls:
        return []
    name = next(names)
    grouped = "GROUP" in select.modifiers or bool(tree.aggregates([*extent, *range(select.where.last, select.end)]))
    within = {i for at in tree.aggregates(extent) for i in range(at, skip(tree.tokens, at + 1))}
    edits: list[Edit] = []
    for call in calls:
        # A group is one solution: the least of its UUIDs stands for all, and the empty string for an empty group.
        solution = f'COALESCE(MIN(?{name}), "")' if grouped and call not in within else f"?{name}"
        edits += _labelled(tree, call, solution)
    first, last = tree.tokens[select.where.first].start, tree.end(select.where.last - 1)
    return [*edits, (first, first, "{ "), (last, last, f" BIND(STRUUID() AS ?{name}) }}")]


def _columns(tree: Tree, with_helper: list[int]) -> Iterator[Edit]:
    """Write out each ``*`` that a helper variable would come into."""
    for select in tree.selects():
        if tree.starred(select) and any(select.where.first < at < select.where.last for at in with_helper):
            star = tree.tokens[select.items[0]].start
            yield star, star + 1, " ".join(f"?{name}" for name in sorted(tree.projected(select)))
