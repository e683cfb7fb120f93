"""The faces of a validation report: one table that negotiates, renders and documents them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.results import Format
from coopkg.shacl.faces import github, junit, page, rdf, sarif, structured, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.shacl.faces.view import View


@dataclass(frozen=True)
class Face:
    """A concrete form of a report: its name and media type, and the function that gives it.

    ``faults`` says whether it can tell of documents that cannot be read; RDF has no words for that.
    """

    format: Format
    render: Callable[[View], str]
    faults: bool = True

    @property
    def name(self) -> str:
        """Give the name that ``-f`` and ``format=`` know it by."""
        return self.format.name


FACES: Final = (
    Face(Format("json", "application/json", "", aliases=("text/json",)), structured.render),
    Face(Format("human", "text/plain", "", charset=True), text.render),
    Face(Format("html", "text/html", "", charset=True, aliases=("application/xhtml+xml",)), page.render),
    Face(Format("turtle", "text/turtle", "", charset=True), rdf.turtle, faults=False),
    Face(Format("jsonld", "application/ld+json", ""), rdf.json_ld, faults=False),
    Face(Format("sarif", "application/sarif+json", ""), sarif.render),
    Face(Format("junit", "application/xml", "", aliases=("text/xml",)), junit.render),
    Face(Format("github", "text/x-github-annotations", "", charset=True), github.render),
)
"""Every face, the one for programs first; the order decides between equals in negotiation."""
NAMES: Final = tuple(face.name for face in FACES)


def face(name: str) -> Face:
    """Give the face with that name. Raises KeyError."""
    return {face.name: face for face in FACES}[name]
