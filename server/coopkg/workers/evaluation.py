"""The evaluation of one query over one store: the engine's answer in a format, and its failures as our errors."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import EngineFault, QuerySyntaxError, TooLarge
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS, by_name, serialize_boolean, serialize_triples
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes
from coopkg.sparql import normal_form
from coopkg.sparql.admission import refuse_requests
from coopkg.sparql.engine_errors import explain_syntax
from coopkg.sparql.reading import read_query
from coopkg.sparql.rewrites import aggregate_variables, rewrite
from coopkg.sparql.suggestions import advise
from coopkg.workers.preview import preview
from coopkg.workers.remote_results import BLANK, blank
from coopkg.workers.tasks import Answer, AvailableGraphs, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coopkg.rdf.terms import Bindable, Term
    from coopkg.sparql.normal_form import NormalForm
    from coopkg.workers.tasks import Query, Snapshot

_NONE: Final = AvailableGraphs()
_UNKNOWN_FUNCTION: Final = re.compile(r"The custom function <([^<>]*)> is not supported")


class _Capped(io.BytesIO):
    """A buffer that refuses to grow past its cap, which ends the evaluation that writes into it.

    The engine writes solutions in blocks as it finds them, and stops within 10 ms when a write fails. So an answer that
    is too long costs no more than its cap, in time as in memory.
    """

    def __init__(self, cap: int | None) -> None:
        super().__init__()
        self.cap = cap

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.cap is not None and self.tell() + len(data) > self.cap:
            raise _too_long(self.cap)
        return super().write(data)


def _within_cap(body: bytes, cap: int | None) -> bytes:
    """Return a body that is built already, unless it is longer than its cap. Raises TooLarge."""
    if cap is not None and len(body) > cap:
        raise _too_long(cap)
    return body


def _too_long(cap: int) -> TooLarge:
    return TooLarge(f"The answer is longer than {cap} bytes; ask for less of it.", bound=cap)


@contextlib.contextmanager
def advising(task: Task) -> Iterator[None]:
    """Add a suggestion for a misspelt word to a syntax error of a task's text that is raised within."""
    try:
        yield
    except QuerySyntaxError as error:
        advise(error, task.text, prefixes(task.base or DEFAULT_BASE))
        raise


def answer_query(query: Query, tag: str, evaluated: Callable[[Task], bytes]) -> Answer:
    """Read a client's query and have it evaluated, if it is of a form that has a format and names no other endpoint.

    Raises what ``read_query`` raises, and as ``evaluated``.
    """
    reading = read_query(query.task.text, query.longest, service=query.service)
    fmt = by_name(query.formats.get(reading.form, ""))
    if reading.federated or fmt is None:
        return Answer(b"", tag, reading=reading, evaluated=False)
    known = prefixes(query.task.base or DEFAULT_BASE) if fmt in GRAPH_FORMATS else None
    task = replace(query.task, format=fmt, prefixes=known)
    return Answer(evaluated(task), tag, reading=reading)


def answer(dataset: Snapshot, task: Task) -> bytes:
    """Evaluate a task over a dataset, over its closure unless the task forgoes entailment. Raises as ``evaluate``."""
    return evaluate(dataset.view(entailment=task.entailment), task_for(dataset, task), dataset.available)


def task_for(dataset: Snapshot, task: Task) -> Task:
    """Adapt a task to what queries see of a dataset: where that has a merge already, no union is asked for.

    The engine's union gives a triple once for each graph that has it, and takes 3 ms for a lookup in 300,000 triples
    that takes 0.07 ms in a merge.
    """
    return replace(task, union=False) if dataset.merged else task


def evaluate(store: ox.Store, task: Task, available: AvailableGraphs = _NONE) -> bytes:
    """Evaluate a query and return the whole answer in the task's format.

    ``available`` are graphs that are available to a query which names one (SPARQL 1.1 Service Description, section
    3.2.9), and no part of the dataset otherwise. They are in the store for the time of such a query, which
    leaves traces that slow it down: it is better not used again after that.

    Raises QuerySyntaxError with line and column, TooLarge past ``answer_bytes``, EngineFault for any other failure.
    """
    if not names_available_graph(task, available):
        return _evaluated(store, task)
    with _with_available(store, available):
        return _evaluated(store, task)


def _evaluated(store: ox.Store, task: Task) -> bytes:
    try:
        result = query(ox.Store() if task.dry else store, task)
        if task.rows is not None:
            return _within_cap(preview(result, task.rows, task.skip), task.answer_bytes)
        if isinstance(result, ox.QueryBoolean):
            return serialize_boolean(bool(result), task.format)
        if isinstance(result, ox.QueryTriples):
            return _within_cap(serialize_triples(result, task.format, dict(task.prefixes or {})), task.answer_bytes)
        target = _Capped(task.answer_bytes)
        # Whole, before anything is sent: an evaluation that fails half-way is an error, never a torn answer with 200.
        result.serialize(target, task.format.solutions)
        return target.getvalue()
    except OSError as error:
        raise EngineFault(f"The engine could not finish: {error}.") from error


def names_available_graph(task: Task, available: AvailableGraphs) -> bool:
    """Whether a query names, or may name, a graph that is available and no part of the dataset.

    Its IRI may stand in the query, as a string too, which IRI makes one of, or be bound beforehand. Raises
    QuerySyntaxError.
    """
    if not available.quads:
        return False
    bound = [getattr(term, "value", "") for term in (task.substitutions or {}).values()]
    if not available.iris.isdisjoint((*task.default_graphs, *task.named_graphs, *bound)):
        return True
    # In normal form an IRI is written in one way, and so is a string, whose contents may be one too many: that costs
    # some 10 ms for 1,000 triples and the worker, one too few a wrong answer.
    text = normal_form.of_query(task.text, task.base).text
    return any(f"<{graph}>" in text or f'"{graph}"' in text for graph in available.iris)


