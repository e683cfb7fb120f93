"""A change to the dataset, and the patch that it makes.

A worker carries a change out on its own copy of the store and returns the difference as RDF Patch rows (``A`` and ``D``
with quads). Only the dataset process applies a patch to the dataset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import Forbidden, InputUnreadable, NotFound, ProtocolError, RdfSyntaxError
from coopkg.rdf.formats import by_name
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.namespaces import EXAMPLES, INFERRED
from coopkg.rdf.reification import RDF_REIFIES
from coopkg.rdf.terms import Document, is_statable
from coopkg.shacl.documents import Source, read, read_facts
from coopkg.shacl.syntax_errors import syntax_errors
from coopkg.sparql import normal_form
from coopkg.sparql.admission import admit, refuse_requests
from coopkg.sparql.engine_errors import explain_syntax
from coopkg.sparql.update_dataset import with_using
from coopkg.workers.evaluation import rewritten_update

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from coopkg.sparql.normal_form import NormalForm

UPDATE: Final = "update"
PUT: Final = "put"
POST: Final = "post"
DELETE: Final = "delete"
PATCH: Final = "patch"


@dataclass(frozen=True)
class Payload:
    """A document in a change: its text, its format by name, the base of its relative IRIs, and its name in messages."""

    text: str
    format_name: str
    base: str | None = None
    name: str = "body"


@dataclass(frozen=True)
class Change:
    """A SPARQL update or patch rows (``text``), or an operation on one graph (None is the default graph).

    ``base`` is the base IRI of the dataset; ``using`` and ``using_named`` are the graphs that the protocol names for an
    update (SPARQL 1.1 Protocol, section 2.2.3). What is a ``contribution`` may add licensed triples only. Reifiers of
    triples are read as statements, unless they are to be stored as ``reifiers``, in a scratch dataset.
    """

    kind: str
    text: str = ""
    base: str | None = None
    graph: str | None = None
    using: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    payloads: tuple[Payload, ...] = ()
    contribution: bool = False
    reifiers: bool = False

    @property
    def computed(self) -> frozenset[str]:
        """Return the IRIs of the graphs that no change may write: inferred triples, and the saved queries."""
        return frozenset() if self.base is None else frozenset((self.base + INFERRED, self.base + EXAMPLES))

    def as_json(self) -> dict[str, Any]:
        """Encode the change as a JSON object."""
        return {**vars(self), "payloads": [vars(payload) for payload in self.payloads]}


def from_json(value: dict[str, Any]) -> Change:
    """Parse the JSON object that ``Change.as_json`` returns."""
    graphs = {name: tuple(value[name]) for name in ("using", "using_named")}
    return Change(**{**value, **graphs, "payloads": tuple(Payload(**payload) for payload in value["payloads"])})


Difference = tuple[frozenset[ox.Quad], frozenset[ox.Quad]]
"""The quads that were added, and those that were removed."""


@dataclass(frozen=True)
class Patch:
    """The difference that a change makes; ``existed`` says whether the graph that it is about existed before.

    Where documents are added, ``sources`` are those, and ``added`` has their literals as they are written; the store
    does not keep them.
    """

    added: frozenset[ox.Quad]
    removed: frozenset[ox.Quad]
    graphs_added: frozenset[str] = frozenset()
    graphs_removed: frozenset[str] = frozenset()
    existed: bool = False
    sources: tuple[Source, ...] = ()

    def lines(self) -> str:
        """Format the patch as RDF Patch rows, removals first; ``GA`` and ``GD`` rows for named graphs without triples.

        Rows of a kind are sorted, so that the same patch has the same text, and the triples of a node stand together.
        """
        rows = sorted(f"D {_row(q)}" for q in self.removed) + sorted(f"A {_row(q)}" for q in self.added)
        rows += [f"GD <{g}> ." for g in sorted(self.graphs_removed)]
        rows += [f"GA <{g}> ." for g in sorted(self.graphs_added)]
        return "\n".join(rows)


def compute_patch(store: ox.Store, change: Change, lexical_forms: LexicalForms | None = None) -> Patch:
    """Carry the change out on ``store`` and ``lexical_forms``, which it modifies, and return the difference.

    The literals of an added document are as written; those that an update adds are as the engine writes them. Raises
    QuerySyntaxError, RdfSyntaxError, ProtocolError, NotFound, and Forbidden for a graph that is computed.
    """
    if change.graph in change.computed:
        raise _computed(change.graph)
    lexical_forms = LexicalForms() if lexical_forms is None else lexical_forms
    sources: tuple[Source, ...] = ()
    graphs = _graphs(store)
    existed = change.graph is None or change.graph in graphs
    if change.kind == UPDATE:
        # The engine does not report what an update changed, so the whole store is compared; the other kinds cost only
        # as much as they change.
        before = frozenset(store)
        _update(store, change)
        after = frozenset(store)
        added, removed = after - before, frozenset(lexical_forms.restored(before - after))
        lexical_forms.remove(removed)
        _refuse_unstatable(added)
        if not change.reifiers:
            _refuse_reifiers(added)
    elif change.kind == PATCH:
        added, removed = apply_lines(store, change.text, lexical_forms)
    else:
        sources = tuple(_read(payload, change) for payload in change.payloads)
        added, removed = _graph_store(store, change, sources, lexical_forms, existed=existed)
    # An update can name its graph anywhere in its text, also through a variable, so the result is what is checked.
    graphs_after = _graphs(store)
    for graph in change.computed & graphs_after:
        raise _computed(graph)
    return Patch(added, removed, graphs_after - graphs, graphs - graphs_after, existed, sources)


def _refuse_unstatable(quads: Iterable[ox.Quad]) -> None:
    """Refuse facts that no document can state, which STRDT and literals of SPARQL make. Raises InputUnreadable."""
    for quad in quads:
        if not is_statable(quad.object):
            raise InputUnreadable(f"The update gives {quad.object}, and a string of that type has a language.")


def _refuse_reifiers(quads: Iterable[ox.Quad]) -> None:
    """Refuse reifiers that an update makes: unlike those of a document, it can find them again. Raises InputUnreadable.

    A graph with both forms would have evidence that half of the queries miss.
    """
    for quad in quads:
        if quad.predicate == RDF_REIFIES and isinstance(quad.object, ox.Triple):
            raise InputUnreadable(
                f"The update gives a reifier, {quad.subject}, and the graph has statements: write rdf:Statement with "
                "rdf:subject, rdf:predicate and rdf:object."
            )


def _computed(graph: str | None) -> Forbidden:
    return Forbidden(f"The graph <{graph}> is computed; nothing is written into it.")


def _graphs(store: ox.Store) -> frozenset[str]:
    return frozenset(graph.value for graph in store.named_graphs() if isinstance(graph, ox.NamedNode))


def _update(store: ox.Store, change: Change) -> None:
    """Run an update on the store. Raises QuerySyntaxError, Forbidden, NotFound and ProtocolError."""
    admit(change.text)
    forms = normal_form.of_update(with_using(change.text, change.using, change.using_named), change.base)
    for form in forms:
        refuse_requests(form)
    for form in forms:
        _carry_out(store, form)


def _carry_out(store: ox.Store, form: NormalForm) -> None:
    try:
        store.update(rewritten_update(form), base_iri=form.base)
    except SyntaxError as error:
        raise explain_syntax(error, form, lambda text: ox.Store().update(text, base_iri=form.base)) from None
    except (RuntimeError, OSError, ValueError) as error:
        if "does not exist" in str(error):  # CLEAR or DROP of a missing graph; the engine has no exception class for it
            raise NotFound(f"The update cannot be carried out: {error}.") from None
        raise ProtocolError(f"The update cannot be carried out: {error}.") from None


def _graph_store(
    store: ox.Store, change: Change, sources: tuple[Source, ...], lexical_forms: LexicalForms, *, existed: bool
) -> Difference:
    """Carry out an operation on one graph; return the added quads, as written, and the removed ones.

    Raises NotFound for DELETE of a graph that does not exist, ProtocolError for a document with another graph.
    """
    target = ox.DefaultGraph() if change.graph is None else ox.NamedNode(change.graph)
    if change.kind == DELETE:
        if not existed:
            raise NotFound(f"There is no graph <{change.graph}>.")
        removed = frozenset(lexical_forms.restored(store.quads_for_pattern(None, None, None, target)))
        lexical_forms.remove(removed)
        store.clear_graph(target) if change.graph is None else store.remove_graph(target)
        return frozenset(), removed
    quads = [quad for source in sources for quad in _within(source, target)]
    added = frozenset(quad for quad in quads if quad not in store)
    removed = frozenset[ox.Quad]()
    if change.kind == PUT:
        # What is compared are stored quads, whose literals are rewritten; only a store rewrites the document's alike.
        replacement = ox.Store()
        replacement.extend(quads)
        current = store.quads_for_pattern(None, None, None, target)
        removed = frozenset(lexical_forms.restored(quad for quad in current if quad not in replacement))
    replace_quads(store, lexical_forms, removed, added)
    if change.graph is not None:
        store.add_graph(target)
    return added, removed


def replace_quads(
    store: ox.Store, lexical_forms: LexicalForms, removed: Collection[ox.Quad], added: Collection[ox.Quad]
) -> None:
    """Remove quads from a store and add others, and keep ``lexical_forms`` up to date."""
    # Two lexical forms of a number are one stored quad; it stays while one of them is left.
    kept = lexical_forms.remove(removed)
    for quad in removed:
        store.remove(quad)
    store.extend(kept)
    lexical_forms.add(added, store)
    store.extend(added)


def _read(payload: Payload, change: Change) -> Source:
    """Parse a document, with blank nodes that no other document shares.

    Raises ProtocolError for a format without RDF, RdfSyntaxError, RemoteContext.
    """
    fmt = by_name(payload.format_name)
    if fmt is None or fmt.rdf is None:
        raise ProtocolError(f"A graph is not read from {payload.format_name}.")
    document = Document(payload.name, payload.text.encode(), fmt.rdf, payload.base or change.base)
    try:
        return read(document) if change.reifiers else read_facts(document)
    except RdfSyntaxError as error:
        # Some parsers give no place, and looking for it costs more than parsing: only what is wrong is looked through.
        issues, _ = syntax_errors(document)
        if not issues:
            raise
        place = issues[0].place
        raise document.error(place.line, place.column, issues[0].message) from error


def _within(source: Source, target: ox.NamedNode | ox.DefaultGraph) -> Iterable[ox.Quad]:
    """Yield the document's quads, moved into the graph ``target``. Raises ProtocolError if it names another graph."""
    for quad in source.quads:
        if quad.graph_name not in {target, ox.DefaultGraph()}:
            raise ProtocolError(f"The document has facts of the graph {quad.graph_name}, and they go into {target}.")
        yield ox.Quad(quad.subject, quad.predicate, quad.object, target)


