"""Where the published files are: in the checkout, in the installed wheel, or in a folder that the operator names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.errors import DatasetBroken
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS: Final = ("ontology", "data", "shapes", "queries")
CATALOG: Final = "data/catalog.ttl"


@dataclass(frozen=True)
class Published:
    """The four folders that make up the published graph."""

    root: Path

    def path(self, relative: str) -> Path:
        """Return a published file by its path from the root. Raises DatasetBroken if it is missing or lies outside."""
        # Resolved first: "../" and symbolic links in a catalogue must not make the server publish other files.
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise DatasetBroken(f"{CATALOG} names {relative!r}, which lies outside of {self.root}.")
        if not path.is_file():
            raise DatasetBroken(f"{relative} is missing in {self.root}.")
        return path

    def document(self, relative: str, base: str = DEFAULT_BASE) -> Document:
        """Return a published file as it is read under a base IRI: the files are written for the default one.

        Raises DatasetBroken if it is missing or lies outside.
        """
        return Document(
            relative, self.path(relative).read_bytes(), base=DEFAULT_BASE + relative, moved=moving(DEFAULT_BASE, base)
        )

    def turtle(self) -> Iterator[Path]:
        """Yield every Turtle file of ontology, data and shapes, sorted by path within each folder."""
        for folder in FOLDERS[:3]:
            yield from sorted((self.root / folder).rglob("*.ttl"))

    def shapes(self) -> list[Path]:
        """Return the files of the shapes graph, sorted by name."""
        return sorted((self.root / "shapes").glob("*.ttl"))

    def licences(self) -> list[Path]:
        """Return the files of the shapes of contributions, which stand beside the shapes graph, sorted by name."""
        return sorted((self.root / "shapes" / "contribution").glob("*.ttl"))

    def queries(self) -> list[Path]:
        """Return the files of the saved queries, sorted by name."""
        return sorted((self.root / "queries").glob("*.rq"))


def moving(old: str, new: str) -> tuple[str, str] | None:
    """Return what ``Document.moved`` is for a move from one base IRI to another; None where they are the same."""
    return None if old == new else (old, new)


def find_published(explicit: Path | None = None) -> Published:
    """Find the published files, at ``explicit`` if given. Raises DatasetBroken, naming the folder that is missing."""
    package = Path(__file__).resolve().parent.parent
    # The wheel carries them inside of the package; an editable install finds them at the top of the checkout.
    candidates = [explicit] if explicit else [package / "_published", package.parent.parent]
    for root in candidates:
        if (root / CATALOG).is_file() or explicit:
            missing = [name for name in FOLDERS if not (root / name).is_dir()]
            if missing:
                raise DatasetBroken(f"The folder {missing[0]}/ is missing in {root}.")
            return Published(root)
    raise DatasetBroken(
        f"No published files are at {' or '.join(str(c) for c in candidates)}; name them by --published."
    )
