"""What a document is refused for before the engine's parsers see it, since it would harm whoever parses it.

Measured: entities that expand to entities turn 706 bytes into more than 3 GB; elements nested 100,000 deep take 15 s,
objects of JSON-LD nested 1,000 deep 200 MB and 10,000 deep more than 2.5 GB; 100,000 attributes of one element take
7 s, as many namespaces 14 s. The parsers have no bounds that could be set. So each document is looked through once, in
time that grows with its length, and expat, which reads XML as the standard has it, finds declarations of a document
type whatever their spelling, place or coding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterable

DEEPEST: Final = 200
"""Levels of brackets, or of elements; people nest about ten."""
ATTRIBUTES: Final = 500
"""Attributes of one element, which the parser compares with each other."""
NAMESPACES: Final = 200
"""Namespaces that an element and those around it declare; the parser searches all of them for each name."""

_TURTLE: Final = re.compile(
    rb"""
    (?: [^<>"'\#\\()\[\]{}|]++
      | <[^\x00-\x20<>"{}|^`]*+>
      | \"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\"|\Z) | '''(?:[^'\\]|\\.|'(?!''))*+(?:'''|\Z)
      | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+'
      | \#[^\n\r]*+
      | \\.
    )*+
    (?: (?P<open> <<\(? | \{\|? | [(\[] ) | (?P<close> \)?>> | \|?\} | [)\]] ) | . | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Up to the next bracket: text, IRIs, strings, comments and escaped characters of names; or one character of another.

A string that is not closed ends where a parser gives up: a long one with the text, a short one at once.
"""
_JSON: Final = re.compile(
    rb'(?:[^"\[\]{}]++|"(?:[^"\\]|\\.)*+(?:"|\Z))*+(?:(?P<open>[\[{])|(?P<close>[\]}])|\Z)', re.DOTALL
)
_OPENING: Final = {ox.RdfFormat.JSON_LD: (b"[", b"{")}
_LINES: Final = (b"(", b"[", b"{", b"<<")


class HarmfulError(Exception):
    """A document that is not to be parsed; ``offset`` says where the reason stands, in bytes."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset


def refuse_harmful(data: bytes, fmt: ox.RdfFormat) -> None:
    """Look through a document in UTF-8. Raises HarmfulError for one that must not be parsed."""
    if fmt == ox.RdfFormat.RDF_XML:
        refuse_harmful_xml(data)
    elif sum(map(data.count, _OPENING.get(fmt, _LINES))) > DEEPEST:
        _count_levels((_JSON if fmt == ox.RdfFormat.JSON_LD else _TURTLE).finditer(data))


def refuse_harmful_xml(data: bytes) -> None:
    """Look through an XML document. Raises HarmfulError for one that must not be parsed, or is not well formed."""
    _Elements().look_through(data)


def _count_levels(brackets: Iterable[re.Match[bytes]]) -> None:
    depth = 0
    for found in brackets:
        if found["open"]:
            depth += 1
            if depth > DEEPEST:
                raise HarmfulError(_too_deep("the text"), found.start("open"))
        elif found["close"] and depth:  # a parser takes no bracket that closes nothing, and what is behind one counts
            depth -= 1


def _too_deep(what: str) -> str:
    return f"{what} is nested more than {DEEPEST} levels deep"


class _Elements:
    """The elements of an XML document that are open, and the namespaces that are declared there."""

    def __init__(self) -> None:
        self.depth = self.namespaces = 0
        self.parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = self._declare_type
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.StartNamespaceDeclHandler = self._declare_namespace
        parser.EndNamespaceDeclHandler = self._forget_namespace

    def look_through(self, data: bytes) -> None:
        """Read a document to its end. Raises HarmfulError, also where it is no well-formed XML."""
        try:
            self.parser.Parse(data, True)  # noqa: FBT003 - expat's signature
        except expat.ExpatError as error:
            # What expat does not read it has not looked through, and another parser may read it.
            why = f"the XML is not well formed: {expat.ErrorString(error.code)}"
            raise HarmfulError(why, self.parser.ErrorByteIndex) from None

    def _refuse(self, why: str) -> HarmfulError:
        return HarmfulError(why, self.parser.CurrentByteIndex)

    def _declare_type(self, *_: object) -> None:
        raise self._refuse("XML is read without a document type declaration (<!DOCTYPE ...>)")

    def _open(self, _name: str, attributes: list[str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._refuse(_too_deep("the XML"))
        if len(attributes) > 2 * ATTRIBUTES:  # a flat list of names and values
            raise self._refuse(f"an element has more than {ATTRIBUTES} attributes")

    def _close(self, _name: str) -> None:
        self.depth -= 1

    def _declare_namespace(self, *_: object) -> None:
        self.namespaces += 1
        if self.namespaces > NAMESPACES:
            raise self._refuse(f"more than {NAMESPACES} namespaces are declared")

    def _forget_namespace(self, *_: object) -> None:
        self.namespaces -= 1
