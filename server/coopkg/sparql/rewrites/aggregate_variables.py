"""An aggregate's variable in a later expression of the same SELECT (SPARQL 1.1 Query Language, section 18.2.4.4).

The engine refuses it, so that the later expression gets the earlier one in place of the variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.functions import FRESH
from coopkg.sparql.lexer import Kind
from coopkg.sparql.rewrites.token_edits import Edit, edited
from coopkg.sparql.syntax_tree import UnreadableError, read, skip

if TYPE_CHECKING:
    from coopkg.sparql.syntax_tree import Select, Tree

LONGEST: Final = 16_384
"""Characters of an expression that is written out: where each doubles the one before, 20 grow a million times."""


def unfolded(text: str) -> str:
    """Write out such uses; the text stays the same where there are none, or where they cannot be written out.

    An expression whose value changes from call to call is not written out, nor one that is called by an IRI.
    """
    try:
        tree = read(text)
        edits = [edit for select in tree.selects() for edit in _select(tree, select)]
    except (UnreadableError, QuerySyntaxError):
        return text
    return edited(text, edits)


def _select(tree: Tree, select: Select) -> list[Edit]:
    expressions = [] if tree.starred(select) else [column for column in tree.columns(select) if column[1]]
    if select.exists or not tree.aggregates(select.items):
        return []
    expression_of: dict[str, str] = {}
    edits: list[Edit] = []
    for name, extent in expressions:
        first, last = tree.tokens[extent.start].start, tree.end(extent.stop - 1)
        within = {i for at in tree.aggregates(extent) for i in range(at, skip(tree.tokens, at + 1))}
        replacements = []
        for i in extent:
            token = tree.tokens[i]
            if token.kind is Kind.VARIABLE and token.text[1:] in expression_of:
                # Written out, it would be an aggregate in an aggregate, which no SPARQL allows.
                if i in within:
                    raise UnreadableError("an aggregate in an aggregate")
                replacements.append((token.start, token.start + len(token.text), f"({expression_of[token.text[1:]]})"))
        written = edited(tree.text, replacements, first, last)
        if len(written) > LONGEST:
            raise UnreadableError("the expressions grow too long")
        if replacements:
            edits.append((first, last, written))
        called = any(
            tree.tokens[i].kind in {Kind.IRI, Kind.PREFIXED} and tree.tokens[i + 1].text == "(" for i in extent
        )
        if not called and not any(tree.tokens[i].keyword in FRESH for i in extent):
            expression_of[name] = written
    return edits
