"""Tasks of workers and their outcomes, as values and as JSON: terms travel in N-Triples, formats by name.

JSON and not pickle: whatever a worker sends may have been written by a query that has taken it over, and to unpickle is
to run code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyoxigraph as ox

from coopkg.rdf.formats import by_name
from coopkg.rdf.terms import from_ntriples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coopkg.rdf.formats import Format
    from coopkg.rdf.terms import Bindable
    from coopkg.sparql.reading import Reading


@dataclass(frozen=True)
class Task:
    """All that the engine needs besides the dataset.

    ``substitutions`` binds variables as terms, never by splicing them into the text. Without ``entailment`` the answer
    is from what is asserted alone. ``inferred`` names the graph of what is inferred where the default graph is a plain
    one, which that graph then is merged into. With ``rows`` the answer is a preview of that many rows after those
    skipped, whatever the format. ``remote`` says that solutions of other endpoints stand in the text, ``dry`` that it
    is to be evaluated over an empty store, to see whether the engine accepts it.
    """

    text: str
    format: Format
    base: str | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    union: bool = True
    prefixes: Mapping[str, str] | None = None
    substitutions: Mapping[str, Bindable] | None = None
    answer_bytes: int | None = None
    entailment: bool = True
    inferred: str | None = None
    rows: int | None = None
    skip: int = 0
    remote: bool = False
    dry: bool = False

    def default_graph(self) -> list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None:
        """Return the graphs whose merge is the default graph; None for the store's own, or the union of all."""
        if self.default_graphs or self.named_graphs:
            return [ox.NamedNode(graph) for graph in self.default_graphs]
        return None if self.inferred is None else [ox.DefaultGraph(), ox.NamedNode(self.inferred)]


@dataclass(frozen=True)
class AvailableGraphs:
    """Named graphs that a query may name, no part of the dataset otherwise: their quads, and their IRIs."""

    quads: tuple[ox.Quad, ...] = ()
    iris: frozenset[str] = frozenset()

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> AvailableGraphs:
        """Keep the quads, and find out their graphs: every query is searched for these."""
        kept = tuple(quads)
        return cls(kept, frozenset(str(quad.graph_name)[1:-1] for quad in kept))


@dataclass(frozen=True)
class Query:
    """A client's query that nobody has read yet.

    ``task`` has all but its format. ``formats`` names that by query form; a query of another form is read and not
    evaluated. ``longest`` bounds its bytes, ``service`` says whether it may have SERVICE.
    """

    task: Task
    formats: Mapping[str, str]
    longest: int
    service: bool


class Snapshot(Protocol):
    """One version of a dataset, as evaluation needs it."""

    @property
    def tag(self) -> str:
        """An identifier of this version among all, at most 128 ASCII characters."""
        ...

    @property
    def version(self) -> int:
        """The number of this version; a greater one came later."""
        ...

    @property
    def available(self) -> AvailableGraphs:
        """The named graphs that a query may name and that are no part of the dataset otherwise."""
        ...

    @property
    def merged(self) -> bool:
        """Whether the default graph of ``view`` is the merge of all named graphs already."""
        ...

    def view(self, *, entailment: bool) -> ox.Store:
        """Return the store that queries see, with or without what is inferred."""
        ...


@dataclass(frozen=True)
class Answer:
    """A whole answer, the tag of the dataset version that it is from, and what each remote source gave to it.

    The answer to a ``Query`` has its reading, and no body where that was all that was wanted (``evaluated``).
    """

    body: bytes
    tag: str
    sources: tuple[RemoteSource, ...] = ()
    reading: Reading | None = None
    evaluated: bool = True


@dataclass(frozen=True)
class RemoteSource:
    """What one remote endpoint gave to an answer; ``missing`` says in a word why it gave nothing."""

    alias: str
    requests: int = 0
    rows: int = 0
    kept: int = 0
    seconds: float = 0.0
    missing: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task: the body of the answer, and facts about it that are JSON.

    ``spoilt`` says that the task has changed the worker's copy of the dataset, which must serve no other request.
    """

    body: bytes
    facts: Mapping[str, Any] = field(default_factory=dict)
    spoilt: bool = False


@dataclass(frozen=True)
class TaskKind:
    """How a worker does the tasks of one kind, from their JSON; it ends after one that ``spoils``, failed or not."""

    run: Callable[[Any], Outcome]
    spoils: bool = False


def encode_query(query: Query) -> dict[str, Any]:
    """Encode a query as a JSON object."""
    return {
        "task": encode(query.task),
        "formats": dict(query.formats),
        "longest": query.longest,
        "service": query.service,
    }


def decode_query(value: dict[str, Any]) -> Query:
    """Decode the JSON object of a query."""
    return Query(decode(value["task"]), value["formats"], value["longest"], value["service"])


def encode(task: Task) -> dict[str, Any]:
    """Encode a task as a JSON object."""
    return {
        "text": task.text,
        "format": task.format.name,
        "base": task.base,
        "default_graphs": task.default_graphs,
        "named_graphs": task.named_graphs,
        "union": task.union,
        "prefixes": dict(task.prefixes or {}),
        "substitutions": {name: str(term) for name, term in (task.substitutions or {}).items()},
        "answer_bytes": task.answer_bytes,
        "entailment": task.entailment,
        "inferred": task.inferred,
        "rows": task.rows,
        "skip": task.skip,
        "remote": task.remote,
        "dry": task.dry,
    }


def decode(value: dict[str, Any]) -> Task:
    """Decode the JSON object of a task. Raises ValueError for a format that does not exist."""
    fmt = by_name(value["format"])
    if fmt is None:
        raise ValueError(f"there is no format {value['format']!r}")
    return Task(
        text=value["text"],
        format=fmt,
        base=value["base"],
        default_graphs=tuple(value["default_graphs"]),
        named_graphs=tuple(value["named_graphs"]),
        union=value["union"],
        prefixes=value["prefixes"],
        substitutions={name: from_ntriples(term) for name, term in value["substitutions"].items()},
        answer_bytes=value["answer_bytes"],
        entailment=value["entailment"],
        inferred=value["inferred"],
        rows=value["rows"],
        skip=value["skip"],
        remote=value["remote"],
        dry=value["dry"],
    )
