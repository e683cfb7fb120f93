"""What somebody filled in, as terms; what cannot be a term is told of the field that it stands in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter
from coopkg.rdf.literals import literal_of, well_formed
from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.rdf.terms import from_ntriples, named_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.web.forms.form_model import Field

_XSD: Final = STANDARD_PREFIXES["xsd"]
LONGEST: Final = 10_000
"""Characters of one value."""
ROWS: Final = 50
"""Values that a form takes of one property."""
MOST: Final = 400
"""Values that a form takes at all: each that names a thing is looked up."""
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Values = dict[str, list[str]]
"""What a form sent: the values of each field, in order, empty ones among them."""
Resolve = Callable[[str, str], str]
"""Gives the IRI of the thing of a class (the second, "" for any) that the first is called; "" where that is not one."""


@dataclass(frozen=True)
class InputError:
    """Why a value cannot be taken: the field that it is in, and the message that says so, with its values."""

    key: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


def read_values(pairs: Iterable[tuple[str, str]]) -> Values:
    """Return what a form sent, without control characters and without blanks around it. Raises BadParameter."""
    found: Values = {}
    for number, (name, value) in enumerate(pairs):
        if number >= MOST:
            raise BadParameter(f"A form has at most {MOST} values.")
        if len(name) > 200 or len(value) > LONGEST or len(found.get(name, ())) >= ROWS:
            raise BadParameter(f"A form has at most {ROWS} values of a field, each of at most {LONGEST} characters.")
        text = _UNSEEN.sub("", value.replace("\r\n", "\n").encode("utf-8", "replace").decode())
        found.setdefault(name, []).append(text.strip())
    return found


def one_value(values: Values, key: str) -> str:
    """Return the value of a field that has one; empty where there is none. Raises BadParameter where it has several."""
    filled = [value for value in values.get(key, ()) if value]
    if len(filled) > 1:
        raise BadParameter(f"The field {key!r} has one value, not {len(filled)}.")
    return filled[0] if filled else ""


def terms_of(
    asked: Field, values: Values, prefixes: dict[str, str], resolve: Resolve
) -> tuple[list[ox.NamedNode | ox.Literal], list[InputError]]:
    """Return the values of a property as terms, each once, and what is wrong with them."""
    found: dict[ox.NamedNode | ox.Literal, None] = {}
    troubles: list[InputError] = []
    for key, text, language in _texts(asked, values):
        try:
            found[_term(asked, text, language, prefixes, resolve)] = None
        except (BadParameter, ValueError):
            troubles.append(InputError(key, f"contribute.bad_{asked.kind}", {"value": text[:100]}))
    count = len(found)
    if count < asked.least and not troubles:
        troubles.append(_missing(asked, values))
    if asked.most is not None and count > asked.most:
        troubles.append(InputError(asked.key, "contribute.too_many", {"count": asked.most}))
    return list(found), troubles


def _missing(asked: Field, values: Values) -> InputError:
    if asked.kind == "texts":
        empty = [code for code in LANGUAGES if not any(values.get(f"{asked.key}@{code}", ()))]
        message = "contribute.every_language" if asked.least >= len(LANGUAGES) else "contribute.any_language"
        return InputError(f"{asked.key}@{(empty or LANGUAGES)[0]}", message)
    return InputError(asked.key, "contribute.needed", {"count": asked.least})


def _texts(asked: Field, values: Values) -> Iterator[tuple[str, str, str]]:
    """Return (field, text, language) of what was filled in for a property."""
    keys = [(f"{asked.key}@{code}", code) for code in LANGUAGES] if asked.kind == "texts" else [(asked.key, "")]
    for key, language in keys:
        yield from ((key, text, language) for text in values.get(key, ()) if text)


def _term(  # noqa: PLR0911 - one a kind of field
    asked: Field, text: str, language: str, prefixes: dict[str, str], resolve: Resolve
) -> ox.NamedNode | ox.Literal:
    """Return the term that a text stands for. Raises BadParameter, ValueError."""
    match asked.kind:
        case "choice":
            if text not in asked.options:
                raise BadParameter("not one of the list")
            return from_ntriples(text)
        case "node":
            return named_node(resolve(text, asked.cls) or text, prefixes, asked.key)
        case "iri":
            node = named_node(text, prefixes, asked.key)
            if not node.value.startswith(("http://", "https://", "mailto:")):
                raise BadParameter("an address of the web")
            return node
        case "texts":
            return ox.Literal(text, language=language)
        case "date" | "integer" | "decimal" | "boolean":
            return literal_of(text, asked.kind, asked.key)
        case "year":
            return literal_of(text, "gYear", asked.key)
        case _:
            datatype = asked.datatype or _XSD + "string"
            if not well_formed(text, datatype):
                raise BadParameter("a value of its datatype")
            return ox.Literal(text, datatype=ox.NamedNode(datatype))


def slug(text: str, longest: int = 60) -> str:
    """Return a name for an IRI out of a label: Latin letters, digits and hyphens; empty where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:longest].strip("-")


def free_name(wanted: str, taken: Callable[[str], bool]) -> str:
    """Return a name that nothing has: the wanted one, else that with the first number that is free."""
    candidates = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, 1000))
    return next((name for name in candidates if not taken(name)), "")
