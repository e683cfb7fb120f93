"""Validation of documents that somebody sent, alone or merged into the dataset, and what they would change there.

It is done in a worker, on its own copy of the store, which that spoils. Shapes that come along are run by pySHACL.
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

from coopkg.dataset.consistency import contradictions, contradictions_of
from coopkg.dataset.entailment import update_closure, with_closure
from coopkg.dataset.published_files import Published
from coopkg.errors import BadParameter, CoopkgError, InputUnreadable, RdfSyntaxError, TooLarge
from coopkg.rdf.formats import by_name
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import DEFAULT_BASE, STANDARD_PREFIXES
from coopkg.rdf.terms import Document
from coopkg.shacl import reference_implementation
from coopkg.shacl.change_preview import ChangePreview, Outcome, QueryEffect
from coopkg.shacl.columns import Columns
from coopkg.shacl.documents import Source, read
from coopkg.shacl.gate import Gate
from coopkg.shacl.new_nodes import find_new_nodes
from coopkg.shacl.report_formats import page_data, report_format
from coopkg.shacl.report_formats.json_format import faults as as_members
from coopkg.shacl.report_formats.outcome import ReportView, report_prefixes
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import moved_to_base, read_shapes
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.syntax_errors import syntax_errors
from coopkg.shacl.validator import Validator, whole_pass
from coopkg.sparql.lexer import Kind, significant
from coopkg.workers.evaluation import answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.dataset.store import Dataset
    from coopkg.dataset.validation_questions import Question, Upload
    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.report import Report, SyntaxIssue
    from coopkg.shacl.shapes import Shape
    from coopkg.workers.tasks import Task

_QUERY_SECONDS: Final = 4.0
"""Seconds for the saved queries before, and again after; those that are left then are not run."""
_SMALL: Final = 100_000
"""Triples up to which a look at all of them takes less time than to find out, without a gate, which ones matter."""
MOST: Final = 1000
"""Results that a report lists; it says how many there are."""
_PLACE_SECONDS: Final = 8.0
"""Seconds for finding out where a document says what."""
_QUERY_STACK: Final = 64 * 1024 * 1024
_SPARQL: Final = frozenset(STANDARD_PREFIXES["sh"] + name for name in ("select", "ask", "construct", "update"))
_FETCHING: Final = frozenset({"SERVICE", "LOAD", "FROM"})


def examine(dataset: Dataset, gate: Gate | None, question: Question) -> bytes:
    """Return the report in the face that is asked for; ``dataset`` is spoilt where the documents are merged into it.

    Raises RdfSyntaxError with every syntax error as ``errors``, RemoteContext, InputUnreadable where the shapes that
    came along cannot be used, TooLarge.
    """
    sources = _read(question.documents, question.base)
    brought = _read(question.shapes, question.base)
    if question.graph is None:
        report, effects = _alone(dataset, gate, question, sources, brought), None
    else:
        report, effects = _merged(dataset, gate, question, sources, brought)
    texts = {source.name: source.text for source in sources}
    names = report_prefixes([*sources, *brought], question.base)
    facts = sum(len(source.quads) for source in sources)
    view = ReportView(report, names, question.language, texts, effects=effects, facts=facts)
    render = page_data.render if question.face == page_data.NAME else report_format(question.face).render
    body = render(view).encode("utf-8", errors="replace")
    if question.answer_bytes is not None and len(body) > question.answer_bytes:
        raise TooLarge(f"The report is longer than {question.answer_bytes} bytes.", bound=question.answer_bytes)
    return body


def _read(uploads: Iterable[Upload], base: str) -> list[Source]:
    """Read documents. Raises RdfSyntaxError with the errors of all of them."""
    sources: list[Source] = []
    found: list[SyntaxIssue] = []
    more = False
    for upload in uploads:
        fmt = by_name(upload.format_name)
        if fmt is None or fmt.rdf is None:
            raise BadParameter(f"No RDF is read from {upload.format_name!r}.")
        document = Document(upload.name, upload.data, fmt.rdf, base)
        try:
            sources.append(read(document))
        except RdfSyntaxError:
            own, further = syntax_errors(document)
            found += own
            more |= further
    if found:
        first = found[0].place
        raise RdfSyntaxError(
            "\n".join(map(str, found)),
            file=first.file, line=first.line, column=first.column, **as_members(tuple(found), more=more),
        )  # fmt: skip
    return sources


def _alone(
    dataset: Dataset, gate: Gate | None, question: Question, sources: list[Source], brought: list[Source]
) -> Report:
    """Validate documents with the ontology alone, which says what is a subclass of what."""
    quads = [quad for source in sources for quad in source.quads]
    for entry in dataset.manifest if not brought else ():
        if entry.file.startswith("ontology/"):
            graph = ox.NamedNode(_moved(entry.graph, dataset.base))
            quads += dataset.lexical_forms.restored(dataset.store.quads_for_pattern(None, None, None, graph))
    graph_ = Graph(quads)
    if brought:
        return _by_oracle(quads, graph_, question, sources, brought)
    shapes = gate.shapes if gate else _published_shapes(question)
    report = Validator(shapes).validate(quads).and_(contradictions_of(quads, dataset.base, dataset.regime))
    return _explained(report, shapes, graph_, question, sources)


def _explained(  # noqa: PLR0913, PLR0917 - what a report is about
    report: Report, shapes: Mapping[Node, Shape], graph: Readable, question: Question, sources: list[Source],
    brought: Sequence[Source] = (),
) -> Report:  # fmt: skip
    names = report_prefixes([*sources, *brought], question.base)
    return explain(report.first(MOST), shapes, graph, sources, names, seconds=_PLACE_SECONDS)


def _moved(graph: str, base: str) -> str:
    return base + graph.removeprefix(DEFAULT_BASE) if graph.startswith(DEFAULT_BASE) else graph


def _published_shapes(question: Question) -> Mapping[Node, Shape]:
    paths = Published(Path(question.published)).shapes()
    quads = (quad for path in paths for quad in Document(str(path), path.read_bytes()).quads())
    return read_shapes(Graph(moved_to_base(quad, question.base) for quad in quads))


def _merged(
    dataset: Dataset, gate: Gate | None, question: Question, sources: list[Source], brought: list[Source]
) -> tuple[Report, ChangePreview]:
    """Validate documents together with the dataset, and compare it with what it was before."""
    store, queries = dataset.store, question.queries
    before = _answers(dataset, queries)
    target = ox.NamedNode(question.graph or "")
    quads = [_in_graph(quad, target) for source in sources for quad in source.quads]
    added = tuple(dict.fromkeys(quad for quad in quads if quad not in store))
    removed = _removed(dataset, target, quads) if question.whole else _going(dataset, question.removed)
    created, alike = find_new_nodes(store, quads)
    _replace(dataset, removed, quads)
    came, inferred = update_closure(dataset, (*removed, *quads))
    graph = StoreGraph(store, dataset.lexical_forms)
    if brought:
        report = _by_oracle(graph.quads(), graph, question, sources, brought)
    else:
        shapes = gate.shapes if gate else _published_shapes(question)
        if gate is None and len(store) <= _SMALL:
            report = whole_pass(shapes, Columns(graph.quads()), store)
        else:
            report = (gate or Gate(shapes)).check(graph, quads, removed)
        report = report.and_(contradictions(dataset, (*came, *inferred.added)))
        report = _explained(report, shapes, graph, question, sources)
    compared = _compared(before, _answers(dataset, {slug: queries[slug] for slug in before}), queries)
    effects = ChangePreview(
        dataset.version, question.graph or "", added, removed, compared, created=created, alike=alike
    )
    if dataset.closure is not None:
        effects = replace(effects, inferred=inferred.added, uninferred=inferred.removed)
    return report, effects


def _in_graph(quad: ox.Quad, target: ox.NamedNode) -> ox.Quad:
    named = not isinstance(quad.graph_name, ox.DefaultGraph)
    return quad if named else ox.Quad(quad.subject, quad.predicate, quad.object, target)


def _removed(dataset: Dataset, target: ox.NamedNode, quads: list[ox.Quad]) -> tuple[ox.Quad, ...]:
    """Return the triples of a graph that are not among those that shall be all of it."""
    kept = ox.Store()
    kept.extend(quads)
    there = dataset.store.quads_for_pattern(None, None, None, target)
    return tuple(dataset.lexical_forms.restored(quad for quad in there if quad not in kept))


def _going(dataset: Dataset, text: str) -> tuple[ox.Quad, ...]:
    """Return those of some quads that the dataset has."""
    parsed = ox.parse(text.encode(), ox.RdfFormat.N_QUADS)
    return tuple(dataset.lexical_forms.restored(quad for quad in parsed if quad in dataset.store))


def _replace(dataset: Dataset, removed: tuple[ox.Quad, ...], quads: list[ox.Quad]) -> None:
    kept = dataset.lexical_forms.remove(removed)
    for quad in removed:
        dataset.store.remove(quad)
    dataset.store.extend(kept)
    dataset.lexical_forms.add(quads, dataset.store)
    dataset.store.extend(quads)


def _by_oracle(
    quads: Iterable[ox.Quad], graph: Readable, question: Question, sources: list[Source], brought: list[Source]
) -> Report:
    """Validate by pySHACL, against shapes that came along. Raises InputUnreadable where they cannot be used."""
    shapes = [quad for source in brought for quad in source.quads]
    _refuse_fetching(shapes)
    try:
        report = reference_implementation.validate(quads, shapes)
    except (MemoryError, KeyboardInterrupt):
        raise
    except CoopkgError as error:
        raise InputUnreadable(error.detail) from None
    except Exception as error:  # noqa: BLE001 - pySHACL raises whatever it trips over in somebody's shapes
        raise InputUnreadable(f"The shapes cannot be used: {type(error).__name__}: {error}.") from None
    return _explained(report, _as_values(shapes), graph, question, sources, brought)


def _as_values(shapes: list[ox.Quad]) -> Mapping[Node, Shape]:
    """Return the shapes that came along as far as our own reader understands them: they say what was expected."""
    try:
        return read_shapes(Graph(shapes))
    except CoopkgError:
        return {}


def _refuse_fetching(shapes: list[ox.Quad]) -> None:
    """Refuse shapes whose queries would read from elsewhere. Raises InputUnreadable."""
    for quad in shapes:
        if quad.predicate.value in _SPARQL and isinstance(quad.object, ox.Literal):
            words = {token.keyword for token in significant(quad.object.value) if token.kind is Kind.WORD}
            if words & _FETCHING:
                named = ", ".join(sorted(words & _FETCHING))
                raise InputUnreadable(f"A query of the shapes has {named}: nothing is fetched.")


def _answers(dataset: Dataset, queries: Mapping[str, Task]) -> dict[str, Counter[str]]:
    """Return the rows of those saved queries that are done in time; a query that is too slow is left to itself.

    A thread is not ended: this process ends soon after.
    """
    found: dict[str, Counter[str]] = {}
    deadline = time.monotonic() + _QUERY_SECONDS

    def work() -> None:
        for slug, task in queries.items():
            if time.monotonic() > deadline:
                return
            try:
                found[slug] = _rows(answer(dataset, task), task)
            except CoopkgError:
                continue

    size = threading.stack_size(_QUERY_STACK)
    try:
        worker = threading.Thread(target=work, daemon=True, name="saved queries")
        worker.start()
    finally:
        threading.stack_size(size)
    worker.join(_QUERY_SECONDS)
    return dict(found)


def _rows(body: bytes, task: Task) -> Counter[str]:
    """Return the rows or triples of an answer, in no order; blank nodes are all alike."""
    if task.format.rdf is not None:
        return Counter(re.sub(r"_:\w+", "_:", line) for line in body.decode().split("\n") if line)
    answer = json.loads(body)
    if "boolean" in answer:
        return Counter([str(answer["boolean"])])
    return Counter(json.dumps(row, sort_keys=True) for row in answer["results"]["bindings"])


def _compared(
    before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]], queries: Mapping[str, Task]
) -> tuple[QueryEffect, ...]:
    def effect(slug: str) -> QueryEffect:
        if slug not in before or slug not in after:
            return QueryEffect(slug, Outcome.NOT_RUN)
        outcome = Outcome.SAME if before[slug] == after[slug] else Outcome.DIFFERENT
        return QueryEffect(slug, outcome, before[slug].total(), after[slug].total())

    return tuple(effect(slug) for slug in queries)


def private_copy(dataset: Dataset) -> Dataset:
    """Return a dataset that may be spoilt, for a process that goes on with its own."""
    store = ox.Store()
    store.bulk_extend(dataset.store)
    return with_closure(replace(dataset, store=store, lexical_forms=deepcopy(dataset.lexical_forms)))
