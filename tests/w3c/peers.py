"""The other endpoints of the federation tests: real ``oxigraph`` servers that go by the names that the tests use."""

from __future__ import annotations

import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from endpoints import oxigraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from w3c.manifest import NamedFile

NAMES: Final = {
    "example": "http://example.org/sparql",
    "example1": "http://example1.org/sparql",
    "example2": "http://example2.org/sparql",
    "g": "http://g.example.org/sparql",
}
"""Alias and name of each; the syntax tests ask ``<g>``. The endpoint that must not exist is not listed."""


@dataclass(frozen=True)
class Peers:
    """Servers by name, and the list that lets a server of ours ask them."""

    addresses: Mapping[str, str]
    file: Path

    def serve(self, data: Sequence[NamedFile]) -> None:
        """Have each peer hold the document that is named after it, and nothing else."""
        held = {named.graph: named.path.read_bytes() for named in data}
        for name, address in self.addresses.items():
            store = f"{address.removesuffix('query')}store?default"
            request = urllib.request.Request(  # noqa: S310 - our own server
                store, held.get(name, b""), {"Content-Type": "text/turtle"}, method="PUT"
            )
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - the same


@contextmanager
def peers(folder: Path) -> Iterator[Peers]:
    """Run the peers and write their list into a folder."""
    with ExitStack() as stack:
        addresses = {name: stack.enter_context(oxigraph([])) for name in NAMES.values()}
        tables = [
            f'[{alias}]\nendpoint = "{addresses[name]}"\nnames = ["{name}"]\nprivate = true\n'
            f'title = "{alias}"\nholds = "test data"\nlicence = "none"\n'
            for alias, name in NAMES.items()
        ]
        file = folder / "federation.toml"
        file.write_text("\n".join(tables), encoding="utf-8")
        yield Peers(addresses, file)
