"""The evaluation of one query over one store: the engine's answer in a format, and its failures as our errors."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import EngineFault, QuerySyntaxError, TooLarge
from coopkg.rdf.formats import SOLUTION_FORMATS, serialize_boolean, serialize_triples
from coopkg.sparql.admission import refuse_requests
from coopkg.sparql.lexer import significant, syntax_error
from coopkg.sparql.rewrites import aggregate_variables, literals, rewrite
from coopkg.workers.preview import preview
from coopkg.workers.remote_results import BLANK, blank
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from coopkg.rdf.terms import Bindable, Term
    from coopkg.workers.tasks import Snapshot

_UNKNOWN_FUNCTION: Final = re.compile(r"The custom function <([^<>]*)> is not supported")
_MAY_NAME_AVAILABLE: Final = re.compile(r"well-known|\\[uU/]")
r"""What stands in a query that names an available graph: this part of its IRI, which no prefix can end within without
a ``\/``, or an escape that may hide it (SPARQL 1.1 Query Language, sections 19.2 and 19.8)."""
_FROM: Final = re.compile(r"\\|\bfrom\b", re.IGNORECASE)
"""FROM in any case, or an escape that may hide it; a match may stand in a comment, so that the tokens decide."""
_POSITION: Final = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)


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


def answer(dataset: Snapshot, task: Task) -> bytes:
    """Evaluate a task over a dataset, over its closure unless the task forgoes entailment. Raises as ``evaluate``."""
    return evaluate(dataset.view(entailment=task.entailment), task_for(dataset, task), dataset.available)


def task_for(dataset: Snapshot, task: Task) -> Task:
    """Adapt a task to what queries see of a dataset: where that has a merge already, no union is asked for.

    The engine's union gives a triple once for each graph that has it, and takes 3 ms for a lookup in 300,000 triples
    that takes 0.07 ms in a merge.
    """
    return replace(task, union=False) if dataset.merged else task


def evaluate(store: ox.Store, task: Task, available: Sequence[ox.Quad] = ()) -> bytes:
    """Evaluate a query and return the whole answer in the task's format.

    ``available`` are quads of graphs that are available to a query which names one (SPARQL 1.1 Service Description,
    section 3.2.9), and no part of the dataset otherwise. They are in the store for the time of such a query, which
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


def names_available_graph(task: Task, available: Sequence[ox.Quad]) -> bool:
    """Whether a query names, or may name, a graph that is available and no part of the dataset."""
    if not available:
        return False
    bound = [getattr(term, "value", "") for term in (task.substitutions or {}).values()]
    iris = {*task.default_graphs, *task.named_graphs, *bound}
    named = iris and any(str(quad.graph_name)[1:-1] in iris for quad in available)
    # One too many costs some 10 ms for 1,000 triples and the worker, one too few a wrong answer.
    return bool(named) or _MAY_NAME_AVAILABLE.search(task.text) is not None


@contextlib.contextmanager
def _with_available(store: ox.Store, available: Sequence[ox.Quad]) -> Iterator[None]:
    """Keep further named graphs in a store for the time of a query."""
    own_graphs = set(store.named_graphs())
    store.extend(available)
    try:
        yield
    finally:
        for graph in {quad.graph_name for quad in available} - own_graphs:
            store.remove_graph(graph)


def names_dataset(text: str) -> bool:
    """Whether a query has a dataset clause of its own (SPARQL 1.1 Query Language, section 13.2)."""
    if _FROM.search(text) is None:
        return False
    try:
        return any(token.keyword == "FROM" for token in significant(text))
    except QuerySyntaxError:
        return False


