"""Edits of a text at the offsets of its tokens, and names of variables that it does not have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.sparql.syntax_tree import Tree

Edit = tuple[int, int, str]


def edited(text: str, edits: Iterable[Edit], first: int = 0, last: int | None = None) -> str:
    """Apply edits (from, to, replacement) to the text between two offsets; edits do not overlap."""
    parts: list[str] = []
    copied = first
    for start, end, replacement in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[copied:start], replacement]
        copied = end
    return "".join([*parts, text[copied:last]])


def fresh_names(tree: Tree) -> Iterator[str]:
    """Yield names that no variable of the text has, one after the other."""
    taken = tree.variables(range(len(tree.tokens)))
    number = 0
    while True:
        number += 1
        if f"coopkg{number}" not in taken:
            yield f"coopkg{number}"