@contextlib.contextmanager
def _with_available(store: ox.Store, available: AvailableGraphs) -> Iterator[None]:
    """Keep further named graphs in a store for the time of a query."""
    own_graphs = set(store.named_graphs())
    store.extend(available.quads)
    try:
        yield
    finally:
        for graph in map(ox.NamedNode, available.iris):
            if graph not in own_graphs:
                store.remove_graph(graph)


def query(store: ox.Store, task: Task) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a query, rewritten where the engine would evaluate it wrongly, and return the engine's result.

    The engine sees the normal form of the text and what is made from that, never the text itself. Raises
    QuerySyntaxError with line and column, and Forbidden for SERVICE: the engine would make the requests itself, past
    the list of endpoints. The federation carries SERVICE out before a query comes here.
    """
    form = normal_form.of_query(task.text, task.base)
    # Admission refuses SERVICE already. It is checked again because the Python API cannot switch it off, and because
    # not every kernel lets a worker leave the network.
    refuse_requests(form)
    # A rewrite may rename a variable or hide it in a sub-SELECT, where the engine would not bind it beforehand.
    text = form.text if task.substitutions else _rewritten(store, task, form, form.text)
    return _run(store, task, form, text)


def _run(
    store: ox.Store, task: Task, form: NormalForm, text: str
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a text, in normal form or made from that, as it stands, and return the engine's result.

    A function that the engine does not know is an expression error (SPARQL 1.1 Query Language, section 17.6), not a
    failure of the query as the engine has it: each is registered as one that gives no value.
    """
    # The dataset of the protocol overrides that of the query (SPARQL 1.1 Protocol, section 2.1.4), and either of them
    # the default.
    explicit = bool(task.default_graphs or task.named_graphs)
    own = not explicit and "FROM" in form.words
    functions: dict[ox.NamedNode, Callable[..., Term | None]] = {ox.NamedNode(BLANK): blank} if task.remote else {}
    # The engine names one unknown function at a time, so the query is tried again with each that it has named.
    while True:
        try:
            return store.query(
                text,
                base_iri=form.base,
                use_default_graph_as_union=task.union and not explicit and not own,
                default_graph=None if own else task.default_graph(),
                named_graphs=[ox.NamedNode(g) for g in task.named_graphs] if explicit else None,
                substitutions={ox.Variable(n): t for n, t in (task.substitutions or {}).items()} or None,
                custom_functions=functions or None,
            )
        except SyntaxError as error:
            # The engine refuses an aggregate's variable in a later expression of the same SELECT, which the standard
            # allows (section 18.2.4.4).
            unfolded = aggregate_variables.unfolded(text)
            if unfolded != text and _columns(unfolded, form.base) is not None:
                return _run(store, task, form, _rewritten(store, task, form, unfolded))
            raise explain_syntax(error, form, lambda t: ox.Store().query(t, base_iri=form.base)) from None
        except RuntimeError as error:
            function = _UNKNOWN_FUNCTION.search(str(error))
            if function is None or ox.NamedNode(function[1]) in functions:
                raise QuerySyntaxError(f"{error}.") from None
            functions[ox.NamedNode(function[1])] = _no_value
        except ValueError as error:
            raise QuerySyntaxError(f"{error}.") from None


def _rewritten(store: ox.Store, task: Task, form: NormalForm, text: str) -> str:
    """Rewrite a query; the text stays where the engine does not accept both, or the two have different columns."""

    def absent(question: str) -> bool:
        return not _run(store, task, form, question)

    rewritten = rewrite(text, absent)
    if rewritten == text:
        return text
    # The original is parsed too, so that its own errors are reported, at their own positions.
    columns = _columns(text, form.base)
    return rewritten if columns is not None and columns == _columns(rewritten, form.base) else text


def rewritten_update(form: NormalForm) -> str:
    """Rewrite an update as ``query`` rewrites a query; every constant may be absent when it comes to be evaluated."""
    rewritten = rewrite(form.text, lambda _: True)
    accepted = rewritten != form.text and _updates(form.text, form.base) and _updates(rewritten, form.base)
    return rewritten if accepted else form.text


def _updates(text: str, base: str | None) -> bool:
    """Whether the engine accepts an update, seen by carrying it out on an empty store."""
    try:
        ox.Store().update(text, base_iri=base)
    except SyntaxError:
        return False
    except (RuntimeError, OSError, ValueError):
        return True
    return True


def _columns(text: str, base: str | None) -> tuple[str, ...] | None:
    """Return the variables of a query's solutions, () for any other form, None for what the engine does not accept."""
    try:
        result = ox.Store().query(text, base_iri=base)
    except SyntaxError:
        return None
    except (RuntimeError, OSError, ValueError):
        return ()
    return tuple(v.value for v in result.variables) if isinstance(result, ox.QuerySolutions) else ()


def _no_value(*_arguments: object) -> Term | None:
    """Stand in for a function that the engine does not know: no value is an error of the expression alone."""
    return None


def select(
    store: ox.Store, text: str, substitutions: Mapping[str, Bindable] | None = None
) -> list[dict[str, Bindable]]:
    """Evaluate one of our own SELECT queries over the union of all graphs; unbound variables have no key in a row."""
    result = query(store, Task(text, SOLUTION_FORMATS[0], substitutions=substitutions))
    if not isinstance(result, ox.QuerySolutions):
        raise TypeError("select() takes a SELECT query")
    names = [variable.value for variable in result.variables]
    return [{name: solution[name] for name in names if solution[name] is not None} for solution in result]
