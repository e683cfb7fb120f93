"""Query rewrites around evaluation faults of the engine: a text becomes one that the engine evaluates by the standard.

Each fault has a module. All of them take texts in normal form (``sparql.normal_form``): its names are full IRIs, which
mean the same wherever they are put, and a plain search tells whether a text may have a fault. A rewrite is made only
where its conditions are met to the letter; otherwise the text stays as it is. So do texts with SERVICE or LOAD, because
a rewrite is checked by running both texts on an empty store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.rewrites import blank_nodes, graph_variables, literals, zero_length_paths
from coopkg.sparql.syntax_tree import UnreadableError, read
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Callable

_REWRITES: Final = (zero_length_paths, literals, blank_nodes, graph_variables)


def rewrite(text: str, absent: Callable[[str], bool]) -> str:
    """Rewrite a normal form so that the engine evaluates it by the standard; the same text where there is no need.

    ``absent`` takes an ASK query that is true where a constant is a node of the data, and returns whether it is false.
    The given text must have been accepted by the engine before the answer to the other one is trusted.
    """
    try:
        if not _applies(text):
            return text
        rewritten, complete = _text_alone(zero_length_paths.rewrite(text, absent))
        # What a path lacks inside of GRAPH ?g has no name of a graph unless that GRAPH is rewritten too.
        return rewritten if complete else _text_alone(zero_length_paths.rewrite(text, absent, within_graphs=False))[0]
    except (UnreadableError, QuerySyntaxError, RecursionError):
        return text


def _applies(text: str) -> bool:
    # A search for each fault, before anything is cut into tokens: most queries need no rewrite.
    if not any(module.applies_to(text) for module in _REWRITES):
        return False
    tree = read(text)
    return bool(tree.groups) and not any(token.keyword in {"SERVICE", "LOAD"} for token in tree.tokens)


@cached_by_text(4 << 20, 8)
def _text_alone(text: str) -> tuple[str, bool]:
    """Make the rewrites that depend on the text and not on the data, and say whether every GRAPH ?g is covered."""
    return graph_variables.rewrite(blank_nodes.rewrite(literals.plain_concatenation(text)))
