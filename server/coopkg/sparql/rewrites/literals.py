"""GROUP_CONCAT, whose language the engine keeps (SPARQL 1.1 Query Language, section 18.5.1.7)."""

from __future__ import annotations

from coopkg.sparql.rewrites.token_edits import Edit, edited
from coopkg.sparql.syntax_tree import read, skip


def applies_to(text: str) -> bool:
    """Whether the text may call GROUP_CONCAT."""
    return "GROUP_CONCAT(" in text


def plain_concatenation(text: str) -> str:
    """Put STR around each GROUP_CONCAT, which returns a plain literal.

    The engine gives the result the language of the strings where they share one.
    """
    if not applies_to(text):
        return text
    tree = read(text)
    edits: list[Edit] = []
    for index, token in enumerate(tree.tokens):
        if token.keyword == "GROUP_CONCAT" and tree.tokens[index + 1].text == "(":
            end = tree.end(skip(tree.tokens, index + 1) - 1)
            edits += [(token.start, token.start, "STR("), (end, end, ")")]
    return edited(text, edits)
