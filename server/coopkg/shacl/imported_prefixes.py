"""The prefixes that graphs declare which shapes commonly import, and which nobody has loaded.

A prefix of a query comes from sh:declare at what sh:prefixes names, or at what that imports (SHACL, section 5.2.1).
Imports are not followed here: the author names the files. But what a published vocabulary declares is a fact as its
namespace is, so that a query which relies on it means one thing alone. Any other prefix that nobody declares has the
shape refused, as the specification wants: the prefixes of a file are no part of its graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.rdf.namespaces import STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHACL: Final = {"sh": STANDARD_PREFIXES["sh"]}
_DASH: Final = {
    **_SHACL,
    "dash": "http://datashapes.org/dash#",
    **{name: STANDARD_PREFIXES[name] for name in ("dcterms", "owl", "rdf", "rdfs", "skos", "xsd")},
}
_TOSH: Final = {**_DASH, "tosh": "http://topbraid.org/tosh#"}
_DECLARED: Final = {
    "http://datashapes.org/dash": _DASH,
    "http://topbraid.org/tosh": _TOSH,
    "http://www.w3.org/ns/shacl": _SHACL,
}
"""By the graph, the prefixes that it and its own imports declare."""


def declared_prefixes(graph: str) -> Mapping[str, str]:
    """Return the prefixes that a published graph declares, with their namespaces; none for a graph not known here."""
    return _DECLARED.get(graph.removesuffix("#"), {})
