"""An RDF term on its way to people: one value for pages, charts, reports and terminals, however the term came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.terms import compact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopkg.rdf.terms import Term

_CONTROLS: Final = dict.fromkeys(
    [*range(0x20), 0x7F, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " "
)
"""Characters that move others about without being seen: no label may rearrange the page around it."""


@dataclass(frozen=True)
class ShownTerm:
    """A term as people see it: what stands for it, in which language, where it leads, and what it is itself.

    ``text`` is the label of an IRI that has one, else its short name; the lexical form of a literal, or that form as
    the visitor's language writes it. ``language`` is the one of the text. ``value`` is the IRI or lexical form itself,
    ``iri`` the IRI alone, ``node`` a blank node or triple in N-Triples, and ``name`` the IRI as Turtle writes it: a
    prefixed name, or in angle brackets. ``point`` (latitude, longitude) is where a thing is known to be.

    An unbound variable is a term with no text and no value.
    """

    text: str = ""
    language: str = ""
    link: str = ""
    value: str = ""
    datatype: str = ""
    iri: str = ""
    node: str = ""
    name: str = ""
    point: tuple[float, float] | None = None

    @property
    def short(self) -> str:
        """The name without brackets, which are noise to people."""
        return self.name.strip("<>")

    @property
    def labelled(self) -> bool:
        """Whether something else than its short name stands for an IRI, so that the name tells more."""
        return bool(self.iri) and self.text != self.short

    def members(self) -> dict[str, Any]:
        """Return the fields that are not empty, for JSON; ``ShownTerm(**members)`` is the term again."""
        return {name: value for name, value in vars(self).items() if value}


def shown_term(term: Term, prefixes: dict[str, str]) -> ShownTerm:
    """Show a term of pyoxigraph: an IRI by its short name, a literal by its lexical form, a blank node as ``[]``."""
    if isinstance(term, ox.Literal):
        datatype = "" if term.language else term.datatype.value
        return ShownTerm(term.value, term.language or "", value=term.value, datatype=datatype)
    if isinstance(term, ox.NamedNode):
        return shown_iri(term.value, prefixes)
    text = "[]" if isinstance(term, ox.BlankNode) else str(term)  # labels of blank nodes tell nobody anything
    return ShownTerm(text, value=text, node=str(term))


def shown_iri(iri: str, prefixes: dict[str, str]) -> ShownTerm:
    """Show an IRI by its short name; the empty term for the empty string."""
    if not iri:
        return ShownTerm()
    name = compact(iri, prefixes)
    return ShownTerm(name.strip("<>"), value=iri, iri=iri, name=name)


def shown_json_term(
    term: Mapping[str, Any] | None,
    prefixes: dict[str, str],
    present: Callable[[ShownTerm], ShownTerm] = lambda shown: shown,
) -> ShownTerm:
    """Show a term of SPARQL results in JSON, None being an unbound variable (SPARQL 1.1 Query Results JSON Format).

    ``present`` gives a term, or each term of a triple, the looks that a visitor is shown.
    """
    if term is None:
        return ShownTerm()
    value = term["value"]
    if term["type"] == "triple":
        parts = (shown_json_term(value[part], prefixes, present).text for part in ("subject", "predicate", "object"))
        text = " ".join(parts)
        return ShownTerm(text, value=text)
    if term["type"] == "uri":
        return present(shown_iri(value, prefixes))
    node = f"_:{value}" if term["type"] == "bnode" else ""
    literal = ShownTerm(value, term.get("xml:lang", ""), value=value, datatype=term.get("datatype", ""), node=node)
    return present(literal)


def plain(text: str, longest: int = 400) -> str:
    """Return a text without characters that act unseen, cut with an ellipsis where it is too long to show."""
    text = text.translate(_CONTROLS)
    return text if len(text) <= longest else text[: longest - 1] + "…"
