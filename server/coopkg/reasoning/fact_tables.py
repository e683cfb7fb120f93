"""Facts as the evaluation of rules needs them: rows of numbers in tables, or quads of a store.

Tables serve the computation of a whole closure, where most facts are looked at. A store serves maintenance, where a
change concerns a few.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyoxigraph as ox

from coopkg.reasoning.owl_terms import SAME_AS, TYPE, is_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from coopkg.reasoning.rules import Fact


Row = tuple[Any, ...]
Key = tuple[Any, ...]


class Facts(Protocol):
    """The lookups that evaluation needs, whatever holds the facts."""

    def rows(self, key: Key) -> Iterable[Row]:
        """Return the rows of a key."""

    def finder(self, key: Key, column: int) -> Callable[[Any], Iterable[Row]]:
        """Return a function from a value to the rows that have it in that column."""

    def holder(self, key: Key) -> Container[Row]:
        """Return a container that tells whether a row is among the facts."""

    def mentions(self, value: Any) -> Iterable[Fact]:  # noqa: ANN401 - a term, or what stands for it
        """Return the triples that have a value as subject, predicate or object."""


@dataclass(frozen=True)
class Domain:
    """The representation of terms in a plan: themselves, or numbers."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    is_resource: Callable[[Any], bool]


TERMS: Final = Domain(lambda term: term, lambda term: term, is_resource)


def fact_of(key: Key, row: Row) -> Fact:
    """Return the triple that a row stands for."""
    return (row[0], key[0], key[1] if len(key) == 2 else row[1])


class Numbers(dict[Any, int]):
    """A number for each term, made when it is first looked up: negative for what cannot be a subject.

    So a plan tests whether a term is a resource by the sign alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._resources: list[Any] = [None]
        self._others: list[Any] = [None]
        self.domain = Domain(self.__getitem__, self.decode, lambda number: number > 0)

    def __missing__(self, term: Any) -> int:  # noqa: ANN401 - a term
        kind, sign = (self._resources, 1) if is_resource(term) else (self._others, -1)
        number = self[term] = sign * len(kind)
        kind.append(term)
        return number

    def decode(self, number: int) -> Any:  # noqa: ANN401 - a term
        """Return the term that a number stands for."""
        return self._resources[number] if number > 0 else self._others[-number]


class Tables:
    """Rows by key, with an index for each column that is searched. ``of_type`` stands for rdf:type."""

    def __init__(self, of_type: Any) -> None:  # noqa: ANN401 - a term, or what stands for it
        self._type = of_type
        self._rows: dict[Key, set[Row]] = {}
        self._indexes: dict[tuple[Key, int], dict[Any, list[Row]]] = {}
        self._mentions: dict[Any, set[Fact]] | None = None

    def keys(self) -> list[Key]:
        """Return the keys that have rows."""
        return list(self._rows)

    def rows(self, key: Key) -> set[Row]:
        """Return the rows of a key: the table's own set, not to be changed."""
        return self._rows.get(key, _NONE)

    def add(self, key: Key, rows: set[Row]) -> None:
        """Add rows that the table does not have; its indexes follow."""
        if not rows:
            return
        self._rows.setdefault(key, set()).update(rows)
        for column in range(len(next(iter(rows)))):
            index = self._indexes.get((key, column))
            if index is not None:
                _put(index, column, rows)
        if self._mentions is not None:
            self._mention(key, rows)

    def finder(self, key: Key, column: int) -> Callable[[Any], Iterable[Row]]:
        """Return a function from a value to the rows that have it in that column."""
        index = self._indexes.get((key, column))  # made when a plan first searches that column
        if index is None:
            index = self._indexes[key, column] = defaultdict(list)
            _put(index, column, self.rows(key))
        return lambda value: index.get(value, ())

    def holder(self, key: Key) -> Container[Row]:
        """Return a container that tells whether a row is among the facts."""
        return self.rows(key)

    def mentions(self, value: Any) -> list[Fact]:  # noqa: ANN401
        """Return the triples that have a value as subject, predicate or object."""
        # Only equality needs this index, and most ontologies have no owl:sameAs.
        if self._mentions is None:
            self._mentions = defaultdict(set)
            for key, rows in self._rows.items():
                self._mention(key, rows)
        return list(self._mentions.get(value, ()))

    def _mention(self, key: Key, rows: Iterable[Row]) -> None:
        # The key of all types repeats what stands under the single classes.
        if self._mentions is None or key == (self._type,):
            return
        for row in rows:
            fact = fact_of(key, row)
            for term in fact:
                self._mentions[term].add(fact)


