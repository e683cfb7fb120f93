"""One query over one store: what the engine gives, and what its failures mean."""

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
_BESIDE: Final = re.compile(r"well-known|\\[uU/]")
r"""What a query has that names a graph beside the dataset: this part of its IRI, which no prefix can end within without
a ``\/``, or an escape that may hide it (SPARQL 1.1 Query Language, sections 19.2 and 19.8)."""
_FROM: Final = re.compile(r"\\|\bfrom\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)


class _Capped(io.BytesIO):
    """A buffer that refuses to grow past its cap, which ends the evaluation that writes into it."""

    def __init__(self, cap: int | None) -> None:
        super().__init__()
        self.cap = cap

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.cap is not None and self.tell() + len(data) > self.cap:
            raise _too_long(self.cap)
        return super().write(data)


def _within_cap(body: bytes, cap: int | None) -> bytes:
    if cap is not None and len(body) > cap:
        raise _too_long(cap)
    return body


def _too_long(cap: int) -> TooLarge:
    return TooLarge(f"The answer is longer than {cap} bytes; ask for less of it.", bound=cap)


def answer(dataset: Snapshot, task: Task) -> bytes:
    """Return the whole answer of a dataset, with what is inferred unless that is unwanted. Raises as ``evaluate``."""
    return evaluate(dataset.view(entailment=task.entailment), task_for(dataset, task), dataset.available)


def task_for(dataset: Snapshot, task: Task) -> Task:
    """Return the task for what queries see of a dataset: where that has a merge already, no union is asked for."""
    return replace(task, union=False) if dataset.merged else task


def evaluate(store: ox.Store, task: Task, available: Sequence[ox.Quad] = ()) -> bytes:
    """Return the whole answer in the task's format.

    ``available`` are quads of graphs that are available to a query which names one (SPARQL 1.1 Service Description,
    section 3.2.9), and no part of the dataset otherwise. They are in the store for the time of such a query, which
    leaves traces that slow it down: it is better not used again after that.

    Raises QuerySyntaxError with line and column, TooLarge past ``answer_bytes``, EngineFault for what is left.
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
        result.serialize(target, task.format.solutions)
        return target.getvalue()
    except OSError as error:
        raise EngineFault(f"The engine could not finish: {error}.") from error


def names_available_graph(task: Task, available: Sequence[ox.Quad]) -> bool:
    """Return whether a query names, or may name, a graph that is beside the dataset."""
    if not available:
        return False
    bound = [getattr(term, "value", "") for term in (task.substitutions or {}).values()]
    asked = {*task.default_graphs, *task.named_graphs, *bound}
    named = asked and any(str(quad.graph_name)[1:-1] in asked for quad in available)
    return bool(named) or _BESIDE.search(task.text) is not None


@contextlib.contextmanager
def _with_available(store: ox.Store, available: Sequence[ox.Quad]) -> Iterator[None]:
    """Have further named graphs in a store for the time of a query."""
    there = set(store.named_graphs())
    store.extend(available)
    try:
        yield
    finally:
        for graph in {quad.graph_name for quad in available} - there:
            store.remove_graph(graph)


def names_dataset(text: str) -> bool:
    """Return whether a query has a dataset clause of its own (SPARQL 1.1 Query Language, section 13.2)."""
    if _FROM.search(text) is None:
        return False
    try:
        return any(token.keyword == "FROM" for token in significant(text))
    except QuerySyntaxError:
        return False


def query(store: ox.Store, task: Task) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Return the engine's own result, its known faults mended.

    Raises QuerySyntaxError with line and column, and Forbidden for SERVICE, for which the engine would make requests
    itself, past the list of endpoints: whoever asks has it carried out before.
    """
    refuse_requests(task.text)
    if task.substitutions:
        return _run(store, task, task.text)
    return _run(store, task, _mended(store, task, literals.readable(task.text)))


def _run(store: ox.Store, task: Task, text: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Return the engine's own result for a text.

    A function that the engine does not know is an expression error (SPARQL 1.1 Query Language, section 17.6), not a
    failure of the query as the engine has it: each is registered as one that gives no value.
    """
    explicit = bool(task.default_graphs or task.named_graphs)
    own = not explicit and names_dataset(text)
    unknown: dict[ox.NamedNode, Callable[..., Term | None]] = {ox.NamedNode(BLANK): blank} if task.remote else {}
    while True:
        try:
            return store.query(
                text,
                base_iri=task.base,
                use_default_graph_as_union=task.union and not explicit and not own,
                default_graph=None if own else task.default_graph(),
                named_graphs=[ox.NamedNode(g) for g in task.named_graphs] if explicit else None,
                substitutions={ox.Variable(n): t for n, t in (task.substitutions or {}).items()} or None,
                custom_functions=unknown or None,
            )
        except SyntaxError as error:
            unfolded = aggregate_variables.unfolded(text)
            if unfolded != text and _columns(unfolded, task.base) is not None:
                return _run(store, task, _mended(store, task, unfolded))
            raise explain_syntax(str(error), task.text) from None
        except RuntimeError as error:
            function = _UNKNOWN_FUNCTION.search(str(error))
            if function is None or ox.NamedNode(function[1]) in unknown:
                raise QuerySyntaxError(f"{error}.") from None
            unknown[ox.NamedNode(function[1])] = _no_value
        except ValueError as error:
            raise QuerySyntaxError(f"{error}.") from None


def _mended(store: ox.Store, task: Task, text: str) -> str:
    """Return the text to evaluate in place of one: itself, unless the engine reads both and they ask for the same."""

    def absent(question: str) -> bool:
        return not _run(store, task, question)

    mended = rewrite(text, absent)
    if mended == text:
        return text
    columns = _columns(text, task.base)
    return mended if columns is not None and columns == _columns(mended, task.base) else text


def rewritten_update(text: str, base: str | None) -> str:
    """Return the update to carry out in place of one, on the terms of ``query``; any constant may be absent from it."""
    readable = literals.readable(text)
    mended = rewrite(readable, lambda _: True)
    return mended if mended != readable and _updates(readable, base) and _updates(mended, base) else readable


def _updates(text: str, base: str | None) -> bool:
    """Return whether the engine reads an update, by carrying it out on nothing."""
    try:
        ox.Store().update(text, base_iri=base)
    except SyntaxError:
        return False
    except (RuntimeError, OSError, ValueError):
        return True
    return True


def _columns(text: str, base: str | None) -> tuple[str, ...] | None:
    """Return the variables of a query's solutions, () for any other form, None for what the engine does not read."""
    try:
        result = ox.Store().query(text, base_iri=base)
    except SyntaxError:
        return None
    except (RuntimeError, OSError, ValueError):
        return ()
    return tuple(v.value for v in result.variables) if isinstance(result, ox.QuerySolutions) else ()


def _no_value(*_arguments: object) -> Term | None:
    """Stand for a function that the engine does not know."""
    return None


def explain_syntax(message: str, text: str) -> QuerySyntaxError:
    """Turn the engine's message into one sentence with the place and the token at fault."""
    found = _PLACE.match(message)
    if not found:
        return QuerySyntaxError(f"{message}.")
    line, column = int(found[1]), int(found[2])
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    offset = min(starts[line - 1] + column - 1, len(text)) if line <= len(starts) else len(text)
    sentences = [s for s in found[3].split(", ") if re.match(r"[A-Z][a-z]+ \w|The |SELECT \*", s)]
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
    try:
        next(significant(text), None)
    except QuerySyntaxError:
        return False
    return True


def select(
    store: ox.Store, text: str, substitutions: Mapping[str, Bindable] | None = None
) -> list[dict[str, Bindable]]:
    """Return solutions of one of our own SELECT queries over the union of all graphs, unbound variables left out."""
    result = query(store, Task(text, SOLUTION_FORMATS[0], substitutions=substitutions))
    if not isinstance(result, ox.QuerySolutions):
        raise TypeError("select() takes a SELECT query")
    names = [variable.value for variable in result.variables]
    return [{name: solution[name] for name in names if solution[name] is not None} for solution in result]
