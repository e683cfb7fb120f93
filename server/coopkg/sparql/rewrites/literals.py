"""Literals: booleans in any case, which the engine refuses, and GROUP_CONCAT, whose language it keeps."""

from __future__ import annotations

import re
from typing import Final

from coopkg.sparql.lexer import significant
from coopkg.sparql.rewrites.token_edits import Edit, edited
from coopkg.sparql.syntax_tree import read, skip

_MARK: Final = re.compile("group_concat", re.IGNORECASE)
_BOOLEAN: Final = re.compile(r"\b(?!true\b|false\b)(?i:true|false)\b")


def readable(text: str) -> str:
    """Write booleans in lower case, every token at its offset (SPARQL 1.1 Query Language, section 19.8, note 1).

    Raises QuerySyntaxError where no token begins.
    """
    if not _BOOLEAN.search(text):
        return text
    # Keywords match in any case, and so do these two. An escape in one changes its length, and the offsets behind it.
    words = [token for token in significant(text) if token.keyword in {"TRUE", "FALSE"}]
    return edited(text, [(word.start, word.start + len(word.text), word.keyword.lower()) for word in words
                         if len(word.keyword) == len(word.text)])  # fmt: skip


def applies_to(text: str) -> bool:
    """Whether the text may call GROUP_CONCAT."""
    return _MARK.search(text) is not None


def plain_concatenation(text: str) -> str:
    """Put STR around each GROUP_CONCAT, which returns a plain literal (section 18.5.1.7).

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