def apply_lines(store: ox.Store, lines: str, lexical_forms: LexicalForms | None = None) -> Difference:
    """Apply RDF Patch rows to a store; return the quads that were added, and those that were removed.

    Rows that are true already do nothing. Raises KeyError, SyntaxError or ValueError for rows that are no patch.
    """
    rows: dict[str, list[str]] = {"A": [], "D": [], "GA": [], "GD": []}
    for line in filter(None, lines.split("\n")):  # splitlines() would also split at U+2028 in a literal
        mark, _, rest = line.partition(" ")
        rows[mark].append(rest)
    removed = frozenset(quad for quad in _parse(rows["D"]) if quad in store)
    proposed = _parse(rows["A"])
    added = frozenset(quad for quad in proposed if quad not in store or quad in removed)
    replace_quads(store, LexicalForms() if lexical_forms is None else lexical_forms, removed, proposed)
    for mark, operation in (("GD", store.remove_graph), ("GA", store.add_graph)):
        for row in rows[mark]:
            operation(ox.NamedNode(row.removesuffix(" .")[1:-1]))
    return added, removed


def _row(quad: ox.Quad) -> str:
    return f"{quad} ."


def _parse(rows: list[str]) -> list[ox.Quad]:
    return list(ox.parse("\n".join(rows).encode(), ox.RdfFormat.N_QUADS))