_NONE: set[Row] = set()


def _put(index: dict[Any, list[Row]], column: int, rows: Iterable[Row]) -> None:
    for row in rows:
        index[row[column]].append(row)


class StoreFacts:
    """The triples of a store, or of one graph of it, or of all graphs but one; and ``extra`` ones."""

    def __init__(
        self,
        store: ox.Store,
        within: ox.DefaultGraph | None = None,
        without: ox.NamedNode | None = None,
        extra: Tables | None = None,
    ) -> None:
        self._store = store
        self._within = within
        self._without = without
        self._extra = extra

    def triples(self, subject: Any, predicate: Any, obj: Any) -> Iterator[ox.Quad]:  # noqa: ANN401 - terms or None
        """Return quads of a pattern; a triple comes once for each of its graphs."""
        if subject is not None and not is_resource(subject):
            return iter(())
        quads = self._store.quads_for_pattern(subject, predicate, obj, self._within)
        return quads if self._without is None else (q for q in quads if q.graph_name != self._without)

    def has(self, fact: Fact) -> bool:
        """Whether a triple is among the facts."""
        return next(self.triples(*fact), None) is not None or self._has_extra(fact)

    def rows(self, key: Key) -> Iterable[Row]:
        """Return the rows of a key."""
        if len(key) == 2:
            stored: Iterator[Row] = ((q.subject,) for q in self.triples(None, *key))
        else:
            stored = ((q.subject, q.object) for q in self.triples(None, key[0], None))
        return stored if self._extra is None else chain(stored, self._extra.rows(key))

    def finder(self, key: Key, column: int) -> Callable[[Any], Iterable[Row]]:
        """Return a function from a value to the rows that have it in that column."""
        if len(key) == 2:
            holder = self.holder(key)
            return lambda value: [(value,)] if (value,) in holder else ()
        predicate = key[0]
        extra = None if self._extra is None else self._extra.finder(key, column)

        def find(value: Any) -> Iterable[Row]:  # noqa: ANN401
            pattern = (value, predicate, None) if column == 0 else (None, predicate, value)
            stored = ((q.subject, q.object) for q in self.triples(*pattern))
            return stored if extra is None else chain(stored, extra(value))

        return find

    def holder(self, key: Key) -> Container[Row]:
        """Return a container that tells whether a row is among the facts."""
        return _Holder(self, key)

    def mentions(self, value: Any) -> Iterator[Fact]:  # noqa: ANN401
        """Return the triples that have a value as subject, predicate or object."""
        patterns: list[tuple[Any, Any, Any]] = [(value, None, None), (None, None, value)]
        patterns += [(None, value, None)] if isinstance(value, ox.NamedNode) else []
        for pattern in patterns:
            yield from ((q.subject, q.predicate, q.object) for q in list(self.triples(*pattern)))
        if self._extra is not None:
            yield from self._extra.mentions(value)

    def equals(self, value: Any) -> list[Any]:  # noqa: ANN401
        """Return the subjects, other than the term itself, of the owl:sameAs triples of which it is the object."""
        if not is_resource(value):
            return []
        return [row[0] for row in self.finder((SAME_AS,), 1)(value) if row[0] != value]

    def _has_extra(self, fact: Fact) -> bool:
        if self._extra is None:
            return False
        key, row = ((TYPE, fact[2]), (fact[0],)) if fact[1] == TYPE else ((fact[1],), (fact[0], fact[2]))
        return row in self._extra.rows(key)


class _Holder:
    """Tells whether rows of one key are facts."""

    def __init__(self, facts: StoreFacts, key: Key) -> None:
        self._facts = facts
        self._key = key

    def __contains__(self, row: object) -> bool:
        return isinstance(row, tuple) and self._facts.has(fact_of(self._key, row))
