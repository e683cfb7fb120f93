"""The value nodes of many focus nodes along a path, by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.graph import Node
    from coopkg.shacl.columns import Columns

    Numbers = set[int]


class Relation:
    """The value nodes of some nodes along a path, by number."""

    def __init__(self, targets: dict[int, Iterable[int]]) -> None:
        self._targets = {source: distinct for source, values in targets.items() if (distinct := set(values))}

    def fewer(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with fewer values than that."""
        return {n for n in nodes if len(self._targets.get(n, ())) < count}

    def more(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with more values than that."""
        return {n for n in nodes if len(self._targets.get(n, ())) > count}

    def values(self, nodes: Numbers) -> Numbers:
        """Return all values of the nodes."""
        return set().union(*(self._targets.get(n, ()) for n in nodes))

    def having(self, nodes: Numbers, values: Numbers) -> Numbers:
        """Return the nodes that have one of the values."""
        return {n for n in nodes if not values.isdisjoint(self._targets.get(n, ()))} if values else set()

    def of(self, node: int) -> Iterable[int]:
        """Return the values of one node."""
        return self._targets.get(node, ())


class ColumnRelation(Relation):
    """A single step along a property, read off its column."""

    def __init__(self, columns: Columns, predicate: Node, *, inverse: bool) -> None:
        column = columns.column(predicate)
        self._column = column.inverse if inverse else column

    def fewer(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with fewer values than that."""
        if count == 1:  # sh:minCount 1, the commonest constraint of all: one set operation
            return nodes - self._column.first.keys()
        return {n for n in nodes if len(self._column.of(n)) < count}

    def more(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with more values than that."""
        if count == 0:
            return nodes & self._column.first.keys()
        return {n for n, others in self._column.more.items() if len(others) >= count and n in nodes}

    def values(self, nodes: Numbers) -> Numbers:
        """Return at least the values of the nodes."""
        # For more than half of the subjects it is less work to take the whole column; a value too many is no harm.
        if len(nodes) * 2 > len(self._column.first):
            return self._column.values()
        return {value for n in nodes for value in self._column.of(n)}

    def having(self, nodes: Numbers, values: Numbers) -> Numbers:
        """Return the nodes that have one of the values."""
        return self._column.having(values) & nodes if values else set()

    def of(self, node: int) -> Iterable[int]:
        """Return the values of one node."""
        return self._column.of(node)
