"""Validation of documents that a client sent, alone or merged into the dataset, with a preview of the change.

A worker does it on its own copy of the store, under its deadline and memory cap, and ends after that.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.consistency import contradictions, contradictions_of, inferred_excess
from coopkg.dataset.entailment import update_closure, with_closure
from coopkg.dataset.licences import check_contribution, open_licences
from coopkg.dataset.published_files import Published
from coopkg.dataset.similar_names import similar_names
from coopkg.dataset.stored_violations import set_apart
from coopkg.errors import (
    BadParameter,
    CoopkgError,
    DatasetBroken,
    InputUnreadable,
    NothingValidated,
    RdfSyntaxError,
    TooLarge,
)
from coopkg.rdf.formats import by_name
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.rdf.terms import Document, rebase_iri
from coopkg.shacl.change_preview import ChangePreview, Outcome, QueryChange
from coopkg.shacl.columns import Columns
from coopkg.shacl.coverage import stored, validated
from coopkg.shacl.documents import Bound, Source, read, read_facts
from coopkg.shacl.gate import Gate
from coopkg.shacl.new_nodes import find_new_nodes
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.report_formats import page_data, report_format
from coopkg.shacl.report_formats.json_format import syntax_error_members
from coopkg.shacl.report_formats.outcome import ReportView, report_prefixes
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.shapes_documents import ShapesDocuments
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.syntax_errors import syntax_errors
from coopkg.workers.evaluation import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from coopkg.dataset.history import History
    from coopkg.dataset.store import Dataset
    from coopkg.dataset.validation_questions import Question, Upload
    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.licences import Licences
    from coopkg.shacl.report import Report, SyntaxIssue
    from coopkg.workers.tasks import Task

_QUERY_SECONDS: Final = 4.0
"""Seconds for all saved queries before the change, and again after it; those that are left then are not run."""
_SMALL: Final = 100_000
"""Triples up to which it is faster to validate all than to find out, without a gate, which ones the change affects."""
MOST: Final = 1000
"""Results that a report lists; it gives the number of all."""
_PLACE_SECONDS: Final = 8.0
"""Seconds for finding the lines of the documents that results are about."""
_QUERY_STACK: Final = 64 * 1024 * 1024
"""Bytes of stack for the saved queries: the engine parses recursively, and overflowing its stack ends the process."""


def examine(
    dataset: Dataset,
    gate: Gate | None,
    question: Question,
    licences: Licences | None = None,
    history: History | None = None,
) -> bytes:
    """Validate the documents of a question and return the report in the format that it names, in UTF-8.

    ``dataset`` is modified where the documents are merged into it; without ``gate`` and ``licences`` the published
    shapes are read anew. Raises RdfSyntaxError with every syntax error as ``errors``, RemoteContext, InputUnreadable
    where the shapes of the client cannot be used, TooLarge.
    """
    bound = None if question.triples is None else Bound(question.triples)
    # Shapes of a client may be about reifiers (sh:reifierShape); the published ones are about what is stored.
    sources = _read(question.documents, question.base, bound, read if question.shapes else read_facts)
    own_shapes = _read(question.shapes, question.base, bound, read)
    if question.graph is None:
        report, preview = _alone(dataset, gate, question, sources, own_shapes), None
    else:
        report, preview = _merged(dataset, gate, question, sources, own_shapes, licences, history)
    texts = {source.name: source.text for source in sources}
    covered = report.coverage
    if covered and report.vacuous:
        raise NothingValidated(
            covered.reason(), notes=[str(note) for note in report.notes], idle=list(covered.idle)[:MOST]
        )
    names = report_prefixes([*sources, *own_shapes], question.base)
    facts = sum(len(source.quads) for source in sources)
    view = ReportView(report, names, question.language, texts, change_preview=preview, facts=facts)
    render = page_data.render if question.face == page_data.NAME else report_format(question.face).render
    # JSON and its escapes can bring lone surrogates into a literal.
    body = render(view).encode("utf-8", errors="replace")
    if question.answer_bytes is not None and len(body) > question.answer_bytes:
        raise TooLarge(f"The report is longer than {question.answer_bytes} bytes.", bound=question.answer_bytes)
    return body


def _read(
    uploads: Iterable[Upload], base: str, bound: Bound | None, reader: Callable[[Document, Bound | None], Source]
) -> list[Source]:
    """Parse documents by ``read`` or ``read_facts``.

    Raises RdfSyntaxError with the syntax errors of all of them, so that one round shows them all, and TooLarge.
    """
    sources: list[Source] = []
    issues: list[SyntaxIssue] = []
    more = False
    for upload in uploads:
        fmt = by_name(upload.format_name)
        if fmt is None or fmt.rdf is None:
            raise BadParameter(f"No RDF is read from {upload.format_name!r}.")
        document = Document(upload.name, upload.data, fmt.rdf, base)
        try:
            sources.append(reader(document, bound))
        except RdfSyntaxError:
            own_issues, further = syntax_errors(document)
            issues += own_issues
            more |= further
    if issues:
        first = issues[0].place
        raise RdfSyntaxError(
            "\n".join(map(str, issues)),
            file=first.file, line=first.line, column=first.column, **syntax_error_members(tuple(issues), more=more),
        )  # fmt: skip
    return sources


def _alone(
    dataset: Dataset, gate: Gate | None, question: Question, sources: list[Source], own_shapes: list[Source]
) -> Report:
    """Validate documents without the dataset.

    With the ontology, where that is asked for, instances of subclasses are instances (SHACL, section 3.2).
    """
    quads = [quad for source in sources for quad in source.quads]
    own = list(quads)
    for entry in dataset.manifest if question.ontology else ():
        if entry.file.startswith("ontology/"):
            graph = ox.NamedNode(rebase_iri(entry.graph, DEFAULT_BASE, dataset.base))
            quads += dataset.lexical_forms.restored(dataset.store.quads_for_pattern(None, None, None, graph))
    data_graph = Graph(quads)
    if own_shapes:
        return _by_own_shapes(quads, data_graph, question, sources, own_shapes, lambda: stored(quads))
    shapes = gate.shapes if gate else _published_shapes(question)
    report = validated(shapes, Columns(quads), lambda: stored(quads), own)
    report = report.and_(contradictions_of(quads, dataset.base, dataset.regime))
    return _explained(report, shapes, data_graph, question, sources)


def _explained(  # noqa: PLR0913, PLR0917 - what a report is about
    report: Report, shapes: Mapping[Node, Shape], graph: Readable, question: Question, sources: list[Source],
    brought: Sequence[Source] = (),
) -> Report:  # fmt: skip
    names = report_prefixes([*sources, *brought], question.base)
    return explain(report.first(MOST), shapes, graph, sources, names, seconds=_PLACE_SECONDS)


def _published_shapes(question: Question) -> Mapping[Node, Shape]:
    return read_shapes(Graph(shapes_quads(Published(Path(question.published)).shapes(), question.base)))


def _merged(  # noqa: PLR0913, PLR0917 - what is merged, into what, and against what it is held
    dataset: Dataset, gate: Gate | None, question: Question, sources: list[Source], own_shapes: list[Source],
    licences: Licences | None, history: History | None,
) -> tuple[Report, ChangePreview]:  # fmt: skip
    """Merge documents into the dataset, validate the result, and compare it with the dataset before."""
    store, queries = dataset.store, question.queries
    before = _answers(dataset, queries)
    target = ox.NamedNode(question.graph or "")
    quads = [_in_graph(quad, target) for source in sources for quad in source.quads]
    added = tuple(dict.fromkeys(quad for quad in quads if quad not in store))
    removed = _removed(dataset, target, quads) if question.whole else _present(dataset, question.removed)
    # Before the merge: afterwards the new nodes are no longer recognisable as new.
    created, alike = find_new_nodes(store, quads)
    _replace(dataset, removed, quads)
    added_quads, inferred = update_closure(dataset, (*removed, *quads))
    graph = StoreGraph(store, dataset.lexical_forms)
    if own_shapes:
        report = _by_own_shapes(graph.quads(), graph, question, sources, own_shapes, store)
    else:
        shapes = gate.shapes if gate else _published_shapes(question)
        if gate is None and len(store) <= _SMALL:
            report = validated(shapes, Columns(graph.quads()), store, quads)
        else:
            report = (gate or Gate(shapes)).check_and_cover(graph, quads, removed)
        report = report.and_(contradictions(dataset, (*added_quads, *inferred.added)))
        report = report.and_(inferred_excess(dataset, shapes, inferred.added))
        report = report.and_(similar_names(store, dataset.names, added, dataset.base))
        licences = licences or open_licences(Published(Path(question.published)), question.base)
        report = report.and_(check_contribution(licences, store, graph, added))
        report = set_apart(report, shapes, dataset, (added, removed), history)
        report = _explained(report, shapes, graph, question, sources)
    # A query that was not finished before the change has nothing to be compared with, and is not evaluated again.
    comparison = _compared(before, _answers(dataset, {slug: queries[slug] for slug in before}), queries)
    preview = ChangePreview(
        dataset.version, question.graph or "", added, removed, comparison, created=created, alike=alike
    )
    if dataset.closure is not None:
        preview = replace(preview, inferred=inferred.added, uninferred=inferred.removed)
    return report, preview


def _in_graph(quad: ox.Quad, target: ox.NamedNode) -> ox.Quad:
    named = not isinstance(quad.graph_name, ox.DefaultGraph)
    return quad if named else ox.Quad(quad.subject, quad.predicate, quad.object, target)


def _removed(dataset: Dataset, target: ox.NamedNode, quads: list[ox.Quad]) -> tuple[ox.Quad, ...]:
    """Return the triples of a graph that are not among the quads that replace it."""
    replacement = ox.Store()
    replacement.extend(quads)
    current = dataset.store.quads_for_pattern(None, None, None, target)
    return tuple(dataset.lexical_forms.restored(quad for quad in current if quad not in replacement))


def _present(dataset: Dataset, text: str) -> tuple[ox.Quad, ...]:
    """Parse N-Quads and return those that the dataset has, in its lexical forms."""
    parsed = ox.parse(text.encode(), ox.RdfFormat.N_QUADS)
    return tuple(dataset.lexical_forms.restored(quad for quad in parsed if quad in dataset.store))


def _replace(dataset: Dataset, removed: tuple[ox.Quad, ...], quads: list[ox.Quad]) -> None:
    # Two lexical forms of a number are one stored quad; it stays while one of them is left.
    kept = dataset.lexical_forms.remove(removed)
    for quad in removed:
        dataset.store.remove(quad)
    dataset.store.extend(kept)
    dataset.lexical_forms.add(quads, dataset.store)
    dataset.store.extend(quads)


def _by_own_shapes(  # noqa: PLR0913, PLR0917 - what is validated, against what, and what the report is about
    quads: Iterable[ox.Quad], graph: Readable, question: Question, sources: list[Source], own_shapes: list[Source],
    store: ox.Store | Callable[[], ox.Store],
) -> Report:  # fmt: skip
    """Validate against shapes of the client; ``store`` has the same quads. Raises InputUnreadable for unusable ones."""
    documents = ShapesDocuments(own_shapes)
    own = [quad for source in sources for quad in source.quads]
    try:
        shapes = documents.read()
        report = validated(shapes, Columns(quads), store, own)
    except DatasetBroken as error:  # it is the client's shapes that are broken
        raise InputUnreadable(error.detail) from None
    report = replace(report, notes=documents.warnings(shapes))
    return _explained(report, shapes, graph, question, sources, own_shapes)


def _answers(dataset: Dataset, queries: Mapping[str, Task]) -> dict[str, Counter[str]]:
    """Return the rows of those saved queries that are done within ``_QUERY_SECONDS``, by slug.

    A query that fails or is too slow is left out.
    """
    # A thread cannot be ended. One that is still at work is left behind: the process ends after this task.
    rows_by_slug: dict[str, Counter[str]] = {}
    deadline = time.monotonic() + _QUERY_SECONDS

    def work() -> None:
        for slug, task in queries.items():
            if time.monotonic() > deadline:
                return
            try:
                rows_by_slug[slug] = _rows(answer(dataset, task), task)
            except CoopkgError:
                continue

    # The size applies to each thread that is started while it is set, so it is reset at once.
    size = threading.stack_size(_QUERY_STACK)
    try:
        worker = threading.Thread(target=work, daemon=True, name="saved queries")
        worker.start()
    finally:
        threading.stack_size(size)
    worker.join(_QUERY_SECONDS)
    return dict(rows_by_slug)


def _rows(body: bytes, task: Task) -> Counter[str]:
    """Return the rows or triples of an answer as a multiset, with all blank nodes of a graph made equal."""
    # Labels of blank nodes differ between two evaluations; literals with "_:" in them are changed alike on both sides.
    if task.format.rdf is not None:
        return Counter(re.sub(r"_:\w+", "_:", line) for line in body.decode().split("\n") if line)
    answer = json.loads(body)
    if "boolean" in answer:
        return Counter([str(answer["boolean"])])
    return Counter(json.dumps(row, sort_keys=True) for row in answer["results"]["bindings"])


def _compared(
    before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]], queries: Mapping[str, Task]
) -> tuple[QueryChange, ...]:
    def effect(slug: str) -> QueryChange:
        if slug not in before or slug not in after:
            return QueryChange(slug, Outcome.NOT_RUN)
        outcome = Outcome.SAME if before[slug] == after[slug] else Outcome.DIFFERENT
        return QueryChange(slug, outcome, before[slug].total(), after[slug].total())

    return tuple(effect(slug) for slug in queries)


def private_copy(dataset: Dataset) -> Dataset:
    """Make a copy of the dataset that a validation may modify, for a process that goes on with its own."""
    store = ox.Store()
    store.bulk_extend(dataset.store)
    return with_closure(replace(dataset, store=store, lexical_forms=deepcopy(dataset.lexical_forms)))