def query(store: ox.Store, task: Task) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a query, rewritten where the engine would evaluate it wrongly, and return the engine's result.

    Raises QuerySyntaxError with line and column, and Forbidden for SERVICE: the engine would make the requests itself,
    past the list of endpoints. The federation carries SERVICE out before a query comes here.
    """
    # Admission refuses SERVICE already. It is checked again because the Python API cannot switch it off, and because
    # not every kernel lets a worker leave the network.
    refuse_requests(task.text)
    if task.substitutions:
        # A rewrite may rename a variable or hide it in a sub-SELECT, where the engine would not bind it beforehand.
        return _run(store, task, task.text)
    return _run(store, task, _rewritten(store, task, literals.readable(task.text)))


def _run(store: ox.Store, task: Task, text: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a text as it stands, and return the engine's result.

    A function that the engine does not know is an expression error (SPARQL 1.1 Query Language, section 17.6), not a
    failure of the query as the engine has it: each is registered as one that gives no value.
    """
    # The dataset of the protocol overrides that of the query (SPARQL 1.1 Protocol, section 2.1.4), and either of them
    # the default.
    explicit = bool(task.default_graphs or task.named_graphs)
    own = not explicit and names_dataset(text)
    functions: dict[ox.NamedNode, Callable[..., Term | None]] = {ox.NamedNode(BLANK): blank} if task.remote else {}
    # The engine names one unknown function at a time, so the query is tried again with each that it has named.
    while True:
        try:
            return store.query(
                text,
                base_iri=task.base,
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
            if unfolded != text and _columns(unfolded, task.base) is not None:
                return _run(store, task, _rewritten(store, task, unfolded))
            raise explain_syntax(str(error), task.text) from None
        except RuntimeError as error:
            function = _UNKNOWN_FUNCTION.search(str(error))
            if function is None or ox.NamedNode(function[1]) in functions:
                raise QuerySyntaxError(f"{error}.") from None
            functions[ox.NamedNode(function[1])] = _no_value
        except ValueError as error:
            raise QuerySyntaxError(f"{error}.") from None


def _rewritten(store: ox.Store, task: Task, text: str) -> str:
    """Rewrite a query; the text stays where the engine does not accept both, or the two have different columns."""

    def absent(question: str) -> bool:
        return not _run(store, task, question)

    rewritten = rewrite(text, absent)
    if rewritten == text:
        return text
    # The original is parsed too, so that its own errors are reported, at their own positions.
    columns = _columns(text, task.base)
    return rewritten if columns is not None and columns == _columns(rewritten, task.base) else text


def rewritten_update(text: str, base: str | None) -> str:
    """Rewrite an update as ``query`` rewrites a query; every constant may be absent when it comes to be evaluated."""
    readable = literals.readable(text)
    rewritten = rewrite(readable, lambda _: True)
    return rewritten if rewritten != readable and _updates(readable, base) and _updates(rewritten, base) else readable


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


def explain_syntax(message: str, text: str) -> QuerySyntaxError:
    """Turn the engine's message into one sentence with the position and the token at fault."""
    match = _POSITION.match(message)
    if not match:
        return QuerySyntaxError(f"{message}.")
    line, column = int(match[1]), int(match[2])
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    offset = min(starts[line - 1] + column - 1, len(text)) if line <= len(starts) else len(text)
    # The engine lists all that its grammar could have gone on with, dozens of tokens. Whole sentences among them are
    # what its authors wrote about a rule, and say more than the list.
    sentences = [s for s in match[3].split(", ") if re.match(r"[A-Z][a-z]+ \w|The |SELECT \*", s)]
    token = (
        next((t.text for t in significant(text[offset:])), None) if _lexes(text[offset:]) else text[offset : offset + 1]
    )
    if "Prefix not found" in sentences:
        name = re.search(r"([\w.\-]*):[^\s:]*$", text[:offset])
        return syntax_error(
            f"the prefix {name[1] if name else ''}: is not declared", text, name.start() if name else offset
        )
    if sentences:
        return syntax_error(sentences[0][0].lower() + sentences[0][1:], text, offset)
    return syntax_error(f"{token!r} is not expected here" if token else "the query ends too early", text, offset)


def _lexes(text: str) -> bool:
    """Whether a text begins with a token."""
    try:
        next(significant(text), None)
    except QuerySyntaxError:
        return False
    return True


def select(
    store: ox.Store, text: str, substitutions: Mapping[str, Bindable] | None = None
) -> list[dict[str, Bindable]]:
    """Evaluate one of our own SELECT queries over the union of all graphs; unbound variables have no key in a row."""
    result = query(store, Task(text, SOLUTION_FORMATS[0], substitutions=substitutions))
    if not isinstance(result, ox.QuerySolutions):
        raise TypeError("select() takes a SELECT query")
    names = [variable.value for variable in result.variables]
    return [{name: solution[name] for name in names if solution[name] is not None} for solution in result]
