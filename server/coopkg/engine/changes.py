"""A change to the dataset, and the patch that it amounts to.

A reader works a change out on its own copy of the store and gives the difference as RDF Patch rows (``A`` and ``D``
with quads); only the keeper applies a patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.engine.evaluate import explain_syntax
from coopkg.errors import NotFound, ProtocolError
from coopkg.results import by_name
from coopkg.terms import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

UPDATE: Final = "update"
PUT: Final = "put"
POST: Final = "post"
DELETE: Final = "delete"


@dataclass(frozen=True)
class Payload:
    """A document that a change brings: its text, its format by name, the base of its relative IRIs."""

    text: str
    format_name: str
    base: str | None = None


@dataclass(frozen=True)
class Change:
    """A SPARQL update (``text``), or a Graph Store operation on one graph (None is the default graph)."""

    kind: str
    text: str = ""
    base: str | None = None
    graph: str | None = None
    payloads: tuple[Payload, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the change as a JSON object."""
        return {**vars(self), "payloads": [vars(payload) for payload in self.payloads]}


def from_json(value: dict[str, Any]) -> Change:
    """Give the change that a JSON object stands for."""
    return Change(**{**value, "payloads": tuple(Payload(**payload) for payload in value["payloads"])})


@dataclass(frozen=True)
class Patch:
    """What a change amounts to; ``existed`` says whether the graph that it is about was there before."""

    added: frozenset[ox.Quad]
    removed: frozenset[ox.Quad]
    graphs_added: frozenset[str] = frozenset()
    graphs_removed: frozenset[str] = frozenset()
    existed: bool = False

    def lines(self) -> str:
        """Give the patch as RDF Patch rows, removals first; ``GA`` and ``GD`` rows for named graphs without triples."""
        rows = [f"D {_row(q)}" for q in self.removed] + [f"A {_row(q)}" for q in self.added]
        rows += [f"GD <{g}> ." for g in self.graphs_removed] + [f"GA <{g}> ." for g in self.graphs_added]
        return "\n".join(rows)


def work_out(store: ox.Store, change: Change) -> Patch:
    """Carry the change out on ``store``, which is spoilt by it, and give the difference.

    Raises QuerySyntaxError, RdfSyntaxError, ProtocolError or NotFound.
    """
    before, graphs = frozenset(store), frozenset(g.value for g in store.named_graphs() if isinstance(g, ox.NamedNode))
    existed = change.graph is None or change.graph in graphs
    if change.kind == UPDATE:
        _update(store, change)
    else:
        _graph_store(store, change, existed=existed)
    after = frozenset(store)
    graphs_after = frozenset(g.value for g in store.named_graphs() if isinstance(g, ox.NamedNode))
    return Patch(after - before, before - after, graphs_after - graphs, graphs - graphs_after, existed)


def _update(store: ox.Store, change: Change) -> None:
    try:
        store.update(change.text, base_iri=change.base)
    except SyntaxError as error:
        raise explain_syntax(str(error), change.text) from None
    except (RuntimeError, OSError, ValueError) as error:
        if "does not exist" in str(error):
            raise NotFound(f"The update cannot be carried out: {error}.") from None
        raise ProtocolError(f"The update cannot be carried out: {error}.") from None


def _graph_store(store: ox.Store, change: Change, *, existed: bool) -> None:
    target = ox.DefaultGraph() if change.graph is None else ox.NamedNode(change.graph)
    if change.kind == DELETE:
        if not existed:
            raise NotFound(f"There is no graph <{change.graph}>.")
        store.clear_graph(target) if change.graph is None else store.remove_graph(target)
        return
    quads = [quad for payload in change.payloads for quad in _read(payload, target)]
    if change.kind == PUT:
        store.clear_graph(target)
    if change.graph is not None:
        store.add_graph(target)
    store.extend(quads)


def _read(payload: Payload, target: ox.NamedNode | ox.DefaultGraph) -> Iterable[ox.Quad]:
    fmt = by_name(payload.format_name)
    if fmt is None or fmt.rdf is None:
        raise ProtocolError(f"A graph is not read from {payload.format_name}.")
    document = Document("body", payload.text.encode(), fmt.rdf, payload.base)
    renamed: dict[str, ox.BlankNode] = {}

    def fresh(term: Any) -> Any:  # noqa: ANN401 - gives back the kind of term it was given
        return renamed.setdefault(term.value, ox.BlankNode()) if isinstance(term, ox.BlankNode) else term

    for quad in document.quads():
        yield ox.Quad(fresh(quad.subject), quad.predicate, fresh(quad.object), target)


def apply_lines(store: ox.Store, lines: str) -> None:
    """Apply RDF Patch rows to a store."""
    rows: dict[str, list[str]] = {"A": [], "D": [], "GA": [], "GD": []}
    for line in lines.splitlines():
        mark, _, rest = line.partition(" ")
        rows[mark].append(rest)
    for quad in _parse(rows["D"]):
        store.remove(quad)
    store.extend(_parse(rows["A"]))
    for mark, act in (("GD", store.remove_graph), ("GA", store.add_graph)):
        for row in rows[mark]:
            act(ox.NamedNode(row.removesuffix(" .")[1:-1]))


def _row(quad: ox.Quad) -> str:
    return f"{quad} ."


def _parse(rows: list[str]) -> list[ox.Quad]:
    return list(ox.parse("\n".join(rows).encode(), ox.RdfFormat.N_QUADS))
