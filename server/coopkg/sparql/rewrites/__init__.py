"""Evaluation faults of the engine, mended in front of it: a text becomes another one that the engine evaluates aright.

Each fault has a module. A rewriting is done only where its conditions are met to the letter; otherwise the text stays
as it is. Texts with SERVICE or LOAD do so too, because a rewriting is checked by running both texts on an empty store.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.rewrites import blank_nodes, graph_variables, literals, zero_length_paths
from coopkg.sparql.syntax_tree import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOMS: Final = (zero_length_paths, literals, blank_nodes, graph_variables)


def rewrite(text: str, absent: Callable[[str], bool]) -> str:
    """Return a text that the engine evaluates as the standard has it; the same text where nothing is to be mended.

    ``absent`` takes an ASK query that is true where a constant is a node of the data, and says whether it is false.
    The given text must have been accepted by the engine before the answer to the other one is trusted.
    """
    try:
        if not _applies(text):
            return text
        mended, complete = _text_alone(zero_length_paths.rewrite(text, absent))
        # What a path lacks inside of GRAPH ?g has no name of a graph until that GRAPH is mended too.
        return mended if complete else _text_alone(zero_length_paths.rewrite(text, absent, within_graphs=False))[0]
    except (UnreadableError, QuerySyntaxError, RecursionError):
        return text


@lru_cache(maxsize=512)
def _applies(text: str) -> bool:
    if not any(room.applies_to(text) for room in _ROOMS):
        return False
    tree = read(text)
    return bool(tree.groups) and not any(token.keyword in {"SERVICE", "LOAD"} for token in tree.tokens)


@lru_cache(maxsize=64)
def _text_alone(text: str) -> tuple[str, bool]:
    return graph_variables.rewrite(blank_nodes.rewrite(literals.plain_concatenation(text)))
